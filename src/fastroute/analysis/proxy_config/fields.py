"""Reading messages: extensions inside an Any, rules named in metadata, addresses, and names of clusters."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError, Message

from fastroute.api.pool import message_class, type_name


def unpack(value: Any, full_name: str) -> Any | None:
    """The message inside an Any if it is a `full_name`, else None."""
    if type_name(value.type_url) != full_name:
        return None
    try:
        return message_class(full_name).FromString(value.value)
    except DecodeError:
        return None


def managed_by(metadata: Any) -> str:
    """`NAME.NAMESPACE` of the Istio rule in `metadata`; empty without one, `<unknown>` if it is not such a path.

    The path is `/apis/GROUP/VERSION/namespaces/NAMESPACE/KIND/NAME`.
    """
    istio = metadata.filter_metadata
    if "istio" not in istio or "config" not in istio["istio"].fields:
        return ""
    pieces = istio["istio"].fields["config"].string_value.split("/")
    return f"{pieces[7]}.{pieces[5]}" if len(pieces) == 8 else "<unknown>"


def address_of(address: Any) -> tuple[str, int]:
    """IP (or pipe, as `unix://PATH`) and port of an `Address`."""
    if address.HasField("pipe"):
        return f"unix://{address.pipe.path}", 0
    if address.HasField("envoy_internal_address"):
        return f"envoy://{address.envoy_internal_address.server_listener_name}", 0
    return address.socket_address.address, address.socket_address.port_value


def parse_name(name: str) -> tuple[str, int, str, str] | None:
    """(direction, port, subset, host) of `DIRECTION|PORT|SUBSET|HOST`, or None for another name."""
    parts = name.split("|")
    if len(parts) < 4 or not parts[1].isdigit():
        return None
    return parts[0], int(parts[1]), parts[2], parts[3]


def kind_of(cluster: Message) -> str:
    """A cluster's discovery type; STATIC for one of an extension, which has none, as istioctl shows it."""
    one: Any = cluster
    return str(one.DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number[one.type].name)
