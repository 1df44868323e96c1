"""What is wrong, or has no effect, in objects that could be read: with object, field and reason.

Codes are those of Istio's analyzers where one exists (`IST0101`); findings that Istio only logs or counts
have a code of ours (`FR…`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from fastroute.errors import Where
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.text import spell

Level = Literal["Error", "Warning", "Info"]

CODES: Final[Mapping[str, tuple[Level, str]]] = MappingProxyType(
    {
        "IST0101": ("Error", "ReferencedResourceNotFound"),
        "IST0102": ("Info", "NamespaceNotInjected"),
        "IST0106": ("Error", "SchemaValidationError"),
        "IST0109": ("Error", "ConflictingMeshGatewayVirtualServiceHosts"),
        "IST0110": ("Error", "ConflictingSidecarWorkloadSelectors"),
        "IST0111": ("Error", "MultipleSidecarsWithoutWorkloadSelectors"),
        "IST0112": ("Error", "VirtualServiceDestinationPortSelectorRequired"),
        "IST0118": ("Info", "PortNameIsNotUnderNamingConvention"),
        "IST0127": ("Warning", "NoMatchingWorkloadsFound"),
        "IST0128": ("Error", "NoServerCertificateVerificationDestinationLevel"),
        "IST0129": ("Warning", "NoServerCertificateVerificationPortLevel"),
        "IST0130": ("Warning", "VirtualServiceUnreachableRule"),
        "IST0131": ("Info", "VirtualServiceIneffectiveMatch"),
        "IST0134": ("Warning", "ServiceEntryAddressesRequired"),
        "IST0173": ("Warning", "DestinationRuleSubsetNotSelectPods"),
        "IST0174": ("Warning", "DestinationRuleHostNotFound"),
        "FR001": ("Warning", "OutboundListenerConflict"),
        "FR002": ("Warning", "DuplicateDomain"),
        "FR003": ("Warning", "InboundPortConflict"),
        "FR004": ("Warning", "HostNotQualified"),
        "FR005": ("Warning", "UnknownRoutePort"),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `path` is the field inside the object, `where` its position in the text."""

    code: str
    object: str
    message: str
    path: str = ""
    where: Where | None = None

    @property
    def level(self) -> Level:
        """Error, Warning or Info."""
        return CODES[self.code][0]

    @property
    def title(self) -> str:
        """The name of the code."""
        return CODES[self.code][1]

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where is not None else ""
        path = f" {self.path}:" if self.path else ""
        return f"{self.level} [{self.code}] {self.object}{place}:{path} {self.message}"


def found(code: str, one: Object[Any], message: str, *path: str | int) -> Finding:
    """A finding about a field of an object's spec."""
    return Finding(code, one.label, message, spell((*one.root, *path)), one.where(*path))
