"""Who a workload is: `spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/ACCOUNT`.

Names are those that Kubernetes takes (RFC 1123 labels and subdomains): an identity is part of certificates and of
authorization rules, so nothing else may stand in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from fastroute.errors import ParseError

_LABEL: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE: Final = re.compile(_LABEL)
_ACCOUNT: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_URI: Final = re.compile(r"spiffe://([^/]+)/ns/([^/]+)/sa/([^/]+)")


@dataclass(frozen=True, slots=True)
class Identity:
    """A service account of a namespace; ParseError if a name is none that Kubernetes would take."""

    namespace: str
    account: str = "default"
    trust_domain: str = "cluster.local"

    def __post_init__(self) -> None:
        _check(_NAMESPACE, self.namespace, "namespace")
        _check(_ACCOUNT, self.account, "service account")
        _check(_ACCOUNT, self.trust_domain, "trust domain")

    @property
    def uri(self) -> str:
        """The SPIFFE ID."""
        return f"spiffe://{self.trust_domain}/ns/{self.namespace}/sa/{self.account}"

    @classmethod
    def of_uri(cls, uri: str) -> Identity:
        """The identity that a SPIFFE ID names; ParseError if it is of another form."""
        parts = _URI.fullmatch(uri)
        if parts is None:
            raise ParseError(f"spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/ACCOUNT is expected, not {uri!r}")
        return cls(parts[2], parts[3], parts[1])


def _check(pattern: re.Pattern[str], text: str, what: str) -> None:
    if pattern.fullmatch(text) is None:
        raise ParseError(f"no name of a {what}: {text!r}", remedy="Lower-case letters, digits, '-' (and '.') are.")
