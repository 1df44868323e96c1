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

CODES: Final[Mapping[str, tuple[Level, str, str]]] = MappingProxyType(
    {
        "IST0002": ("Warning", "Deprecated", "A field that another has taken the place of."),
        "IST0101": ("Error", "ReferencedResourceNotFound", "A host, a subset or a delegate that is not there."),
        "IST0102": ("Info", "NamespaceNotInjected", "The pods of a namespace are given no sidecars."),
        "IST0103": ("Warning", "PodMissingProxy", "A pod without a sidecar, where pods are given one."),
        "IST0106": ("Error", "SchemaValidationError", "An object that cannot be read, or is refused."),
        "IST0107": ("Warning", "MisplacedAnnotation", "An annotation that belongs on another kind of object."),
        "IST0108": ("Warning", "UnknownAnnotation", "An annotation that Istio does not have."),
        "IST0109": (
            "Error", "ConflictingMeshGatewayVirtualServiceHosts",
            "Two VirtualServices for one host: only the older one counts.",
        ),
        "IST0110": ("Error", "ConflictingSidecarWorkloadSelectors", "Two Sidecars select one pod."),
        "IST0111": ("Error", "MultipleSidecarsWithoutWorkloadSelectors", "Two Sidecars for a whole namespace."),
        "IST0112": (
            "Error", "VirtualServiceDestinationPortSelectorRequired",
            "A destination with several ports, of which none is named.",
        ),
        "IST0113": ("Error", "MTLSPolicyConflict", "A DestinationRule's TLS is not what the workloads demand."),
        "IST0116": (
            "Warning", "DeploymentAssociatedToMultipleServices",
            "Two services of one workload use a port with different transports.",
        ),
        "IST0118": ("Info", "PortNameIsNotUnderNamingConvention", "A port's name says no protocol."),
        "IST0123": ("Warning", "NamespaceMultipleInjectionLabels", "A namespace has labels for injection twice."),
        "IST0125": ("Warning", "InvalidAnnotation", "An annotation has a value that cannot be used."),
        "IST0127": ("Warning", "NoMatchingWorkloadsFound", "A selector fits no pod."),
        "IST0128": (
            "Warning", "NoServerCertificateVerificationDestinationLevel",
            "TLS to an upstream for which a rule names no roots.",
        ),
        "IST0129": ("Warning", "NoServerCertificateVerificationPortLevel", "The same for one port."),
        "IST0130": ("Warning", "VirtualServiceUnreachableRule", "A route that no request can reach."),
        "IST0131": ("Info", "VirtualServiceIneffectiveMatch", "A match that an earlier one takes all of."),
        "IST0134": ("Warning", "ServiceEntryAddressesRequired", "A ServiceEntry for TCP without addresses."),
        "IST0135": ("Info", "DeprecatedAnnotation", "An annotation that something else has taken the place of."),
        "IST0136": ("Info", "AlphaAnnotation", "An annotation that Istio may still change."),
        "IST0137": (
            "Warning", "DeploymentConflictingPorts", "Two services of a workload have different ports for one target.",
        ),
        "IST0144": ("Warning", "InvalidApplicationUID", "An application runs as the sidecar's user, and bypasses it."),
        "IST0146": (
            "Warning", "ImageAutoWithoutInjectionWarning",
            "A Deployment leaves its proxy to injection, which does not take it.",
        ),
        "IST0147": ("Error", "ImageAutoWithoutInjectionError", "A pod was left to injection, which has not taken it."),
        "IST0150": (
            "Warning", "ExternalNameServiceTypeInvalidPortName",
            "A port of an ExternalName service is taken for TCP, and so for every destination.",
        ),
        "IST0173": ("Error", "DestinationRuleSubsetNotSelectPods", "A subset that selects no workload."),
        "IST0174": ("Warning", "UnknownDestinationRuleHost", "A DestinationRule for a host that no service has."),
        "IST0177": (
            "Warning", "ConflictingServiceEntryProtocol", "Two ServiceEntries give one host and port two protocols.",
        ),
        "FR001": ("Warning", "OutboundListenerConflict", "An older service has the address and port already."),
        "FR002": ("Warning", "DuplicateDomain", "Another host has the domain already."),
        "FR003": ("Warning", "InboundPortConflict", "Two services give one port of a workload two protocols."),
        "FR004": ("Warning", "HostNotQualified", "A host with a dot that lacks the cluster's domain."),
        "FR005": ("Warning", "UnknownRoutePort", "A destination's service has no such port."),
        "FR006": ("Warning", "IneffectiveIngressTLS", "TLS of a Sidecar's port, where mutual TLS is taken."),
        "FR007": ("Info", "GatewayNotGenerated", "A rule for a gateway, which this version does not generate."),
        "FR008": ("Warning", "DuplicateSubset", "A subset that an older rule, or the same, has already."),
        "FR009": ("Warning", "ImportsNothing", "A pattern of a Sidecar that takes in no service."),
        "FR010": ("Warning", "DelegateLeftOut", "A route of a delegate that its parent's matches do not admit."),
    }
)  # fmt: skip
"""Level, name and meaning of each code."""


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
