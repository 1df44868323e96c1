"""Reading what Kubernetes gives a pod: C2."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from support.pods import EXAMPLE

from fastroute.cli.pilot_bootstrap import bootstrap
from fastroute.errors import ConfigError, ParseError
from fastroute.pilot.agent.addresses import interface_addresses
from fastroute.pilot.agent.inputs import downward_lines, environment_lines, read_mesh, read_pod


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('k="v"', "v"),
        ('k="a\\"b"', 'a"b'),
        ('k="a\\nb"', "a\nb"),
        ('k="a\\\\x41"', "a\\x41"),
        ('k="\\x41\\u00e9\\101"', "AéA"),
        ("k=`raw\\n`", "raw\\n"),
        ('k="a=b"', "a=b"),
        ('k=""', ""),
    ],
)
def test_quoted_as_go_quotes(line: str, value: str) -> None:
    assert downward_lines(line + "\n", "labels") == {"k": value}


@pytest.mark.parametrize("line", ["k=v", 'k="v', 'k="a"b"', 'k="\\q"', "k=", 'k="a\\"'])
def test_a_malformed_line_is_named(line: str) -> None:
    with pytest.raises(ParseError) as refused:
        downward_lines('a="1"\n' + line, "labels")
    assert refused.value.path == "labels:2"


def test_environment_files() -> None:
    assert environment_lines("# c\nA=1=2\n\nB=\n", "f") == {"A": "1=2", "B": ""}
    with pytest.raises(ParseError, match="f:1"):
        environment_lines("nothing", "f")


def test_pod_files_under_a_root(tmp_path: Path) -> None:
    pod = tmp_path / "etc/istio/pod"
    pod.mkdir(parents=True)
    (pod / "labels").write_text('app="a"\n')
    mesh = tmp_path / "etc/istio/config/mesh"
    mesh.parent.mkdir()
    mesh.write_text("defaultConfig:\n  drainDuration: 1s\n")
    inputs = read_pod({}, tmp_path)
    assert inputs.labels == {"app": "a"}
    assert inputs.annotations == {}
    assert inputs.mesh == {"defaultConfig": {"drainDuration": "1s"}}


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "etc/istio/pod/labels").mkdir(parents=True)
    with pytest.raises(ConfigError, match="etc/istio/pod/labels: cannot be read"):
        read_pod({}, tmp_path)
    with pytest.raises(ConfigError, match="absent: cannot be read"):
        read_pod({}, tmp_path / "other", mesh=tmp_path / "absent")


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    mesh = tmp_path / "mesh"
    mesh.write_bytes(b"\xff\xfe")
    with pytest.raises(ParseError, match="mesh: not UTF-8"):
        read_pod({}, tmp_path, mesh=mesh)
    mesh.write_text("a: [")
    with pytest.raises(ParseError, match="mesh: not YAML"):
        read_pod({}, tmp_path, mesh=mesh)


def test_the_mesh_of_a_config_map(tmp_path: Path) -> None:
    file = tmp_path / "mesh.yaml"
    file.write_text("kind: ConfigMap\ndata:\n  mesh: |\n    defaultConfig: {concurrency: 3}\n")
    assert read_mesh(file) == {"defaultConfig": {"concurrency": 3}}


def test_interface_addresses_hold_no_loopback() -> None:
    assert not any(address.startswith("127.") or address == "::1" for address in interface_addresses())


def test_command_prints_and_writes(tmp_path: Path) -> None:
    arguments = ["--pod", str(EXAMPLE / "productpage"), "--profile", "1.8"]
    printed = CliRunner().invoke(bootstrap, arguments, catch_exceptions=False)
    assert '"productpage.default"' in printed.output
    written = CliRunner().invoke(bootstrap, [*arguments, "-o", str(tmp_path / "d")], catch_exceptions=False)
    assert written.output.strip() == str(tmp_path / "d/envoy-rev0.json")
    assert (tmp_path / "d/envoy-rev0.json").read_text() == printed.output
