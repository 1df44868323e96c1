"""Requests to what no service knows: a server outside, and an unknown host on a port of the mesh.

A connection to a port that no service has is not looked into: its line in the access log has no request in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.lab.application import PORT
from fastroute.lab.changes import Asker, Measured, status
from fastroute.lab.client import Asked
from fastroute.lab.compare import Report
from fastroute.lab.journey import OUTBOUND_PORT, connect
from fastroute.lab.mesh import Lab
from fastroute.lab.network import STRANGER, STRANGER_PORT
from fastroute.lab.pods import Pod


def measure_strangers(asker: Asker, *, allowed: bool) -> Iterator[Measured]:
    """What becomes of them under ALLOW_ANY (`allowed`) or REGISTRY_ONLY."""
    lab, pod = asker.lab, asker.pod
    before = len(pod.log.poll())
    answer = lab.clients[pod.short].ask(Asked(STRANGER, "/", port=STRANGER_PORT))
    seen = f"answered by {answer.served_by}" if answer.served_by else f"not answered: {answer.error or answer.status}"
    wanted = "answered by stranger-v1" if allowed else "not answered"
    yield Measured(f"connection to {STRANGER}:{STRANGER_PORT}", seen, wanted, seen.startswith(wanted))
    compare_connection(lab, pod, (STRANGER, STRANGER_PORT), before, asker.comparison.report)
    unknown = asker.get(STRANGER, "/", ("host", "unknown.example"))
    yield status(f"host unknown.example at {STRANGER}:{PORT}", unknown, 200 if allowed else 502)


def compare_connection(lab: Lab, pod: Pod, destination: tuple[str, int], before: int, report: Report) -> None:
    """Compare the line of a connection that was not looked into (the next behind `before`) with Router's chain."""
    chain = connect(lab.said.pod(pod.name), destination, OUTBOUND_PORT, pod.address, first_bytes=b"GET / HTTP/1.1\r\n")
    wanted = f"{destination[0]}:{destination[1]}"
    line = pod.log.wait(lambda one: one.destination == wanted, f"the connection to {wanted}", after=before)
    report.requests += 1
    report.lines += 1
    where = f"{pod.short} → {wanted}"
    said = lab.said.pod(pod.name).router
    endpoint = said.pick(chain) if chain is not None and chain.kind == "tcp" else None
    report.same(where, "listener", line.listener, chain.listener if chain else "")
    report.same(where, "filter chain", line.chain, chain.filter_chain if chain else "")
    report.same(where, "cluster", line.cluster, chain.cluster if chain else "")
    report.same(where, "endpoint", line.endpoint, str(endpoint) if endpoint else "")
