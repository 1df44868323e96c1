"""Wrong values in every field of every kind: an error with file, line and field, or resources that Envoy takes.

One bad object must not cost more than itself: what Envoy refuses in one route, it refuses with all routes that come
with it. Each field of each kind is tried with each value of `wrong_values.WRONG`, one at a time.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from support import bookinfo, wrong_values

import fastroute
from fastroute.pilot import discovery
from fastroute.pilot.discovery.analyze import analyze
from fastroute.pilot.discovery.registry.directory import File, assemble, parse
from fastroute.pilot.discovery.registry.kinds import KINDS
from fastroute.pilot.discovery.registry.mesh import MeshConfig

FILES = ("mesh.yaml", "productpage.yaml", "reviews.yaml")


@functools.cache
def base() -> tuple[File, ...]:
    """A small mesh, with a service for every name that samples have."""
    spec = {
        "hosts": ["sample.example", "sample"], "addresses": ["10.9.9.9"], "resolution": "STATIC",
        "ports": [
            {"number": 9080, "name": "http", "protocol": "HTTP"}, {"number": 443, "name": "tls", "protocol": "TLS"},
        ],
        "endpoints": [{"address": "10.8.8.8"}],
    }  # fmt: skip
    entry = {
        "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": "sample"}, "spec": spec,
    }  # fmt: skip
    found = [file for file in sorted(bookinfo.DIRECTORY.rglob("*.yaml")) if file.name in FILES]
    return (*(parse(str(file), file.read_text(encoding="utf-8")) for file in found), parse("e", json.dumps(entry)))


def objects(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each field of each kind is, and an object that has `value` there."""
    for (group, kind), entry in KINDS.items():
        head = {"apiVersion": f"{group}/{entry.versions[-1]}".lstrip("/"), "kind": kind}
        meta = {"name": "sample", "labels": {"app": "reviews", "kubernetes.io/service-name": "reviews"}}
        for path, body in wrong_values.with_each(entry.spec, value):
            yield f"{kind} {path}", head | {"metadata": meta} | _completed(kind, entry.whole, body)
    for path, body in wrong_values.with_each(MeshConfig, value):
        meta = {"name": "istio", "namespace": "istio-system"}
        yield f"MeshConfig {path}", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"mesh": body}}


def _completed(kind: str, whole: bool, body: dict[str, Any]) -> dict[str, Any]:
    """What lets a field have an effect."""
    if kind == "Service":
        body.setdefault("ports", [{"port": 9080, "name": "http"}])
    elif kind == "DestinationRule" and body["host"] == "sample":
        body["host"] = "reviews"
    elif kind == "VirtualService" and not {"tls", "tcp"} & body.keys():
        body.setdefault("http", [{"route": [{"destination": {"host": "reviews"}}]}])
    return body if whole else {"spec": body}


def check(where: str, one: dict[str, Any], value: object) -> None:
    """One object, with `value` where its mark is."""
    where = f"{where} {value!r:.60}"
    wrong = wrong_values.put(one, value)
    if where.startswith("MeshConfig"):
        wrong["data"] = {"mesh": json.dumps(wrong["data"]["mesh"])}
    registry = assemble([base(), [parse("wrong.json", json.dumps(wrong))]], strict=False)
    for error in registry.errors:
        assert error.where is not None, where
        assert error.where.line, where
        assert error.path or "not YAML" in str(error) or "MeshConfig" in str(error), (where, str(error))
    if not registry.errors and registry.pods:
        caller = discovery.Proxy.of_pod(registry, bookinfo.PRODUCTPAGE)
        made = discovery.generate(registry, caller, "current").as_mapping()
        fastroute.load(made, strict=True)
        analyze(registry, generated=False)


def test_each_field_with_a_wrong_value() -> None:
    """By turns: each value comes in many fields, each field has one."""
    for (where, one), value in zip(objects(wrong_values.MARK), itertools.cycle(wrong_values.WRONG), strict=False):
        check(where, one, value)


@pytest.mark.long
def test_each_field_with_each_wrong_value() -> None:
    for where, one in objects(wrong_values.MARK):
        for value in wrong_values.WRONG:
            check(where, one, value)
