"""Names and expressions that Envoy reads when it starts: ciphers, curves, regexes of tags, secrets, actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support import samples
from support.envoy import validate
from support.judged import alone, errors
from support.live_resources import LiveResources
from support.near_valid import message

import fastroute
from fastroute.api import names
from fastroute.errors import ConfigError

pytestmark = pytest.mark.envoy

Tree = dict[str, Any]
TLS = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        yield live


def socket(**common: Any) -> Tree:
    return {"transport_socket": {"name": "t", "typed_config": {"@type": names.url(TLS), "common_tls_context": common}}}


@pytest.mark.parametrize(
    ("field", "values"),
    [
        *(("cipher_suites", [name]) for name in (
            "ECDHE-RSA-AES128-GCM-SHA256", "ecdhe-rsa-aes128-gcm-sha256", "AES128-SHA256", "TLSv1.2", "GENERIC", "",
            "ALL:-SHA", "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-AES256-GCM-SHA384]", "MD5", "ECDHE+AESGCM", "PSK")),
        ("cipher_suites", ["AES128-SHA", "ZZ"]),
        *(("ecdh_curves", [name]) for name in ("X25519", "P-224", "secp384r1", "secp256r1", "X25519:P-256", "")),
        ("ecdh_curves", ["P-256", "prime256v1"]),
        *(("signature_algorithms", [name]) for name in ("ed25519", "ed448", "RSA+SHA256", "mldsa65", "mldsa87", "x")),
        ("signature_algorithms", ["ed25519", "ed25519"]),
    ],
)  # fmt: skip
def test_names_of_the_tls_library(envoy: LiveResources, field: str, values: list[str]) -> None:
    cluster = message(names.CLUSTER, {**samples.PLAIN_CLUSTER, **socket(tls_params={field: values})})
    verdict = envoy.ask(cluster)
    assert verdict.ok == (not errors(alone(cluster))), verdict.message


def refused(bootstrap: Tree) -> bool:
    try:
        fastroute.load(message(names.BOOTSTRAP, bootstrap))
    except ConfigError:
        return True
    return False


def agree(bootstrap: Tree) -> None:
    verdict = validate(bootstrap)
    assert verdict.ok == (not refused(bootstrap)), verdict.message


@pytest.mark.parametrize(
    "regex",
    ["a)", "a**", "[[:alpha:]", "(?<n>a)", "\\", "a{2,1}", "a{2", "}", "(?=a)b", "(a|b)*?[^]x]{2,}", "^*", "(?:)"],
)
def test_regexes_of_tags(regex: str) -> None:
    agree({"stats_config": {"stats_tags": [{"tag_name": "t", "regex": regex}]}})


SECRETS = [{"name": "v", "validation_context": {}}, {"name": "g", "generic_secret": {"secret": {"inline_string": "a"}}}]


@pytest.mark.parametrize(
    "common",
    [
        {"validation_context_sds_secret_config": {"name": "v"}},
        {"validation_context_sds_secret_config": {"name": "g"}},
        {"tls_certificate_sds_secret_configs": [{"name": "v"}]},
        {"combined_validation_context": {
            "default_validation_context": {}, "validation_context_sds_secret_config": {"name": "x"}}},
    ],
)  # fmt: skip
def test_static_secrets(common: Tree) -> None:
    cluster = {"name": "a", "connect_timeout": "1s", **socket(**common)}
    agree({"static_resources": {"clusters": [cluster], "secrets": SECRETS}})


HEAP = "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig"
MONITOR = {"name": "h", "typed_config": {"@type": names.url(HEAP), "max_heap_size_bytes": 1_000_000}}
TRIGGER = {"name": "h", "threshold": {"value": 0.5}}


@pytest.mark.parametrize(
    "action",
    [
        {"name": "stop_accepting_requests"},
        {"name": "x"},
        {"name": "shrink_heap"},
        {"name": "reduce_timeouts"},
        {"name": "reset_high_memory_stream"},
        {"name": "stop_accepting_requests", "triggers": [TRIGGER, TRIGGER]},
        {"name": "stop_accepting_requests", "triggers": [{**TRIGGER, "name": "y"}]},
    ],
)
def test_actions_of_the_overload_manager(action: Tree) -> None:
    named = {"triggers": [TRIGGER], **action, "name": f"envoy.overload_actions.{action['name']}"}
    agree({"overload_manager": {"resource_monitors": [MONITOR], "actions": [named]}})


@pytest.mark.parametrize(
    "fields",
    [
        {"stats_flush_interval": "2s", "stats_eviction_interval": "3s"},
        {"stats_eviction_interval": "10s"},
        {"stats_flush_interval": "1s", "stats_flush_on_admin": True},
        {"default_config_source": {"path_config_source": {"path": "/dev/null"}}},
        {"layered_runtime": {"layers": [{"name": "a", "static_layer": {"a": {"b": [1]}}}]}},
        {"layered_runtime": {"layers": [{"name": "a", "static_layer": {"a": {"numerator": 1, "x": [1]}}}]}},
        {"stats_sinks": [{"name": "s", "typed_config": {
            "@type": names.url("envoy.config.metrics.v3.StatsdSink"), "tcp_cluster_name": "zz"}}]},
        {"stats_sinks": [MONITOR]},
        {"bootstrap_extensions": [MONITOR]},
        {"overload_manager": {"resource_monitors": [MONITOR, MONITOR]}},
    ],
)  # fmt: skip
def test_fields_of_a_bootstrap(fields: Tree) -> None:
    agree(fields)
