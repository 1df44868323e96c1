"""Verdicts on what decides no request: format strings of logs and spans, TLS contexts, transport sockets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support import samples
from support.authority import Authority
from support.live_resources import LiveResources
from support.near_valid import message

import fastroute
from fastroute.api import names
from fastroute.errors import ConfigError, UnsupportedError

pytestmark = pytest.mark.envoy

Tree = dict[str, Any]
SOCKETS = "envoy.extensions.transport_sockets."
LOG = names.url("envoy.extensions.access_loggers.file.v3.FileAccessLog")
OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
FIELD_SIZE = {"http2_protocol_options": {"max_header_field_size_kb": 64}}


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        yield live


def typed(name: str, **fields: Any) -> Tree:
    return {"name": "x", "typed_config": {"@type": names.url(name), **fields}}


def listener(*filters: Tree, **fields: Any) -> Tree:
    return {**samples.LISTENER, "filter_chains": [{"filters": list(filters), **fields}]}


def manager(**fields: Any) -> Tree:
    router = typed(names.ROUTER)
    inner = {"stat_prefix": "s", "route_config": {"name": "r"}, "http_filters": [router], **fields}
    return listener(typed(names.HTTP_CONNECTION_MANAGER, **inner))


def proxy(**fields: Any) -> Tree:
    return typed(names.TCP_PROXY, stat_prefix="s", cluster="blue", **fields)


def logged(**fields: Any) -> Tree:
    return manager(access_log=[{"name": "a", "typed_config": {"@type": LOG, "path": "/dev/null", **fields}}])


def routed(**fields: Any) -> Tree:
    host = {"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "redirect": {}, **fields}]}
    return manager(route_config={"name": "r", "virtual_hosts": [host]})


FORMATS = {
    "a log's text": lambda text: logged(log_format={"text_format_source": {"inline_string": text}}),
    "a log's old text": lambda text: logged(log_format={"text_format": text}),
    "a log's own text": lambda text: logged(format=text),
    "a log's JSON": lambda text: logged(log_format={"json_format": {"a": {"b": [text, 1]}}}),
    "a log's own JSON": lambda text: logged(json_format={"a": text}),
    "a span": lambda text: manager(tracing={"operation": text}),
    "a span upstream": lambda text: manager(tracing={"upstream_operation": text}),
    "a span's tag": lambda text: manager(tracing={"custom_tags": [{"tag": "t", "value": text}]}),
    "a span's literal tag": lambda text: manager(tracing={"custom_tags": [{"tag": "t", "literal": {"value": text}}]}),
    "a route's span": lambda text: routed(tracing={"operation": text}),
    "a route's decorator": lambda text: routed(decorator={"operation": text}),
    "a tunnel": lambda text: listener(proxy(tunneling_config={"hostname": text})),
    "a tunnel's header": lambda text: listener(
        proxy(tunneling_config={"hostname": "h", "headers_to_add": [{"header": {"key": "a", "value": text}}]})
    ),
    "the server's name": lambda text: manager(server_name=text),
}
TEXTS = (
    "%",
    "%FOO%",
    "%RESPONSE_CODE%",
    "%REQ%",
    "%REQ(x)%",
    "100%%",
    "%START_TIME(%s)%",
    "%ROUTE_NAME(x)%",
    "%CEL(xds.route_name)%",
)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("place", FORMATS)
def test_format_strings(envoy: LiveResources, place: str, text: str) -> None:
    agree(envoy, names.LISTENER, FORMATS[place](text))


def agree(envoy: LiveResources, kind: str, tree: Tree) -> None:
    """Envoy refuses the resource if and only if strict loading does."""
    resource = message(kind, tree)
    source: dict[str, list[Any]] = {"clusters": [{"name": "blue"}], "listeners": []}
    source["listeners" if kind == names.LISTENER else "clusters"].append(resource)
    try:
        fastroute.load(source)
        found: list[ConfigError] = []
    except ConfigError as error:
        found = [one for one in (error, *error.others) if not isinstance(one, UnsupportedError)]
    verdict = envoy.ask(resource)
    assert verdict.ok == (not found), verdict.message or found


@pytest.fixture(scope="module")
def pair() -> Tree:
    key, chain = Authority().server("a.com")
    return {"certificate_chain": {"inline_string": chain.decode()}, "private_key": {"inline_string": key.decode()}}


SERVERS: dict[str, Any] = {
    "a pair": lambda pair: {"tls_certificates": [pair]},
    "nothing": lambda _: {},
    "an empty pair": lambda _: {"tls_certificates": [{}]},
    "no key": lambda pair: {"tls_certificates": [{"certificate_chain": pair["certificate_chain"]}]},
    "no chain": lambda pair: {"tls_certificates": [{"private_key": pair["private_key"]}]},
    "PKCS 12 and more": lambda pair: {"tls_certificates": [{**pair, "pkcs12": {"inline_bytes": "eA=="}}]},
    "two kinds": lambda pair: {
        "tls_certificates": [pair],
        "tls_certificate_sds_secret_configs": [{"name": "s", "sds_config": {"ads": {}}}],
    },
    "a long protocol": lambda pair: {"tls_certificates": [pair], "alpn_protocols": ["a" * 256]},
    "two long protocols": lambda pair: {"tls_certificates": [pair], "alpn_protocols": [f"{'a' * 255},{'b' * 255}"]},
}


@pytest.mark.parametrize("case", SERVERS)
def test_certificates_of_servers(envoy: LiveResources, pair: Tree, case: str) -> None:
    socket = typed(f"{SOCKETS}tls.v3.DownstreamTlsContext", common_tls_context=SERVERS[case](pair))
    agree(envoy, names.LISTENER, listener(proxy(), transport_socket=socket))


@pytest.mark.parametrize("length", [79, 80])
def test_keys_of_tickets(envoy: LiveResources, pair: Tree, length: int) -> None:
    keys = {"keys": [{"inline_string": "x" * length}]}
    common = {"tls_certificates": [pair]}
    socket = typed(f"{SOCKETS}tls.v3.DownstreamTlsContext", common_tls_context=common, session_ticket_keys=keys)
    agree(envoy, names.LISTENER, listener(proxy(), transport_socket=socket))


CLIENTS: dict[str, Any] = {
    "nothing": lambda _: {},
    "two certificates": lambda pair: {"tls_certificates": [pair, pair]},
    "an empty certificate": lambda _: {"tls_certificates": [{}]},
    "only a directory": lambda _: {"tls_certificates": [{"watched_directory": {"path": "/dev"}}]},
    "only a password": lambda _: {"tls_certificates": [{"password": {"inline_string": "x"}}]},
    "no key": lambda pair: {"tls_certificates": [{"certificate_chain": pair["certificate_chain"]}]},
    "an empty validation": lambda _: {"validation_context": {}},
    "a hash": lambda _: {"validation_context": {"verify_certificate_hash": ["ab" * 32, ":".join(["AB"] * 32)]}},
    "no hash": lambda _: {"validation_context": {"verify_certificate_hash": ["x" * 64]}},
    "no hash of a key": lambda _: {"validation_context": {"verify_certificate_spki": ["!" * 44]}},
    "a name without a CA": lambda _: {
        "validation_context": {"match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "a"}}]}
    },
    "an old name without a CA": lambda _: {"validation_context": {"match_subject_alt_names": [{"exact": "a"}]}},
    "a revocation list without a CA": lambda _: {"validation_context": {"crl": {"inline_string": "x"}}},
    "expiry without a CA": lambda _: {"validation_context": {"allow_expired_certificate": True}},
    "a long protocol": lambda _: {"alpn_protocols": ["a" * 256]},
    "many protocols": lambda _: {"alpn_protocols": ["a" * 200] * 400},
}


@pytest.mark.parametrize("case", CLIENTS)
def test_contexts_of_clients(envoy: LiveResources, pair: Tree, case: str) -> None:
    socket = typed(f"{SOCKETS}tls.v3.UpstreamTlsContext", common_tls_context=CLIENTS[case](pair))
    agree(envoy, names.CLUSTER, {**samples.PLAIN_CLUSTER, "transport_socket": socket})


@pytest.mark.parametrize(
    "socket",
    [
        {"name": "envoy.transport_sockets.raw_buffer"},
        typed(f"{SOCKETS}raw_buffer.v3.RawBuffer"),
        typed(f"{SOCKETS}http_11_proxy.v3.Http11ProxyUpstreamTransport"),
        typed(f"{SOCKETS}tls.v3.UpstreamTlsContext"),
        typed(f"{SOCKETS}tls.v3.DownstreamTlsContext"),
        typed(names.ROUTER),
    ],
)
def test_transport_sockets_of_each_side(envoy: LiveResources, socket: Tree) -> None:
    agree(envoy, names.CLUSTER, {**samples.PLAIN_CLUSTER, "transport_socket": socket})
    matches = [{"name": "m", "match": {}, "transport_socket": socket}]
    agree(envoy, names.CLUSTER, {**samples.PLAIN_CLUSTER, "transport_socket_matches": matches})
    agree(envoy, names.LISTENER, listener(proxy(), transport_socket=socket))


@pytest.mark.parametrize(
    "change",
    [
        {"outlier_detection": {"max_ejection_time": "29.9s"}},
        {"outlier_detection": {"base_ejection_time": "400s"}},
        {"outlier_detection": {"base_ejection_time": "1.0009s", "max_ejection_time": "1.0001s"}},
        {**FIELD_SIZE, "common_http_protocol_options": {"max_response_headers_kb": 63}},
        {**FIELD_SIZE, "common_http_protocol_options": {"max_response_headers_kb": 64}},
        FIELD_SIZE,
        {"typed_extension_protocol_options": {OPTIONS: {
            "@type": names.url(OPTIONS), "use_downstream_protocol_config": FIELD_SIZE,
            "common_http_protocol_options": {"max_response_headers_kb": 63}}}},
        {"filters": [typed(names.TCP_PROXY)]},
        {"filters": [typed("google.protobuf.Empty")]},
    ],
)  # fmt: skip
def test_clusters(envoy: LiveResources, change: Tree) -> None:
    agree(envoy, names.CLUSTER, {**samples.PLAIN_CLUSTER, **change})


@pytest.mark.parametrize(
    "change",
    [
        FIELD_SIZE,
        {**FIELD_SIZE, "max_request_headers_kb": 64},
        {"codec_type": "HTTP3"},
        {"http_filters": []},
        {"http_filters": [typed(names.CORS)]},
        {"http_filters": [typed(names.HTTP_RBAC), typed(names.CORS)]},
        {"http_filters": [typed(names.TCP_PROXY, stat_prefix="s", cluster="c"), typed(names.ROUTER)]},
        {"upgrade_configs": [{"upgrade_type": "websocket", "filters": [typed(names.CORS)]}]},
        {"upgrade_configs": [{"upgrade_type": "websocket", "filters": [typed(names.CORS), typed(names.ROUTER)]}]},
    ],
)
def test_managers(envoy: LiveResources, change: Tree) -> None:
    agree(envoy, names.LISTENER, manager(**change))
