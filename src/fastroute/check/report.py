"""Reports for machines: JSON, JUnit, and the binary result of Envoy's tool."""

from __future__ import annotations

from xml.etree import ElementTree

from fastroute.check import schema
from fastroute.check.compare import Failure
from fastroute.check.runner import CaseResult, Report


def to_dict(report: Report, *, comprehensive: bool = False) -> dict[str, object]:
    """The report as JSON-ready values."""
    coverage = report.coverage
    return {
        "passed": report.passed,
        "tests": len(report.results),
        "failed": len(report.failed),
        "coverage": round(coverage.comprehensive() if comprehensive else coverage.percentage(), 6),
        "results": [_result_dict(result) for result in report.results],
        "missing": [
            {"host": route.host.name, "route": route.message.name, "number": route.number}
            for route in coverage.missing()
        ],
    }


def _result_dict(result: CaseResult) -> dict[str, object]:
    failures = [{"type": f.kind, "expected": f.expected, "actual": f.actual, "text": f.text} for f in result.failures]
    return {"name": result.case.name, "passed": result.passed, "failures": failures}


def to_junit(report: Report, suite: str) -> str:
    """The report as JUnit XML with one suite, called `suite`."""
    root = ElementTree.Element("testsuites")
    counts = {"name": suite, "tests": str(len(report.results)), "failures": str(len(report.failed)), "errors": "0"}
    element = ElementTree.SubElement(root, "testsuite", counts)
    for result in report.results:
        case = ElementTree.SubElement(element, "testcase", {"name": _xml(result.case.name), "classname": suite})
        if not result.passed:
            text = _xml("\n".join(failure.text for failure in result.failures))
            failure = ElementTree.SubElement(case, "failure", {"message": text.partition("\n")[0]})
            failure.text = text
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(char if char >= " " or char in "\t\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def to_binary(report: Report) -> bytes:
    """The report as a serialised ValidationResult, which is what Envoy's tool writes with -o."""
    message = schema.make(schema.RESULT)
    for result in report.results:
        item = message.test_results.add(test_name=result.case.name, test_passed=result.passed)
        for failure in result.failures:
            _add_failure(item.failure, failure)
    return bytes(message.SerializeToString(deterministic=True))


def _add_failure(message: object, failure: Failure) -> None:
    side = failure.kind.partition("_header_matches")[0]
    if failure.matcher is not None:
        entry = getattr(message, f"{side}_header_match_failures").add()
        entry.header_matcher.CopyFrom(failure.matcher)
        entry.actual_header_value.value = failure.actual.partition(": ")[2]
        return
    for which, value in (("expected", failure.expected), ("actual", failure.actual)):
        field = getattr(message, f"{which}_{failure.kind}")
        field.value = int(value) if failure.kind == "code_redirect" else value
