"""The state of one compilation: how strict, for which resource, and what was let through.

The rule that keeps fastroute honest is here: a compiler names the fields that it handles, and every
other field that is set is refused. A field that a later Envoy adds is therefore refused too, until
somebody decides what it means.

All errors of a source are told at once. A compiler that finds one and could go on without the part says
`gather(error)`, or has the part made by `attempt` or `each`, so that the parts beside it are looked at too.
What stands for the part then must not lead to an error of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from google.protobuf.message import Message

from fastroute.errors import ConfigError, Conflict, Notice, RejectedError, UnsupportedError
from fastroute.records import field, record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ParamSpec, TypeVar

    from fastroute.config.resources import Resource

    P = ParamSpec("P")
    T = TypeVar("T")
    D = TypeVar("D")

_PLAIN = frozenset(
    (
        "envoy.config.core.v3.Metadata",
        *(f"google.protobuf.{name}" for name in ("Duration", "BoolValue", "UInt32Value", "UInt64Value", "StringValue")),
    )
)
"""Types of most inert fields, which hold no regular expression."""


@record
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
        """Gather `error` when strict; otherwise note it with its `effect` on decisions. Either way go on."""
        if self.strict:
            self.gather(error)
        else:
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

    def gather(self, error: ConfigError) -> None:
        """Remember an error and go on to find others: whatever is made now is thrown away in the end.

        Raises it where nobody gathers errors, and where lenient loading leaves out what it makes undecidable.
        """
        if self.errors is None or not (self.strict or isinstance(error, RejectedError)):
            raise error
        self.errors.append(error)

    def attempt(self, otherwise: D, make: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T | D:
        """What `make` returns; `otherwise` when that fails, its error gathered."""
        try:
            return make(*arguments, **named)
        except ConfigError as error:
            self.gather(error)
            return otherwise

    def each(self, items: Iterable[Any], path: str, make: Callable[[Any, Context, str], T]) -> list[T]:
        """What `make(item, context, path)` returns of every item of the list at `path`; without those that fail."""
        made = []
        for number, item in enumerate(items):
            try:
                made.append(make(item, self, f"{path}[{number}]"))
            except ConfigError as error:
                self.gather(error)
        return made

    def told(self) -> tuple[int, int]:
        """How many notices and errors there are, for `forget`."""
        return len(self.notices), len(self.errors or ())

    def forget(self, told: tuple[int, int]) -> None:
        """Take back what was told since: it is compiled once more, in another way."""
        del self.notices[told[0] :]
        if self.errors is not None:
            del self.errors[told[1] :]

    def only(self, message: Message, path: str, handled: Collection[str], inert: Collection[str] = ()) -> None:
        """Refuse every field set in `message` that is neither `handled` nor `inert`.

        `inert` fields are those that never change a decision (statistics, buffer sizes, tracing); their regular
        expressions are compiled.
        """
        for descriptor, value in message.ListFields():
            name = descriptor.name
            if name in handled:
                continue
            if name in inert:
                if descriptor.message_type is not None:
                    self.look_into(descriptor, value, f"{path}.{name}" if path else name)
            else:
                error = self.unsupported(
                    f"{path}.{name}" if path else name,
                    f"{name} of {message.DESCRIPTOR.name} is not supported",
                    remedy="Remove the field, or decide this resource with Envoy itself.",
                    code="unsupported-field",
                )
                self.keep(error, "the field is ignored")

    def look_into(self, descriptor: Any, value: Any, path: str) -> None:
        """Compile the regular expressions in a field that is inert."""
        if descriptor.message_type.full_name in _PLAIN:
            return
        from fastroute.compile.inert_regexes import check_field

        check_field(descriptor, value, self, path)

    def look_through(self, message: Message, path: str) -> None:
        """Compile the regular expressions in a message that is not compiled."""
        from fastroute.compile.inert_regexes import check_regexes

        check_regexes(message, self, path)
