"""The headers of one request as Envoy stores them.

- Names are lower case. `host` and `:authority` are one header (RM-30).
- Pseudo-headers (`:authority`, `:path`, `:method`, `:scheme`) live among the others.
- HC-08: some headers have one slot only; repeated lines of these become one value joined with ",".
  Empty ones leave no trace in it. Every other header keeps its lines apart, in order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

SINGLE_SLOT = frozenset(
    b""":authority :method :path :protocol :scheme
    accept accept-encoding access-control-request-headers access-control-request-method
    access-control-request-private-network authorization cache-control cdn-loop connection content-encoding content-type
    expect grpc-accept-encoding grpc-timeout if-match if-modified-since if-none-match if-range
    if-unmodified-since keep-alive origin pragma proxy-connection proxy-status referer te transfer-encoding upgrade
    user-agent via x-client-trace-id x-envoy-attempt-count x-envoy-decorator-operation
    x-envoy-downstream-service-cluster x-envoy-downstream-service-node x-envoy-expected-rq-timeout-ms
    x-envoy-external-address x-envoy-force-trace x-envoy-hedge-on-per-try-timeout x-envoy-internal x-envoy-ip-tags
    x-envoy-is-timeout-retry x-envoy-max-retries x-envoy-original-host x-envoy-original-path x-envoy-original-url
    x-envoy-retriable-header-names x-envoy-retriable-status-codes x-envoy-retry-grpc-on x-envoy-retry-on
    x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-per-try-timeout-ms
    x-envoy-upstream-rq-timeout-alt-response x-envoy-upstream-rq-timeout-ms x-envoy-upstream-stream-duration-ms
    x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto
    x-request-id""".split()
)
"""Headers with one slot; the set was read off the binary, header by header."""


class HeaderMap:
    """An ordered multi-map of lower-case names to values."""

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._pairs: list[tuple[bytes, bytes]] = []
        for name, value in pairs:
            self.receive(name, value)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._pairs)

    def receive(self, name: bytes, value: bytes) -> None:
        """Take a header line from the codec: one that has a single slot joins what is there."""
        key = canonical(name)
        if key in SINGLE_SLOT and (present := self.first(key)) is not None:
            self.set(key, b",".join(part for part in (present, value) if part))
        else:
            self._pairs.append((key, value))

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a header, in order."""
        key = canonical(name)
        return [value for each, value in self._pairs if each == key]

    def first(self, name: bytes) -> bytes | None:
        """The first value of a header, or None when it is absent."""
        return next(iter(self.all(name)), None)

    def set(self, name: bytes, value: bytes) -> None:
        """Make `value` the only value of a header, in its old place when it had one."""
        key = canonical(name)
        places = [place for place, (each, _) in enumerate(self._pairs) if each == key]
        if not places:
            self._pairs.append((key, value))
            return
        self._pairs[places[0]] = (key, value)
        self._pairs = [pair for place, pair in enumerate(self._pairs) if place not in places[1:]]

    def add(self, name: bytes, value: bytes) -> None:
        """Add another line of a header."""
        self._pairs.append((canonical(name), value))

    def remove(self, name: bytes) -> None:
        """Remove every line of a header."""
        key = canonical(name)
        self._pairs = [pair for pair in self._pairs if pair[0] != key]


def canonical(name: bytes) -> bytes:
    """The name under which a header is stored."""
    lower = name.lower()
    return b":authority" if lower == b"host" else lower
