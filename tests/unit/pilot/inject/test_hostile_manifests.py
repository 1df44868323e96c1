"""Manifests that are no manifests: injected, passed on, or refused in one line, never a traceback."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fastroute.errors import ConfigError
from fastroute.pilot.inject.manifests import inject_text
from fastroute.pilot.inject.values import Values
from fastroute.pilot.profiles import PROFILES

VALUES = {name: Values(profile) for name, profile in PROFILES.items()}
WHOLE: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "n", "labels": {"a": "b"}, "annotations": {"c": "d"}},
    "spec": {
        "template": {
            "metadata": {
                "labels": {"app": "a"},
                "annotations": {
                    "prometheus.io/port": "9",
                    "sidecar.istio.io/userVolume": "{}",
                    "proxy.istio.io/config": "statusPort: 15020",
                },
            },
            "spec": {
                "hostNetwork": False,
                "securityContext": {"fsGroup": 7},
                "initContainers": [{"name": "i"}],
                "volumes": [{"name": "v"}],
                "containers": [
                    {
                        "name": "c",
                        "ports": [{"name": "web", "containerPort": 80, "protocol": "TCP"}],
                        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                        "livenessProbe": {"httpGet": {"path": "/", "port": "web"}, "timeoutSeconds": 1},
                        "readinessProbe": {"tcpSocket": {"port": 80}},
                        "startupProbe": {"grpc": {"port": 81}},
                    }
                ],
            },
        }
    },
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside `value`."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


PLACES = places(WHOLE)
ODD = [None, True, 5, -1, 2.5, "", "x", [], [1], ["x"], [None], {}, {"x": 1}, {"name": None}, {"port": "x"}]


def changed(path: tuple[Any, ...], value: Any) -> str:
    copied = copy.deepcopy(WHOLE)
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return yaml.safe_dump(copied)


@pytest.mark.parametrize("profile", PROFILES)
@given(path=st.sampled_from(PLACES), value=st.sampled_from(ODD))
def test_one_wrong_value_anywhere(profile: str, path: tuple[Any, ...], value: Any) -> None:
    with contextlib.suppress(ConfigError):
        inject_text(changed(path, value), "file", VALUES[profile])


@given(text=st.text(max_size=40))
def test_any_text(text: str) -> None:
    with contextlib.suppress(ConfigError):
        inject_text(text, "file", VALUES["current"])
