"""Write docs/errors.md: every error code with an example, rendered by loading it.

    python tools/error_docs.py [OUTPUT]

A code that occurs in the sources and has no example here is a mistake, which a test finds.
"""

# ruff: noqa: E501 - an example is a text, which reads best unbroken

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import fastroute
from fastroute.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
_WIDEST = 180
OUTPUT = ROOT / "docs" / "errors.md"
_CODE = re.compile(
    r'code(?:: str)?\s*=\s*"([a-z-]+)"|Violation\((?:[^()]|\([^()]*\))*"([a-z-]+)"(?:, name)?\)|"([a-z]+-bomb|cycle)"'
)


@dataclass(frozen=True)
class Example:
    """A code, what it means, and a text that gives it; `file` names the text."""

    code: str
    meaning: str
    text: str | bytes
    file: str = "config.yaml"


def _routes(body: str) -> str:
    return f"name: web\nvirtual_hosts:\n- name: all\n  domains: ['*']\n{body}"


def _route(body: str) -> str:
    return _routes(f"  routes:\n  - match: {{prefix: /}}\n    {body}\n")


def _listener(chains: str) -> str:
    return f"name: in\naddress: {{socket_address: {{address: 10.0.0.1, port_value: 80}}}}\nfilter_chains:\n{chains}"


_TCP = (
    "  filters: [{name: tcp, typed_config: {'@type': type.googleapis.com/"
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: blue}}]\n"
)
_MANAGER = (
    "- filters:\n  - name: http\n    typed_config:\n      '@type': type.googleapis.com/"
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n"
    "      stat_prefix: s\n      route_config: {}\n      http_filters:\n"
)
_ROUTER = "      - {name: router, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}\n"

EXAMPLES = (
    Example("file", "The file cannot be read.", "", "missing.yaml"),
    Example("encoding", "The text is not UTF-8.", b"name: \xff\n"),
    Example("syntax", "The text is not JSON, YAML or text proto.", '{"name": "web", "virtual_hosts": [}', "config.json"),
    Example("bytes", "The bytes are no message, or one with fields that Envoy 1.40 lacks.", b"\x00\x01", "config.pb"),
    Example("nesting", "More objects and lists lie in each other than protobuf takes.", "[" * 200, "config.json"),
    Example("alias-bomb", "Aliases of YAML repeat more values than any configuration does.", "\n".join(
        [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]" for n in range(9)])),
    Example("cycle", "An alias of YAML stands within its own anchor.", "name: &a [*a]\n"),
    Example("kind", "The document is no resource that decides requests.", "12\n"),
    Example("parse", "A value does not fit its field.", _routes("  include_request_attempt_count: maybe\n")),
    Example("unknown-field", "The message has no such field.", _routes("  route: []\n")),
    Example("unknown-enum-value", "The enum has no such value.", _routes("  require_tls: ALWAYS\n")),
    Example("oneof", "Two members of a oneof are set.", _routes(
        "  routes:\n  - match: {prefix: /, path: /a}\n    redirect: {}\n")),
    Example("repeated-key", "A map names a key twice.", '{"name": "c", "metadata": {"filter_metadata": {"a": {}, "a": {}}}}',
            "config.json"),
    Example("missing-type", "An Any has no @type.", _routes("  typed_per_filter_config: {cors: {x: 1}}\n")),
    Example("type-url", "The @type is no type URL.", _routes("  typed_per_filter_config: {cors: {'@type': Cors}}\n")),
    Example("unknown-type", "Envoy 1.40 has no message of that type.", _routes(
        "  typed_per_filter_config: {stats: {'@type': type.googleapis.com/stats.PluginConfig}}\n")),
    Example("required", "A required field or oneof is not set.", _routes("  routes: [{match: {prefix: /}}]\n")),
    Example("constraint", "A value breaks a constraint of the API.", _routes(
        "  routes: [{match: {path_separated_prefix: /a/}, redirect: {}}]\n")),
    Example("duration", "A duration is negative, or longer than what Envoy counts.", _route(
        "route: {cluster: blue, timeout: 9223372036s}")),
    Example("disallowed", "Envoy took the field once and refuses it now.", _routes(
        "  rate_limits: [{actions: [{dynamic_metadata: {descriptor_key: k, metadata_key: {key: a, path: [{key: b}]}}}]}]\n")),
    Example("refused", "Envoy refuses it when it builds the resource.", "name: in\naccess_log: [{name: file}]\n"),
    Example("start", "`envoy --mode validate` takes it; Envoy ends itself when it starts.",
            "node: {id: one, cluster: web}\ndynamic_resources:\n  lds_config: {self: {}}\n"),
    Example("rejected", "Envoy refuses it when it builds what decides requests.", _route(
        "direct_response: {status: 200, body: {inline_string: '" + "x" * 10 + "'}}").replace(
            "name: web", "name: web\nmax_direct_response_body_size_bytes: 4")),
    Example("unknown-extension", "No extension of that name or type is in Envoy 1.40.", _listener(
        _MANAGER + "      - name: mine\n")),
    Example("untyped-extension", "The extension has a name but no typed_config.", _route(
        "route: {cluster: blue, retry_policy: {retry_host_predicate: [{name: envoy.retry_host_predicates.previous_hosts}]}}")),
    Example("duplicate-filter-chain-match", "Two filter chains have the same match.", _listener(f"- name: a\n{_TCP}- name: b\n{_TCP}")),
    Example("overlapping-filter-chain-match", "Two filter chains match the same connections.", _listener(
        f"- filter_chain_match: {{server_names: [a.com]}}\n{_TCP}- filter_chain_match: {{server_names: [a.com, b.com]}}\n{_TCP}")),
    Example("unsupported", "Envoy takes it; fastroute cannot decide it exactly.",
            "name: c\ncluster_type:\n  name: envoy.clusters.redis\n  typed_config:\n"
            "    '@type': type.googleapis.com/envoy.extensions.clusters.redis.v3.RedisClusterConfig\n"),
    Example("unsupported-field", "Envoy takes the field; no compiler handles it.",
            "name: web\nvhds: {config_source: {ads: {}}}\n"),
    Example("ambiguous-prefix", "Envoy itself chooses between two filter chains at random.", _listener(
        f"- filter_chain_match: {{prefix_ranges: [{{address_prefix: 0.0.0.0, prefix_len: 0}}]}}\n{_TCP}- name: b\n{_TCP}")),
    Example("unsupported-filter", "The HTTP filter may answer or reroute requests.", _listener(
        _MANAGER + "      - {name: lua, typed_config: {'@type': type.googleapis.com/"
        "envoy.extensions.filters.http.lua.v3.Lua}}\n"
        "      - {name: router, typed_config: {'@type': type.googleapis.com/"
        "envoy.extensions.filters.http.router.v3.Router}}\n")),
    Example("unsupported-operator", "The format operator is known only when the upstream answers.", _route(
        "redirect: {}\n    response_headers_to_add: [{header: {key: x, value: '%UPSTREAM_HOST%'}}]")),
)  # fmt: skip


def codes() -> set[str]:
    """The codes that occur in the sources."""
    found: set[str] = set()
    for path in (ROOT / "src" / "fastroute").rglob("*.py"):
        if path.parent.name != "cli":
            found.update(code for match in _CODE.findall(path.read_text()) for code in match if code)
    return found - {"config"}


def rendered(example: Example) -> ConfigError | None:
    """The error that loading the example gives, with the file's bare name."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / example.file
        data = example.text if isinstance(example.text, bytes) else example.text.encode()
        if example.code != "file":
            path.write_bytes(data)
        try:
            fastroute.load(path)
        except ConfigError as error:
            return _named(error, directory + "/")
    return None


def _named(error: ConfigError, prefix: str) -> ConfigError:
    if error.where is not None:
        error.where = type(error.where)(error.where.file.removeprefix(prefix), error.where.line, error.where.column)
    if error.conflict is not None and error.conflict.where is not None:
        place = error.conflict.where
        named = type(place)(place.file.removeprefix(prefix), place.line, place.column)
        error.conflict = replace(error.conflict, where=named)
    error.others = ()
    return error


def _section(example: Example) -> str:
    error = rendered(example)
    shown = f"{type(error).__name__}: {error}" if error is not None else "no error"
    parts = [f"## {example.code}", "", example.meaning, ""]
    if isinstance(example.text, str) and example.text and max(map(len, example.text.splitlines())) < _WIDEST:
        language = Path(example.file).suffix.lstrip(".")
        parts += [f"```{language}", example.text.rstrip("\n"), "```", ""]
    parts += ["```text", shown, "```", ""]
    return "\n".join(parts)


CLOSING = """## Findings of `fastroute validate`

It prints the errors above and four kinds of its own: `comment`, for a comment in JSON, which fastroute takes and Envoy
does not; the warning `deprecated`, with the replacement of the field; the warning `node`, for a bootstrap that needs the
node's name from Envoy's command line; and the warning `shadowed`, for a route that no request reaches because an earlier
one of its virtual host takes all that it matches, which the warning names. Only what can be proven is told.
"""

INTRODUCTION = """# Errors

Every `ConfigError` has a `code`. Each is shown here with a configuration that gives it and the error
as it is printed: position, resource, field path, what is wrong, and what to do about it. This file is
written by `tools/error_docs.py`; edit that.
"""


def document() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(_section(example) for example in EXAMPLES), CLOSING])


def main() -> int:
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(document())
    return 0


if __name__ == "__main__":
    sys.exit(main())
