"""The seed's request through everything that is real: rules in the kernel, two agents, two Envoys, mutual TLS.

productpage's application asks http://reviews:9080/reviews/0; its bytes go through the rules to 15001, Envoy's generated
listener, route and cluster, over mutual TLS to the other pod, whose rules bring them to 15006, and to the application.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.netns import require_root
from support.two_pods import CALLED, CALLER, mesh

pytestmark = [pytest.mark.envoy, pytest.mark.root]
REVIEWS = "10.231.20.47"


def test_s090_from_the_application_to_the_application(short_path: Path) -> None:
    require_root()
    with mesh(short_path) as pods:
        caller, called = pods[CALLER], pods[CALLED]
        for _ in range(5):  # the route gives half a second, which a busy machine may miss at first
            status, body = caller.get(REVIEWS, "/reviews/0", "reviews:9080", user=1000)
            if status != 504:
                break
        assert status == 200, body
        seen = json.loads(body)
        assert seen["path"] == "/reviews/0"
        assert seen["headers"]["x-envoy-attempt-count"] == "1"
        assert seen["headers"]["host"] == "reviews:9080"
        assert "x-forwarded-proto" in seen["headers"]

        status, body = caller.get("10.240.2.74", "/plain", "x", user=0)
        assert status == 200, "PERMISSIVE: plain text of who is no part of the mesh is taken too"
        assert "x-forwarded-proto" in json.loads(body)["headers"], "and it went through the proxy"

        status, body = called.get("127.0.0.1", "/own", "x", user=1000)
        assert status == 200
        assert "x-forwarded-proto" not in json.loads(body)["headers"], "S-066: loopback bypasses Envoy"
