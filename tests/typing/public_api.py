"""The public types as a contract: checked by mypy and pyright, never run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, assert_type

import fastroute
from fastroute import Chain, Connection, Decision, Endpoint, Explanation, Router, Snapshot, Step

snapshot = fastroute.load("envoy.yaml")
assert_type(snapshot, Snapshot)
assert_type(fastroute.load(Path("envoy.yaml"), strict=False, runtime={"key": 1}), Snapshot)
assert_type(fastroute.load(b"{}"), Snapshot)
assert_type(fastroute.load({"routes": []}), Snapshot)

router = Router(snapshot, random=lambda: 7)
assert_type(router.swap(snapshot), Snapshot)
assert_type(router.connect(Connection(destination=("10.0.0.1", 80))), Chain | None)

decision = router.route("example.com", b"/path", "GET", [("x-a", "b")], random=1)
assert_type(decision, Decision)
assert_type(decision.kind, Literal["forward", "redirect", "respond"])
assert_type(decision.cluster, str | None)
assert_type(decision.status, int)
assert_type(decision.upstream_headers(), list[tuple[bytes, bytes]])
router.route("example.com", None, "CONNECT", {"x-a": "b"})
router.route(b"example.com", "/", headers=((b"x-a", b"b"),))

assert_type(router.pick(decision), Endpoint | None)
assert_type(router.pick("cluster", hash=1, skip=["127.0.0.1:80"]), Endpoint | None)
assert_type(router.explain("example.com", "/"), Explanation)
assert_type(router.explain("example.com", "/").steps, tuple[Step, ...])

try:
    fastroute.load("envoy.yaml")
except fastroute.ConfigError as error:
    assert_type(error.path, str)
    assert_type(error.where, fastroute.Where | None)
    assert_type(error.others, tuple[fastroute.ConfigError, ...])
