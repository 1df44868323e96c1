"""What the agent knows when it starts: environment, pod files, mesh configuration, flags.

Kubernetes' downward API gives the environment (POD_NAME, POD_NAMESPACE, INSTANCE_IP, SERVICE_ACCOUNT, …) and
two files, labels and annotations, of lines `key="value"` with the value quoted as Go quotes. Everything after
this module is a pure function of `Inputs`. An unreadable or malformed input is refused by name: the variable
or the file is the `path` of the error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fastroute.errors import ConfigError, ParseError

LABELS = "etc/istio/pod/labels"
ANNOTATIONS = "etc/istio/pod/annotations"
MESH = "etc/istio/config/mesh"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The facts of one pod.

    `mesh` is the mesh configuration (its `defaultConfig` is a ProxyConfig). `addresses` are further addresses
    of the pod's interfaces, after INSTANCE_IP. `service_cluster` and `concurrency` are the flags of that name;
    they win over everything. `domain` is the DNS domain of the node ID.
    """

    environment: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    mesh: Mapping[str, Any] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    node_type: str = "sidecar"
    domain: str = ""
    service_cluster: str = ""
    concurrency: int | None = None

    def json_variable(self, name: str) -> Json:
        """The JSON object in the variable `name`; empty when it is unset or empty."""
        return json_object(self.environment.get(name, ""), name)

    def flag(self, name: str, default: bool) -> bool:
        """The boolean in the variable `name`, in the spellings of Go's ParseBool."""
        text = self.environment.get(name, "")
        if not text:
            return default
        if text in ("1", "t", "T", "true", "TRUE", "True"):
            return True
        if text in ("0", "f", "F", "false", "FALSE", "False"):
            return False
        raise ParseError(f"not a boolean: {text!r}", path=name)

    def port(self, name: str, default: int) -> int:
        """The port number in the variable `name`."""
        return port_number(self.environment.get(name, "") or str(default), name)


def port_number(text: str, path: str) -> int:
    """The port in `text`; refused under the name `path` unless it is 1 to 65535."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise ParseError(f"not a port number: {text!r}", path=path)
    return int(text)


def json_object(text: str, path: str) -> Json:
    """The JSON object in `text`; empty for an empty text."""
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not JSON: {error}", path=path) from None
    if not isinstance(value, dict):
        raise ParseError(f"a JSON object is expected, not {type(value).__name__}", path=path)
    return value


def yaml_object(text: str, path: str) -> Json:
    """The mapping in a YAML (or JSON) text; empty for an empty text."""
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ParseError(f"not YAML: {reason}", path=path) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ParseError(f"a mapping is expected, not {type(value).__name__}", path=path)
    return value


def read_text(file: Path) -> str:
    """The text of `file`; an error names the file."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(file)) from None
    except UnicodeDecodeError as error:
        raise ParseError(f"not UTF-8: {error.reason} at byte {error.start}", path=str(file)) from None


def downward_lines(text: str, path: str) -> dict[str, str]:
    """The pairs of a downward API file: lines `key="value"`; lines without `=` are skipped."""
    pairs = {}
    for number, line in enumerate(text.split("\n"), start=1):
        key, separator, quoted = line.partition("=")
        if separator:
            pairs[key] = _unquote(quoted, f"{path}:{number}")
    return pairs


_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"', "'": "'"}
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def _unquote(quoted: str, path: str) -> str:
    """The value of a Go string literal."""
    if len(quoted) > 1 and quoted[0] == quoted[-1] == "`" and "`" not in quoted[1:-1]:
        return quoted[1:-1]
    if not _QUOTED.fullmatch(quoted):
        raise ParseError(f"not a quoted value: {quoted}", path=path)

    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code:
            return chr(int(code, 16))
        if match[4]:
            return chr(int(match[4], 8))
        if match[5] not in _LETTERS:
            raise ParseError(f"no such escape: {match[0]}", path=path)
        return _LETTERS[match[5]]

    return _ESCAPE.sub(character, quoted[1:-1])


def environment_lines(text: str, path: str) -> dict[str, str]:
    """The pairs of an environment file: `NAME=value` up to the end of the line, `#` lines are comments."""
    pairs = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator or not name.strip():
            raise ParseError(f"NAME=value is expected, not {line!r}", path=f"{path}:{number}")
        pairs[name.strip()] = value
    return pairs


def read_pod(
    environment: Mapping[str, str],
    root: Path,
    *,
    mesh: Path | None = None,
    addresses: tuple[str, ...] = (),
    node_type: str = "sidecar",
    domain: str = "",
    service_cluster: str = "",
    concurrency: int | None = None,
) -> Inputs:
    """The inputs of a pod whose files lie under `root`, as the injector mounts them; absent pod files are empty."""
    return Inputs(
        environment=dict(environment),
        labels=_pairs(root / LABELS),
        annotations=_pairs(root / ANNOTATIONS),
        mesh=_mesh(mesh or root / MESH, required=mesh is not None),
        addresses=addresses,
        node_type=node_type,
        domain=domain,
        service_cluster=service_cluster,
        concurrency=concurrency,
    )


def read_described(directory: Path, name: str) -> Inputs:
    """The inputs of a pod that is described by files: `NAME.env` (required), `NAME.labels`, `NAME.annotations`.

    `mesh.yaml` in the same directory is the mesh configuration, when it is there.
    """
    environment = directory / f"{name}.env"
    return Inputs(
        environment=environment_lines(read_text(environment), str(environment)),
        labels=_pairs(directory / f"{name}.labels"),
        annotations=_pairs(directory / f"{name}.annotations"),
        mesh=_mesh(directory / "mesh.yaml", required=False),
    )


def _pairs(file: Path) -> dict[str, str]:
    return downward_lines(read_text(file), str(file)) if file.exists() else {}


def _mesh(file: Path, required: bool) -> Json:
    return read_mesh(file) if required or file.exists() else {}


def read_mesh(file: Path) -> Json:
    """The mesh configuration in `file`, plain or as the `mesh` of a ConfigMap."""
    found = yaml_object(read_text(file), str(file))
    if found.get("kind") != "ConfigMap":
        return found
    return yaml_object(str((found.get("data") or {}).get("mesh", "")), f"{file}: data.mesh")
