"""The state of one compilation: how strict, for which resource, and what was let through.

The rule that keeps fastroute honest is here: a compiler names the fields that it handles, and every
other field that is set is refused. A field that a later Envoy adds is therefore refused too, until
somebody decides what it means.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from google.protobuf.message import Message

from fastroute.config.resources import Resource
from fastroute.errors import ConfigError, Conflict, Notice, RejectedError, UnsupportedError


@dataclass(frozen=True, slots=True)
class Context:
    """`strict` raises what lenient loading collects in `notices`; `runtime` holds the runtime keys,
    `node_cluster` names the cluster of Envoy's own node, where it is known.

    `errors`, if given, gathers what is wrong with parts that others do not depend on (see `keep`).
    """

    resource: Resource
    strict: bool = True
    notices: list[Notice] = field(default_factory=list)
    runtime: Mapping[str, object] = field(default_factory=dict)
    kind: str = ""
    node_cluster: str = ""
    errors: list[ConfigError] | None = None

    def for_resource(self, resource: Resource, kind: str) -> Context:
        """The same compilation, at another resource; `kind` is its short type (`Listener`)."""
        return replace(self, resource=resource, kind=kind)

    def _error(self, kind: type[ConfigError], path: str, message: str, remedy: str, code: str | None) -> ConfigError:
        where = self.resource.where(path)
        return kind(message, path=path, where=where, resource=self._label(), remedy=remedy, code=code)

    def _label(self) -> str:
        return f'{self.kind} "{self.resource.name}"' if self.kind else self.resource.name

    def reject(
        self, path: str, message: str, *, remedy: str = "", code: str | None = None, conflict: Conflict | None = None
    ) -> RejectedError:
        """The error for something that Envoy refuses; the caller raises it."""
        error = self._error(RejectedError, path, message, remedy, code)
        error.conflict = conflict
        assert isinstance(error, RejectedError)
        return error

    def conflict(self, path: str, *, named: bool = False) -> Conflict:
        """The item at `path` of this resource, as the other one of a conflict; `named`: within another resource."""
        return Conflict(path, self._label() if named else "", self.resource.where(path))

    def unsupported(self, path: str, message: str, *, remedy: str = "", code: str | None = None) -> UnsupportedError:
        """The error for something that Envoy takes and fastroute cannot decide; the caller raises it."""
        error = self._error(UnsupportedError, path, message, remedy, code)
        assert isinstance(error, UnsupportedError)
        return error

    def tolerate(self, error: ConfigError, effect: str) -> None:
        """Raise `error` when strict; otherwise note it with its `effect` on decisions and go on."""
        if self.strict:
            raise error
        self.notices.append(Notice(error, effect))

    def keep(self, error: ConfigError, effect: str) -> None:
        """Note that a part is left out, when lenient; else gather its error, so that others are found as well.

        What Envoy refuses is an error in either mode. Raises `error` where nobody gathers errors.
        """
        if isinstance(error, UnsupportedError) and not self.strict:
            self.notices.append(Notice(error, effect))
        elif self.errors is None:
            raise error
        else:
            self.errors.append(error)

    def only(self, message: Message, path: str, handled: Collection[str], inert: Collection[str] = ()) -> None:
        """Refuse every field set in `message` that is neither `handled` nor `inert`.

        `inert` fields are those that never change a decision (statistics, buffer sizes, tracing).
        """
        for descriptor, _ in message.ListFields():
            name = descriptor.name
            if name not in handled and name not in inert:
                error = self.unsupported(
                    f"{path}.{name}" if path else name,
                    f"{name} of {message.DESCRIPTOR.name} is not supported",
                    remedy="Remove the field, or decide this resource with Envoy itself.",
                    code="unsupported-field",
                )
                self.keep(error, "the field is ignored")
