"""From a directory of YAML to a Registry.

All files named *.yaml, *.yml or *.json below the directory are read, in the order of their names. What is hidden
(`.git`, and the `..data` behind the links of a mounted ConfigMap) is not: its files would come twice. Each object is
judged alone: with `strict` the first bad one is raised, with all others in `others`; without it, bad objects are left
out and `Registry.errors` lists them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any, Final

from fastroute.errors import ConfigError, ParseError, UnsupportedError, Where
from fastroute.pilot.discovery.registry import kubernetes
from fastroute.pilot.discovery.registry.decode import Place, decode
from fastroute.pilot.discovery.registry.entries import ServiceEntry, Workload
from fastroute.pilot.discovery.registry.kinds import KINDS, REFUSED_LABELS, Kind, refusal
from fastroute.pilot.discovery.registry.mesh import MeshConfig
from fastroute.pilot.discovery.registry.meta import Metadata, Object
from fastroute.pilot.discovery.registry.policies import DestinationRule
from fastroute.pilot.discovery.registry.scopes import PeerAuthentication, Sidecar
from fastroute.pilot.discovery.registry.text import Document, Source, documents
from fastroute.pilot.discovery.registry.traffic import VirtualService

SUFFIXES: Final = (".yaml", ".yml", ".json")
LIST: Final = "List"
MESH: Final = "istio"
NAME: Final = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Registry:
    """All objects of a mesh that could be read, and why others could not."""

    objects: tuple[Object[Any], ...] = ()
    mesh: MeshConfig = MeshConfig()
    mesh_source: Source | None = None
    errors: tuple[ConfigError, ...] = ()
    _by_kind: Mapping[str, tuple[Object[Any], ...]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, kind: str) -> tuple[Object[Any], ...]:
        """The objects of a kind, oldest first."""
        return self._by_kind.get(kind, ())

    @property
    def services(self) -> tuple[Object[kubernetes.ServiceSpec], ...]:
        """Kubernetes Services."""
        return self.of("Service")

    @property
    def pods(self) -> tuple[Object[kubernetes.Pod], ...]:
        """Pods."""
        return self.of("Pod")

    @property
    def virtual_services(self) -> tuple[Object[VirtualService], ...]:
        """VirtualServices."""
        return self.of("VirtualService")

    @property
    def destination_rules(self) -> tuple[Object[DestinationRule], ...]:
        """DestinationRules."""
        return self.of("DestinationRule")

    @property
    def service_entries(self) -> tuple[Object[ServiceEntry], ...]:
        """ServiceEntries."""
        return self.of("ServiceEntry")

    @property
    def workload_entries(self) -> tuple[Object[Workload], ...]:
        """WorkloadEntries."""
        return self.of("WorkloadEntry")

    @property
    def sidecars(self) -> tuple[Object[Sidecar], ...]:
        """Sidecars."""
        return self.of("Sidecar")

    @property
    def peer_authentications(self) -> tuple[Object[PeerAuthentication], ...]:
        """PeerAuthentications."""
        return self.of("PeerAuthentication")


@dataclass(frozen=True, slots=True)
class File:
    """What one file holds: its objects, and why others could not be read."""

    objects: tuple[Object[Any], ...] = ()
    errors: tuple[ConfigError, ...] = ()


def read(*paths: str | FilePath, strict: bool = True) -> Registry:
    """Read files and directories. ConfigError (with `others`) when strict and something is wrong.

    When two objects have kind, namespace and name in common, the later path's replaces the earlier's
    (as applying it would); within one path that is an error.
    """
    return assemble(([read_file(file) for file in files(FilePath(path))] for path in paths), strict=strict)


def files(path: FilePath) -> Iterable[FilePath]:
    """The files of a path, in the order in which they are read."""
    if not path.is_dir():
        return [path]
    return sorted(
        file
        for file in path.rglob("*")
        if file.suffix in SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and file.is_file()
    )


def read_file(path: FilePath) -> File:
    """The objects of one file; one that cannot be read is an error of its own."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        return File(errors=(ParseError(f"cannot be read: {error}", where=Where(str(path))),))
    return parse(str(path), text)


def read_texts(*layers: Iterable[tuple[FilePath | str, str]], strict: bool = True) -> Registry:
    """Read texts, each with the name that errors give it. Later layers replace objects of earlier ones."""
    return assemble(([parse(str(name), text) for name, text in layer] for layer in layers), strict=strict)


def parse(name: str, text: str) -> File:
    """The objects of one file, each judged alone."""
    objects: list[Object[Any]] = []
    errors: list[ConfigError] = []
    try:
        for document in documents(text, name):
            for one in _flatten(document):
                try:
                    made = _object(one)
                except ConfigError as error:
                    errors.append(error)
                else:
                    objects.extend(() if made is None else (made,))
    except ConfigError as error:
        errors.append(error)
    return File(tuple(objects), tuple(errors))


def assemble(layers: Iterable[Iterable[File]], *, strict: bool = True) -> Registry:
    """All objects of some files. Later layers replace objects of earlier ones."""
    reading = _Reading()
    for layer in layers:
        reading.layer(layer)
    made = reading.registry()
    if strict and made.errors:
        first, *others = made.errors
        first.others = tuple(others)
        raise first
    return made


class _Reading:
    """Objects and errors as they come."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Object[Any]] = {}
        self.errors: list[ConfigError] = []

    def layer(self, members: Iterable[File]) -> None:
        """Add one layer of files."""
        seen: dict[tuple[str, str, str], Object[Any]] = {}
        for file in members:
            self.errors.extend(file.errors)
            for one in file.objects:
                self._add(one, seen)
        self.objects.update(seen)

    def _add(self, made: Object[Any], seen: dict[tuple[str, str, str], Object[Any]]) -> None:
        key = (made.kind, made.namespace, made.name)
        if key in seen:
            message = f"this object already stands at {seen[key].source.where()}"
            self.errors.append(ParseError(message, where=made.source.where(), resource=made.label))
            return
        seen[key] = made

    def registry(self) -> Registry:
        """Everything read, indexed."""
        objects = sorted(self.objects.values(), key=lambda one: one.age)
        by_kind: dict[str, list[Object[Any]]] = {}
        for one in objects:
            by_kind.setdefault(one.kind, []).append(one)
        mesh, source = self._mesh(by_kind.get("ConfigMap", []))
        if mesh.discovery_selectors:
            chosen = _chosen(by_kind.get("Namespace", []), mesh)
            objects = [one for one in objects if not one.namespace or chosen(one.namespace)]
            by_kind = {
                kind: [one for one in members if not one.namespace or chosen(one.namespace)]
                for kind, members in by_kind.items()
            }
        indexed = {kind: tuple(members) for kind, members in by_kind.items()}
        return Registry(tuple(objects), mesh, source, tuple(self.errors), indexed)

    def _mesh(self, maps: list[Object[kubernetes.ConfigMap]]) -> tuple[MeshConfig, Source | None]:
        for one in maps:
            if one.name == MESH and one.namespace == MeshConfig().root_namespace:
                try:
                    _refuse_networks(one)
                    return (_mesh_of(one), one.source) if "mesh" in one.spec.data else (MeshConfig(), None)
                except ConfigError as error:
                    self.errors.append(error)
        return MeshConfig(), None


def _refuse_networks(one: Object[kubernetes.ConfigMap]) -> None:
    """UnsupportedError for `meshNetworks` that name any."""
    where = one.where("data", "meshNetworks")
    for document in documents(one.spec.data.get("meshNetworks", ""), f"{one.source.file}:{where.line} meshNetworks"):
        if isinstance(document.value, dict) and document.value.get("networks"):
            said = Place(one.source, ("data", "meshNetworks"), one.label)
            raise said.error("several networks are not generated yet", "Leave networks: {}.", UnsupportedError)


def _mesh_of(one: Object[kubernetes.ConfigMap]) -> MeshConfig:
    """The settings inside the ConfigMap; positions count from the start of the embedded text."""
    outer = one.where("data", "mesh")
    label = f"{one.source.file}:{outer.line} data.mesh"
    for document in documents(one.spec.data["mesh"], label):
        return decode(MeshConfig, document.value, Place(document.source, (), "MeshConfig"))
    return MeshConfig()


def _chosen(namespaces: list[Object[Any]], mesh: MeshConfig) -> Callable[[str], bool]:
    """Which namespaces the mesh's selectors choose; one that no object describes has its name as its only label."""
    labels = {one.name: {NAME: one.name, **one.meta.labels} for one in namespaces}

    @functools.cache
    def chosen(name: str) -> bool:
        return any(one.holds(labels.get(name, {NAME: name})) for one in mesh.discovery_selectors)

    return chosen


def _flatten(document: Document) -> Iterator[Document]:
    """A `List` is the objects inside it, and so is a `PodList`, whose items need not say that they are Pods."""
    body = document.value
    if not (isinstance(body, dict) and str(body.get("kind")).endswith(LIST) and isinstance(body.get("items"), list)):
        yield document
        return
    kind = body["kind"].removesuffix(LIST)
    said = {"apiVersion": body.get("apiVersion"), "kind": kind} if kind else {}
    for index, item in enumerate(body["items"]):
        prefix = ("items", index)
        inner = {path[2:]: mark for path, mark in document.source.marks.items() if path[:2] == prefix}
        value = {**said, **item} if isinstance(item, dict) else item
        yield from _flatten(Document(value, replace(document.source, marks=inner)))


def _object(document: Document) -> Object[Any] | None:
    body, source = document.value, document.source
    place = Place(source, (), "")
    if not isinstance(body, dict) or not isinstance(body.get("kind"), str):
        raise place.error("not a Kubernetes object: it has no kind")
    group, _, version = str(body.get("apiVersion", "")).rpartition("/")
    kind: str = body["kind"]
    entry = KINDS.get((group, kind))
    if entry is None:
        _pass_over(group, kind, body, source)
        return None
    if version not in entry.versions:
        wanted = ", ".join(f"{group}/{one}".lstrip("/") for one in entry.versions)
        raise place.at("apiVersion").error(f"{kind} has no version {version!r}", f"Use one of {wanted}.")
    return _decoded(kind, entry, body, source)


def _pass_over(group: str, kind: str, body: dict[str, Any], source: Source) -> None:
    why = refusal(group, kind)
    if why is None:
        return
    meta = body.get("metadata")
    name = meta.get("name", "?") if isinstance(meta, dict) else "?"
    where = source.where(("kind",))
    raise UnsupportedError(
        why, path="kind", where=where, resource=f'{kind} "{name}"', remedy="Remove it, or read the directory leniently."
    )


def _decoded(kind: str, entry: Kind, body: dict[str, Any], source: Source) -> Object[Any]:
    meta = decode(Metadata, body.get("metadata"), Place(source, ("metadata",), kind))
    if entry.namespaced and not meta.namespace:
        meta = replace(meta, namespace="default")
    root = () if entry.whole else ("spec",)
    bare: Object[Any] = Object(kind, meta, None, source, root)
    for name, why in REFUSED_LABELS.get(kind, {}).items():
        if meta.labels.get(name):
            place = Place(source, ("metadata", "labels", name), bare.label)
            raise place.error(why, "Remove the label, or read the directory leniently.", UnsupportedError)
    value = body if entry.whole else body.get("spec", {})
    return replace(bare, spec=decode(entry.spec, value, Place(source, root, bare.label)))
