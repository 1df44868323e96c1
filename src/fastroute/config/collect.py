"""Documents to resources: takes apart what wraps them, and makes a message of each.

Rules: a bootstrap gives its static resources and its runtime; a discovery response its resources; a
config dump what is in force (not what is warming or draining); a list its items. Of a text, each
resource becomes a message on its own, so that a wrapper around it need not be one of Envoy's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from google.protobuf.message import Message

from fastroute.api import anys, names, pool, transcode
from fastroute.api.faults import Fault, join
from fastroute.api.faults import kind as kind_of
from fastroute.config import dump, kinds, runtime, unknown
from fastroute.config.resources import Resource, Resources
from fastroute.errors import ConfigError, Notice, ParseError, RejectedError, UnsupportedError, Where
from fastroute.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.api.transcode import Tree
    from fastroute.config.formats import Document

_LISTS = {
    names.LISTENER: "listeners",
    names.ROUTE_CONFIGURATION: "routes",
    names.SCOPED_ROUTE_CONFIGURATION: "scoped_routes",
    names.VIRTUAL_HOST: "virtual_hosts",
    names.CLUSTER: "clusters",
    names.CLUSTER_LOAD_ASSIGNMENT: "endpoints",
    names.SECRET: "secrets",
}
_UNKNOWN = names.TYPED_STRUCT.encode()
"""What the wire form of a message contains that has an Any of a type that Envoy lacks."""
_DELTA = frozenset(("system_version_info", "removed_resources", "removed_resource_names"))
_NAME = {names.CLUSTER_LOAD_ASSIGNMENT: "cluster_name"}
_TYPED_STRUCTS = (names.TYPED_STRUCT, names.UDPA_TYPED_STRUCT)


def name_of(message: Message) -> str:
    """The name that a resource is known by."""
    return str(getattr(message, _NAME.get(message.DESCRIPTOR.full_name, "name"), ""))


class Collector:
    """Gathers the resources of documents, and in `errors` what is wrong with them.

    A resource with faulty parts is gathered without them, and has its faults in `unread` by the `id` of its message.

    When not `strict`, a type that Envoy lacks is noted in the resources and is no error.
    """

    def __init__(self, resources: Resources, *, strict: bool) -> None:
        self.resources = resources
        self.strict = strict
        self.errors: list[ConfigError] = []
        self.unread: dict[int, list[Fault]] = {}

    def document(self, document: Document, kind: str | None = None) -> None:
        """Everything that a document holds; `kind` is that of a bare resource, if it is known."""
        content = document.content
        if isinstance(content, Message):
            self.message(own(content), document, "")
        else:
            self.tree(content, document, "", kind)

    # Trees

    def tree(self, tree: object, document: Document, root: str, kind: str | None = None) -> None:
        """The value at `root` of a text."""
        if isinstance(tree, Message):
            self.message(copy_of(tree), document, root)
        elif isinstance(tree, Resource):
            self._add(Resource(tree.name, own(tree.message), tree.positions, tree.root, tree.version, tree.origin))
        elif isinstance(tree, list | tuple):
            for position, item in enumerate(tree):
                self.tree(item, document, f"{root}[{position}]", kind)
        elif not isinstance(tree, Mapping):
            wrong = f"a resource must be an object, not {kind_of(tree)}"
            raise self._error(document, root, Fault(wrong, code="kind"))
        else:
            self._object(dict(tree) if not isinstance(tree, dict) else tree, document, root, kind)

    def _object(self, tree: Tree, document: Document, root: str, kind: str | None) -> None:
        if kind:
            self._resource(kind, tree, document, root)
            return
        wrapper = kinds.wrapper(tree)
        if wrapper == kinds.DUMP:
            for piece in dump.pieces(tree):
                self._piece(piece, document, root)
        elif wrapper == kinds.LISTS:
            for key, items in tree.items():
                self.tree(items, document, _under(root, key), kinds.LISTS_OF[transcode.snake_case(key)])
        elif wrapper == kinds.RESPONSE:
            self._response(tree, document, root)
        elif "@type" in tree:
            self._typed(tree, document, root)
        elif entry := dump.entry(tree):
            self._piece(entry, document, root)
        else:
            self._resource(kinds.resource(tree), tree, document, root)

    def _piece(self, piece: dump.Piece, document: Document, root: str) -> None:
        self._resource(piece.kind, piece.tree, document, _under(root, piece.root), piece.version, piece.origin)

    def _response(self, tree: Tree, document: Document, root: str) -> None:
        items = tree.get("resources")
        self._check_wrapper(tree, document, root)
        version = str(tree.get("version_info", tree.get("versionInfo", "")))
        for position, item in enumerate(items if isinstance(items, list) else []):
            place = _under(root, f"resources[{position}]")
            if isinstance(item, dict):
                self._wrapped(item, document, place, version)
            else:
                self.errors.append(self._error(document, place, Fault("a resource must be an object", code="kind")))

    def _check_wrapper(self, tree: Tree, document: Document, root: str) -> None:
        """Refuse fields around the resources that a discovery response, of either protocol, lacks."""
        around = {key: value for key, value in tree.items() if key not in ("resources", "@type")}
        kind = (
            names.DELTA_DISCOVERY_RESPONSE
            if _DELTA.intersection(map(transcode.snake_case, around))
            else names.DISCOVERY_RESPONSE
        )
        from fastroute.api.all_faults import every_fault

        self.errors.extend(self._error(document, root, fault, kind) for fault in every_fault(kind, around))

    def _wrapped(self, item: Tree, document: Document, root: str, version: str) -> None:
        inner = item.get("resource")
        if isinstance(inner, dict) and "@type" in inner:
            self._typed(inner, document, _under(root, "resource"), str(item.get("version", version)))
        else:
            self._typed(item, document, root, version)

    def _typed(self, tree: Tree, document: Document, root: str, version: str = "") -> None:
        kind = pool.type_name(str(tree.get("@type", "")))
        if kind == names.DISCOVERY_RESOURCE:
            self._wrapped({key: value for key, value in tree.items() if key != "@type"}, document, root, version)
        elif kind in _TYPED_STRUCTS:
            inner = tree.get("value")
            bare = inner if isinstance(inner, dict) else {}
            url = str(tree.get("type_url", tree.get("typeUrl", "")))
            self._typed({**bare, "@type": url}, document, _under(root, "value"), version)
        elif kind in (names.DISCOVERY_RESPONSE, names.DELTA_DISCOVERY_RESPONSE):
            self._response(tree, document, root)
        else:
            bare = {key: value for key, value in tree.items() if key != "@type"}
            self._resource(kind, bare, document, root, version)

    def _resource(
        self, kind: str, tree: Tree, document: Document, root: str, version: str = "", origin: str = ""
    ) -> None:
        if kind != names.BOOTSTRAP and kind not in _LISTS:
            self.errors.append(self._error(document, root, _no_resource(kind)))
            return
        try:
            body = transcode.encode(kind, tree)
            message = transcode.parse(kind, body)
        except (Fault, RecursionError) as first:
            faults = _faults(kind, tree, first)
            self.errors.extend(self._error(document, root, fault, kind, _named(kind, tree)) for fault in faults)
            if self.strict:
                told = {fault.path.removesuffix(".@type") for fault in faults}
                more = [fault for fault in unknown.errors(kind, tree) if fault.path not in told]
                self._report(more, document, root, kind, _named(kind, tree))
            rest = _sound(kind, tree, faults)
            if rest is not None:
                self.unread[id(rest)] = faults
                self._message(rest, document, root, version, origin)
            return
        if _UNKNOWN in body:
            self._report(unknown.errors(kind, tree), document, root, kind, name_of(message))
        self._message(message, document, root, version, origin)

    def _error(self, document: Document, root: str, fault: Fault, kind: str = "", name: str = "") -> ParseError:
        path = _under(root, fault.path)
        where = (
            document.positions.where(path) if document.positions else Where(document.file) if document.file else None
        )
        return ParseError(
            fault.message,
            path=fault.path if kind else path,
            where=where,
            resource=f'{kind.rpartition(".")[2]} "{name}"' if name and kind else kind.rpartition(".")[2],
            remedy=fault.remedy,
            code=fault.code,
        )

    def _report(self, faults: Iterable[Fault], document: Document, root: str, kind: str, name: str) -> None:
        errors: list[ConfigError] = [_as_rejected(self._error(document, root, fault, kind, name)) for fault in faults]
        if self.strict:
            self.errors.extend(errors)
        else:
            self.resources.notices.extend(Notice(error, "It is kept as a TypedStruct.") for error in errors)

    # Messages

    def message(self, message: Message, document: Document, root: str, version: str = "") -> None:
        """A message of the private pool, which may be a wrapper of resources."""
        kind = message.DESCRIPTOR.full_name
        source: Any = message
        if kind == "google.protobuf.Any":
            self.message(anys.unpack(message, path=root), document, root, version)
        elif kind == names.DISCOVERY_RESPONSE:
            for position, item in enumerate(source.resources):
                self.message(item, document, _under(root, f"resources[{position}]"), source.version_info)
        elif kind == names.DELTA_DISCOVERY_RESPONSE:
            for position, item in enumerate(source.resources):
                self.message(item, document, _under(root, f"resources[{position}]"))
        elif kind == names.DISCOVERY_RESOURCE:
            self.message(source.resource, document, _under(root, "resource"), source.version or version)
        elif kind == names.CONFIG_DUMP:
            from fastroute.config import text

            self.tree(text.to_tree(message), replace(document, content=None), root)
        else:
            self._message(message, document, root, version, "")

    def _message(self, message: Message, document: Document, root: str, version: str, origin: str) -> None:
        kind = message.DESCRIPTOR.full_name
        if kind != names.BOOTSTRAP:
            self._add(Resource(name_of(message), message, document.positions, root, version, origin))
            return
        self.resources.bootstrap = Resource("", message, document.positions, root, version, origin)
        self.resources.runtime = {**self.resources.runtime, **runtime.static_keys(message)}
        if origin != dump.DUMPED:
            self._static(message, document, root)

    def _static(self, bootstrap: Any, document: Document, root: str) -> None:
        static = bootstrap.static_resources
        for field in ("listeners", "clusters", "secrets"):
            for position, message in enumerate(getattr(static, field)):
                place = _under(root, f"static_resources.{field}[{position}]")
                self._add(Resource(name_of(message), message, document.positions, place, "", "static"))

    def _add(self, resource: Resource) -> None:
        kind = resource.message.DESCRIPTOR.full_name
        if kind not in _LISTS:
            raise _no_kind(kind, resource)
        getattr(self.resources, _LISTS[kind]).append(resource)


def own(message: Message) -> Message:
    """The message in the private pool: messages of another pool are written and read again."""
    name = message.DESCRIPTOR.full_name
    try:
        made = pool.message_class(name)
    except KeyError:
        raise ParseError(f"Envoy 1.40 has no message of the type {name}", code="unknown-type") from None
    return message if isinstance(message, made) else made.FromString(message.SerializeToString())


def copy_of(message: Message) -> Message:
    """The caller's message as it is now: what the caller changes in it later must not change what was loaded."""
    mine = own(message)
    if mine is not message:
        return mine
    copied = type(message)()
    copied.CopyFrom(message)
    return copied


def _under(root: str, path: str) -> str:
    return join([step for step in (root, path) if step])


def _no_resource(kind: str) -> Fault:
    return Fault(
        f'"{kind}" is no resource that decides requests' if kind else "a resource without @type",
        remedy="Listeners, routes, virtual hosts, scopes, clusters, endpoints and secrets can be loaded.",
        code="kind",
    )


def _no_kind(kind: str, resource: Resource) -> ConfigError:
    fault = _no_resource(kind)
    return UnsupportedError(fault.message, path=resource.root, remedy=fault.remedy, code=fault.code)


def _faults(kind: str, tree: Tree, first: Fault | RecursionError) -> list[Fault]:
    if isinstance(first, RecursionError):
        return [Fault("nested too deeply", code="nesting")]
    from fastroute.api.all_faults import every_fault

    try:
        return every_fault(kind, tree) or [first]
    except RecursionError:
        return [first]


def _sound(kind: str, tree: Tree, faults: Iterable[Fault]) -> Message | None:
    """The resource without its faults: it has more errors to tell, and is never put in force."""
    from fastroute.api.sound import without

    try:
        return transcode.message(kind, without(tree, [fault.path for fault in faults]))
    except (Fault, RecursionError):
        return None


def _named(kind: str, tree: Tree) -> str:
    """The name that a tree gives; none where it is no text."""
    name = tree.get(_NAME.get(kind, "name"))
    return name if isinstance(name, str) else ""


def _as_rejected(error: ParseError) -> ConfigError:
    return RejectedError(
        error.message, path=error.path, where=error.where, resource=error.resource, remedy=error.remedy, code=error.code
    )
