"""The verdict of Envoy 1.40 on one source, as fastroute judges it.

Rules:

* `error`: Envoy refuses it (or it is no configuration at all).
* `warning`: Envoy takes it and logs a warning, as for a deprecated field; or takes it without a word though nobody can
  mean it, as for a route that no request reaches.
* `note`: Envoy takes it, but fastroute cannot decide requests by it, so that the verdict on that
  resource is not complete.
* Comments in JSON, which fastroute takes, are errors here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastroute.analysis.shadows import find_shadows
from fastroute.api import deprecations
from fastroute.config import Resources, json_text
from fastroute.config.constraints import whole
from fastroute.config.formats import EXTENSIONS, JSON
from fastroute.config.load import URLS, gather
from fastroute.config.positions import at
from fastroute.config.resources import label_of
from fastroute.errors import ConfigError, Conflict, UnsupportedError, Where
from fastroute.records import record
from fastroute.snapshot import build
from fastroute.snapshot.snapshot import refuse

ERROR, WARNING, NOTE = "error", "warning", "note"
LATE = "start"


@record
class Finding:
    """One thing to say about a source."""

    level: str
    code: str
    message: str
    path: str = ""
    where: Where | None = None
    resource: str = ""
    remedy: str = ""
    conflict: Conflict | None = None

    def to_dict(self) -> dict[str, object]:
        """The finding for JSON; fields without a value are left out."""
        place = self.where
        fields = {
            "level": self.level,
            "code": self.code,
            "message": self.message,
            "resource": self.resource,
            "path": self.path,
            "file": place.file if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "conflict": None if self.conflict is None else str(self.conflict),
            "remedy": self.remedy,
        }
        return {name: value for name, value in fields.items() if value not in (None, "")}


@record
class Verdict:
    """Everything found in one source, errors first."""

    source: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether Envoy takes it."""
        return all(finding.level != ERROR for finding in self.findings)

    @property
    def ends_late(self) -> bool:
        """Whether Envoy takes it with `--mode validate` and ends itself when it really starts."""
        errors = [finding for finding in self.findings if finding.level == ERROR]
        return bool(errors) and all(finding.code == LATE for finding in errors)


def judge(path: str) -> Verdict:
    """The verdict on a file, a directory or a page."""
    findings = [*_comments(path), *_judge(path)]
    return Verdict(path, tuple(sorted(findings, key=_order)))


def _order(finding: Finding) -> tuple[int, str, int, int]:
    """Errors first, then as in the text."""
    place = finding.where
    level = (ERROR, WARNING, NOTE).index(finding.level)
    return (level, "", 0, 0) if place is None else (level, place.file, place.line or 0, place.column or 0)


def _judge(path: str) -> Iterator[Finding]:
    resources, errors = gather(path)
    yield from _deprecated(resources)
    yield from _node(resources)
    yield from _shadowed(resources)
    try:
        refuse(resources, errors, {})
        build(resources)
    except ConfigError as error:
        yield from _from_error(error)


def _from_error(error: ConfigError) -> Iterator[Finding]:
    level = NOTE if isinstance(error, UnsupportedError) else ERROR
    yield Finding(
        level, error.code, error.message, error.path, error.where, error.resource, error.remedy, error.conflict
    )
    for other in error.others:
        yield from _from_error(other)


def _deprecated(resources: Resources) -> Iterator[Finding]:
    for resource in whole(resources):
        kind = resource.message.DESCRIPTOR.name
        label = label_of(kind, resource.name)
        for found in deprecations.find(resource.message):
            remedy = f"Use {found.replacement}." if found.replacement else "Envoy will remove it."
            message = f"{found.name} is deprecated"
            yield Finding(WARNING, "deprecated", message, found.path, resource.where(found.path), label, remedy)


def _node(resources: Resources) -> Iterator[Finding]:
    """ADS needs to know the node, which the command line of Envoy may also name."""
    if resources.bootstrap is None:
        return
    message: Any = resources.bootstrap.message
    if message.dynamic_resources.HasField("ads_config") and not (message.node.id and message.node.cluster):
        wrong = "ads: node 'id' and 'cluster' are required"
        remedy = "Set both, or start Envoy with --service-node and --service-cluster."
        yield Finding(WARNING, "node", wrong, "node", resources.bootstrap.where("node"), "Bootstrap", remedy)


def _shadowed(resources: Resources) -> Iterator[Finding]:
    """Envoy takes such routes without a word; nobody means them."""
    for found in find_shadows(resources):
        kind = found.resource.message.DESCRIPTOR.name
        label = label_of(kind, found.resource.name)
        other = Conflict(found.by, where=found.resource.where(found.by))
        message = "no request reaches the route: an earlier one takes all that it matches"
        remedy = "Move it before that route, or remove it."
        yield Finding(WARNING, "shadowed", message, found.path, found.resource.where(found.path), label, remedy, other)


def _comments(source: str) -> Iterator[Finding]:
    path = Path(source)
    if source.startswith(URLS) or path.is_dir() or EXTENSIONS.get(path.suffix.lower(), JSON) != JSON:
        return
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return
    if text.lstrip()[:1] not in ("{", "[", "/"):
        return
    for offset in json_text.comments(text):
        message = "Envoy's JSON has no comments"
        yield Finding(ERROR, "comment", message, where=at(text, offset, str(path)), remedy="Remove it, or use YAML.")
