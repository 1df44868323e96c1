"""The files of Envoy's own route table checker, as Envoy's script runs them."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from support.shared import shared

from fastroute.check import run, schema
from fastroute.cli.check import check

GOLDEN = (
    "ContentType",
    "ClusterHeader",
    "DirectResponse",
    "HeaderMatchedRouting",
    "Redirect",
    "Redirect2",
    "Redirect3",
    "Redirect4",
    "Runtime",
    "TestRoutes",
    "Weighted",
)


def call(config, tests, *options):
    """Exit code, stdout and stderr of the command."""
    arguments = ["-c", str(peer(config)), "-t", str(peer(tests)), *options]
    done = CliRunner().invoke(check, arguments, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value, done.stdout, done.stderr


def peer(name):
    return shared(f"peers/router_check/{name}")


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_files_pass(name):
    code, out, err = call(f"{name}.yaml", f"{name}.golden.proto.json", "--details")
    assert code == 0, err
    assert "Current route coverage: " in out


@pytest.mark.parametrize("ending", ["yaml", "pb_text"])
def test_other_formats_of_test_files(ending):
    assert call("Weighted.yaml", f"Weighted.golden.proto.{ending}", "--details")[0] == 0


def test_coverage_of_redirect_is_below_the_requirement():
    code, out, err = call("Redirect.yaml", "Redirect.golden.proto.json", "--details", "-f", "1.0")
    assert code == 0
    assert "Current route coverage: " in out
    code, _, err = call("Redirect.yaml", "Redirect.golden.proto.json", "--details", "-f", "100")
    assert code == 1
    assert "Failed to meet coverage requirement: 100%" in err


@pytest.mark.parametrize("name", ["ComprehensiveRoutes", "DirectResponse", "Runtime"])
def test_comprehensive_coverage_is_complete(name):
    code, out, _ = call(f"{name}.yaml", f"{name}.golden.proto.json", "--details", "-f", "100", "--covall")
    assert code == 0
    assert "Current route coverage: 100%" in out


def test_a_test_file_is_no_configuration():
    code, _, err = call("Redirect.golden.proto.json", "TestRoutes.yaml")
    assert code == 2
    for part in ("INVALID_ARGUMENT", "envoy.config.route.v3.RouteConfiguration", "tests"):
        assert part in err


def test_failures_with_details():
    code, out, err = call("TestRoutes.yaml", "Weighted.golden.proto.json", "--details")
    assert code == 1
    assert [line for line in out.splitlines() if line.startswith("Test_")][:3] == ["Test_1", "Test_2", "Test_3"]
    assert "expected: [cluster1], actual: [instant-server], test type: cluster_name" in err
    assert "expected: [test_virtual_cluster], actual: [other], test type: virtual_cluster_name" in err


def test_failures_are_counted_where_they_are_not_shown():
    code, out, err = call("TestRoutes.yaml", "Weighted.golden.proto.json")
    assert (code, out) == (1, "")
    assert err.endswith("tests failed; --only-show-failures says why\n")


@pytest.mark.parametrize("options", [("--details", "--only-show-failures"), ("--only-show-failures",)])
def test_only_failures(options):
    code, out, err = call("TestRoutes.yaml", "Weighted.golden.proto.json", *options)
    assert code == 1
    assert "Test_2" in out
    assert "Test_1" not in out
    assert "expected: [cluster1], actual: [instant-server], test type: cluster_name" in err


def test_failing_header_matchers_show_expected_and_actual():
    code, _, err = call("TestRoutes.yaml", "TestRoutesFailures.golden.proto.json", "--only-show-failures")
    assert code == 1
    kind = "response_header_matches"
    assert set(err.splitlines()) >= {
        "expected: [content-type: text/plain], actual: NOT [content-type: text/plain], "
        f"test type: {kind}.string_match.exact",
        f"actual: [content-length: 25], test type: {kind}.range_match",
        f"expected: [x-ping-response: pong], actual: [x-ping-response: yes], test type: {kind}.string_match.exact",
        f"expected: [has(x-ping-response):false], actual: [has(x-ping-response):true], test type: {kind}.present_match",
        f"expected: [has(x-pong-response):true], actual: [has(x-pong-response):false], test type: {kind}.present_match",
    }


def test_missing_tests_by_host_and_route():
    _, out, _ = call("TestRoutes.yaml", "TestRoutes.golden.proto.json", "--details", "--covall")
    assert 'Missing test for host: www2_staging, route: prefix: "/"' in out
    assert 'Missing test for host: default, route: prefix: "/api/application_data"' in out


def test_detailed_coverage_names_routes():
    _, out, _ = call("TestRoutes.yaml", "TestRoutes.golden.proto.json", "--detailed-coverage")
    assert "Missing test for host: default, route name: -" in out
    _, out, _ = call("TestRoutes.yaml", "TestRoutes.golden.proto.json")
    assert "Missing test for host" not in out


def test_reports_for_machines(tmp_path):
    paths = {option: tmp_path / option for option in ("-o", "--json", "--junit")}
    options = [str(part) for pair in paths.items() for part in pair]
    code, _, _ = call("TestRoutes.yaml", "Weighted.golden.proto.json", *options)
    assert code == 1
    result = schema.make(schema.RESULT)
    result.ParseFromString(paths["-o"].read_bytes())
    assert [item.test_passed for item in result.test_results] == [True, False, False, False]
    assert result.test_results[1].failure.expected_cluster_name.value == "cluster1"
    report = json.loads(paths["--json"].read_text())
    assert (report["tests"], report["failed"], report["passed"]) == (4, 3, False)
    suite = ElementTree.parse(paths["--junit"]).getroot()[0]
    assert suite.attrib["failures"] == "3"
    assert [len(case) for case in suite] == [0, 1, 1, 1]


def test_the_library_gives_the_same_report():
    report = run(str(peer("Weighted.yaml")), str(peer("Weighted.golden.proto.json")))
    assert report.passed
    assert report.coverage.percentage() == 50
