"""Hash policies: the 64-bit value that consistent load balancers use.

RA-130  Policies run in order; hash = rotl64(hash, 1) XOR new, the first one as it is. A `terminal` policy
        that finds a hash ends it.
RA-131  XXH64 with seed 0. Several values of a header are sorted and chained, each seeded by the one before.
        Policies see the request as it goes to the upstream: after rewrites and header mutations.
RA-132  A cookie without a value is made up when the policy has a `ttl`; the client is given it.
RA-133  Query values are raw; the source address is text without its port; an object of the filter
        state is its text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastroute.action.cookies import cookie_value
from fastroute.action.decided import Decided
from fastroute.action.draft import Draft
from fastroute.action.format import query_value
from fastroute.core.hashing import xxh64
from fastroute.core.regexes import Regex
from fastroute.errors import RequestError
from fastroute.records import record

MASK = (1 << 64) - 1


class Sent:
    """The request as it goes to the upstream, which is made when a policy reads what may change on the way.

    `changed` are the headers that the route may change, beside those that connection managers do.

    PERF: a policy over a header that nothing changes has a hash for a tenth of what making the request costs.
    """

    __slots__ = ("changed", "decision", "made", "make")

    def __init__(self, decision: Decided, changed: frozenset[bytes], make: Callable[[], Draft]) -> None:
        self.decision = decision
        self.changed = changed
        self.make = make
        self.made: Draft | None = None

    @property
    def whole(self) -> Draft:
        """All of it."""
        if self.made is None:
            self.made = self.make()
        return self.made

    @property
    def path(self) -> bytes | None:
        """Its path with the query."""
        return self.whole.path

    def values(self, name: bytes) -> list[bytes]:
        """Every value of a header, pseudo headers included."""
        at_a_glance = getattr(self.decision, "untouched", None)  # a walk that explains has none
        if at_a_glance is not None and self.made is None and name not in self.changed:
            found: list[bytes] | None = at_a_glance(name)
            if found is not None:
                return found
        return self.whole.values(name)


@record
class HeaderHash:
    """The values of a header, each after a substitution if there is one."""

    name: bytes
    regex: Regex | None = None
    substitution: bytes = b""
    terminal: bool = False

    def evaluate(self, _decision: Decided, request: Sent) -> tuple[int | None, bytes | None]:
        """The hash, and no cookie."""
        found = request.values(self.name)
        if not found:
            return None, None
        if self.regex is not None:
            found = [self.regex.replace_all(value, self.substitution) for value in found]
        chained = 0
        for value in sorted(found):
            chained = xxh64(value, chained)
        return chained, None


@record
class CookieHash:
    """A cookie's value; `ttl` (seconds) lets a missing one be made up."""

    name: bytes
    ttl: int | None = None
    path: bytes = b""
    attributes: tuple[tuple[bytes, bytes], ...] = ()
    terminal: bool = False

    def evaluate(self, decision: Decided, request: Sent) -> tuple[int | None, bytes | None]:
        """The hash, and the cookie to set when one was made up."""
        value = cookie_value(request.values(b"cookie"), self.name)
        if value:
            return xxh64(value), None
        if self.ttl is None:
            return None, None
        made = self._made_up(decision)
        return xxh64(made), self._set_cookie(made)

    def _made_up(self, decision: Decided) -> bytes:
        remote, local = decision.remote_address(), decision.local_address()
        if remote is None or local is None:
            raise RequestError("the route's hash policy makes a cookie from the connection's addresses; none is given")
        return b"%016x" % xxh64(address_text(remote) + address_text(local))

    def _set_cookie(self, value: bytes) -> bytes:
        text = b'%s="%s"' % (self.name, value)
        if self.ttl:
            text += b"; Max-Age=%d" % self.ttl
        if self.path:
            text += b"; Path=" + self.path
        for name, attribute in self.attributes:
            text += b"; " + (b"%s=%s" % (name, attribute) if attribute else name)
        return text + b"; HttpOnly"


@record
class SourceAddressHash:
    """The client's address without its port."""

    terminal: bool = False

    def evaluate(self, decision: Decided, _request: Sent) -> tuple[int | None, bytes | None]:
        """The hash, and no cookie."""
        remote = decision.remote_address()
        if remote is None:
            raise RequestError("the route's hash policy uses the connection's source address; none is given")
        return xxh64(remote[0].encode()), None


@record
class QueryHash:
    """The first raw value of a query parameter."""

    name: bytes
    terminal: bool = False

    def evaluate(self, _decision: Decided, request: Sent) -> tuple[int | None, bytes | None]:
        """The hash, and no cookie."""
        value = query_value(request.path, self.name)
        return (None if value is None else xxh64(value)), None


@record
class FilterStateHash:
    """The text of an object of the filter state, which is taken to be a hashable one."""

    key: str
    terminal: bool = False

    def evaluate(self, decision: Decided, _request: Sent) -> tuple[int | None, bytes | None]:
        """The hash, and no cookie."""
        value = decision.filter_state.get(self.key)
        return (None if value is None else xxh64(value.encode())), None


HashPolicy = HeaderHash | CookieHash | SourceAddressHash | QueryHash | FilterStateHash


@record
class HashResult:
    """The combined hash, and the cookies that the client is given."""

    value: int | None
    cookies: tuple[bytes, ...] = ()


def address_text(address: tuple[str, int]) -> bytes:
    """`ip:port`, the IP of version 6 in brackets."""
    host, port = address
    return f"[{host}]:{port}".encode() if ":" in host else f"{host}:{port}".encode()


def evaluate(policies: Sequence[HashPolicy], decision: Decided, request: Sent) -> HashResult:
    """The hash of a request under a list of policies."""
    combined: int | None = None
    cookies: list[bytes] = []
    for policy in policies:
        value, cookie = policy.evaluate(decision, request)
        if value is not None:
            rotated = 0 if combined is None else ((combined << 1) | (combined >> 63)) & MASK
            combined = rotated ^ value
        if cookie is not None:
            cookies.append(cookie)
        if policy.terminal and combined is not None:
            break
    return HashResult(combined, tuple(cookies))
