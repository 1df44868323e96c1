"""Whatever stands in the environment, annotations or mesh: a bootstrap that is a message, or a ConfigError."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.pods import productpage

from fastroute.errors import ConfigError
from fastroute.pilot.agent.bootstrap import build, message
from fastroute.pilot.agent.inputs import Inputs
from fastroute.pilot.agent.proxy_config import BOOLEANS, DURATIONS, INTEGERS, LISTS, OBJECTS, STRINGS
from fastroute.pilot.profiles import PROFILES

LEAVES = (
    st.none() | st.booleans() | st.integers(-5, 70000) | st.floats() | st.sampled_from(["", "a:1", "45s", "x", "\x00"])
)
WORDS = ["zipkin", "datadog", "address", "tlsSettings", "mode", "inclusionPrefixes", "lightstep", "ISTIO_META_X", "a"]
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [*STRINGS, *INTEGERS, *DURATIONS, *BOOLEANS, *OBJECTS, *LISTS]
CONFIGS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3)
NAMES = [
    "POD_NAME",
    "POD_NAMESPACE",
    "INSTANCE_IP",
    "ISTIO_METAJSON_LABELS",
    "ISTIO_METAJSON_X",
    "ISTIO_META_POD_PORTS",
    "ISTIO_META_INTERCEPTION_MODE",
    "ENVOY_STATUS_PORT",
    "ISTIO_CPU_LIMIT",
    "ISTIO_DELTA_XDS",
]
NOTES = [
    "sidecar.istio.io/statsInclusionPrefixes",
    "sidecar.istio.io/statsHistogramBuckets",
    "sidecar.istio.io/extraStatTags",
    "status.sidecar.istio.io/port",
    "proxy.istio.io/config",
]
TEXTS = st.text(max_size=12) | VALUES.map(json.dumps)


def tried(inputs: Inputs, profile: str) -> None:
    with contextlib.suppress(ConfigError):
        message(build(inputs, PROFILES[profile]))


@pytest.mark.parametrize("profile", PROFILES)
@given(config=CONFIGS, mesh=VALUES)
def test_proxy_config(profile: str, config: dict[str, Any], mesh: Any) -> None:
    inputs = replace(productpage(), mesh={"defaultConfig": mesh})
    tried(inputs, profile)
    tried(productpage(PROXY_CONFIG=json.dumps(config)), profile)


@pytest.mark.parametrize("profile", PROFILES)
@given(
    environment=st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=3),
    annotations=st.dictionaries(st.sampled_from(NOTES), TEXTS, max_size=3),
    labels=st.dictionaries(st.sampled_from(["app", "istio-locality", "x"]), st.text(max_size=8), max_size=3),
)
def test_environment_and_pod_files(
    profile: str, environment: dict[str, str], annotations: dict[str, str], labels: dict[str, str]
) -> None:
    tried(replace(productpage(**environment), annotations=annotations, labels=labels), profile)
