"""`fastroute validate`: verdicts, places, formats and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.envoy import require_binary
from support.shared import shared

from fastroute.cli import as_envoy, sarif
from fastroute.cli.validate import validate
from fastroute.cli.verdict import Finding, Verdict
from fastroute.errors import Conflict

GOOD = {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"]}]}
BAD = """name: r
virtual_hosts:
- name: v
  domains: ["*"]
  routes:
  - match: {path_separated_prefix: /a/}
    redirect: {}
  - match: {prefix: /}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(validate, [str(argument) for argument in arguments])


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_what_envoy_takes(tmp_path: Path) -> None:
    result = run(write(tmp_path / "good.json", GOOD))
    assert result.exit_code == 0
    assert "Envoy takes it (0 errors" in result.output


def test_every_error_with_its_place_and_remedy(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.yaml", BAD)
    result = run(path)
    assert result.exit_code == 1
    assert f"{path}:6:13: error[constraint]" in result.output
    assert f"{path}:8:5: error[required]" in result.output
    assert "Set one of route, redirect" in result.output


def test_json_output(tmp_path: Path) -> None:
    result = run("-o", "json", write(tmp_path / "bad.yaml", BAD))
    (verdict,) = json.loads(result.output)
    assert not verdict["ok"]
    assert {finding["code"] for finding in verdict["findings"]} == {"constraint", "required"}
    assert verdict["findings"][0]["line"] == 6


def test_sarif_output(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.yaml", BAD)
    run_log = json.loads(run("-o", "sarif", path).output)["runs"][0]
    region = run_log["results"][0]["locations"][0]["physicalLocation"]
    assert region["region"] == {"startLine": 6, "startColumn": 13}
    assert region["artifactLocation"]["uri"] == path.as_uri()
    assert run_log["tool"]["driver"]["name"] == "fastroute validate"


def test_a_comment_in_json_is_an_error_of_envoys(tmp_path: Path) -> None:
    result = run(write(tmp_path / "c.json", "{ // nothing\n}"))
    assert result.exit_code == 1
    assert "error[comment]" in result.output


def test_deprecated_fields_are_warnings(tmp_path: Path) -> None:
    cluster = {"name": "c", "http2_protocol_options": {}}
    path = write(tmp_path / "c.json", cluster)
    result = run(path)
    assert result.exit_code == 0
    assert "warning[deprecated]" in result.output
    assert "explicit_http_config.http2_protocol_options" in result.output
    assert run("--strict", path).exit_code == 1


def test_several_files(tmp_path: Path) -> None:
    result = run(write(tmp_path / "a.json", GOOD), write(tmp_path / "b.yaml", BAD))
    assert result.exit_code == 1
    assert "a.json: Envoy takes it" in result.output
    assert "b.yaml: Envoy refuses it" in result.output


def test_not_configuration(tmp_path: Path) -> None:
    result = run(write(tmp_path / "a.json", '{"name": "r", "virtualHost": []}'))
    assert result.exit_code == 1
    assert "error[unknown-field]" in result.output


DEPRECATED_IN_THE_SEED = {
    "static_resources.clusters[2].http2_protocol_options",
    "static_resources.clusters[3].max_requests_per_connection",
    "static_resources.clusters[3].http2_protocol_options",
    "static_resources.clusters[4].respect_dns_ttl",
    "tracing",
    "admin.access_log_path",
}


def test_the_seeds_bootstrap() -> None:
    result = run("-o", "json", shared("seed/bootstrap-comment-stripped.json"))
    (verdict,) = json.loads(result.output)
    assert verdict["ok"]
    warnings = [finding for finding in verdict["findings"] if finding["level"] == "warning"]
    assert {finding["path"] for finding in warnings} == DEPRECATED_IN_THE_SEED
    assert all(finding["remedy"].startswith("Use ") for finding in warnings)


def test_the_seeds_bootstrap_without_warnings() -> None:
    (verdict,) = json.loads(run("-o", "json", shared("seed/bootstrap-current-zero-warnings.json")).output)
    assert verdict["ok"]
    assert not [finding for finding in verdict["findings"] if finding["level"] == "warning"]


@pytest.mark.envoy
@pytest.mark.parametrize("content", [GOOD, BAD])
def test_beside_the_real_envoy(tmp_path: Path, content: Any) -> None:
    require_binary()
    path = write(tmp_path / ("a.yaml" if isinstance(content, str) else "a.json"), content)
    result = run("--as-envoy", path)
    assert "the real Envoy agrees" in result.output
    assert result.exit_code == (1 if content is BAD else 0)


def test_a_route_configuration_by_itself_may_name_any_cluster_as_over_rds(tmp_path: Path) -> None:
    require_binary()
    route = {"match": {"prefix": "/"}, "route": {"cluster": "elsewhere"}}
    host = {"name": "v", "domains": ["*"], "routes": [route]}
    for checked in ({}, {"validate_clusters": True}):
        result = run("--as-envoy", write(tmp_path / "r.json", {"name": "r", "virtual_hosts": [host], **checked}))
        assert "the real Envoy agrees: it takes it" in result.output


def test_a_conflict_names_the_other_item(tmp_path: Path) -> None:
    text = "name: r\nvirtual_hosts:\n- {name: a, domains: [x.com]}\n- {name: b, domains: [y.com, X.com]}\n"
    path = write(tmp_path / "c.yaml", text)
    output = run(path).output
    assert f"{path}:4:30: error[rejected]" in output
    assert f"It conflicts with virtual_hosts[0].domains[0] ({path}:3:23)." in output
    (verdict,) = json.loads(run("-o", "json", path).output)
    assert verdict["findings"][0]["conflict"].startswith("virtual_hosts[0].domains[0] (")
    (result,) = json.loads(run("-o", "sarif", path).output)["runs"][0]["results"]
    assert result["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 23}


MISSPELT = """node: {id: yes}
static_resources:
  listeners:
  - name: in
    address: {socket_address: {address: 0.0.0.0, port_value: 1}}
    filter_chains:
    - filters:
      - name: t
        typed_config:
          "@type": type.googleapis.com/envoy.config.filter.network.tcp_proxy.v2.TcpProxy
  - name: web
    address: {socket_address: {address: 0.0.0.0, port_value: 2}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: s
          http_filters:
          - {name: r, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.roter.v3.Router}}
          route_config:
            virtual_hosts:
            - name: v
              domains: ["*"]
              routes: [{match: {prefix: /}, route: {cluster: bleu, prefix_rewrite: /a, regex_rewrite: {
                pattern: {regex: a}, substitution: b}}}]
  clusters: [{name: blue, type: STATIC, load_assignment: {cluster_name: blue, endpoints: [{lb_endpoints: [{endpoint: {
    address: {socket_address: {address: backend, port_value: 80}}}}]}]}}]
"""


def test_each_error_says_what_was_meant(tmp_path: Path) -> None:
    output = run(write(tmp_path / "b.yaml", MISSPELT)).output
    assert "put quotes around the text" in output
    assert "Did you mean envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy?" in output
    assert "Did you mean envoy.extensions.filters.http.router.v3.Router?" in output
    assert "unknown cluster 'bleu'" in output, "nothing that could not be read is a cluster"
    assert "route.regex_rewrite: Specify only one of" in output
    assert "It conflicts with filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0]" in output
    assert "Write an IP address, or set the type of the cluster to STRICT_DNS." in output


def test_a_cluster_that_cannot_be_read_may_be_the_one_that_is_named(tmp_path: Path) -> None:
    broken = MISSPELT.replace("{name: blue,", "{name: no,")
    assert "unknown cluster" not in run(write(tmp_path / "b.yaml", broken)).output


def test_sarif_names_the_other_item_and_where_envoy_disagrees() -> None:
    other = Finding("error", "rejected", "twice", conflict=Conflict("clusters[0]"), remedy="Rename one.")
    report: Any = sarif.report([Verdict("a.yaml", (other,))], {"a.yaml": "the real Envoy DISAGREES"})
    run_log = report["runs"][0]
    texts = [result["message"]["text"] for result in run_log["results"]]
    assert texts == ["twice. It conflicts with clusters[0]. Rename one.", "the real Envoy DISAGREES"]
    assert [rule["id"] for rule in run_log["tool"]["driver"]["rules"]] == ["envoy-disagrees", "rejected"]


SHADOWED = """name: r
virtual_hosts:
- name: v
  domains: ["*"]
  routes:
  - match: {prefix: /}
    redirect: {}
  - match: {path: /a}
    redirect: {}
"""


def test_routes_out_of_reach_are_warnings_that_name_the_other_route(tmp_path: Path) -> None:
    path = write(tmp_path / "s.yaml", SHADOWED)
    result = run(path)
    assert result.exit_code == 0
    assert f'{path}:8:5: warning[shadowed]: RouteConfiguration "r": virtual_hosts[0].routes[1]: ' in result.output
    assert f"See virtual_hosts[0].routes[0] ({path}:6:5)." in result.output
    assert run("--strict", path).exit_code == 1
    (found,) = json.loads(run("-o", "sarif", path).output)["runs"][0]["results"]
    assert (found["ruleId"], found["level"]) == ("shadowed", "warning")
    assert found["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 6
    assert found["message"]["text"].endswith("Move it before that route, or remove it.")


def test_findings_stand_in_the_order_of_the_text(tmp_path: Path) -> None:
    path = write(
        tmp_path / "bad.yaml", BAD + "- {name: w, domains: ['*'], routes: [{match: {safe_regex: {regex: (}}}]}\n"
    )
    (verdict,) = json.loads(run("-o", "json", path).output)
    assert [finding["line"] for finding in verdict["findings"]] == sorted(
        finding["line"] for finding in verdict["findings"]
    )
    assert {finding["code"] for finding in verdict["findings"]} == {"constraint", "required", "rejected"}


def test_envoy_is_not_asked_what_cannot_be_put_into_a_bootstrap(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text("name: r\nvirtual_hosts: [{name: v, domains: [y]}]\n")
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "a.json").write_text("{")
    for source in (file, tmp_path / "all"):
        answer = as_envoy.ask(str(source), Path("/nowhere/envoy"))
        assert answer.ok is None
        assert answer.message


def test_the_help_tells_the_exit_codes() -> None:
    text = CliRunner().invoke(validate, ["--help"]).output
    assert "Exit codes: 0 Envoy takes every source, 1 it refuses one" in text


def test_sarif_has_what_its_schema_requires(tmp_path: Path) -> None:
    """The required properties of SARIF 2.1.0, and the values that it allows."""
    file = tmp_path / "r.yaml"
    file.write_text(BAD)
    log = json.loads(run("-o", "sarif", file, write(tmp_path / "good.json", GOOD)).output)
    assert log["version"] == "2.1.0"
    for one in log["runs"]:
        rules = [rule["id"] for rule in one["tool"]["driver"]["rules"]]
        assert one["tool"]["driver"]["name"]
        assert len(set(rules)) == len(rules)
        assert one["results"]
        for result in one["results"]:
            assert result["message"]["text"]
            assert result["ruleId"] in rules
            assert result["level"] in ("none", "note", "warning", "error")
            for place in (*result["locations"], *result.get("relatedLocations", [])):
                assert place["physicalLocation"]["artifactLocation"]["uri"].startswith("file:///")
                assert place["physicalLocation"]["region"]["startLine"] >= 1
    assert log == json.loads(run("-o", "sarif", file, tmp_path / "good.json").output)
