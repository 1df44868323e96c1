"""An ActionBed behind connection managers with drawn options, and requests that give those something to do.

bed = ManagerBed(seed); bed.start()
bed.load(configuration); bed.ask(requests, "m3")     -> the differences on one of the listeners `m0` …
"""

from __future__ import annotations

from random import Random
from typing import Any

from fastroute.api import names
from fastroute.core.deciding import route
from fastroute.core.request import Context as RequestContext
from support.action_bed import PLAIN, ActionBed, Sent
from support.action_routes import Maker
from support.families import normalisation as near
from support.own_address import own_address

MANAGERS = 30
LOOPBACK = {"cidr_ranges": [{"address_prefix": "127.0.0.0", "prefix_len": 8}]}
HEADERS = (
    ("expect", "100-continue"), ("Expect", "100-CONTINUE"), ("date", "x"), ("server", "q"),
    ("x-envoy-attempt-count", "7"), ("x-envoy-force-trace", "1"), ("x-client-trace-id", "z"),
    ("x-envoy-original-dst-host", "1.2.3.4:5"), ("x-envoy-ip-tags", "a"), ("x-envoy-decorator-operation", "op"),
    ("x-envoy-downstream-service-cluster", "cl"), ("x-envoy-downstream-service-node", "nd"),
    ("x-envoy-original-url", "u"), ("forwarded", "for=1"), ("x-a_b", "1"), ("accept-encoding", "gzip"),
    ("referer", "http://a/b"), ("referer", "/x"), ("referer", "http://a/#f"), ("origin", "o"),
    ("authorization", "Basic x"), ("if-none-match", "z"), ("x-forwarded-host", "q.com"), ("x-forwarded-port", "99"),
    ("x-envoy-upstream-stream-duration-ms", "5"), ("x-envoy-is-timeout-retry", "true"),
    ("x-envoy-peer-metadata", "m"), ("grpc-timeout", "1S"), ("grpc-accept-encoding", "identity"),
    ("x-b3-traceid", "1"), ("traceparent", "00-1"), ("accept", "a\xe9b"), ("x-a", "\x80\xff"), ("x-a", "tab\tin"),
    ("x-envoy-ratelimited", "true"), ("x-envoy-degraded", "1"), ("cookie", "a=b; sid=5"), ("cookie", "sid=9"),
    ("X-Envoy-Max-Retries", "2"), ("x-envoy-retry-on", "5xx, foo"), ("x-envoy-retriable-status-codes", "404"),
    ("x-envoy-internal", "true"), ("x-envoy-retriable-header-names", "x-u"), ("x-envoy-upstream-alt-stat-name", "s"),
    ("x-envoy-external-address", "8.8.8.8"), ("x-envoy-upstream-rq-timeout-alt-response", "1"),
    ("x-request-id", "given"), ("content-type", "application/grpc"),
)  # fmt: skip
ACTIONS = ("KEEP_UNCHANGED", "REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD")
DETAILS = ("SANITIZE", "FORWARD_ONLY", "APPEND_FORWARD", "SANITIZE_SET", "ALWAYS_FORWARD_ONLY")
METHODS = ("OPTIONS", "PUT", "QUERY", "FOO", "DELETE", "TRACE")
TAILS = ("#f", "/..", "%2Fz", "/%2e", "?#", "/a%2e%2e/", "//")


def options(rng: Random) -> dict[str, Any]:
    """Fields of a connection manager, few or many."""

    def chance(share: float) -> bool:
        return rng.random() < share

    made: dict[str, Any] = dict(PLAIN)
    drawn: list[tuple[float, dict[str, Any]]] = [
        (0.4, {"normalize_path": chance(0.7)}),
        (0.3, {"merge_slashes": True}),
        (0.4, {"path_with_escaped_slashes_action": rng.choice(ACTIONS)}),
        (0.25, {rng.choice(("strip_any_host_port", "strip_matching_host_port")): True}),
        (0.25, {"strip_trailing_host_dot": True}),
        (0.4, {"skip_xff_append": True}),
        (0.6, {"internal_address_config": rng.choice((near.EVERYWHERE, near.TEN, LOOPBACK))}),
        (0.2, {"scheme_header_transformation": {"scheme_to_overwrite": rng.choice(("http", "https"))}}),
        (0.2, {"append_x_forwarded_port": True}),
        (0.3, {"via": rng.choice(("here", "1.1 x"))}),
        (0.3, {"forward_client_cert_details": rng.choice(DETAILS)}),
        (0.3, {"common_http_protocol_options": _common(rng)}),
        (0.3, {"upgrade_configs": [{"upgrade_type": "websocket", "enabled": chance(0.6)}]}),
        (0.2, {"early_header_mutation_extensions": [near.EARLY]}),
        (0.2, {"http_protocol_options": {"allow_custom_methods": chance(0.5), "allow_absolute_url": chance(0.5)}}),
        (0.3, {"http_filters": [_router(chance(0.5), chance(0.5))]}),
        (0.3, {"proxy_100_continue": chance(0.5)}),
        (0.2, {"always_set_request_id_in_response": True}),
    ]
    for share, fields in drawn:
        made |= fields if chance(share) else {}
    client = rng.randrange(4)
    if client == 0:
        detection = (
            near.by_header("X-Client", True),
            near.by_header("x-a", False),
            near.by_hops(1, skip_xff_append=True),
        )
        return {**made, "original_ip_detection_extensions": [rng.choice(detection)]}
    return {**made, "use_remote_address": client == 1, "xff_num_trusted_hops": rng.choice((0, 0, 1, 2))}


def _common(rng: Random) -> dict[str, Any]:
    made: dict[str, Any] = {"headers_with_underscores_action": rng.choice(("ALLOW", "REJECT_REQUEST", "DROP_HEADER"))}
    if rng.random() < 0.2:
        made["max_headers_count"] = rng.choice((4, 9))
    return {**made, "max_stream_duration": "33s"} if rng.random() < 0.3 else made


def _router(quiet: bool, expected: bool) -> dict[str, Any]:
    typed = {"@type": names.url(names.ROUTER), "suppress_envoy_headers": quiet, "respect_expected_rq_timeout": expected}
    return {"name": "router", "typed_config": typed}


class ManagerBed(ActionBed):
    """Listeners `m0` …, each with options of its own."""

    def __init__(self, seed: int) -> None:
        rng = Random(seed)
        self._drawn = {f"m{number}": options(rng) for number in range(MANAGERS)}
        self.chosen = "plain"
        super().__init__()

    def managers(self) -> dict[str, dict[str, Any]]:
        return {"plain": PLAIN, **self._drawn}

    def decide(self, sent: Sent) -> Any:
        port = self.envoy.envoy.port(self.chosen)
        return route(
            self.table,
            sent.host.encode("latin-1"),
            sent.path.encode("latin-1"),
            sent.method,
            [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.headers],
            random=0,
            context=RequestContext(
                source=("127.0.0.1", 1234), destination=("127.0.0.1", port), local_address=own_address()
            ),
            manager=self.compiled[self.chosen],
        )

    def ask(self, requests: list[Sent], listener: str) -> list[str]:
        """What differs on one of the listeners."""
        self.chosen = listener
        responses = self.envoy.client(listener).send_all([each.raw for each in requests])
        pairs = zip(requests, responses, strict=True)
        return [
            text for sent, response in pairs for text in self._differences(sent, response) if not _early(sent, text)
        ]


def _early(sent: Sent, text: str) -> bool:
    """Response headers of an answer given before routing: Envoy adds those of the route that it logs."""
    proto = any(name == "x-forwarded-proto" for name, _ in sent.headers)
    return proto and text.startswith("response: ") and text.endswith(", route -1")


def requests(maker: Maker, configuration: dict[str, Any], count: int) -> list[Sent]:
    """Requests for the routes of a configuration, each bent a little."""
    return [sent for each in maker.requests(configuration, count) if not _names_host(sent := _bent(maker, each))]


def _names_host(sent: Sent) -> bool:
    return any(name.lower() == "host" for name, _ in sent.headers)


def _bent(maker: Maker, sent: Sent) -> Sent:
    rng, path, host, method = maker.random, sent.path, sent.host, sent.method
    headers = list(sent.headers)
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        name, values = rng.choice(near.HEADERS)
        headers.append(rng.choice(HEADERS) if maker.chance(0.5) else (name, rng.choice(values)))
    rng.shuffle(headers)
    if maker.chance(0.15):
        path = rng.choice((path + rng.choice(TAILS), path.replace("/", "//", 1), "/x/.." + path))
    if maker.chance(0.15):
        bare = host.split(":")[0]
        host = rng.choice((host + ".", host.upper(), bare + ":81", bare + ".:80"))
    if maker.chance(0.1):
        method = rng.choice(METHODS)
    if maker.chance(0.07):
        path = rng.choice(("http://", "http://", "https://")) + (host or "x") + path
    return Sent(path, host, method, tuple(headers))
