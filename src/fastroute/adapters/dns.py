"""Names of DNS clusters, resolved with dnspython (the extra `dns`).

    snapshot.resolve(lookup())            every DNS cluster of a snapshot has its hosts now

Envoy asks again when an answer expires; here the caller does, as often as it likes: hosts that stay
keep their state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dns.resolver

# DnsLookupFamily: the record types to ask for, in order, and whether the first that has an answer is enough.
_FAMILIES = {
    "AUTO": (("AAAA", "A"), True),
    "V4_ONLY": (("A",), True),
    "V6_ONLY": (("AAAA",), True),
    "V4_PREFERRED": (("A", "AAAA"), True),
    "ALL": (("A", "AAAA"), False),
}


def lookup(resolver: Any = None) -> Callable[[str, str], list[str]]:
    """A function from a name and a DnsLookupFamily to addresses, for `Snapshot.resolve`.

    `resolver` is a `dns.resolver.Resolver`, the system's unless given. A name without an answer has no
    address; errors of the network are dnspython's.
    """
    asked = resolver if resolver is not None else dns.resolver.get_default_resolver()

    def resolve(name: str, family: str) -> list[str]:
        kinds, first_is_enough = _FAMILIES[family]
        found: list[str] = []
        for kind in kinds:
            found.extend(_addresses(asked, name, kind))
            if found and first_is_enough:
                break
        return found

    return resolve


def _addresses(resolver: Any, name: str, kind: str) -> list[str]:
    try:
        return [record.address for record in resolver.resolve(name, kind)]
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
