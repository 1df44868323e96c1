"""Virtual hosts against Envoy: VH-01 … VH-10."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from fastroute.request import Request
from support import near
from support.families.common import PLAIN, Listener, Table

LABELS = ("a", "b", "foo", "x-y", "A", "Foo")
LISTENERS = PLAIN
PER_TABLE = 60


@st.composite
def domains(draw: st.DrawFn) -> str:
    """One domain of any form."""
    labels = draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=3))
    name = ".".join(labels) + draw(st.sampled_from(("", ".com", ".co.uk")))
    form = draw(st.sampled_from(("exact", "exact", "suffix", "suffix", "prefix", "port", "inner", "bare")))
    match form:
        case "suffix":
            return "*" + draw(st.sampled_from((".", "-", ""))) + name
        case "prefix":
            return name + draw(st.sampled_from((".", "-", ""))) + "*"
        case "port":
            return name + draw(st.sampled_from((":80", ":8080")))
        case "inner":
            return "a*" + name
        case "bare":
            return draw(st.sampled_from(("*", "[::1]", "[::1]:80", "10.0.0.1", "", "**", "*a*", name + ".")))
        case _:
            return name


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A route configuration of many virtual hosts with one route each."""
    drawn = draw(st.lists(domains(), min_size=1, max_size=14, unique_by=lambda each: each.lower()))
    hosts: list[dict[str, Any]] = []
    for number, domain in enumerate(drawn):
        if hosts and draw(st.booleans()):
            hosts[-1]["domains"].append(domain)
            continue
        route = {"name": f"r{number}", "match": {"prefix": "/"}, "route": {"cluster": f"c{number % 10}"}}
        hosts.append({"name": f"h{number}", "domains": [domain], "routes": [route]})
    table: Table = {"virtual_hosts": hosts}
    if draw(st.booleans()):
        table["ignore_port_in_host_matching"] = True
    if draw(st.integers(0, 4)) == 0:
        table["vhost_header"] = "x-host"
    return table


def requests(table: Table, seed: int) -> tuple[Listener, list[Request]]:
    """Requests whose hosts are near the table's domains."""
    rng = Random(seed)
    known = [domain for host in table["virtual_hosts"] for domain in host["domains"]]
    made = []
    for _ in range(PER_TABLE):
        headers: list[tuple[bytes, bytes]] = []
        if "vhost_header" in table and rng.random() < 0.8:
            headers.append((b"x-host", near.host(rng, known).encode()))
        made.append(Request(near.host(rng, known).encode(), b"/", headers=tuple(headers)))
    return "plain", made
