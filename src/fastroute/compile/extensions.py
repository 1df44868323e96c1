"""Typed configurations of extensions: which message it is, or why Envoy has no such extension.

NF-02  The type URL chooses the factory, not the name. An unknown type, or none, is refused by Envoy.
       A TypedStruct is the configuration of the type that it names, in JSON form.

What only an Istio proxy has comes as a TypedStruct of a type that Envoy lacks: strict loading refuses
it as Envoy does; lenient loading notes it and goes on without it.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError, Message

from fastroute.api import names, pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

    Extension = tuple[str, Any]
    """The full name of the configuration's type, and its message; None when lenient loading let it through."""

TYPED_STRUCTS = (names.TYPED_STRUCT, names.UDPA_TYPED_STRUCT)


def open_extension(
    config: Any, ctx: Context, path: str, *, effect: str, by_name: dict[str, str] | None = None
) -> Extension:
    """The configuration of `config` (`name` and `typed_config`).

    `effect` says what a lenient load does about a configuration that Envoy refuses. `by_name` gives
    the type that an old configuration without `typed_config` means by its name; lenient loads only.
    """
    discovers = "config_type" in config.DESCRIPTOR.oneofs_by_name  # TypedExtensionConfig cannot
    if discovers and config.WhichOneof("config_type") == "config_discovery":
        raise ctx.unsupported(
            f"{path}.config_discovery",
            "the extension's configuration is discovered at run time",
            remedy="Give the configuration as typed_config.",
        )
    type_name, message = _unpack(config.typed_config, ctx, f"{path}.typed_config")
    if message is not None:
        return type_name, message
    meant = (by_name or {}).get(config.name, "") if not type_name else ""
    url = config.typed_config.type_url if not type_name else names.url(type_name)
    error = ctx.reject(
        path,
        f"Didn't find a registered implementation for '{config.name}' with type URL: '{url}'",
        remedy="Remove the extension or give it a typed_config that Envoy 1.40 knows.",
        code="unknown-extension",
    )
    ctx.tolerate(error, f"taken as {meant} with its defaults" if meant else effect)
    return (meant, pool.new(meant)) if meant else (type_name, None)


def is_of(type_name: str, category: str) -> bool:
    """Whether Envoy has an extension of that type in a category, such as `envoy.filters.http`."""
    from fastroute.api.extension_types import types_of

    return type_name in types_of(category)


def open_any(config: Any, ctx: Context, path: str) -> Extension:
    """The message in a bare Any (an input or an action of a matcher); refused when Envoy does not know it."""
    type_name, message = _unpack(config, ctx, path)
    if message is None:
        raise ctx.reject(path, f"Didn't find a registered implementation for type: '{type_name}'")
    return type_name, message


def _unpack(packed: Any, ctx: Context, path: str) -> tuple[str, Message | None]:
    type_name = pool.type_name(packed.type_url)
    if not type_name or not pool.is_known(packed.type_url):
        return type_name, None
    message = pool.new(type_name)
    try:
        message.ParseFromString(packed.value)
    except DecodeError as error:
        raise ctx.reject(path, f"Unable to unpack as {type_name}: {error}") from error
    return _from_struct(message, ctx, path) if type_name in TYPED_STRUCTS else (type_name, message)


def _from_struct(struct: Any, ctx: Context, path: str) -> tuple[str, Message | None]:
    type_name = pool.type_name(struct.type_url)
    if not pool.is_known(struct.type_url):
        return type_name, None
    from google.protobuf import json_format

    try:
        value = json_format.MessageToDict(struct.value, descriptor_pool=pool.pool())
        return type_name, json_format.ParseDict(value, pool.new(type_name), descriptor_pool=pool.pool())
    except json_format.ParseError as error:
        raise ctx.reject(path, f"Unable to parse JSON as proto: {error}") from error
