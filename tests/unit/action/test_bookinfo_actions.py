"""The actions of the bookinfo route configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf import json_format
from support.decided import FakeDecision
from support.shared import shared

from fastroute.action.retry import Outcome
from fastroute.action.targets import Forward
from fastroute.api.names import ROUTE_CONFIGURATION
from fastroute.api.pool import new, pool
from fastroute.compile.actions import compile_targets
from fastroute.compile.context import Context
from fastroute.config.resources import Resource
from fastroute.errors import RejectedError


@pytest.fixture(scope="module")
def configuration():
    text = Path(shared("seed/blocks/14-rds-9080.json")).read_text(encoding="utf-8")
    start = text.index("[")
    message = new(ROUTE_CONFIGURATION)
    return json_format.ParseDict(json.loads(text[start:])[0], message, descriptor_pool=pool())


def target(configuration, index, *, strict):
    ctx = Context(Resource("9080", configuration), strict=strict)
    host = configuration.virtual_hosts[index]
    path = f"virtual_hosts[{index}].routes[0]"
    return compile_targets(host.routes[0], host, configuration, ctx, path, None), ctx


def test_a_plain_route_has_no_timeout_and_no_retries(configuration):
    found, _ = target(configuration, 0, strict=True)
    assert isinstance(found, Forward)
    assert found.cluster == "PassthroughCluster"
    decision = FakeDecision()
    assert found.action.timeout(decision) is None
    assert found.action.retry(decision) is None
    assert (b"x-envoy-attempt-count", b"1") in found.action.upstream_headers(decision)


def test_an_untyped_predicate_is_refused_and_tolerated_when_lenient(configuration):
    with pytest.raises(RejectedError, match="registered implementation"):
        target(configuration, 1, strict=True)
    found, ctx = target(configuration, 1, strict=False)
    assert len(ctx.notices) == 1
    plan = found.action.retry(FakeDecision())
    assert plan.num_retries == 2
    assert plan.should_retry(Outcome(503))
    assert plan.should_retry(Outcome(503), 2)
    assert not plan.should_retry(Outcome(503), 3)
    assert not plan.should_retry(Outcome(500))
    assert plan.should_retry(Outcome(200, ((b"grpc-status", b"14"),)))
    assert found.action.decorator(FakeDecision()) == "details.default.svc.cluster.local:9080/*"
    assert "istio" in found.action.metadata(FakeDecision())


def test_a_fault_of_the_route_delays(configuration):
    found, _ = target(configuration, 3, strict=False)
    fault = found.action.fault(FakeDecision())
    assert fault.delay == 2.0
    assert fault.status is None
    assert found.action.filter_config(FakeDecision(), "envoy.filters.http.fault")["delay"]["fixed_delay"] == "2s"
