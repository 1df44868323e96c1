"""Request heads that the HTTP/1 codec looks at closely, several things wrong at once: HC-02 … HC-08.

What is wrong first is what Envoy answers with, so methods, targets, hosts, names, values and sizes are all drawn odd.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from fastroute.request import Request
from support.families.common import Listener, Table
from support.wholes import values

PER_TABLE = 150
FEW = {"max_headers_count": 4}
LISTENERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "few-rejecting": {"common_http_protocol_options": {**FEW, "headers_with_underscores_action": "REJECT_REQUEST"}},
    "few-dropping": {"common_http_protocol_options": {**FEW, "headers_with_underscores_action": "DROP_HEADER"}},
    "methods": {"http_protocol_options": {"allow_custom_methods": True}},
    "relative": {"http_protocol_options": {"allow_absolute_url": False}},
    "connect": {"upgrade_configs": [{"upgrade_type": "CONNECT"}]},
}
METHODS = (
    ("GET",) * 6 + ("CONNECT",) * 4 + ("OPTIONS", "FOO", "QUERY", "get", "G\x01T", "G\xfcT", "G@T", "M-SEARCH", "PRI")
)
PORTS = ("", ":80", ":80", ":0", ":65535", ":65536", ":", ":x", ":08", ":+1", ":80:81")
HOSTS = (
    *values.ODD_HOSTS, "a.com", "a.com", "@a", "@[::1]", "a@b@c", "[a]", "[1.2.3.4]", "[1.2.3]", "[::1.]", "[:]",
    "[::]", "[ff::1%25e]", "1.2.3.4", "a..b", "a-", "%41", "[::g]", "[[::1]]", "[::1]a",
)  # fmt: skip
NAMES = ("x-a", "x-b", "x_a", "host", "x a", "", "x\x01", "accept", "cookie", "x-c", "x:y", "connection", "X-A", "te")
TEXTS = (
    "1",
    "",
    "a\x01",
    "a\x00b",
    "\x7f",
    "a\tb",
    "\xff",
    "a" * 700,
    "close",
    "a,b",
    "a.com",
    "host",
    "x-a",
    " 1",
    "\t",
)


ROUTES = [
    {"name": "connect", "match": {"connect_matcher": {}}, "route": {"cluster": "c0"}},
    {"name": "a", "match": {"prefix": "/a"}, "route": {"cluster": "c1"}},
    {"name": "rest", "match": {"prefix": ""}, "route": {"cluster": "c2"}},
]


def tables() -> st.SearchStrategy[Table]:
    """The one table: CONNECT, a path, and the rest."""
    return st.just({"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": ROUTES}]})


def request(rng: Random) -> Request:
    """One head."""
    method = rng.choice(METHODS)
    host = rng.choice(HOSTS) + rng.choice(PORTS)
    path: str | None
    match rng.randrange(6):
        case 0:
            path = (
                rng.choice(("http://", "https://", "HTTP://", "ftp://"))
                + host
                + rng.choice(("", "/a", "?q", "#f", "/a#f"))
            )
        case 1:
            path = rng.choice(values.TARGETS)
        case 2:
            path = rng.choice(values.ODD_PATHS)
        case _:
            path = rng.choice(("/a", "/b", "/"))
    if method == "CONNECT" and rng.random() < 0.85:
        path = None
    elif rng.random() < 0.6:
        host = rng.choice(("a.com", "a.com:80"))
    count = rng.choice((0, 0, 1, 1, 2, 3, 5))
    lines = [(rng.choice(NAMES), rng.choice(TEXTS)) for _ in range(count)]
    if (path is None and " " in host) or (not host and path is None):
        host = "a.com:80"  # a line that such bytes end elsewhere is another request
    written = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in lines if ":" not in name)
    return Request(
        host.encode("latin-1"), None if path is None else path.encode("latin-1"), method.encode("latin-1"), written
    )


def requests(_: Table, seed: int) -> tuple[Listener, list[Request]]:
    """Heads for one of the listeners."""
    rng = Random(seed)
    return rng.choice(sorted(LISTENERS)), [request(rng) for _ in range(PER_TABLE)]
