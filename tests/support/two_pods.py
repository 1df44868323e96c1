"""Two pods of bookinfo as network namespaces, each with redirection rules, an agent and a real Envoy of its own.

productpage (10.240.2.38) and reviews-v2 (10.240.2.74, with the addresses of v1 and v3 beside). The rules are the seed's
but for the proxy's identity: here it is root, and the applications run as other users. Certificates are files signed by
one root; resources are what the pilot generates for each pod, over a Unix socket.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastroute.config.text import to_tree
from fastroute.pilot import discovery
from fastroute.pilot.agent.certificates import request
from support.ads_server import AdsServer
from support.agents import RunningAgent
from support.authority import Authority
from support.pods import EXAMPLE
from support.shared import ROOT

CALLER, CALLED = "productpage-v1-64794f5db4-6bsbj", "reviews-v2-6c5bf657cf-9hcfk"
ADDRESSES = {CALLER: ("10.240.2.38",), CALLED: ("10.240.2.74", "10.240.2.40", "10.240.2.112")}
ACCOUNTS = {CALLER: "bookinfo-productpage", CALLED: "bookinfo-reviews"}
DAY = timedelta(days=1)
KINDS = ("clusters", "listeners", "routes", "endpoints")
RULES = "import sys; from fastroute.cli.pilot_iptables import iptables; iptables.main(sys.argv[1:])"
WAIT = "import sys; from fastroute.cli.pilot_agent import agent; agent.main(['wait', *sys.argv[1:]])"
APPLICATION = """
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = {"path": self.path, "from": self.client_address[0], "headers": headers}
        body = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
print("listening", flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", 9080), Handler).serve_forever()
"""
CALL = """
import http.client, os, sys
address, port, path, host, user = sys.argv[1:]
"x".encode("idna")
os.setegid(int(user)); os.seteuid(int(user))
connection = http.client.HTTPConnection(address, int(port), timeout=10)
connection.request("GET", path, headers={"Host": host})
answer = connection.getresponse()
print(answer.status)
print(answer.read().decode())
"""


@dataclass(slots=True)
class Pod:
    """One pod: its name and its network namespace."""

    name: str
    space: str

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside."""
        full = ["ip", "netns", "exec", self.space, *command]
        done = subprocess.run(full, capture_output=True, text=True, timeout=60, check=False, env=environment())
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def python(self, script: str, *arguments: str) -> str:
        """Run Python inside; its output."""
        return self.run(sys.executable, "-c", script, *arguments).stdout

    def get(self, address: str, path: str, host: str, user: int, port: int = 9080) -> tuple[int, str]:
        """GET as a user; status and body."""
        status, _, body = self.python(CALL, address, str(port), path, host, str(user)).partition("\n")
        return int(status), body


def environment() -> dict[str, str]:
    """What the commands inside need."""
    return {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"}


@contextlib.contextmanager
def namespaces() -> Iterator[dict[str, Pod]]:
    """The two namespaces, joined by a wire; removed at the end."""
    pods = {name: Pod(name, f"frt-{os.getpid()}-{number}") for number, name in enumerate(ADDRESSES)}
    try:
        for pod in pods.values():
            subprocess.run(["ip", "netns", "add", pod.space], check=True, timeout=30)
        one, other = (pod.space for pod in pods.values())
        link = ["ip", "link", "add", "eth0", "netns", one, "type", "veth", "peer", "name", "eth0", "netns", other]
        subprocess.run(link, check=True, timeout=30)
        for pod in pods.values():
            for address in ADDRESSES[pod.name]:
                pod.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")
            pod.run("ip", "link", "set", "lo", "up")
            pod.run("ip", "link", "set", "eth0", "up")
        pods[CALLER].run("ip", "route", "add", "default", "via", ADDRESSES[CALLED][0])
        pods[CALLED].run("ip", "route", "add", "default", "via", ADDRESSES[CALLER][0])
        yield pods
    finally:
        for pod in pods.values():
            subprocess.run(["ip", "netns", "del", pod.space], capture_output=True, check=False, timeout=30)


@contextlib.contextmanager
def mesh(root: Path) -> Iterator[dict[str, Pod]]:
    """Both pods with everything running: rules, agents, Envoys, and the application of reviews."""
    authority = Authority()
    registry = discovery.read(EXAMPLE)
    with contextlib.ExitStack() as running:
        pods = running.enter_context(namespaces())
        application = subprocess.Popen(
            ["ip", "netns", "exec", pods[CALLED].space, sys.executable, "-c", APPLICATION],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert application.stdout is not None
        running.callback(application.stdout.close)
        running.callback(application.wait)
        running.callback(application.kill)
        assert application.stdout.readline() == b"listening\n"
        agents = []
        for pod in pods.values():
            rules = ["-p", "15001", "-z", "15006", "-u", "0", "-m", "REDIRECT", "-i", "*", "-x", "", "-b", "*"]
            pod.python(RULES, *rules, "-d", "15090,15021,15020", "--no-ipv6")
            made = discovery.generate(registry, discovery.Proxy.of_pod(registry, pod.name), "current")
            resources = {kind: [to_tree(message) for message in getattr(made, kind)] for kind in KINDS}
            home = root / pod.name[:7]
            home.mkdir()
            server = running.enter_context(AdsServer(resources, socket=str(home / "control")))
            agents.append((pod, running.enter_context(_agent(pod, home, authority, server))))
        for pod, agent in agents:
            done = pod.run(
                sys.executable,
                "-c",
                WAIT,
                "--timeout-seconds",
                "20",
                "--url",
                f"http://127.0.0.1:{agent.ready_port}/healthz/ready",
                check=False,
            )
            assert done.returncode == 0, agent.log()
        yield pods


def _agent(pod: Pod, home: Path, authority: Authority, server: AdsServer) -> RunningAgent:
    account = ACCOUNTS[pod.name]
    key, csr = request(f"spiffe://cluster.local/ns/default/sa/{account}", elliptic=True)
    certificates = home / "etc/certs"
    certificates.mkdir(parents=True)
    (certificates / "key.pem").write_bytes(key)
    (certificates / "cert-chain.pem").write_bytes(authority.sign(csr, DAY))
    (certificates / "root-cert.pem").write_bytes(authority.root)
    return RunningAgent(
        home,
        server.address,
        "current",
        before=("ip", "netns", "exec", pod.space),
        POD_NAME=pod.name,
        POD_NAMESPACE="default",
        INSTANCE_IP=ADDRESSES[pod.name][0],
        SERVICE_ACCOUNT=account,
    )
