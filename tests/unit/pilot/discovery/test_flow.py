"""S-090: the twelve steps, from the caller's connection to the called application, in both profiles."""

from __future__ import annotations

import pytest
from support import bookinfo

import fastroute
from fastroute.pilot import discovery

APP = ("10.240.2.38", 41000)
FIRST = b"GET /reviews/0 HTTP/1.1\r\nhost: reviews:9080\r\n\r\n"


def router(pod: str, profile: str) -> fastroute.Router:
    registry = bookinfo.registry()
    made = discovery.generate(registry, discovery.Proxy.of_pod(registry, pod), profile)
    return fastroute.Router(fastroute.load(made.as_mapping(), strict=profile == "current"), random=lambda: 0)


@pytest.mark.parametrize("profile", ["1.8", "current"])
def test_s090_from_application_to_application(profile: str) -> None:
    caller = router(bookinfo.PRODUCTPAGE, profile)
    # The application connects to the service; iptables hands the connection to virtualOutbound on 15001.
    wanted = ("10.231.20.47", 9080)
    outbound = caller.connect(
        fastroute.Connection(destination=wanted, source=APP, accepted=("10.240.2.38", 15001), first_bytes=FIRST)
    )
    assert outbound is not None
    assert outbound.listener == "0.0.0.0_9080"
    decision = caller.route("reviews:9080", "/reviews/0", chain=outbound)
    assert (decision.kind, decision.route_config) == ("forward", "9080")
    assert decision.virtual_host == "reviews.default.svc.cluster.local:9080"
    assert decision.cluster == "outbound|9080|v2|reviews.default.svc.cluster.local"
    endpoint = caller.pick(decision)
    assert endpoint is not None
    assert (endpoint.address, endpoint.port) == ("10.240.2.74", 9080)
    # There iptables hands it to virtualInbound on 15006.
    called = router("reviews-v2-6c5bf657cf-9hcfk", profile)
    inbound = called.connect(
        fastroute.Connection(
            destination=(endpoint.address, 9080), source=APP, accepted=(endpoint.address, 15006), first_bytes=FIRST
        )
    )
    assert inbound is not None
    assert inbound.listener == "virtualInbound"
    arrived = called.route("reviews:9080", "/reviews/0", chain=inbound)
    assert (arrived.kind, arrived.cluster) == ("forward", "inbound|9080||")
    if profile == "1.8":
        application = called.pick(arrived)
        assert application is not None
        assert (application.address, application.port) == ("127.0.0.1", 9080)


@pytest.mark.parametrize("profile", ["1.8", "current"])
@pytest.mark.parametrize(
    ("destination", "accepted", "kind", "cluster"),
    [
        (("93.184.216.34", 4444), 15001, "tcp", "PassthroughCluster"),
        (("10.240.2.38", 15001), 15001, "tcp", "BlackHoleCluster"),
        (("10.240.2.38", 15006), 15006, "tcp", "BlackHoleCluster"),
    ],
)
def test_s060_s061_s065_connections_to_nowhere(
    profile: str, destination: tuple[str, int], accepted: int, kind: str, cluster: str
) -> None:
    chain = router(bookinfo.PRODUCTPAGE, profile).connect(
        fastroute.Connection(
            destination=destination, source=APP, accepted=("10.240.2.38", accepted), first_bytes=b"\0\1" * 20
        )
    )
    assert chain is not None
    assert (chain.kind, chain.cluster) == (kind, cluster)


def test_s071_all_services_of_the_port_appear() -> None:
    """Also ratings, which productpage never calls; a Sidecar is what would leave it out."""
    hosts = bookinfo.named(bookinfo.generated("1.8").routes, "9080").virtual_hosts
    assert [host.name for host in hosts][2] == "ratings.default.svc.cluster.local:9080"


def test_s073_to_s078_one_virtual_host() -> None:
    """Domains in order, cluster, no limit of time, retries, the rule's path, and the fault of ratings."""
    host = bookinfo.named(bookinfo.generated("1.8").routes, "9080").virtual_hosts[2]
    assert list(host.domains)[-2:] == ["10.231.20.222", "10.231.20.222:9080"]
    (route,) = host.routes
    assert route.route.cluster == "outbound|9080|v1|ratings.default.svc.cluster.local"
    assert route.route.HasField("timeout")
    assert route.route.timeout.ToNanoseconds() == 0
    assert route.route.retry_policy.host_selection_retry_max_attempts == 5
    assert route.decorator.operation == "ratings.default.svc.cluster.local:9080/*"
    assert list(route.typed_per_filter_config) == ["envoy.filters.http.fault"]
