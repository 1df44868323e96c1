"""One resource of 10 000 changes: from its wire form to a router that answers by it; the rival is a load of all.

The parts are timed apart as well: what `Snapshot.updated` costs, and what publishing costs (`Router.swap`).
"""

import itertools

import pytest
from rigs.scale import size
from rigs.turns import OURS

import fastroute
from fastroute.api import names, transcode
from fastroute.snapshot import Changes

COUNT = size(100, 10_000)
AT = COUNT // 2 - 1


def told(benchmark, what, who=OURS):
    benchmark.extra_info.update(suite="update", who=who, kind=what, size=COUNT, where="all")


def cluster(number):
    source = {"eds_config": {"ads": {}}, "service_name": f"s{number}"}
    return transcode.message(names.CLUSTER, {"name": f"c{number}", "type": "EDS", "eds_cluster_config": source})


def assignment(number, port):
    hosts = [
        {"endpoint": {"address": {"socket_address": {"address": f"10.0.0.{at}", "port_value": port}}}}
        for at in range(1, 4)
    ]
    tree = {"cluster_name": f"s{number}", "endpoints": [{"lb_endpoints": hosts}]}
    return transcode.message(names.CLUSTER_LOAD_ASSIGNMENT, tree)


def table(target):
    """10 000 virtual hosts of two routes each; that at AT sends its requests to `target`."""
    hosts = [
        {
            "name": f"v{number}",
            "domains": [f"s{number}.example", f"s{number}.example:80"],
            "routes": [
                {"match": {"prefix": "/api"}, "route": {"cluster": f"c{number if number != AT else target}"}},
                {"match": {"prefix": "/"}, "route": {"cluster": "c0"}},
            ],
        }
        for number in range(COUNT)
    ]
    return transcode.message(names.ROUTE_CONFIGURATION, {"name": "r", "virtual_hosts": hosts})


@pytest.fixture(scope="module")
def everything():
    return {
        "clusters": [cluster(number) for number in range(COUNT)],
        "endpoints": [assignment(number, 80) for number in range(COUNT)],
        "routes": [table(AT)],
    }


@pytest.fixture(scope="module")
def snapshot(everything):
    """A snapshot that has followed two changes already, so that the one-off index is there."""
    made = fastroute.load(everything)
    for body in (table(1).SerializeToString(), table(AT).SerializeToString()):
        made = made.updated(Changes(routes={"r": body}))
    return made


@pytest.fixture
def router(snapshot):
    return fastroute.Router(snapshot)


@pytest.fixture(scope="module")
def assignments():
    return [assignment(AT, port).SerializeToString() for port in (81, 82)]


@pytest.fixture(scope="module")
def tables():
    return [table(target).SerializeToString() for target in (7, 8)]


def port(router):
    return router.snapshot.clusters[f"c{AT}"].endpoints[0].port


def target(router):
    return router.route(f"s{AT}.example", "/api/x").cluster


def publish(router, changes):
    router.swap(router.snapshot.updated(changes))


@pytest.mark.parametrize("step", ["compile and publish", "compile", "publish"])
def test_one_assignment(benchmark, router, assignments, step):
    told(benchmark, f"load assignment: {step}")
    sent = itertools.cycle([Changes(endpoints={f"s{AT}": body}) for body in assignments])
    if step == "compile and publish":
        benchmark(lambda: publish(router, next(sent)))
    elif step == "compile":
        router.swap(benchmark(lambda: router.snapshot.updated(next(sent))))
    else:
        made = itertools.cycle([router.snapshot.updated(next(sent)) for _ in range(2)])
        benchmark(lambda: router.swap(next(made)))
    assert port(router) in (81, 82)
    assert len(router.snapshot.clusters) == COUNT


@pytest.mark.parametrize("step", ["compile and publish", "compile", "publish"])
def test_one_virtual_host(benchmark, router, tables, step):
    told(benchmark, f"virtual host: {step}")
    sent = itertools.cycle([Changes(routes={"r": body}) for body in tables])
    if step == "compile and publish":
        benchmark(lambda: publish(router, next(sent)))
    elif step == "compile":
        router.swap(benchmark(lambda: router.snapshot.updated(next(sent))))
    else:
        made = itertools.cycle([router.snapshot.updated(next(sent)) for _ in range(2)])
        benchmark(lambda: router.swap(next(made)))
    assert target(router) in ("c7", "c8")
    assert router.route("s5.example", "/api").cluster == "c5"


def test_one_cluster_more_and_less(benchmark, router):
    told(benchmark, "a cluster more, and one less again: compile and publish")
    more, less = Changes(clusters={f"c{COUNT}": cluster(COUNT)}), Changes(clusters={f"c{COUNT}": None})

    def run():
        publish(router, more)
        assert f"c{COUNT}" in router.snapshot.clusters
        publish(router, less)

    benchmark(run)
    assert len(router.snapshot.clusters) == COUNT


def test_rival_load_all_clusters(benchmark, everything):
    """What one changed assignment costs without updates."""
    told(benchmark, "load assignment: compile and publish", "load all again")
    endpoints = [each for each in everything["endpoints"] if each.cluster_name != f"s{AT}"]
    source = {"clusters": everything["clusters"], "endpoints": [*endpoints, assignment(AT, 81)]}
    router = fastroute.Router(benchmark.pedantic(fastroute.load, (source,), rounds=3))
    assert port(router) == 81


def test_rival_load_all_virtual_hosts(benchmark, tables):
    """What one changed virtual host costs without updates, the clusters left aside."""
    told(benchmark, "virtual host: compile and publish", "load all again")
    source = {"routes": [transcode.parse(names.ROUTE_CONFIGURATION, tables[0])], "clusters": []}
    router = fastroute.Router(benchmark.pedantic(fastroute.load, (source,), rounds=3))
    assert target(router) == "c7"
