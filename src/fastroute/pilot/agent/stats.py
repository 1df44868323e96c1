"""The stats_config of the bootstrap: how stat names become tags, and which stats exist at all.

Istio's telemetry writes its dimensions into stat names as `NAME=.=VALUE;.;`; each has a tag. The patterns that
readiness and the agent need are always included; annotations and proxyStatsMatcher add to them, and `{pod_ip}` in
one of these stands for each address of the pod. The pattern of `response_code` has a typo since ever (`\\.d{3}`);
it is kept, because Istio still has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from fastroute.errors import ParseError
from fastroute.pilot.agent import node
from fastroute.pilot.agent.inputs import Inputs, Json
from fastroute.pilot.agent.proxy_config import texts
from fastroute.pilot.agent.switches import switches
from fastroute.pilot.profiles import Profile

DIMENSIONS = [
    "reporter",
    "source_namespace",
    "source_workload",
    "source_workload_namespace",
    "source_principal",
    "source_app",
    "source_version",
    "source_cluster",
    "destination_namespace",
    "destination_workload",
    "destination_workload_namespace",
    "destination_principal",
    "destination_app",
    "destination_version",
    "destination_service",
    "destination_service_name",
    "destination_service_namespace",
    "destination_port",
    "destination_cluster",
    "request_protocol",
    "request_operation",
    "request_host",
    "response_flags",
    "grpc_response_status",
    "connection_security_policy",
    "permissive_response_code",
    "permissive_response_policyid",
    "source_canonical_service",
    "destination_canonical_service",
    "source_canonical_revision",
    "destination_canonical_revision",
]

_ADDRESS = r"(((?:[_.[:digit:]]*|[_\[\]aAbBcCdDeEfF[:digit:]]*))\.)"
CLUSTER_NAME = {
    "1.8": r"^cluster\.((.+?(\..+?\.svc\.cluster\.local)?)\.)",
    "current": r"^cluster(\.(.+);)",
}
ENVOY_TAGS = {
    "tcp_prefix": r"^tcp\.((.*?)\.)\w+?$",
    "response_code": r"(response_code=\.=(.+?);\.;)|_rq(_(\.d{3}))$",
    "response_code_class": r"_rq(_(\dxx))$",
    "http_conn_manager_listener_prefix": r"^listener(?=\.).*?\.http\." + _ADDRESS,
    "http_conn_manager_prefix": r"^http\." + _ADDRESS,
    "listener_address": r"^listener\." + _ADDRESS,
    "mongo_prefix": r"^mongo\.(.+?)\.(collection|cmd|cx_|op_|delays_|decoding_)(.*?)$",
}
LAST_TAGS = {
    "cache": r"(cache\.(.+?)\.)",
    "component": r"(component\.(.+?)\.)",
    "tag": r"(tag\.(.+?);\.)",
    "wasm_filter": r"(wasm_filter\.(.+?)\.)",
}

REQUIRED_PREFIXES = ("cluster_manager", "listener_manager", "server", "cluster.xds-grpc", "wasm")
RBAC_SUFFIXES = ("rbac.allowed", "rbac.denied", "shadow_allowed", "shadow_denied")
DRAIN_SUFFIX = "downstream_cx_active"
VIRTUAL_HOST_REGEX = r"vhost\..*\.route\..*"


def stats_config(inputs: Inputs, proxy_config: Json, profile: Profile) -> Json:
    """The stats_config of a pod."""
    config: Json = {
        "use_all_default_tags": False,
        "stats_tags": _tags(inputs, proxy_config, profile),
        "stats_matcher": {"inclusion_list": {"patterns": _patterns(inputs, proxy_config, profile)}},
    }
    buckets = _histogram_buckets(inputs.annotations.get("sidecar.istio.io/statsHistogramBuckets", ""))
    if buckets:
        config["histogram_bucket_settings"] = buckets
    return config


def _tags(inputs: Inputs, proxy_config: Json, profile: Profile) -> list[Json]:
    asked = inputs.annotations.get("sidecar.istio.io/extraStatTags", "").split(",")
    extra = dict.fromkeys(tag for tag in [*texts(proxy_config, "extraStatTags"), *asked] if tag)
    tags = {"cluster_name": CLUSTER_NAME[profile.name], **ENVOY_TAGS}
    tags.update({name: rf"({name}=\.=(.*?);\.;)" for name in [*DIMENSIONS, *extra]})
    tags.update(LAST_TAGS)
    return [{"tag_name": name, "regex": regex} for name, regex in tags.items()]


def _patterns(inputs: Inputs, proxy_config: Json, profile: Profile) -> list[Json]:
    def asked(kind: str) -> list[str]:
        text = inputs.annotations.get(f"sidecar.istio.io/statsInclusion{kind}", "")
        chosen = text.split(",") if text else texts(proxy_config, "proxyStatsMatcher", f"inclusion{kind}")
        return list(_substituted(chosen, node.addresses(inputs)))

    modern = not switches(profile).deprecated_fields
    draining = [DRAIN_SUFFIX] if inputs.flag("EXIT_ON_ZERO_ACTIVE_CONNECTIONS", False) else []
    prefixes = ["reporter=", *asked("Prefixes"), *REQUIRED_PREFIXES, "component"]
    suffixes = [*asked("Suffixes"), *((*RBAC_SUFFIXES, *draining) if modern else draining)]
    regexes = [*asked("Regexps"), *([VIRTUAL_HOST_REGEX] if modern else [])]
    return [
        *({"prefix": prefix} for prefix in prefixes),
        *({"suffix": suffix} for suffix in suffixes),
        *({"safe_regex": {"regex": regex} if modern else {"google_re2": {}, "regex": regex}} for regex in regexes),
    ]


def _substituted(patterns: Iterable[str], addresses: list[str]) -> Iterable[str]:
    for pattern in patterns:
        if "{pod_ip}" not in pattern:
            yield pattern
            continue
        for address in addresses:
            yield pattern.replace("{pod_ip}", address)


def _histogram_buckets(text: str) -> list[Json]:
    if not text:
        return []
    path = "annotation sidecar.istio.io/statsHistogramBuckets"
    try:
        buckets = json.loads(text)
    except ValueError as error:
        raise ParseError(f"not JSON: {error}", path=path) from None
    if not isinstance(buckets, dict) or not all(isinstance(limits, list) for limits in buckets.values()):
        raise ParseError("an object of prefix to list of limits is expected", path=path)
    return [{"match": {"prefix": prefix}, "buckets": buckets[prefix]} for prefix in sorted(buckets)]
