"""Mirrors: clusters that get a copy of the request.

RA-120  A non-empty list at the route replaces the virtual host's, and that the route configuration's.
RA-121  Each policy is drawn by the stream's random value, the same for all. A policy by header without
        that header mirrors nothing; CONNECT is never mirrored.
RA-122  The copy has the headers after all changes; its host gets `-shadow` before the port unless the
        policy says otherwise. It goes out as a request of Envoy's own: x-envoy-internal says so, x-forwarded-for gets
        Envoy's address (nothing where no connection is known), and a second router with the first one's options reads
        the headers of timeouts and retries once more, now after all changes; its timeout is that of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastroute.action.decided import Decided
from fastroute.action.draft import JOINED_IN_REQUESTS, Draft, Headers
from fastroute.action.format import Template, Values
from fastroute.action.fractions import ALWAYS, Fraction
from fastroute.action.mutations import Mutations
from fastroute.records import record

SUFFIX = b"-shadow"


@record
class MirrorPolicy:
    """RequestMirrorPolicy: a cluster, or the header that names it."""

    cluster: str = ""
    cluster_header: bytes = b""
    fraction: Fraction = ALWAYS
    suffix: bool = True
    host: bytes = b""
    mutations: tuple[Mutations, ...] = ()

    def target(self, request: Draft) -> str:
        """The cluster for a request; empty for none."""
        if not self.cluster_header:
            return self.cluster
        return (request.first(self.cluster_header) or b"").decode("latin-1")

    def authority(self, host: bytes) -> bytes:
        """The authority of the copy."""
        if self.host:
            return self.host
        return with_suffix(host) if self.suffix else host


@record
class Mirror:
    """One copy: its cluster, and the authority and headers that it is sent with."""

    cluster: str
    authority: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


def with_suffix(host: bytes) -> bytes:
    """`h.com:81` as `h.com-shadow:81`."""
    at = host.rfind(b":")
    if at < 0 or host.rfind(b"]") > at:
        return host + SUFFIX
    return host[:at] + SUFFIX + host[at:]


def chosen(
    policies: Sequence[MirrorPolicy], decision: Decided, request: Draft, resend: Callable[[Headers], None]
) -> tuple[Mirror, ...]:
    """The copies of a request whose headers are final; `resend` makes of them what their own router does."""
    copies = []
    for policy in policies:
        cluster = policy.target(request)
        if cluster and (policy.fraction is ALWAYS or policy.fraction.holds(decision.random)):
            headers = _headers(policy, decision, request)
            _sent_by_itself(headers, decision.own_address())
            resend(headers)
            copies.append(Mirror(cluster, policy.authority(request.authority), tuple(headers.pairs)))
    return tuple(copies)


def _sent_by_itself(headers: Headers, address: str | None) -> None:
    headers.set(b"x-envoy-internal", b"true")
    if address is not None:
        headers.add(b"x-forwarded-for", address.encode())


def _headers(policy: MirrorPolicy, decision: Decided, request: Draft) -> Headers:
    headers = Headers(request.headers.pairs, JOINED_IN_REQUESTS)
    values = Values(decision, lambda name: headers.first(name) if name[:1] != b":" else request.first(name))

    def render(template: Template) -> bytes:
        return template.render(values)

    for mutations in policy.mutations:
        mutations.apply(headers, render)
    return headers
