"""Hash policies: RA-130 … RA-133. Expected values are observations of Envoy (V11) or made of them."""

from __future__ import annotations

import pytest
from support.one_route import forward, header, request, target

from fastroute.core.hashing import xxh64
from fastroute.errors import RequestError

A = 15154266338359012955
FOO = 3728699739546630719


def policy(*policies, **more):
    return target({**forward(hash_policy=list(policies)), **more}).action


def by_header(name="x", **more):
    return {"header": {"header_name": name, **more}}


def test_no_policy_gives_no_hash():
    assert target(forward()).action.hash(request()) is None


def test_a_header_is_hashed():
    action = policy(by_header())
    assert action.hash(request(b"/", (b"x", b"a"))) == A
    assert action.hash(request(b"/", (b"x", b"foo"))) == FOO
    assert action.hash(request()) is None


def test_several_values_are_sorted_and_chained():
    """V11: values [b, a]."""
    assert policy(by_header()).hash(request(b"/", (b"x", b"b"), (b"x", b"a"))) == 8564053812407216358


def test_policies_combine_by_rotation():
    """V11: header v0, then the source address 127.0.0.1."""
    action = policy(by_header(), {"connection_properties": {"source_ip": True}})
    assert action.hash(request(b"/", (b"x", b"v0"))) == 18441540942828473497


def test_a_terminal_policy_ends_the_list_once_there_is_a_hash():
    action = policy({**by_header("x"), "terminal": True}, by_header("y"))
    assert action.hash(request(b"/", (b"x", b"a"), (b"y", b"foo"))) == A
    assert action.hash(request(b"/", (b"y", b"foo"))) == FOO


def test_a_substitution_comes_before_the_hash():
    rewrite = {"pattern": {"regex": "^.(.*)$"}, "substitution": "\\1"}
    assert policy(by_header(regex_rewrite=rewrite)).hash(request(b"/", (b"x", b"za"))) == A


def test_policies_see_the_rewritten_request():
    """PIPE-05: hosts are chosen after headers were changed and the path was rewritten."""
    action = target(
        {
            **forward(hash_policy=[by_header(), {"query_parameter": {"name": "q"}}], path_rewrite="/x"),
            "request_headers_to_add": [header("x", "a")],
        }
    ).action
    assert action.hash(request()) == A
    assert action.selection_hash(request()) is None


def test_query_parameters_are_raw():
    action = policy({"query_parameter": {"name": "q"}})
    assert action.hash(request(b"/?a=1&q=%41")) == xxh64(b"%41")
    assert action.hash(request(b"/?q")) == xxh64(b"")
    assert action.hash(request(b"/?p=1")) is None


def test_a_cookie_is_hashed_without_quotes():
    action = policy({"cookie": {"name": "sid"}})
    assert action.hash(request(b"/", (b"cookie", b'x=1; sid="a"'))) == A
    assert action.hash(request(b"/", (b"cookie", b"sid="))) is None


def test_a_missing_cookie_with_a_time_to_live_is_made_up():
    cookie = {
        "name": "sid",
        "ttl": "60s",
        "path": "/p",
        "attributes": [{"name": "Secure"}, {"name": "S", "value": "v"}],
    }
    action = policy({"cookie": cookie})
    value = b"%016x" % xxh64(b"127.0.0.1:1234127.0.0.1:80")
    assert action.hash(request()) == xxh64(value)
    found = action.hash_cookies(request())
    assert found == (b'sid="' + value + b'"; Max-Age=60; Path=/p; Secure; S=v; HttpOnly',)
    assert action.hash_cookies(request(b"/", (b"cookie", b"sid=1"))) == ()
    assert action.downstream_headers(request(), 200, ()) == []


def test_a_session_cookie_has_no_age():
    action = policy({"cookie": {"name": "sid", "ttl": "0s"}})
    (cookie,) = action.hash_cookies(request())
    assert b"Max-Age" not in cookie


def test_an_unknown_connection_is_an_error():
    with pytest.raises(RequestError, match="source address"):
        policy({"connection_properties": {"source_ip": True}}).hash(request(remote=None))
