"""The parts of the mesh that need neither root nor namespaces: names, logs, manifests, containers, changes."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path

import pytest
from support.lab import EXAMPLE

from fastroute.lab import access_log, application, bookinfo, needs, run
from fastroute.lab.access_log import FORMAT, AccessLog, Line
from fastroute.lab.containers import INIT, PROXY, Json, container, with_sidecar
from fastroute.lab.counters import place_of
from fastroute.lab.failure import LabError
from fastroute.lab.journey import Mesh
from fastroute.lab.manifests import Manifests
from fastroute.lab.users import User
from fastroute.pilot.inject.values import Values
from fastroute.pilot.profiles import PROFILES

REVIEWS = "reviews-v2-6c5bf657cf-9hcfk"


@pytest.fixture
def manifests(tmp_path: Path) -> Manifests:
    return Manifests.copy(EXAMPLE, tmp_path / "manifests")


def injected(manifests: Manifests, **config: str) -> Json:
    pod = next(one for _, one in manifests.objects("Pod") if one["metadata"]["name"] == REVIEWS)
    made = with_sidecar(pod, "x.yaml", Values(PROFILES["current"], proxy_config=config))
    assert made is not None
    return made


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert needs.missing().startswith("root on Linux")


def test_only_what_belongs_to_a_process_that_is_gone_is_left_over(tmp_path: Path) -> None:
    mine, other = run.Run.of_this_process(), run.Run.of_this_process()
    assert mine != other
    dead = f"{run.PREFIX}-{os.getpid()}-1-1"
    for name in (mine.space("node"), f"{dead}-node", dead, "somebody-else", f"{run.PREFIX}-x"):
        (tmp_path / name).mkdir()
    assert [one.name for one in run._left(tmp_path)] == [dead, f"{dead}-node"]


def test_every_field_of_a_line_is_asked_for() -> None:
    assert [one.name for one in fields(Line)] == list(FORMAT)


def test_lines_as_envoy_writes_them() -> None:
    line = access_log.parse(
        '{"id":"a","status":200,"flags":"-","rule":null,"attempts":null,"listener":"virtualInbound"}'
    )
    assert line == Line(id="a", status=200, listener="virtualInbound")
    assert line.inbound


def test_a_log_is_read_as_it_grows(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    log = AccessLog(file)
    assert log.poll() == []
    file.write_text('{"id":"a"}\n{"id":')
    assert [one.id for one in log.poll()] == ["a"]
    with file.open("a") as more:
        more.write('"b"}\n')
    assert [one.id for one in log.poll()] == ["a", "b"]
    assert log.wait(lambda line: line.id == "b", "b", after=1).id == "b"
    with pytest.raises(LabError, match="has not logged a request"):
        log.wait(lambda line: line.id == "a", "a request", 0.01, after=1)


def test_manifests_change_one_object_and_leave_no_half_written_file(manifests: Manifests) -> None:
    assert json.loads(manifests.mesh["accessLogFormat"]) == FORMAT
    manifests.set_rule("VirtualService", "reviews", {"hosts": ["reviews"], "http": []})
    assert manifests.rule("VirtualService", "reviews") == {"hosts": ["reviews"], "http": []}
    assert manifests.rule("VirtualService", "ratings")["http"][0]["fault"]
    assert not list(manifests.directory.rglob("*.new"))
    with pytest.raises(LabError, match="no VirtualService nobody"):
        manifests.rule("VirtualService", "nobody")


def test_containers_run_as_the_injector_says(manifests: Manifests) -> None:
    pod = injected(manifests)
    first, proxy = container(pod, INIT), container(pod, PROXY)
    assert first.arguments[:3] == ("istio-iptables", "-p", "15001")
    assert first.user == User(0, 0, ("net_admin", "net_raw"))
    assert proxy.user == User(1337, 1337)
    assert proxy.arguments[:4] == ("proxy", "sidecar", "--domain", "default.svc.cluster.local")
    assert proxy.environment["INSTANCE_IP"] == "10.240.2.74"
    assert proxy.environment["SERVICE_ACCOUNT"] == "bookinfo-reviews"
    assert proxy.environment["CANONICAL_REVISION"] == "v2"
    assert container(injected(manifests, interceptionMode="TPROXY"), PROXY).user == User(0, 1337, ("net_admin",))


def test_pods_without_a_sidecar_stay_as_they_are(manifests: Manifests) -> None:
    pod = next(one for _, one in manifests.objects("Pod") if one["metadata"]["name"] == "istiod-0")
    assert with_sidecar(pod, "x.yaml", Values(PROFILES["current"])) is None


def test_the_calls_of_the_applications() -> None:
    assert application.calls("productpage", "v1", "/productpage?u=x") == [
        ("details", "/details/0"),
        ("reviews", "/reviews/0"),
    ]
    assert application.calls("reviews", "v3", "/reviews/7") == [("ratings", "/ratings/7")]
    assert application.calls("reviews", "v1", "/reviews/7") == []
    assert application.calls("reviews", "v2", "/other") == []
    assert application.passed_on([("End-User", "jason"), ("cookie", "x")]) == {"end-user": "jason"}


@pytest.mark.parametrize("change", list(bookinfo.changes()), ids=lambda change: change.name)
def test_every_change_makes_a_configuration_that_loads(manifests: Manifests, change: bookinfo.Change) -> None:
    change.apply(manifests)
    assert Mesh.read(manifests.directory, "current", strict=True).pod(REVIEWS).snapshot.notices == ()


@pytest.mark.parametrize("mode", ["REDIRECT", "TPROXY"])
def test_rules_are_found_where_the_kernel_has_them(manifests: Manifests, mode: str) -> None:
    """Rules that are inserted later stand before those that were appended earlier."""
    manifests.set_mesh(defaultConfig={"interceptionMode": mode})
    pod = Mesh.read(manifests.directory, "current", strict=True).pod(REVIEWS)
    arrived = pod.inbound("10.240.2.38", 9080)
    assert arrived.rule is not None
    wanted = ("nat", "ISTIO_IN_REDIRECT", 0) if mode == "REDIRECT" else ("mangle", "ISTIO_TPROXY", 0)
    assert place_of(pod.rules, arrived.rule) == wanted
    delivered = pod.delivered("10.240.2.74", 9080, "127.0.0.6" if mode == "REDIRECT" else "10.240.2.38")
    assert delivered.rule is not None
    assert delivered.action == "pass"
    assert place_of(pod.rules, delivered.rule)[:2] == ("nat", "ISTIO_OUTPUT")
