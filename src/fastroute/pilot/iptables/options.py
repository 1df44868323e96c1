"""What is to be redirected: the flags of `istio-iptables` with their environment variables and defaults.

S-010 lists the flags of the usage text; Istio 1.8.1's program has more (tunnel port, outbound ports, DNS), and so has
today's. The union is accepted (decision on S-010's quirk), in both profiles. A value that iptables could not take is
refused here, naming the flag; Istio 1.8 skipped a CIDR that it could not read, which left traffic unredirected.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from fastroute.errors import ParseError

ENVOY_UID = "1337"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Options:
    """The options by meaning; lists are comma separated text as on the command line, `*` means all.

    Empty `inbound_ports` or `outbound_ranges` turn that direction off. The exclusions of ports and ranges speak only
    with `*`. `uids` and `gids` are the proxy's own: what they send is never redirected.
    """

    envoy_port: str = "15001"
    inbound_port: str = "15006"
    tunnel_port: str = "15008"
    probe_port: str = "15002"
    dns_port: str = "15053"
    uids: str = ENVOY_UID
    gids: str = ENVOY_UID
    mode: str = "REDIRECT"
    mark: str = "1337"
    route_table: str = "133"
    inbound_ports: str = ""
    inbound_exclude: str = ""
    outbound_ports: str = ""
    outbound_exclude: str = ""
    outbound_ranges: str = ""
    outbound_ranges_exclude: str = ""
    virtual_interfaces: str = ""
    excluded_interfaces: str = ""
    owner_groups: str = "*"
    owner_groups_exclude: str = ""
    loopback: str = "127.0.0.1/32"
    dns: bool = False
    all_dns: bool = False
    dns_servers: tuple[str, ...] = ()
    drop_invalid: bool = False
    ipv6: bool = False

    def __post_init__(self) -> None:
        for name, (flag, _) in FLAGS.items():
            _CHECKS.get(name, _nothing)(getattr(self, name), flag)
        if self.outbound_ranges_exclude == "*":
            raise ParseError("ranges are expected, not '*'", path=FLAGS["outbound_ranges_exclude"][0])

    @property
    def transparent(self) -> bool:
        """Whether inbound connections are redirected by TPROXY."""
        return self.mode == "TPROXY"


FLAGS: Mapping[str, tuple[str, str]] = {
    "envoy_port": ("--envoy-port", "ENVOY_PORT"),
    "inbound_port": ("--inbound-capture-port", "INBOUND_CAPTURE_PORT"),
    "tunnel_port": ("--inbound-tunnel-port", "INBOUND_TUNNEL_PORT"),
    "probe_port": ("--iptables-probe-port", "IPTABLES_PROBE_PORT"),
    "uids": ("--proxy-uid", "PROXY_UID"),
    "gids": ("--proxy-gid", "PROXY_GID"),
    "mode": ("--istio-inbound-interception-mode", "ISTIO_INBOUND_INTERCEPTION_MODE"),
    "mark": ("--istio-inbound-tproxy-mark", "ISTIO_INBOUND_TPROXY_MARK"),
    "route_table": ("--istio-inbound-tproxy-route-table", "ISTIO_INBOUND_TPROXY_ROUTE_TABLE"),
    "inbound_ports": ("--istio-inbound-ports", "ISTIO_INBOUND_PORTS"),
    "inbound_exclude": ("--istio-local-exclude-ports", "ISTIO_LOCAL_EXCLUDE_PORTS"),
    "outbound_ports": ("--istio-outbound-ports", "ISTIO_OUTBOUND_PORTS"),
    "outbound_exclude": ("--istio-local-outbound-ports-exclude", "ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE"),
    "outbound_ranges": ("--istio-service-cidr", "ISTIO_SERVICE_CIDR"),
    "outbound_ranges_exclude": ("--istio-service-exclude-cidr", "ISTIO_SERVICE_EXCLUDE_CIDR"),
    "virtual_interfaces": ("--kube-virt-interfaces", "KUBE_VIRT_INTERFACES"),
    "excluded_interfaces": ("--istio-exclude-interfaces", "ISTIO_EXCLUDE_INTERFACES"),
    "owner_groups": ("--istio-outbound-owner-groups", "ISTIO_OUTBOUND_OWNER_GROUPS"),
    "owner_groups_exclude": ("--istio-outbound-owner-groups-exclude", "ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE"),
    "loopback": ("--istio-outbound-ipv4-loopback-cidr", "ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR"),
    "dns": ("--redirect-dns", "ISTIO_META_DNS_CAPTURE"),
    "all_dns": ("--capture-all-dns", "CAPTURE_ALL_DNS"),
    "drop_invalid": ("--drop-invalid", "INVALID_DROP"),
}
"""Field of Options: its long flag and its environment variable."""


def split(text: str) -> list[str]:
    """The items of a comma separated list."""
    return [item for item in text.split(",") if item]


def ranges(text: str, version: int) -> list[Network]:
    """The ranges of IP `version` in a checked list; none for `*`."""
    if text == "*":
        return []
    networks = [ipaddress.ip_network(item, strict=False) for item in split(text)]
    return [network for network in networks if network.version == version]


def has_loopback(text: str) -> bool:
    """Whether one of the ranges starts in loopback."""
    items = [] if text == "*" else split(text)
    return any(ipaddress.ip_interface(item).ip.is_loopback for item in items)


def defaults() -> dict[str, object]:
    """The default of every option."""
    return {field.name: field.default for field in fields(Options)}


def _nothing(_value: object, _flag: str) -> None:
    """Every value is good."""


def _one_port(text: str, flag: str) -> None:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise ParseError(f"not a port number: {text!r}", path=flag)


def _ports(text: str, flag: str) -> None:
    for item in split(text):
        for end in item.split(":", 1):
            _one_port(end, flag)


def _ports_or_all(text: str, flag: str) -> None:
    if text != "*":
        _ports(text, flag)


def _ranges(text: str, flag: str) -> None:
    for item in [] if text == "*" else split(text):
        try:
            ipaddress.ip_network(item, strict=False)
        except ValueError:
            raise ParseError(f"not a range in CIDR form: {item!r}", path=flag) from None
        if "/" not in item:
            raise ParseError(f"not a range in CIDR form: {item!r} (no prefix length)", path=flag)


def _numbers(text: str, flag: str) -> None:
    for item in split(text):
        if not re.fullmatch(r"[0-9]{1,10}", item):
            raise ParseError(f"not a number: {item!r}", path=flag)


def _names(text: str, flag: str) -> None:
    for item in split(text):
        if not re.fullmatch(r"[A-Za-z0-9_.+@-]{1,15}", item):
            raise ParseError(f"not the name of an interface: {item!r}", path=flag)


def _groups(text: str, flag: str) -> None:
    for item in [] if text == "*" else split(text):
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", item):
            raise ParseError(f"not a group: {item!r}", path=flag)


def _mark(text: str, flag: str) -> None:
    if not re.fullmatch(r"0x[0-9a-fA-F]{1,8}|[0-9]{1,10}", text):
        raise ParseError(f"not a number: {text!r}", path=flag)


def _mode(text: str, flag: str) -> None:
    if text not in ("", "REDIRECT", "TPROXY"):
        raise ParseError(f"REDIRECT or TPROXY is expected, not {text!r}", path=flag)


_CHECKS = {
    "envoy_port": _one_port,
    "inbound_port": _one_port,
    "tunnel_port": _one_port,
    "probe_port": _one_port,
    "uids": _numbers,
    "gids": _numbers,
    "mode": _mode,
    "mark": _mark,
    "route_table": _mark,
    "inbound_ports": _ports_or_all,
    "inbound_exclude": _ports,
    "outbound_ports": _ports,
    "outbound_exclude": _ports,
    "outbound_ranges": _ranges,
    "outbound_ranges_exclude": _ranges,
    "virtual_interfaces": _names,
    "excluded_interfaces": _names,
    "owner_groups": _groups,
    "owner_groups_exclude": _groups,
    "loopback": _ranges,
}
