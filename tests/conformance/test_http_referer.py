"""Headers that the connection manager takes away before routing, beside hop-by-hop ones: Referer and Expect (HC-09).

And which lines of one name are one value (HC-08).
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from support.compare import Differential
from support.envoy import require_binary
from support.http_envoy import HttpEnvoy

from fastroute.api import names
from fastroute.request import Request

pytestmark = pytest.mark.envoy

MUTATION = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"


def early(**headers: str) -> dict[str, Any]:
    """A manager that adds these headers where they are not."""
    added = [
        {"append": {"header": {"key": name, "value": value}, "append_action": "ADD_IF_ABSENT"}}
        for name, value in headers.items()
    ]
    typed = {"@type": names.url(MUTATION), "mutations": added}
    return {"early_header_mutation_extensions": [{"name": "early", "typed_config": typed}]}


LISTENERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "waiting": {"proxy_100_continue": True},
    "early": early(referer="x:y", expect="100-continue"),
}
PARTS = (
    "http://", "https://", "HTTP://", "ftp://", "h-1+.t://", "1h://", "h_t://", "x:", "://", "a", "a.com", "b_c", "-",
    ".", "[::1]", "[", "]", "[::1%25e]", "%", "%41", "@", "u@", "u:p@", ":80", ":", ":x", ":65535", ":65536", ":000080",
    ":1000000000000080", "/", "//", "/b", "?", "?c=d", "#", "#f", "##", "|", "{", "\\", '"', "<", "^", "`", "~", "!",
    "$", "&", "'", "(", ")", "*", "+", ",", ";", "=", " ", "\t", "\x80", "\xff", "\x7e", "0", "Z",
)  # fmt: skip


@pytest.fixture(scope="module")
def differential() -> Iterator[Differential]:
    require_binary()
    bed = HttpEnvoy(LISTENERS)
    bed.start()
    yield Differential(bed, LISTENERS)
    bed.stop()


def present(name: str) -> dict[str, Any]:
    """A table that tells whether the header is there when routes are chosen."""
    routes: list[dict[str, Any]] = [
        {"name": "there", "match": {"prefix": "/", "headers": [{"name": name}]}, "route": {"cluster": "c1"}},
        {"name": "gone", "match": {"prefix": "/"}, "route": {"cluster": "c2"}},
    ]
    return {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}


def asked(name: str, *values: str) -> Request:
    return Request(b"h", b"/", b"GET", tuple((name.encode(), value.strip(" \t").encode("latin-1")) for value in values))


def test_referers_that_are_no_urls_go(differential: Differential) -> None:
    rng = Random(9)
    drawn = [[rng.choice(PARTS) for _ in range(rng.randint(1, 6))] for _ in range(1500)]
    urls = [[rng.choice(PARTS[:4]), rng.choice(("", "@")), *parts[:4]] for parts in drawn]
    requests = [asked("referer", "".join(parts)) for parts in (*drawn, *urls)]
    requests += [asked("referer", *pair) for pair in (("http://a/", "http://b/"), ("/a", ""), ("", ""), ("a", "b:c"))]
    differential.check(present("referer"), requests)
    assert differential.refused == []


NAMES = (
    "accept", "accept-encoding", "accept-language", "authorization", "cache-control", "cdn-loop", "content-encoding",
    "cookie", "date", "etag", "from", "if-match", "if-none-match", "if-range", "origin", "pragma", "priority",
    "range", "server", "te", "user-agent", "via", "warning", "x-client-trace-id", "x-envoy-attempt-count",
    "x-envoy-original-path", "x-envoy-peer-metadata", "x-forwarded-host", "x-forwarded-port", "x-request-id",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_lines_of_one_name(differential: Differential, name: str) -> None:
    values = ("a,b", "a, b", "a; b", "a", "b", "")
    matchers = [{"name": name, "string_match": {"exact": value}} for value in values] + [{"name": name}]
    routes: list[dict[str, Any]] = [
        {"name": f"r{place}", "match": {"prefix": "/", "headers": [matcher]}, "route": {"cluster": "c1"}}
        for place, matcher in enumerate(matchers)
    ]
    table = {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}
    differential.check(table, [asked(name, *lines) for lines in (("a", "b"), ("b", "a"), ("",), ("", ""), ("a",), ())])
    assert differential.refused == []


@pytest.mark.parametrize("listener", LISTENERS)
def test_envoy_goes_on_by_itself(differential: Differential, listener: str) -> None:
    values = ("100-continue", "100-Continue", "100-continue, x", "100", "", "x", "100-continue;q")
    requests = [asked("expect", value) for value in values]
    requests += [asked("expect", "100-continue", "100-continue"), asked("Expect", "x", "100-continue"), asked("x", "y")]
    for name in ("expect", "referer"):
        differential.check(present(name), requests, listener)
    assert differential.refused == []
