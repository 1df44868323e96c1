"""Every error of fastroute, as one tree.

    FastrouteError
    ├─ ConfigError            a configuration was not loaded; what was in force before still is
    │  ├─ ParseError          not JSON, YAML or protobuf; an unknown field, type or enum name
    │  ├─ RejectedError       well formed, but Envoy 1.40 refuses it
    │  └─ UnsupportedError    Envoy takes it, this version of fastroute cannot decide it exactly
    └─ RequestError           a request that no Envoy could have received, such as a header that is no pair

Rules: an error names its culprit (`path`, and `where` when the text is known) and says what to do
(`remedy`). Errors are raised by the layer that knows the field; no layer wraps them again.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastroute.records import record


@record
class Where:
    """A position in a source text: 1-based line and column, as editors count."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@record
class Conflict:
    """The other item of a conflict: its field path, the resource it stands in if that is another, its position."""

    path: str
    resource: str = ""
    where: Where | None = None

    def __str__(self) -> str:
        named = " of ".join(part for part in (self.path, self.resource) if part)
        return f"{named} ({self.where})" if self.where is not None else named


class FastrouteError(Exception):
    """Base of everything that fastroute raises on purpose."""


class ConfigError(FastrouteError):
    """A configuration cannot be used.

    `path` is the field path from the root of the resource, in the field names of the Envoy API
    (`virtual_hosts[0].routes[3].match.prefix`). `where` is its position when it came from a text.
    `resource` is the type and name of the resource, such as `Listener "virtualInbound"`.
    `remedy` says what to do. `conflict` is the item that it conflicts with, where there is one.
    `others` holds further errors found in the same run.
    """

    code = "config"

    def __init__(
        self,
        message: str,
        *,
        path: str = "",
        where: Where | None = None,
        resource: str = "",
        remedy: str = "",
        code: str | None = None,
        conflict: Conflict | None = None,
        others: Sequence[ConfigError] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.where = where
        self.resource = resource
        self.remedy = remedy
        self.conflict = conflict
        self.others = tuple(others)
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        parts = []
        if self.where is not None:
            parts.append(f"{self.where}: ")
        if self.resource:
            parts.append(f"{self.resource}: ")
        if self.path:
            parts.append(f"{self.path}: ")
        parts.append(self.message)
        if self.conflict is not None:
            parts.append(f"\n  It conflicts with {self.conflict}.")
        if self.remedy:
            parts.append(f"\n  {self.remedy}")
        parts.extend(f"\n{other}" for other in self.others)
        return "".join(parts)


def joined(errors: Sequence[ConfigError]) -> ConfigError:
    """The first of `errors`, with all the others in its `others`; each once."""
    each = (one for error in errors for one in (error, *error.others))
    first, *rest = {(type(one), one.resource, one.path, one.where, one.message): one for one in each}.values()
    first.others = tuple(rest)
    for error in rest:
        error.others = ()
    return first


class ParseError(ConfigError):
    """The text is not JSON, YAML or protobuf, or names a field, type or enum value that does not exist."""

    code = "parse"


class RejectedError(ConfigError):
    """Envoy 1.40 refuses this configuration."""

    code = "rejected"


class UnsupportedError(ConfigError):
    """Envoy 1.40 accepts this configuration; this version of fastroute cannot decide it exactly."""

    code = "unsupported"


class RequestError(FastrouteError, ValueError):
    """A request or connection that cannot be decided because its parts are malformed."""


@record
class Notice:
    """Something that lenient loading took although strict loading would refuse it.

    `error` is what strict loading raises; `effect` says what the loaded snapshot does about it.
    """

    error: ConfigError
    effect: str = ""

    def line(self) -> str:
        """One line: what it is about, and the effect."""
        error = self.error
        subject = ": ".join(part for part in (error.resource, error.path, error.message) if part)
        return f"{subject} ({self.effect.rstrip('.')})" if self.effect else subject

    def to_dict(self) -> dict[str, object]:
        """The notice for JSON."""
        error = self.error
        return {
            "code": error.code,
            "resource": error.resource,
            "path": error.path,
            "message": error.message,
            "effect": self.effect,
        }

    def __str__(self) -> str:
        return f"{self.error}" + (f"\n  effect: {self.effect}" if self.effect else "")
