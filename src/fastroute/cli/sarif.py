"""Findings as SARIF 2.1.0, which code hosts show beside the lines of a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from fastroute._version import __version__
from fastroute.cli.verdict import ERROR, Finding, Verdict
from fastroute.config.load import URLS
from fastroute.errors import Where

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


DIFFERS = "envoy-disagrees"


def report(verdicts: Sequence[Verdict], different: Mapping[str, str] = MappingProxyType({})) -> dict[str, object]:
    """One run with a result for each finding, and for each source about which the real Envoy says something else."""
    results = [_result(verdict, finding) for verdict in verdicts for finding in verdict.findings]
    results += [_difference(source, words) for source, words in different.items()]
    codes = sorted({str(result["ruleId"]) for result in results})
    driver = {
        "name": "fastroute validate",
        "semanticVersion": __version__,
        "rules": [{"id": code} for code in codes],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(verdict: Verdict, finding: Finding) -> dict[str, object]:
    place = finding.where
    location: dict[str, object] = {"artifactLocation": {"uri": _uri(place.file if place else verdict.source)}}
    if place is not None and place.line is not None:
        region = {"startLine": place.line, "startColumn": place.column or 1}
        location["region"] = region
    other = finding.conflict.where if finding.conflict is not None else None
    related = {"relatedLocations": [_related(other, str(finding.conflict))]} if other is not None else {}
    return {
        "ruleId": finding.code,
        "level": finding.level,
        "message": {"text": _text(finding)},
        "locations": [{"physicalLocation": location}],
        **related,
    }


def _difference(source: str, words: str) -> dict[str, object]:
    location = {"physicalLocation": {"artifactLocation": {"uri": _uri(source)}}}
    return {"ruleId": DIFFERS, "level": "error", "message": {"text": words}, "locations": [location]}


def _related(place: Where, words: str) -> dict[str, object]:
    location: dict[str, object] = {"artifactLocation": {"uri": _uri(place.file)}}
    if place.line is not None:
        location["region"] = {"startLine": place.line, "startColumn": place.column or 1}
    return {"physicalLocation": location, "message": {"text": words}}


def _text(finding: Finding) -> str:
    said = ": ".join(part for part in (finding.resource, finding.path, finding.message) if part)
    if finding.conflict is not None:
        said += f". It conflicts with {finding.conflict}" if finding.level == ERROR else f". See {finding.conflict}"
    return f"{said}. {finding.remedy}" if finding.remedy else said


def _uri(file: str) -> str:
    if file.startswith(URLS):
        return file
    path = Path(file)
    return path.as_uri() if path.is_absolute() else path.as_posix()
