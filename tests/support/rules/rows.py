"""What a row is.

A `Row` names its rules, the options of its connection manager, its route table, and pairs of a request and
the expected answer: the route's name when the request is forwarded or answered with 200, else the status,
with the Location after it. A `Refused` names what both Envoy and `fastroute.load` refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastroute.request import Request

JSON = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One example; `rules` is one or more IDs separated by spaces."""

    rules: str
    title: str
    table: JSON
    answers: Sequence[tuple[Request, str]]
    options: JSON = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name of the test."""
        return f"{self.rules}: {self.title}"


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that is not loaded; `words` are Envoy's, in part."""

    rules: str
    title: str
    words: str
    table: JSON = field(default_factory=dict)
    options: JSON = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name of the test."""
        return f"{self.rules}: {self.title}"


def get(
    path: str | None = "/",
    host: str = "h.test",
    method: str = "GET",
    headers: Mapping[str, str | Sequence[str]] | None = None,
) -> Request:
    """A request; a header with several values is sent on several lines."""
    lines = [
        (name.encode("latin-1"), each.encode("latin-1"))
        for name, values in (headers or {}).items()
        for each in ([values] if isinstance(values, str) else values)
    ]
    target = None if path is None else path.encode("latin-1")
    return Request(host.encode("latin-1"), target, method.encode("latin-1"), tuple(lines))


def route(name: str, match: JSON | str = "/", **action: Any) -> dict[str, Any]:
    """A route: a text is a prefix; unless an action is given it forwards to c0."""
    matched = {"prefix": match} if isinstance(match, str) else dict(match)
    return {"name": name, "match": matched, **(action or {"route": {"cluster": "c0"}})}


def table(*routes: JSON, **fields: Any) -> dict[str, Any]:
    """A route configuration of one virtual host with the domain `*`."""
    host_fields = {key: fields.pop(key) for key in ("require_tls", "matcher") if key in fields}
    return {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": list(routes), **host_fields}], **fields}


def hosts(*domains: str | Sequence[str], **fields: Any) -> dict[str, Any]:
    """A route configuration with a virtual host for every argument; its route is called as its first domain."""
    made = []
    for given in domains:
        listed = [given] if isinstance(given, str) else list(given)
        made.append({"name": listed[0] or "empty", "domains": listed, "routes": [route(listed[0] or "empty")]})
    return {"virtual_hosts": made, **fields}


def by_header(name: str, value: str) -> dict[str, Any]:
    """A match on a header's exact value."""
    return {"prefix": "/", "headers": [{"name": name, "string_match": {"exact": value}}]}


def has(name: str, present: bool = True) -> dict[str, Any]:
    """A match on a header's presence."""
    return {"prefix": "/", "headers": [{"name": name, "present_match": present}]}


@dataclass(frozen=True, slots=True)
class Beyond:
    """Something that Envoy takes and `fastroute.load` refuses as unsupported, at the field `place`."""

    rules: str
    title: str
    place: str
    table: JSON
    options: JSON = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name of the test."""
        return f"{self.rules}: {self.title}"
