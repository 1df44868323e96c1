"""The bootstraps in the real Envoy: accepted, and the current one without a warning."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.envoy import require_binary
from support.pods import productpage

from fastroute.pilot.agent.bootstrap import build
from fastroute.pilot.agent.inputs import Inputs
from fastroute.pilot.profiles import PROFILES

pytestmark = pytest.mark.envoy

FULL = replace(
    productpage(
        PROXY_CONFIG=json.dumps(
            {
                "statsdUdpAddress": "127.0.0.1:8125",
                "envoyMetricsService": {"address": "metrics.local:1"},
                "envoyAccessLogService": {"address": "logs.local:1"},
                "tracing": {"datadog": {"address": "dd.local:8126"}},
                "runtimeValues": {"a.b": "true"},
            }
        ),
        EXIT_ON_ZERO_ACTIVE_CONNECTIONS="true",
    ),
    annotations={
        "sidecar.istio.io/statsInclusionRegexps": "x.*",
        "sidecar.istio.io/statsInclusionSuffixes": "a",
        "sidecar.istio.io/statsHistogramBuckets": '{"istio": [1, 5]}',
    },
)
IPV6 = productpage(INSTANCE_IP="fd00::7")


def validate(inputs: Inputs, profile: str, directory: Path) -> tuple[int, list[str]]:
    """Exit code of `--mode validate`, and the lines of level warning and above."""
    file = directory / "bootstrap.json"
    file.write_text(json.dumps(build(inputs, PROFILES[profile])))
    command = [str(require_binary()), "--mode", "validate", "-c", str(file), "-l", "warning", "--disable-hot-restart"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=directory)
    lines = (done.stdout + done.stderr).splitlines()
    return done.returncode, [line for line in lines if "[warning]" in line or "[error]" in line or "[critical]" in line]


@pytest.mark.parametrize("inputs", [productpage(), FULL, IPV6], ids=["productpage", "full", "ipv6"])
@pytest.mark.parametrize("profile", PROFILES)
def test_accepted(inputs: Inputs, profile: str, tmp_path: Path) -> None:
    code, complaints = validate(inputs, profile, tmp_path)
    assert code == 0, complaints
    assert profile == "1.8" or complaints == []
