"""Valid resources with one field changed: near misses for everything that refuses configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from fastroute.api import anys, names, pool, rules

LEFT_ALONE = frozenset(
    (
        "envoy.config.core.v3.SocketAddress.address",
        "envoy.config.core.v3.SocketAddress.network_namespace_filepath",
        "envoy.config.core.v3.Pipe.path",
        "envoy.config.core.v3.DataSource.filename",
        "envoy.config.core.v3.PathConfigSource.path",
        "envoy.config.core.v3.SocketOption.state",
        "envoy.config.core.v3.ConfigSource.ads",
        "envoy.config.core.v3.ConfigSource.path",
        "envoy.config.bootstrap.v3.Admin.access_log_path",
        "envoy.config.bootstrap.v3.Admin.profile_path",
        "envoy.config.bootstrap.v3.Bootstrap.node",
        "envoy.config.core.v3.Node.id",
        "envoy.config.core.v3.Node.cluster",
        "envoy.config.bootstrap.v3.Bootstrap.flags_path",
        "envoy.config.bootstrap.v3.RuntimeLayer.disk_layer",
        "envoy.config.metrics.v3.TagSpecifier.regex",
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TunnelingConfig.hostname",
        "envoy.extensions.transport_sockets.tls.v3.TlsParameters.cipher_suites",
        "envoy.extensions.transport_sockets.tls.v3.TlsParameters.ecdh_curves",
        "envoy.extensions.transport_sockets.tls.v3.TlsParameters.signature_algorithms",
        "envoy.config.listener.v3.Listener.bind_to_port",
        "envoy.config.listener.v3.Listener.enable_reuse_port",
        "envoy.config.listener.v3.Listener.reuse_port",
        "envoy.config.listener.v3.Listener.transparent",
        "envoy.config.core.v3.HealthCheck.event_log_path",
        "envoy.config.cluster.v3.Cluster.MaglevLbConfig.table_size",
        "envoy.config.cluster.v3.Cluster.transport_socket_matches",
        "envoy.config.endpoint.v3.ClusterLoadAssignment.cluster_name",
        "envoy.config.route.v3.RouteConfiguration.name",
    )
)
"""Fields that would make Envoy bind, open files, or crash (a Maglev table of one, an empty socket match);
names that only a subscription compares, that the command line may give
or that BoringSSL knows, and what cannot change or needs privileges
in a running Envoy."""

_TEXTS = ("", "a", "/", "/a", "A-b", "a b", "a\nb", "a\x00", "*", "é", "%", "%a%", "[", "x" * 256)
_INTS = (0, 1, 2, 100, 101, 127, 128, 199, 200, 599, 600, 65535, 65536, 2**31 - 1)


Packed = tuple[Any, Message]
"""An Any and the message that was taken out of it."""


def parts(message: Message) -> Iterator[tuple[Message, tuple[Packed, ...]]]:
    """The message and every message set in it, with the Anys around it, outermost first."""
    yield message, ()
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            inner = list(value.values()) if field.message_type.fields_by_name["value"].message_type is not None else []
        else:
            inner = list(value) if field.is_repeated else [value]
        for item in inner:
            yield from _parts(item)


def _parts(item: Any) -> Iterator[tuple[Message, tuple[Packed, ...]]]:
    name = item.DESCRIPTOR.full_name
    if name == "google.protobuf.Any":
        opened = anys.unpack(item)
        for message, around in parts(opened):
            yield message, ((item, opened), *around)
    elif not name.startswith("google.protobuf."):
        yield from parts(item)


@st.composite
def near(draw: st.DrawFn, bases: list[Message]) -> Message:
    """One of the `bases` with one field of it, or of a message in it, changed."""
    base = draw(st.sampled_from(bases))
    message = type(base)()
    message.CopyFrom(base)
    target, around = draw(st.sampled_from(list(parts(message))))
    fields = [field for field in target.DESCRIPTOR.fields if field.full_name not in LEFT_ALONE]
    changed = [field for field in fields if not _is_any(field)]
    if changed:
        _change(draw, target, draw(st.sampled_from(changed)))
    for packed, inner in reversed(around):
        packed.value = inner.SerializeToString()
    return message


def _is_any(field: Any) -> bool:
    return field.message_type is not None and field.message_type.full_name == "google.protobuf.Any"


def _change(draw: st.DrawFn, message: Any, field: Any) -> None:
    value = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _change_map(draw, value, field)
    elif field.is_repeated:
        _change_list(draw, value, field)
    elif field.message_type is not None:
        _change_message(draw, message, field)
    elif _is_set(message, field) and draw(st.integers(0, 3)) == 0:
        message.ClearField(field.name)
    else:
        setattr(message, field.name, draw(_scalar(field, rules.field_rules(field)).filter(lambda one: one != value)))


def _is_set(message: Any, field: Any) -> bool:
    return any(field.name == one.name for one, _ in message.ListFields())


def _change_map(draw: st.DrawFn, value: Any, field: Any) -> None:
    inner = field.message_type.fields_by_name["value"]
    name = draw(st.sampled_from(("", "a", "a b")))
    if inner.message_type is not None:
        value.get_or_create(name)
    elif field.message_type.fields_by_name["key"].type == FieldDescriptor.TYPE_STRING:
        value[name] = draw(_scalar(inner, None))


def _change_list(draw: st.DrawFn, value: Any, field: Any) -> None:
    action = draw(st.sampled_from(("clear", "add", "repeat", "drop") if value else ("add",)))
    if action == "clear":
        del value[:]
    elif action == "drop":
        del value[draw(st.integers(0, len(value) - 1))]
    elif action == "repeat":
        value.append(value[0]) if field.message_type is None else value.add().CopyFrom(value[0])
    elif field.message_type is None:
        rule = rules.field_rules(field)
        value.append(draw(_scalar(field, rule.repeated.items if rule is not None else None)))
    else:
        value.add()


def _change_message(draw: st.DrawFn, message: Any, field: Any) -> None:
    action = draw(st.sampled_from(("clear", "set", "set", "value") if _is_set(message, field) else ("set", "value")))
    message.ClearField(field.name)
    if action == "clear":
        return
    value = getattr(message, field.name)
    value.SetInParent()
    name = field.message_type.full_name
    if action == "value" and name == "google.protobuf.Duration":
        value.seconds, value.nanos = draw(st.sampled_from(((0, 0), (0, 1), (0, 999_999), (1, 0), (-1, 0), (10**7, 0))))
    elif action == "value" and name.startswith("google.protobuf.") and name.endswith("Value"):
        inner = value.DESCRIPTOR.fields_by_name.get("value")
        if inner is not None:
            value.value = draw(_scalar(inner, rules.field_rules(field)))


def _scalar(field: Any, rule: Any) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([*field.enum_type.values_by_number, 99])
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    if field.type == FieldDescriptor.TYPE_STRING:
        return st.sampled_from((*_TEXTS, *_edge_texts(rule)))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.sampled_from((b"", b"a"))
    if field.cpp_type in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return st.sampled_from((-1.0, 0.0, 0.5, 1.0, 100.0, 100.5))
    edges = [edge for edge in _edges(rule) if edge >= 0]
    return st.sampled_from((*_INTS, *(edge for edge in edges if edge < 2**31)))


def _edges(rule: Any) -> Iterator[int]:
    kind = rule.WhichOneof("type") if rule is not None else None
    if kind and kind.lstrip("us").startswith(("int", "fixed")):
        for bound, value in getattr(rule, kind).ListFields():
            if bound.name in ("gt", "gte", "lt", "lte"):
                yield from (value - 1, value, value + 1)


def _edge_texts(rule: Any) -> Iterator[str]:
    for length in (rule.string.max_bytes, rule.string.max_len) if rule is not None else ():
        if length:
            yield "a" * length
            yield "a" * (length + 1)


def copy_with_config(listener: Message, inner: Message) -> Message:
    """The listener with `inner` as the configuration of its first network filter."""
    copied: Any = type(listener)()
    copied.CopyFrom(listener)
    packed = copied.filter_chains[0].filters[0].typed_config
    packed.type_url = names.url(inner.DESCRIPTOR.full_name)
    packed.value = inner.SerializeToString()
    return copied


def message(full_name: str, tree: Any) -> Message:
    """A message of the API from its tree."""
    from fastroute.api import transcode

    assert pool.is_known(full_name)
    return transcode.message(full_name, tree)
