"""`fastroute.xds.connect`: a router that follows, in plain and in asyncio programs, over every kind of connection."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import grpc
import pytest
from support import xds_resources as made
from support.ads_server import AdsServer
from support.authority import Authority
from support.ports import free_port
from support.xds_resources import until

import fastroute
from fastroute.xds import aio, connect

both = pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])


def host(router: fastroute.Router) -> str:
    """Where a request goes."""
    decision = router.route("x", "/", route_config="r")
    return str(router.pick(decision)) if decision.kind == "forward" else str(decision.reason)


def expected(resources: Any, cluster: Any) -> fastroute.Snapshot:
    """A fresh load of what the server holds, and of the bootstrap."""
    return fastroute.load({**resources, "clusters": [cluster, *resources["clusters"]]})


@both
def test_a_router_follows_and_says_so(delta: bool) -> None:
    resources = made.world(1)
    with AdsServer(resources) as server, connect(made.followed(server.port, delta=delta)) as router:
        updates: list[tuple[fastroute.Snapshot, fastroute.Snapshot]] = []
        router.ready(10)
        assert router.snapshot.version == expected(resources, made.server_cluster(server.port)).version
        assert host(router) == "127.0.0.1:1"
        stop = router.on_update(lambda before, after: updates.append((before, after)))
        server.push({"endpoints": [made.endpoints("c", 2)]})
        until(lambda: host(router) == "127.0.0.1:2")
        until(lambda: updates)
        assert updates[0][1] is router.snapshot
        stop()
        server.push({"endpoints": [made.endpoints("c", 3)]})
        until(lambda: host(router) == "127.0.0.1:3")
        assert len(updates) == 1


@both
def test_a_refused_resource_leaves_the_others_and_the_status_says_why(delta: bool) -> None:
    with AdsServer(made.world(1)) as server, connect(made.followed(server.port, delta=delta)) as router:
        router.ready(10)
        server.push({"clusters": [made.eds("c"), made.static("d", 5), {"name": "e", "type": "EDS"}]})
        until(lambda: "d" in router.snapshot.clusters)
        until(lambda: server.refused)
        assert "Error adding/updating cluster(s)" in server.refused[-1]
        assert "e: " in server.refused[-1]
        assert "cannot create an EDS cluster without an EDS config" in server.refused[-1]
        assert "e" not in router.snapshot.clusters
        found = router.status().of("CDS", "e")
        assert found is not None
        assert (found.state, found.version) == ("NACKED", "")
        assert "without an EDS config" in found.error
        assert host(router) == "127.0.0.1:1"
        good = router.status().of("CDS", "c")
        assert good is not None
        assert (good.state, good.warming, good.error) == ("ACKED", False, "")


@both
def test_a_lost_server_changes_nothing_and_nothing_is_lost(delta: bool) -> None:
    with AdsServer(made.world(1)) as server, connect(made.followed(server.port, delta=delta)) as router:
        router.ready(10)
        server.stop()
        until(lambda: not router.status().feeds[0].connected)
        feed = router.status().feeds[0]
        assert feed.error.startswith(f"127.0.0.1:{server.port}: ")
        assert host(router) == "127.0.0.1:1"
        server.push({"endpoints": [made.endpoints("c", 2)], "routes": [made.routes("r", "missing")]})
        server.start()
        until(lambda: host(router) == "cluster_not_found")
        assert router.status().feeds[0].connected


def test_a_server_that_is_not_there_at_first(tmp_path: Path) -> None:
    port = free_port()
    with connect(made.followed(port)) as router:
        with pytest.raises(TimeoutError, match=r"(?s)not ready within 0\.3 s.*ADS over gRPC: not connected"):
            router.ready(0.3)
        with AdsServer(made.world(1), port) as server:
            assert server.port == port
            router.ready(20)
            assert host(router) == "127.0.0.1:1"


@both
def test_a_cluster_that_is_checked_for_cannot_go(delta: bool) -> None:
    """Routes in a listener that name it are checked; Envoy would go on without it, which is not decided here."""
    chain = {"filters": [made.manager(route_config=made.routes("inline", "d"))]}
    checked = {"name": "m", "address": made.address(10_001), "filter_chains": [chain]}
    world = {**made.world(1), "listeners": [checked], "clusters": [made.eds("c"), made.static("d", 5)]}
    with AdsServer(world) as server, connect(made.followed(server.port, delta=delta)) as router:
        router.ready(10)
        if delta:
            return  # The server of the tests does not remove.
        server.push({"clusters": [made.eds("c")]})
        until(lambda: server.refused)
        assert "unknown cluster 'd'" in server.refused[0]
        assert "d" in router.snapshot.clusters


@both
def test_streams_of_one_kind_each(delta: bool) -> None:
    source = {"api_config_source": made.grpc(delta=delta), "resource_api_version": "V3"}
    with AdsServer(made.world(1, source=source)) as server:
        with connect(made.bootstrap(made.server_cluster(server.port), source=source)) as router:
            router.ready(10)
            assert host(router) == "127.0.0.1:1"
            assert sorted(each.name.split()[0] for each in router.status().feeds) == ["CDS", "EDS", "LDS", "RDS"]
            server.push({"routes": [made.routes("r", "missing")]})
            until(lambda: host(router) == "cluster_not_found")
        assert server.streams == 4


def test_a_unix_socket(tmp_path: Path) -> None:
    socket = str(tmp_path / "xds.sock")
    with AdsServer(made.world(1), socket=socket):
        bootstrap = made.bootstrap(made.server_cluster(0, socket=socket), ads=made.grpc())
        with connect(bootstrap) as router:
            assert host(router.ready(10)) == "127.0.0.1:1"


def tls(roots: bytes, **common: Any) -> Any:
    context = {"validation_context": {"trusted_ca": {"inline_string": roots.decode()}}, **common}
    return {
        "name": "tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni": "control.example",
            "common_tls_context": context,
        },
    }


def test_tls_and_a_certificate_of_the_client(tmp_path: Path) -> None:
    authority = Authority()
    pair = authority.server("control.example")
    key, chain = authority.server("client.example")
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "chain.pem").write_bytes(chain)
    credentials = grpc.ssl_server_credentials([pair], authority.root, require_client_auth=True)
    own = [
        {
            "private_key": {"filename": str(tmp_path / "key.pem")},
            "certificate_chain": {"filename": str(tmp_path / "chain.pem")},
        }
    ]
    with AdsServer(made.world(1), credentials=credentials) as server:
        socket = tls(authority.root, tls_certificates=own)
        with connect(made.followed(server.port, transport_socket=socket)) as router:
            assert host(router.ready(10)) == "127.0.0.1:1"
        for bad in (tls(authority.root), tls(Authority("other").root, tls_certificates=own)):
            with connect(made.followed(server.port, transport_socket=bad)) as router:
                until(lambda router=router: router.status().feeds[0].error)  # type: ignore[misc]
                assert not router.status().ready


def test_tls_that_checks_nobody_is_refused_at_once() -> None:
    socket = tls(b"")
    del socket["typed_config"]["common_tls_context"]["validation_context"]
    with pytest.raises(fastroute.UnsupportedError, match="TLS without a root certificate"):
        connect(made.followed(1, transport_socket=socket))


def test_google_grpc_and_metadata() -> None:
    with AdsServer(made.world(1)) as server:
        service = {
            "google_grpc": {"target_uri": f"127.0.0.1:{server.port}", "stat_prefix": "x"},
            "initial_metadata": [{"key": "X-Token", "value": "secret"}],
        }
        ads = {**made.grpc(), "grpc_services": [service]}
        with connect(made.bootstrap(made.server_cluster(server.port), ads=ads)) as router:
            assert host(router.ready(10)) == "127.0.0.1:1"
        assert server.metadata["x-token"] == "secret"


@both
def test_in_an_asyncio_program(delta: bool) -> None:
    async def follow(server: AdsServer) -> None:
        news = asyncio.Event()
        async with aio.connect(made.followed(server.port, delta=delta)) as router:
            await router.ready()
            assert host(router) == "127.0.0.1:1"
            router.on_update(lambda before, after: news.set())
            server.push({"endpoints": [made.endpoints("c", 2)]})
            async with asyncio.timeout(10):
                await news.wait()
            assert host(router) == "127.0.0.1:2"
            assert (await router.status()).feeds[0].connected
        with pytest.raises(fastroute.FastrouteError, match="closed"):
            await router.ready()

    with AdsServer(made.world(1)) as server:
        asyncio.run(follow(server))


def test_closing_ends_the_thread_and_keeps_the_snapshot() -> None:
    with AdsServer(made.world(1)) as server:
        router = connect(made.followed(server.port)).ready(10)
        router.close()
        router.close()
        assert not any(thread.name == "fastroute-xds" for thread in threading.enumerate())
        assert host(router) == "127.0.0.1:1"
        assert not router.status().error


def test_a_callback_that_fails_does_not_end_the_following(caplog: pytest.LogCaptureFixture) -> None:
    def fail(before: object, after: object) -> None:
        raise RuntimeError("mine")

    with AdsServer(made.world(1)) as server, connect(made.followed(server.port)) as router:
        router.ready(10)
        router.on_update(fail)
        for port in (2, 3):
            server.push({"endpoints": [made.endpoints("c", port)]})
            until(lambda port=port: host(router) == f"127.0.0.1:{port}")  # type: ignore[misc]
    assert "a callback of an update failed" in caplog.text


def test_bootstraps_that_cannot_be_followed() -> None:
    cluster = made.server_cluster(1)
    layer = {"layered_runtime": {"layers": [{"name": "r", "rtds_layer": {"name": "r", "rtds_config": made.ADS}}]}}
    with pytest.raises(fastroute.UnsupportedError, match="RTDS"):
        connect(made.bootstrap(cluster, ads=made.grpc(), **layer))
    with pytest.raises(fastroute.ConfigError, match="a bootstrap is needed"):
        connect(made.routes("r"))
    with pytest.raises(fastroute.ConfigError, match="must refer to an existing path"):
        connect(made.bootstrap(cluster, source={"path": "/none", "resource_api_version": "V3"}))
