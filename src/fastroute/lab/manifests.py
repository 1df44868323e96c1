"""The run's own copy of the manifests: what the discovery server reads, and what changes while it runs.

The mesh's settings get an access log, in JSON, beside each Envoy. Objects are replaced whole; each file is written
beside its place and then moved there, so that it is never read half written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fastroute.lab.access_log import FILE, FORMAT
from fastroute.lab.failure import LabError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifests:
    """A directory of manifests."""

    directory: Path

    @classmethod
    def copy(cls, source: Path, directory: Path) -> Manifests:
        """A copy of `source` whose Envoys write access logs."""
        shutil.copytree(source, directory)
        made = cls(directory)
        logging: Json = {"accessLogFile": FILE, "accessLogEncoding": "JSON", "accessLogFormat": json.dumps(FORMAT)}
        made.set_mesh(**logging)
        return made

    @property
    def mesh(self) -> Json:
        """The settings of the whole mesh."""
        _, found = self._find("ConfigMap", "istio")
        settings: Json = yaml.safe_load(found["data"]["mesh"])
        return settings

    def set_mesh(self, **settings: object) -> None:
        """Change settings of the whole mesh."""
        _, found = self._find("ConfigMap", "istio")
        found["data"]["mesh"] = yaml.safe_dump({**self.mesh, **settings}, sort_keys=False)
        self.put(found)

    def rule(self, kind: str, name: str) -> Json:
        """The spec of an object."""
        return dict(self._find(kind, name)[1]["spec"])

    def set_rule(self, kind: str, name: str, spec: Mapping[str, Any]) -> None:
        """Give an object another spec."""
        _, found = self._find(kind, name)
        self.put({**found, "spec": dict(spec)})

    def put(self, changed: Json) -> None:
        """Replace the object of the same kind and name in its file."""
        file, _ = self._find(changed["kind"], changed["metadata"]["name"])
        same = (changed["kind"], changed["metadata"]["name"])
        objects = [changed if _key(one) == same else one for one in _objects(file)]
        beside = file.with_suffix(".new")
        beside.write_text(yaml.safe_dump_all(objects, sort_keys=False), encoding="utf-8")
        beside.replace(file)

    def objects(self, kind: str) -> list[tuple[Path, Json]]:
        """All objects of a kind, with their files."""
        files = sorted(self.directory.rglob("*.yaml"))
        return [(file, one) for file in files for one in _objects(file) if one.get("kind") == kind]

    def _find(self, kind: str, name: str) -> tuple[Path, Json]:
        for file, one in self.objects(kind):
            if one["metadata"]["name"] == name:
                return file, one
        raise LabError(f"the manifests have no {kind} {name}")


def _objects(file: Path) -> list[Json]:
    return [one for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one]


def _key(one: Json) -> tuple[str, str]:
    return one["kind"], one["metadata"]["name"]
