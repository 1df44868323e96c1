"""Rate-limit descriptors.

RA-140  The actions of an entry make one descriptor; an action that fails makes the entry emit nothing.
RA-141  Query parameters are percent-decoded here, unlike in route matching. `skip_if_absent` lets an
        action contribute nothing while its entry survives, even with no entries at all. Only the value of
        `remote_address_match` is formatted. `hits_addend` of a route's limits is ignored by Envoy 1.40.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from fastroute.action.decided import Decided
from fastroute.action.draft import routed_values
from fastroute.action.format import Template, Values, decoded_query_value
from fastroute.action.matchers import HeaderMatcher, ValueTest
from fastroute.records import record

Entry = tuple[str, str]
Metadata = Mapping[str, Mapping[str, object]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Outcome = Entry | None
"""An entry, or None for an action that contributes nothing. A failed action raises `Absent`."""


class AbsentError(Exception):
    """The action found nothing: its descriptor is not emitted."""


@record
class GenericKey:
    """A constant entry."""

    key: str
    value: str

    def entry(self, _decision: Decided, _metadata: Metadata) -> Outcome:
        """The entry."""
        return (self.key, self.value)


@record
class SourceCluster:
    """The cluster of Envoy's own node."""

    cluster: str

    def entry(self, _decision: Decided, _metadata: Metadata) -> Outcome:
        """The entry."""
        return ("source_cluster", self.cluster)


@record
class DestinationCluster:
    """The route's cluster."""

    def entry(self, decision: Decided, _metadata: Metadata) -> Outcome:
        """The entry."""
        return ("destination_cluster", decision.cluster or "")


@record
class RequestHeader:
    """The first value of a header."""

    name: bytes
    key: str
    skip_if_absent: bool = False

    def entry(self, decision: Decided, _metadata: Metadata) -> Outcome:
        """The entry."""
        found = routed_values(decision, self.name)
        if found:
            return (self.key, found[0].decode("latin-1"))
        return absent(self.skip_if_absent)


@record
class QueryParameter:
    """The first value of a query parameter, decoded."""

    name: bytes
    key: str
    skip_if_absent: bool = False

    def entry(self, decision: Decided, _metadata: Metadata) -> Outcome:
        """The entry."""
        value = decoded_query_value(decision.original_path, self.name)
        return absent(self.skip_if_absent) if value is None else (self.key, value.decode("latin-1"))


@record
class RemoteAddress:
    """The client's address."""

    def entry(self, decision: Decided, _metadata: Metadata) -> Outcome:
        """The entry."""
        remote = decision.remote_address()
        if remote is None:
            raise AbsentError
        return ("remote_address", remote[0])


@record
class MaskedRemoteAddress:
    """The network of the client's address."""

    v4: int = 32
    v6: int = 128

    def entry(self, decision: Decided, _metadata: Metadata) -> Outcome:
        """The entry."""
        remote = decision.remote_address()
        if remote is None:
            raise AbsentError
        bits = self.v4 if ipaddress.ip_address(remote[0]).version == 4 else self.v6
        return ("masked_remote_address", str(ipaddress.ip_network(f"{remote[0]}/{bits}", strict=False)))


@record
class RemoteAddressMatch:
    """A formatted entry where the client's address lies in one of the networks, or in none of them."""

    key: str
    value: Template
    default: str
    networks: tuple[Network, ...]
    inverted: bool

    def entry(self, decision: Decided, metadata: Metadata) -> Outcome:
        """The entry."""
        remote = decision.remote_address()
        if remote is None:
            raise AbsentError
        address = ipaddress.ip_address(remote[0])
        if any(address in network for network in self.networks) == self.inverted:
            raise AbsentError
        text = self.value.render(Values(decision, lambda name: _first(decision, name), metadata=metadata))
        if not text and not self.default:
            raise AbsentError
        return (self.key, text.decode("latin-1") or self.default)


def _first(decision: Decided, name: bytes) -> bytes | None:
    found = routed_values(decision, name)
    return found[0] if found else None


@record
class HeaderValueMatch:
    """A constant entry where the headers match, or where they do not."""

    key: str
    value: str
    expect_match: bool
    headers: tuple[HeaderMatcher, ...]

    def entry(self, decision: Decided, _metadata: Metadata) -> Outcome:
        """The entry."""
        matched = all(matcher.matches(routed_values(decision, matcher.name)) for matcher in self.headers)
        if matched != self.expect_match:
            raise AbsentError
        return (self.key, self.value)


@record
class QueryMatcher:
    """A query parameter and the test of its value; no test asks for presence."""

    name: bytes
    test: ValueTest | None = None
    present: bool = True

    def matches(self, path: bytes | None) -> bool:
        """Whether the decoded value matches."""
        value = decoded_query_value(path, self.name)
        if self.test is None:
            return (value is not None) == self.present
        return value is not None and self.test(value)


@record
class QueryValueMatch:
    """A constant entry where the query parameters match, or where they do not."""

    key: str
    value: str
    expect_match: bool
    parameters: tuple[QueryMatcher, ...]

    def entry(self, decision: Decided, _metadata: Metadata) -> Outcome:
        """The entry."""
        if all(each.matches(decision.original_path) for each in self.parameters) != self.expect_match:
            raise AbsentError
        return (self.key, self.value)


@record
class MetadataValue:
    """A string of the request's dynamic metadata or of the route's metadata."""

    key: str
    path: tuple[str, ...]
    default: str = ""
    skip_if_absent: bool = False
    of_route: bool = False

    def entry(self, decision: Decided, metadata: Metadata) -> Outcome:
        """The entry."""
        found: object = metadata.get("ROUTE") if self.of_route else decision.dynamic_metadata
        for step in self.path:
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, str) and found:
            return (self.key, found)
        return (self.key, self.default) if self.default else absent(self.skip_if_absent)


Action = (
    GenericKey
    | SourceCluster
    | RemoteAddressMatch
    | DestinationCluster
    | RequestHeader
    | QueryParameter
    | RemoteAddress
    | MaskedRemoteAddress
    | HeaderValueMatch
    | QueryValueMatch
    | MetadataValue
)


@record
class Limit:
    """RateLimit.Override: requests per unit, such as (`5`, `minute`)."""

    requests: int
    unit: str


@record
class RateLimit:
    """One entry of `rate_limits`."""

    actions: tuple[Action, ...]
    stage: int = 0
    on_stream_done: bool = False
    limit: Limit | None = None


@record
class Descriptor:
    """One descriptor: its entries in order, and the stage of the rate-limit filter that sends it.

    `on_stream_done` says that it is sent at the end of the stream; `limit` overrides that of the service.
    """

    entries: tuple[Entry, ...]
    stage: int = 0
    on_stream_done: bool = False
    limit: Limit | None = None


def absent(skip: bool) -> Outcome:
    """What an action without a value does: contribute nothing, or fail its descriptor."""
    if not skip:
        raise AbsentError
    return None


def descriptors(limits: Sequence[RateLimit], decision: Decided, metadata: Metadata) -> tuple[Descriptor, ...]:
    """The descriptors that a request produces; `metadata` is that of the ROUTE and of the VIRTUAL_HOST."""
    made = (_descriptor(limit, decision, metadata) for limit in limits)
    return tuple(descriptor for descriptor in made if descriptor is not None)


def _descriptor(limit: RateLimit, decision: Decided, metadata: Metadata) -> Descriptor | None:
    try:
        entries = [action.entry(decision, metadata) for action in limit.actions]
    except AbsentError:
        return None
    kept = tuple(entry for entry in entries if entry is not None)
    return Descriptor(kept, limit.stage, limit.on_stream_done, limit.limit)
