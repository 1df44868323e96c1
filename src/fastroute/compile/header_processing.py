"""What an HttpConnectionManager does to headers, for the core (HC-40 to HC-48)."""

from __future__ import annotations

from fastroute.compile import matcher_customs, string_matchers
from fastroute.compile.extensions import open_any, open_extension
from fastroute.core.processing import HeaderProcessing
from fastroute.core.strings import StringMatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

_DETECTIONS = "envoy.extensions.http.original_ip_detection."
HEADER_DETECTION = f"{_DETECTIONS}custom_header.v3.CustomHeaderConfig"
XFF_DETECTION = f"{_DETECTIONS}xff.v3.XffConfig"
EARLY_MUTATION = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
_ALWAYS_FORWARD_ONLY, _SANITIZE = 4, 0
_KINDS = ("append", "add_absent", "set", "set_present")
_APPEND, _SET = 0, 2

Detection = tuple[bytes | None, int, bool]
Mutation = tuple[str, bytes | StringMatcher, bytes]


def compile_processing(message: Any, ctx: Context, path: str) -> HeaderProcessing:
    """The header processing of the HttpConnectionManager at `path`."""
    details = message.forward_client_cert_details
    return HeaderProcessing(
        use_remote_address=message.use_remote_address.value,
        trusted_hops=message.xff_num_trusted_hops,
        skip_append=message.skip_xff_append,
        internal_ranges=_internal(message.internal_address_config, ctx, f"{path}.internal_address_config"),
        scheme_overwrite=_scheme(message.scheme_header_transformation, ctx, f"{path}.scheme_header_transformation"),
        append_port=message.append_x_forwarded_port,
        via=message.via.encode("utf-8"),
        keep_client_cert=details == _ALWAYS_FORWARD_ONLY,
        client_cert_on_mtls=details != _SANITIZE,
        generate_id=message.generate_request_id.value or not message.HasField("generate_request_id"),
        keep_external_id=message.preserve_external_request_id,
        detections=_detections(message, ctx, path),
        keep_expect=message.proxy_100_continue,
        mutations=_mutations(message.early_header_mutation_extensions, ctx, path),
    )


def _detections(message: Any, ctx: Context, path: str) -> tuple[Detection, ...]:
    extensions = message.original_ip_detection_extensions
    if not extensions:
        return ()
    if message.use_remote_address.value:
        ctx.gather(ctx.reject(path, "Original IP detection extensions and use_remote_address may not be mixed"))
    if message.xff_num_trusted_hops:
        ctx.gather(ctx.reject(path, "Original IP detection extensions and xff_num_trusted_hops may not be mixed"))
    return tuple(ctx.each(extensions, f"{path}.original_ip_detection_extensions", _detection))


def _detection(extension: Any, ctx: Context, path: str) -> Detection:
    """HC-41: what rejects requests, or appends Envoy's own address to x-forwarded-for, is not supported."""
    name, found = open_any(extension.typed_config, ctx, f"{path}.typed_config")
    config: Any = found
    if name == XFF_DETECTION:
        skips = config.skip_xff_append.value or not config.HasField("skip_xff_append")
        ctx.only(config, f"{path}.typed_config", ("xff_num_trusted_hops", *(("skip_xff_append",) if skips else ())))
        return None, config.xff_num_trusted_hops, False
    if name != HEADER_DETECTION:
        raise ctx.unsupported(path, f"the detection {name} of the client's address is not supported")
    ctx.only(config, f"{path}.typed_config", ("header_name", "allow_extension_to_set_address_as_trusted"))
    header = config.header_name.lower()
    if not header:
        raise ctx.reject(f"{path}.typed_config.header_name", "value length must be at least 1 characters")
    if header.startswith(":") or header == "host":
        raise ctx.unsupported(f"{path}.typed_config.header_name", "the client's address in a pseudo header")
    return header.encode("utf-8"), 0, config.allow_extension_to_set_address_as_trusted


def _internal(message: Any, ctx: Context, path: str) -> tuple[matcher_customs.Network, ...]:
    ctx.only(message, path, ("cidr_ranges",), ("unix_sockets",))
    if not message.cidr_ranges:
        return ()
    return tuple(ctx.each(message.cidr_ranges, f"{path}.cidr_ranges", matcher_customs.network))


def _scheme(message: Any, ctx: Context, path: str) -> bytes:
    ctx.only(message, path, ("scheme_to_overwrite",), ("match_upstream",))
    scheme: str = message.scheme_to_overwrite
    if scheme not in ("", "http", "https"):
        ctx.gather(ctx.reject(f"{path}.scheme_to_overwrite", 'value must be in list ["http" "https"]'))
    return scheme.encode("utf-8")


def _mutations(extensions: Any, ctx: Context, path: str) -> tuple[Mutation, ...]:
    made = ctx.each(extensions, f"{path}.early_header_mutation_extensions", _extension)
    return tuple(mutation for each in made for mutation in each)


def _extension(extension: Any, ctx: Context, path: str) -> list[Mutation]:
    name, config = open_extension(extension, ctx, path, effect="the mutation is left out")
    if config is None:
        return []
    if name != EARLY_MUTATION:
        raise ctx.unsupported(path, f"the early header mutation {name} is not supported")
    return ctx.each(config.mutations, f"{path}.typed_config.mutations", _mutation)


def _mutation(message: Any, ctx: Context, path: str) -> Mutation:
    match message.WhichOneof("action"):
        case "remove":
            return "remove", _name(message.remove, ctx, f"{path}.remove", "removed"), b""
        case "append":
            return _append(message.append, ctx, f"{path}.append")
        case "remove_on_match":
            here = f"{path}.remove_on_match.key_matcher"
            matcher = string_matchers.compile_string_matcher(message.remove_on_match.key_matcher, ctx, here)
            return "remove_matching", matcher, b""
        case _:
            raise ctx.reject(path, "action is required")


def _name(name: str, ctx: Context, path: str, verb: str) -> bytes:
    lowered = name.lower()
    if lowered.startswith(":") or lowered == "host":
        raise ctx.reject(path, f":-prefixed or host headers may not be {verb}")
    if not lowered:
        raise ctx.reject(path, "value is no header name")
    return lowered.encode("utf-8")


def _append(option: Any, ctx: Context, path: str) -> Mutation:
    if option.HasField("append") and option.append_action:
        raise ctx.reject(path, "Both append and append_action are set and it's not allowed")
    name = _name(option.header.key, ctx, f"{path}.header.key", "modified")
    value: bytes = option.header.value.encode("utf-8") or option.header.raw_value
    if b"%" in value.replace(b"%%", b""):
        raise ctx.unsupported(f"{path}.header.value", "command operators in an early mutation are not supported")
    value = value.replace(b"%%", b"%")
    if not value and not option.keep_empty_value:
        return "nothing", name, b""
    action = option.append_action
    if option.HasField("append"):
        action = _APPEND if option.append.value else _SET
    return _KINDS[action], name, value
