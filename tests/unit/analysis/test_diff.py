"""Differences between two configurations: what is reported, where, and in which words."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from support import samples
from support.near_valid import message, near

from fastroute.analysis.diff import Change, diff, diff_messages, field_changes
from fastroute.api import names, transcode
from fastroute.cli.diff import diff as command
from fastroute.config import read
from fastroute.config.text import to_tree

SHOP: dict[str, Any] = {
    "name": "web",
    "virtual_hosts": [
        {
            "name": "shop",
            "domains": ["shop.com", "*.shop.com"],
            "routes": [
                {"name": "beta", "match": {"prefix": "/beta"}, "route": {"cluster": "beta"}},
                {
                    "name": "api",
                    "match": {"prefix": "/api"},
                    "route": {
                        "timeout": "3s",
                        "weighted_clusters": {"clusters": [{"name": "v1", "weight": 90}, {"name": "v2", "weight": 10}]},
                    },
                },
                {"match": {"prefix": "/"}, "route": {"cluster": "v1"}},
            ],
        }
    ],
}


def changes(before: object, after: object) -> list[Change]:
    return diff(read(before, strict=False), read(after, strict=False))  # type: ignore[arg-type]


def shop() -> Any:
    return copy.deepcopy(SHOP)


def said(before: object, after: object) -> list[str]:
    return [sentence for change in changes(before, after) for sentence in change.sentences()]


def test_nothing_changed() -> None:
    assert changes(SHOP, shop()) == []


def test_weights_are_told_together() -> None:
    after = shop()
    clusters = after["virtual_hosts"][0]["routes"][1]["route"]["weighted_clusters"]["clusters"]
    clusters[0]["weight"], clusters[1]["weight"] = 80, 20
    assert said(SHOP, after) == ["virtual host shop, route 1 'api': weights v1 90 → 80, v2 10 → 20"]
    (change,) = changes(SHOP, after)
    assert [(field.path, field.before, field.after) for field in change.fields] == [
        ("virtual_hosts[0].routes[1].route.weighted_clusters.clusters[0].weight", 90, 80),
        ("virtual_hosts[0].routes[1].route.weighted_clusters.clusters[1].weight", 10, 20),
    ]


def test_order_of_routes_counts_and_that_of_domains_does_not() -> None:
    after = shop()
    host = after["virtual_hosts"][0]
    host["routes"].insert(0, host["routes"].pop(1))
    host["domains"].reverse()
    assert said(SHOP, after) == ["virtual host shop, route 0 'api' moved from position 1 to 0"]


def test_routes_come_and_go() -> None:
    after = shop()
    routes = after["virtual_hosts"][0]["routes"]
    del routes[0]
    routes.insert(1, {"match": {"path": "/new"}, "redirect": {"path_redirect": "/"}})
    assert said(SHOP, after) == [
        "virtual host shop, route 1 (/new) added",
        "virtual host shop, route 0 'beta' removed",
    ]


def test_fields_that_come_go_and_change() -> None:
    after = shop()
    host = after["virtual_hosts"][0]
    host["domains"][1] = "shop.org"
    host["routes"][1]["route"]["timeout"] = "5s"
    host["routes"][2] = {"match": {"prefix": "/"}, "redirect": {"host_redirect": "x.com"}}
    assert said(SHOP, after) == [
        "virtual host shop, domains: shop.org added",
        "virtual host shop, domains: *.shop.com removed",
        "virtual host shop, route 1 'api', route.timeout: 3s → 5s",
        'virtual host shop, route 2 (/*), route: {"cluster": "v1"} → unset',
        'virtual host shop, route 2 (/*), redirect: unset → {"host_redirect": "x.com"}',
    ]


def endpoints(**hosts: int) -> dict[str, object]:
    localities = [
        {
            "locality": {"region": "eu"},
            "lb_endpoints": [
                {
                    "load_balancing_weight": weight,
                    "endpoint": {"address": {"socket_address": {"address": host, "port_value": 80}}},
                }
                for host, weight in hosts.items()
            ],
        }
    ]
    return {"endpoints": [{"cluster_name": "c", "endpoints": localities}]}


def test_endpoints() -> None:
    before, after = endpoints(a=1, b=1), endpoints(b=3, c=1)
    assert said(before, after) == [
        "locality eu, endpoint b:80, load_balancing_weight: 1 → 3",
        "locality eu, endpoint c:80 added",
        "locality eu, endpoint a:80 removed",
    ]


def test_whole_resources() -> None:
    before = {"clusters": [{"name": "a"}, {"name": "b", "type": "EDS"}]}
    after = {"clusters": [{"name": "b", "type": "STATIC"}, {"name": "d", "lb_policy": "RING_HASH"}]}
    assert [change.text() for change in changes(before, after)] == [
        'Cluster "a" removed: STATIC, ROUND_ROBIN',
        'Cluster "b" changed\n    type: EDS → STATIC',
        'Cluster "d" added: STATIC, RING_HASH',
    ]


def test_inside_anys_and_structs() -> None:
    before, after = (
        message(
            names.LISTENER,
            {
                **samples.LISTENER,
                "metadata": {"filter_metadata": {"m": {"a": 1, "b": number}}},
            },
        )
        for number in (1, 2)
    )
    (change,) = diff_messages({"l": before}, {"l": after})
    assert [field.path for field in change.fields] == ['metadata.filter_metadata["m"]["b"]']
    manager = message(names.HTTP_CONNECTION_MANAGER, samples.PLAIN_MANAGER)
    other = type(manager).FromString(manager.SerializeToString())
    other.stat_prefix = "other"  # type: ignore[attr-defined]
    packed = [message("google.protobuf.Any", {}), message("google.protobuf.Any", {})]
    for one, inner in zip(packed, (manager, other), strict=True):
        one.Pack(inner)  # type: ignore[attr-defined]
    assert [field.path for field in field_changes(*packed)] == ["stat_prefix"]


def test_keys_are_not_shown() -> None:
    def secret(key: str) -> dict[str, object]:
        certificate = {"private_key": {"inline_string": key}, "certificate_chain": {"inline_string": "c"}}
        return {"secrets": [{"name": "s", "tls_certificate": certificate}]}

    (change,) = changes(secret("one"), secret("two"))
    assert change.text() == 'Secret "s" changed\n    tls_certificate.private_key.inline_string: changed'
    assert "two" not in json.dumps(change.to_dict())


@settings(max_examples=60)
@given(st.data())
def test_a_changed_message_has_changes_and_an_equal_one_none(data: st.DataObject) -> None:
    kind, sample = data.draw(
        st.sampled_from([(names.ROUTE_CONFIGURATION, samples.ROUTES), (names.CLUSTER, samples.CLUSTER)])
    )
    before = message(kind, sample)
    after = data.draw(near([before]))
    found = list(field_changes(before, after))
    assert bool(found) == (before != after)
    for change in found:
        assert change.change == "moved" or change.before != change.after or change.before is not None


def test_the_same_read_again_is_equal() -> None:
    tree = to_tree(transcode.message(names.ROUTE_CONFIGURATION, SHOP))
    assert changes(SHOP, tree) == []


def write(path: Path, tree: object) -> str:
    path.write_text(json.dumps(tree))
    return str(path)


def test_command(tmp_path: Path) -> None:
    after = shop()
    after["virtual_hosts"][0]["routes"][1]["route"]["timeout"] = "5s"
    sides = [write(tmp_path / "a.json", SHOP), write(tmp_path / "b.json", after)]
    result = CliRunner().invoke(command, sides)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        'RouteConfiguration "web" changed',
        "    virtual host shop, route 1 'api', route.timeout: 3s → 5s",
        "0 added, 0 removed, 1 changed",
    ]
    assert CliRunner().invoke(command, [sides[0], sides[0]]).output == "no difference\n"
    tree = json.loads(CliRunner().invoke(command, [*sides, "-o", "json"]).output)
    assert tree[0]["fields"][0] == {
        "change": "changed",
        "path": "virtual_hosts[0].routes[1].route.timeout",
        "before": "3s",
        "after": "5s",
        "text": "virtual host shop, route 1 'api', route.timeout: 3s → 5s",
    }


@pytest.mark.parametrize("missing", ["nothing.json", "ftp://x"])
def test_what_is_no_source(missing: str) -> None:
    assert CliRunner().invoke(command, [missing, missing]).exit_code == 2
