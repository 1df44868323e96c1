"""A real mesh of bookinfo in network namespaces: real packets, real agents, real Envoys, one discovery server.

What the Envoys log is compared with Router, request by request, for all that `fastroute mesh` does.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.lab import EXAMPLE, left_over, require_mesh

from fastroute.lab import bookinfo, start
from fastroute.lab.changes import Asker, Change, carry_out
from fastroute.lab.client import Asked, Client
from fastroute.lab.mesh import Lab
from fastroute.lab.steps import steps
from fastroute.lab.walk import walk

pytestmark = [pytest.mark.envoy, pytest.mark.root]
CHANGES = {change.name: change for change in bookinfo.changes()}


@pytest.fixture(scope="module")
def mesh() -> Iterator[Lab]:
    """The running mesh; the tests of this module go through it in order."""
    require_mesh()
    with start.mesh(EXAMPLE) as running:
        yield running
    assert not left_over(running.run.name), "everything is removed"


def test_the_twelve_steps_with_real_packets(mesh: Lab) -> None:
    walked = walk(mesh, mesh.pod("productpage-v1"), "http://reviews:9080/reviews/0")
    found = list(steps(walked))
    assert len(found) == 12
    assert [fact for step in found for fact in step.facts if not fact.equal] == []
    assert walked.outbound.details == "response_timeout", "ratings are held back for longer than reviews may take"
    assert (walked.outbound.called, walked.inbound.caller) == (
        "spiffe://cluster.local/ns/default/sa/bookinfo-reviews",
        "spiffe://cluster.local/ns/default/sa/bookinfo-productpage",
    )
    assert all((pod.user.uid, pod.user.gid) == (1337, 1337) for pod in mesh.pods.values())


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_takes_effect_without_a_restart(mesh: Lab, change: Change) -> None:
    outcome = carry_out(mesh, change)
    assert [one for one in outcome.measured if not one.holds] == []
    assert outcome.report.differences == []
    assert {pod.short: pod.restarts() for pod in mesh.pods.values()} == dict.fromkeys(
        ("productpage-v1", "details-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3"), 0
    )
    if change.name == "drawn":
        assert outcome.report.requests == bookinfo.DRAWN
        assert outcome.report.lines > bookinfo.DRAWN


def test_s090_plain_text_of_who_is_no_part_of_the_mesh_is_taken_too(mesh: Lab) -> None:
    """PERMISSIVE: no TLS and no identity, but through the proxy."""
    pod = mesh.pod("reviews-v2")
    with Client(mesh.network.node) as stranger:
        answer = stranger.ask(Asked(pod.address, "/plain", (("x-request-id", "plain"),)))
    assert (answer.status, answer.served_by) == (200, "reviews-v2")
    line = pod.log.wait(lambda one: one.id == "plain", "plain text")
    assert (line.listener, line.cluster) == ("virtualInbound", "inbound|9080||")
    assert (line.tls, line.caller) == ("", "")


def test_s066_loopback_bypasses_envoy(mesh: Lab) -> None:
    pod = mesh.pod("reviews-v2")
    for name in ("own", "later"):
        address = "127.0.0.1" if name == "own" else "reviews"
        answer = mesh.clients[pod.short].ask(Asked(address, "/x", (("x-request-id", name),)))
        assert answer.status == 200
    pod.log.wait(lambda line: line.id == "later", "the later request")
    assert not [line for line in pod.log.lines if line.id == "own"]
    assert pod.received("own").startswith("from=127.0.0.1 GET /x")


def test_a_difference_would_be_found(mesh: Lab) -> None:
    """Router over manifests that say something else than the Envoys have."""
    asker = Asker(mesh, "other")
    asker.get("reviews", "/reviews/0")
    spec = {"hosts": ["reviews"], "http": [{"name": "other", "route": [bookinfo.route("reviews", "v2")]}]}
    mesh.manifests.set_rule("VirtualService", "reviews", spec)
    mesh.changed()
    found = asker.compare().differences
    assert any("route is 'rest' in Envoy, 'other' by Router" in difference for difference in found)
