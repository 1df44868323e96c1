"""How Envoy is started: C5, and B7 for what Envoy 1.40 does not take."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.envoy import require_binary
from support.pods import productpage

from fastroute.errors import ParseError
from fastroute.pilot.agent.envoy_arguments import arguments
from fastroute.pilot.agent.settings import settings
from fastroute.pilot.profiles import PROFILES

FILE = Path("envoy-rev0.json")


def test_s002_the_arguments_of_1_8() -> None:
    made = settings(productpage(), PROFILES["1.8"], Path("/"), component_log_level="misc:error")
    found = arguments(made, FILE, 3)
    assert found[:8] == [
        "-c",
        "envoy-rev0.json",
        "--restart-epoch",
        "3",
        "--drain-time-s",
        "45",
        "--parent-shutdown-time-s",
        "60",
    ]
    assert found[found.index("--service-cluster") + 1] == "productpage.default"
    assert found[-6:] == ["-l", "warning", "--component-log-level", "misc:error", "--concurrency", "2"]
    assert "--bootstrap-version" not in found
    assert "--max-obj-name-len" not in found


def test_the_arguments_of_today() -> None:
    inputs = productpage(PROXY_CONFIG="{}", ISTIO_CPU_LIMIT="3")
    found = arguments(settings(inputs, PROFILES["current"], Path("/")), FILE, 0)
    expected = "-c envoy-rev0.json --drain-time-s 45 --drain-strategy immediate --local-address-ip-version v4"
    expected += " --file-flush-interval-msec 1000 --disable-hot-restart --allow-unknown-static-fields -l warning"
    assert " ".join(found) == expected + " --skip-deprecated-logs --concurrency 3"


def test_ipv6_and_override(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("a: 1\n")
    inputs = productpage(INSTANCE_IP="fd00::1", ISTIO_BOOTSTRAP_OVERRIDE="more.yaml")
    found = arguments(settings(inputs, PROFILES["current"], tmp_path), FILE, 0)
    assert found[found.index("--local-address-ip-version") + 1] == "v6"
    assert found[-2:] == ["--config-yaml", "a: 1\n"]
    (tmp_path / "more.yaml").write_text("[")
    with pytest.raises(ParseError, match="ISTIO_BOOTSTRAP_OVERRIDE"):
        arguments(settings(inputs, PROFILES["current"], tmp_path), FILE, 0)


@pytest.mark.envoy
@pytest.mark.parametrize("argument", [["--bootstrap-version", "3"], ["--max-obj-name-len", "189"]])
def test_b7_what_envoy_refuses(argument: list[str]) -> None:
    command = [str(require_binary()), "--mode", "validate", "--config-yaml", "{}", *argument]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert "Couldn't find match for argument" in done.stderr + done.stdout


def test_a_socket_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    with pytest.raises(ParseError, match="longer than the 107 bytes of a socket path"):
        settings(productpage(), PROFILES["1.8"], deep)
