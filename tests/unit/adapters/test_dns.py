"""DNS clusters through dnspython, with a resolver that needs no network."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.clusters import endpoint, locality, static

from fastroute.snapshot import load

dns_resolver = pytest.importorskip("dns.resolver")

RECORDS = {("a.com", "A"): ["10.0.0.1", "10.0.0.2"], ("a.com", "AAAA"): ["::1"], ("b.com", "A"): ["10.0.0.3"]}


class Answers:
    """Answers from a table."""

    def resolve(self, name: str, kind: str) -> list[Any]:
        if (name, kind) not in RECORDS:
            raise dns_resolver.NoAnswer
        return [SimpleNamespace(address=address) for address in RECORDS[name, kind]]


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("AUTO", ["[::1]:80", "10.0.0.3:81", "10.0.0.9:82"]),
        ("V4_ONLY", ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:81", "10.0.0.9:82"]),
        ("V6_ONLY", ["[::1]:80", "10.0.0.9:82"]),
        ("V4_PREFERRED", ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:81", "10.0.0.9:82"]),
        ("ALL", ["10.0.0.1:80", "10.0.0.2:80", "[::1]:80", "10.0.0.3:81", "10.0.0.9:82"]),
    ],
)
def test_families(family: str, expected: list[str]) -> None:
    from fastroute.adapters.dns import lookup

    hosts = [endpoint(80, "a.com"), endpoint(81, "b.com"), endpoint(82, "10.0.0.9")]
    snapshot = load({"clusters": [static(locality(hosts), type="STRICT_DNS", dns_lookup_family=family)]})
    assert [str(host) for host in snapshot.clusters["c"].endpoints] == ["10.0.0.9:82"]
    snapshot.resolve(lookup(Answers()))
    assert [str(host) for host in snapshot.clusters["c"].endpoints] == expected
