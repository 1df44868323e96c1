"""A request or a response while its headers are being changed.

HC-08  Envoy keeps some headers in one slot: a second value is joined to the first with a comma. Which
       headers those are differs between requests and responses; every other header keeps its lines.
"""

from __future__ import annotations

from fastroute.action.headers import first, request_values, values
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.decided import Decided, Pairs

JOINED_IN_REQUESTS = frozenset(
    b"""
    accept accept-encoding access-control-request-headers access-control-request-method
    access-control-request-private-network authorization cache-control cdn-loop connection content-encoding
    content-length content-type expect grpc-accept-encoding grpc-timeout if-match if-modified-since if-none-match
    if-range if-unmodified-since keep-alive origin pragma proxy-connection proxy-status referer te transfer-encoding
    upgrade user-agent via x-client-trace-id x-envoy-attempt-count x-envoy-decorator-operation
    x-envoy-downstream-service-cluster x-envoy-downstream-service-node x-envoy-expected-rq-timeout-ms
    x-envoy-external-address x-envoy-force-trace x-envoy-hedge-on-per-try-timeout x-envoy-internal x-envoy-ip-tags
    x-envoy-is-timeout-retry x-envoy-max-retries x-envoy-original-host x-envoy-original-path x-envoy-original-url
    x-envoy-retriable-header-names x-envoy-retriable-status-codes x-envoy-retry-grpc-on x-envoy-retry-on
    x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response
    x-envoy-upstream-rq-timeout-ms x-envoy-upstream-stream-duration-ms x-forwarded-client-cert x-forwarded-for
    x-forwarded-host x-forwarded-port x-forwarded-proto x-request-id
    """.split()
)
JOINED_IN_RESPONSES = frozenset(
    b"""
    access-control-allow-credentials access-control-allow-headers access-control-allow-methods
    access-control-allow-origin access-control-expose-headers access-control-max-age age cache-control connection
    content-encoding content-length content-type date etag expires grpc-message grpc-status keep-alive last-modified
    location proxy-connection proxy-status server transfer-encoding upgrade vary via x-envoy-attempt-count
    x-envoy-decorator-operation x-envoy-degraded x-envoy-immediate-health-check-fail x-envoy-ratelimited
    x-envoy-upstream-service-time x-request-id
    """.split()
)


class Headers:
    """A list of headers that can be changed; names are lower case."""

    __slots__ = ("joined", "pairs")

    def __init__(self, pairs: Pairs, joined: frozenset[bytes]) -> None:
        self.pairs = list(pairs)
        self.joined = joined

    def first(self, name: bytes) -> bytes | None:
        """The first value of `name`."""
        return first(self.pairs, name)

    def values(self, name: bytes) -> list[bytes]:
        """Every value of `name`."""
        return values(self.pairs, name)

    def remove(self, name: bytes) -> None:
        """Take every line of `name` away."""
        self.pairs = [pair for pair in self.pairs if pair[0] != name]

    def remove_all(self, names: frozenset[bytes]) -> None:
        """Take every line of each of `names` away, in one pass."""
        self.pairs = [pair for pair in self.pairs if pair[0] not in names]

    def set(self, name: bytes, value: bytes) -> None:
        """Replace every line of `name` by one."""
        self.remove(name)
        self.pairs.append((name, value))

    def add(self, name: bytes, value: bytes) -> None:
        """Add a line, or join the value to the line there is when the header has one slot.

        Nothing is joined to or by an empty value, so that no comma stands alone.
        """
        if name in self.joined:
            for index, (key, present) in enumerate(self.pairs):
                if key == name:
                    self.pairs[index] = (name, b",".join(part for part in (present, value) if part))
                    return
        self.pairs.append((name, value))


@record(frozen=False)
class Draft:
    """A request on its way to the upstream."""

    method: bytes
    scheme: bytes
    authority: bytes
    path: bytes | None
    headers: Headers

    def values(self, name: bytes) -> list[bytes]:
        """Every value of a header, pseudo headers included."""
        if name in (b":authority", b"host"):
            return [self.authority]
        if name == b":path":
            return [] if self.path is None else [self.path]
        if name == b":method":
            return [self.method]
        if name == b":scheme":
            return [self.scheme]
        return self.headers.values(name)

    def first(self, name: bytes) -> bytes | None:
        """The first value of a header, pseudo headers included."""
        found = self.values(name)
        return found[0] if found else None


def draft(decision: Decided) -> Draft:
    """The request as it was routed."""
    return Draft(
        decision.original_method,
        decision.scheme,
        decision.original_authority,
        decision.original_path,
        Headers(decision.processed_headers(), JOINED_IN_REQUESTS),
    )


def routed_values(decision: Decided, name: bytes) -> list[bytes]:
    """Every value of a header of the request as it was routed."""
    if name.startswith(b":") or name == b"host":
        return request_values(decision, (), name)
    return values(decision.processed_headers(), name)
