"""An agent process with a real Envoy, and the application that it stands before.

with Application() as application, RunningAgent(tmp_path, application, server.address, "current") as agent:
    agent.wait_ready(); agent.get("/stats/prometheus"); agent.envoy_pid(); agent.process.send_signal(...)
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fastroute.api import names
from support.envoy import require_binary
from support.ports import free_ports
from support.shared import ROOT

SCRIPT = """
import sys
from fastroute.cli.pilot_agent import agent
from fastroute.errors import FastrouteError
try:
    agent.main(sys.argv[1:], standalone_mode=False)
except FastrouteError as error:
    sys.exit(f"fastroute: {error}")
"""


def get(port: int, path: str, method: str = "GET", headers: Mapping[str, str] = {}) -> tuple[int, str, dict[str, str]]:
    """Status, text and headers (lower case) of one request to 127.0.0.1."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=dict(headers))
        response = connection.getresponse()
        text = response.read().decode()
        return response.status, text, {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        status, kind, body = 200, "text/plain", b"hello\n"
        if path == "/slow":
            time.sleep(1.0)
        elif path == "/metrics":
            kind, body = "application/openmetrics-text; version=1.0.0", b"app_total 7\n# EOF\n"
        elif path.startswith("/redirect/"):
            left = int(path.rpartition("/")[2])
            status = 302
            self.extra = f"/redirect/{left - 1}" if left else "/"
        elif path == "/away":
            status, self.extra = 302, "http://192.0.2.1/"
        elif path == "/broken":
            status = 418
        elif path == "/large":
            body = b"x" * 50000
        elif path == "/from":
            body = (self.client_address[0] + " " + self.headers.get("Host", "")).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if status == 302:
            self.send_header("location", self.extra)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


class Application:
    """The application of the pod, on a free port of 127.0.0.1."""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


def resources(application: int, port: int, *, tls_port: int = 0) -> dict[str, list[dict[str, Any]]]:
    """An inbound listener on `port` before the application, and one with the workload's certificate on `tls_port`."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": application}}
    cluster = {
        "name": "app",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": "app",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    listeners = [_listener("inbound", port)]
    if tls_port:
        listeners.append(_listener("secure", tls_port, secure=True))
    return {"clusters": [cluster], "listeners": listeners}


def _listener(name: str, port: int, *, secure: bool = False) -> dict[str, Any]:
    manager = {
        "@type": names.url(names.HTTP_CONNECTION_MANAGER),
        "stat_prefix": name,
        "route_config": {
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "app"}}]}
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": names.url(names.ROUTER)},
            }
        ],
    }
    chain: dict[str, Any] = {
        "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    }
    if secure:
        service = {"envoy_grpc": {"cluster_name": "sds-grpc"}}
        source = {
            "api_config_source": {"api_type": "GRPC", "transport_api_version": "V3", "grpc_services": [service]},
            "resource_api_version": "V3",
        }
        context = {
            "common_tls_context": {
                "tls_certificate_sds_secret_configs": [{"name": "default", "sds_config": source}],
                "validation_context_sds_secret_config": {"name": "ROOTCA", "sds_config": source},
            }
        }
        tls = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
        chain["transport_socket"] = {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {"@type": tls, **context},
        }
    return {
        "name": name,
        "traffic_direction": "INBOUND",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [chain],
    }


class RunningAgent:
    """An agent process under `root`, with ports of its own; ended and cleaned up at the end."""

    def __init__(
        self,
        root: Path,
        discovery: str,
        profile: str,
        config: Mapping[str, Any] | None = None,
        arguments: tuple[str, ...] = (),
        before: tuple[str, ...] = (),
        **environment: str,
    ) -> None:
        self.root = root
        self.admin_port, self.status_port, self.prometheus_port, self.ready_port = free_ports(4)
        self.config: dict[str, Any] = {
            "binaryPath": str(require_binary()),
            "controlPlaneAuthPolicy": "NONE",
            "discoveryAddress": discovery,
            "proxyAdminPort": self.admin_port,
            "statusPort": self.status_port,
            "terminationDrainDuration": "2s",
            "concurrency": 1,
            **(config or {}),
        }
        self.environment = {
            "POD_NAME": "p",
            "POD_NAMESPACE": "n",
            "INSTANCE_IP": "127.0.0.1",
            "SERVICE_ACCOUNT": "a",
            "ENVOY_PROMETHEUS_PORT": str(self.prometheus_port),
            "ENVOY_STATUS_PORT": str(self.ready_port),
            "FILE_DEBOUNCE_DURATION": "50ms",
            "PYTHONPATH": str(ROOT / "src"),
            "PATH": os.environ["PATH"],
            **environment,
        }
        base = ("--base-id", str(os.getpid() * 1000 % 32000 + self.admin_port % 1000)) if profile == "1.8" else ()
        self.command = [
            *before,
            sys.executable,
            "-c",
            SCRIPT,
            "proxy",
            "sidecar",
            "--profile",
            profile,
            "--root",
            str(root),
        ]
        self.command += [*base, *arguments]
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        environment = {"PROXY_CONFIG": json.dumps(self.config), **self.environment}
        with (self.root / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(self.command, env=environment, stdout=log, stderr=log)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            for pid in self.envoy_pids():
                os.kill(pid, signal.SIGKILL)

    def log(self) -> str:
        """What the agent and Envoy wrote."""
        return (self.root / "agent.log").read_text(errors="replace")

    def get(self, path: str, method: str = "GET", headers: Mapping[str, str] = {}) -> tuple[int, str, dict[str, str]]:
        """Ask the agent's port."""
        return get(self.status_port, path, method, headers)

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Wait for 200 at the agent's readiness."""
        self.wait_for(lambda: self.get("/healthz/ready")[0] == 200, timeout)

    def wait_for(self, condition: Any, timeout: float = 20.0) -> None:
        """Wait until `condition()` holds; connection failures count as not yet."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"not within {timeout} s:\n{self.log()}")

    def envoy_pids(self) -> list[int]:
        """The Envoys that the agent said it started and that still run."""
        words = [line.split("pid=")[1].split()[0] for line in self.log().splitlines() if "Envoy started" in line]
        return [int(pid) for pid in words if Path(f"/proc/{pid}").exists()]

    def ended(self, timeout: float = 20.0) -> int:
        """Wait for the agent's end; its exit code."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the agent still runs:\n{self.log()}") from None
