"""Request heads with several things wrong at once, against Envoy: HC-02 … HC-08. What it finds first counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.compare import Differential, budgets, of_envoy, raw, run_family
from support.envoy import require_binary
from support.families import heads
from support.http_envoy import HttpEnvoy

from fastroute.request import Request

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def bed() -> Iterator[HttpEnvoy]:
    """An Envoy with one listener for every set of options."""
    require_binary()
    found = HttpEnvoy(heads.LISTENERS)
    found.start()
    yield found
    found.stop()


@budgets(2_000, 60_000)
def test_heads_as_envoy_reads_them(bed: HttpEnvoy, budget: int) -> None:
    run_family(Differential(bed, heads.LISTENERS), heads, budget)


INVALID_URL = "http1.invalid_url"
INVALID_CHARACTERS = "http1.invalid_characters"
ROWS = [
    ("a port alone is no target of CONNECT", Request(b":80", None, b"CONNECT"), INVALID_URL),
    ("nor is a host with two ports", Request(b"a.com:80:81", None, b"CONNECT"), INVALID_URL),
    ("nor one with user information", Request(b"u@a.com:80", None, b"CONNECT"), INVALID_URL),
    ("an empty one is cut off", Request(b"@a.com:80", None, b"CONNECT"), "upgrade_failed"),
    ("brackets hold an address", Request(b"a", b"http://[ab]/a"), INVALID_URL),
    ("be it of the old kind", Request(b"a", b"http://[1.2.3.4]/a"), ""),
    ("a bad host is found before a bad scheme", Request(b"a", b"ftp://a_b/"), INVALID_URL),
    ("a scheme alone", Request(b"a", b"ftp://a/"), "http1.invalid_scheme"),
    ("a control character is found before the method", Request(b"a", b"/a\x7f", b"FOO"), INVALID_CHARACTERS),
    ("even in a header", Request(b"a", b"/", b"FOO", ((b"x-a", b"\x01"),)), INVALID_CHARACTERS),
    ("before a name", Request(b"a", b"/", b"GET", ((b"x a", b""), (b"x-a", b"\x01"))), INVALID_CHARACTERS),
    ("in the host", Request(b"a\x01", b"/"), INVALID_CHARACTERS),
]


@pytest.mark.parametrize(("request_", "details"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_is_found_first(bed: HttpEnvoy, request_: Request, details: str) -> None:
    differential = Differential(bed, heads.LISTENERS)
    table = {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": heads.ROUTES}]}
    differential.check(table, [request_])
    assert differential.compared == differential.routed == 1
    assert of_envoy(bed.decide([raw(request_)])[0]).details == details
