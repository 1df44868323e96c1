"""Route tests on small configurations: sources, refusals, messages, and the pytest plugin."""

from __future__ import annotations

import json

import pytest

from fastroute.check import read_cases, run
from fastroute.errors import ConfigError, ParseError, RejectedError

pytest_plugins = ["pytester"]

ROUTES = {
    "name": "r",
    "virtual_hosts": [
        {"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/a"}, "route": {"cluster": "c"}}]}
    ],
}
TESTS = {
    "tests": [
        {
            "test_name": "first",
            "input": {"authority": "h", "path": "/a", "method": "GET"},
            "validate": {"cluster_name": "c"},
        }
    ]
}
MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def listener(routes):
    manager = {"@type": MANAGER, "stat_prefix": "s", "route_config": routes}
    return {"name": "l", "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}]}


@pytest.mark.parametrize(
    "config",
    [
        ROUTES,
        listener(ROUTES),
        {"static_resources": {"listeners": [listener(ROUTES)]}},
        {
            "configs": [
                {
                    "@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump",
                    "dynamic_route_configs": [
                        {
                            "route_config": {
                                "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
                                **ROUTES,
                            }
                        }
                    ],
                }
            ]
        },
    ],
    ids=["routes", "listener", "bootstrap", "config dump"],
)
def test_a_configuration_may_be_wrapped(tmp_path, config):
    report = run(write(tmp_path / "c.json", config), write(tmp_path / "t.json", TESTS))
    assert report.passed
    assert report.coverage.percentage() == 100


def test_one_of_several_route_configurations_is_named(tmp_path):
    other = {**ROUTES, "name": "other"}
    config = write(
        tmp_path / "c.json", {"static_resources": {"listeners": [listener(ROUTES), {**listener(other), "name": "m"}]}}
    )
    tests = write(tmp_path / "t.json", TESTS)
    with pytest.raises(ParseError, match="several route configurations: other, r"):
        run(config, tests)
    assert run(config, tests, route_config="other").passed
    with pytest.raises(ParseError, match="there are: other, r"):
        run(config, tests, route_config="none")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"test_name": ""}, "tests\\[0\\].test_name"),
        ({"input": {"path": "/", "method": "GET"}}, "input.authority"),
        ({"input": {"authority": "h", "method": "GET"}}, "input.path"),
        ({"input": {"authority": "h", "path": "/", "method": "G"}}, "at least 3 characters"),
    ],
)
def test_incomplete_tests_are_refused(tmp_path, change, text):
    item = {**TESTS["tests"][0], **change}
    with pytest.raises(RejectedError, match=text):
        read_cases(write(tmp_path / "t.json", {"tests": [item]}))


def test_a_file_without_tests_is_refused(tmp_path):
    with pytest.raises(RejectedError, match="at least one test"):
        read_cases(write(tmp_path / "t.json", {"tests": []}))


def test_an_unknown_field_of_a_test_is_named(tmp_path):
    item = {**TESTS["tests"][0], "validate": {"clutser_name": "c"}}
    with pytest.raises(ParseError, match="clutser_name"):
        read_cases(write(tmp_path / "t.json", {"tests": [item]}))


def test_no_route_has_no_values(tmp_path):
    item = {
        "test_name": "no route",
        "input": {"authority": "h", "path": "/b", "method": "GET"},
        "validate": {"cluster_name": "", "virtual_host_name": "", "path_redirect": "", "code_redirect": 0},
    }
    report = run(ROUTES, read_cases(write(tmp_path / "t.json", {"tests": [item]})))
    assert report.passed
    assert report.coverage.percentage() == 0


def test_progress_counts_cases(tmp_path):
    seen = []
    run(ROUTES, write(tmp_path / "t.json", TESTS), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 1)]


def test_the_router_adds_nothing_to_request_headers(tmp_path):
    host = {**ROUTES["virtual_hosts"][0], "include_request_attempt_count": True}
    absent = [
        {"name": name, "present_match": True, "invert_match": True}
        for name in ("x-envoy-attempt-count", "x-envoy-expected-rq-timeout-ms")
    ]
    item = {**TESTS["tests"][0], "validate": {"request_header_matches": absent}}
    tests = write(tmp_path / "t.json", {"tests": [item]})
    assert run({"name": "r", "virtual_hosts": [host]}, tests).passed


def test_the_plugin_collects_cases(pytester):
    pytester.makeconftest('pytest_plugins = ["fastroute.check.plugin"]')
    write(pytester.path / "shop.yaml", ROUTES)
    wrong = {**TESTS["tests"][0], "test_name": "second", "validate": {"cluster_name": "d"}}
    write(pytester.path / "shop.routes.yaml", {"tests": [*TESTS["tests"], wrong]})
    write(pytester.path / "other.routes.yaml", ROUTES)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*expected: [[]d[]], actual: [[]c[]], test type: cluster_name*"])


def test_the_plugin_needs_a_configuration(pytester):
    pytester.makeconftest('pytest_plugins = ["fastroute.check.plugin"]')
    write(pytester.path / "shop.routes.yaml", TESTS)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*no configuration shop.yaml beside this test file*"])
    write(pytester.path / "elsewhere.json", ROUTES)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--route-config-path", "elsewhere.json")
    result.assert_outcomes(passed=1)


def test_a_bad_configuration_is_an_error(tmp_path):
    with pytest.raises(ConfigError):
        run(write(tmp_path / "c.json", {"virtual_hosts": 1}), write(tmp_path / "t.json", TESTS))
