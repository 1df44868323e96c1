"""Health probes of the application, made by the agent on behalf of the kubelet.

ISTIO_KUBE_APP_PROBERS maps paths such as `/app-health/NAME/livez` to what the kubelet would have done. The agent calls
the application from 127.0.0.6 (::6), which the redirection lets pass, copies the status of its answer, follows at most
ten redirects to the same host, and takes any answer to a TCP connection or a gRPC health check of SERVING as 200.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from fastroute.errors import ParseError
from fastroute.pilot.agent import node
from fastroute.pilot.agent.http_client import HttpError, request
from fastroute.pilot.agent.http_server import Reply
from fastroute.pilot.agent.inputs import Inputs, Json, port_number

VARIABLE = "ISTIO_KUBE_APP_PROBERS"
PATH = re.compile(r"/app-health/[^/]+/(livez|readyz|startupz)")
BODY_LIMIT = 10 << 10
REDIRECTS = 10


def read_probers(inputs: Inputs) -> Mapping[str, Json]:
    """The probers by path, checked; ParseError names the variable and the path."""
    probers = inputs.json_variable(VARIABLE)
    for path, prober in probers.items():
        where = f"{VARIABLE}[{path}]"
        if not PATH.fullmatch(path):
            raise ParseError("/app-health/NAME/livez, readyz or startupz is expected", path=where)
        kinds = [kind for kind in ("httpGet", "tcpSocket", "grpc") if isinstance((prober or {}).get(kind), dict)]
        if len(kinds) != 1:
            raise ParseError("one of httpGet, tcpSocket, grpc is expected", path=where)
        port_number(str(prober[kinds[0]].get("port", "")), f"{where}.{kinds[0]}.port")
    return probers


class AppProbes:
    """Answers the paths of the probers."""

    def __init__(self, inputs: Inputs) -> None:
        self._probers = read_probers(inputs)
        self._address = node.addresses(inputs)[0]
        version = ipaddress.ip_address(self._address).version
        self._source = "127.0.0.6" if version == 4 else "::6"

    async def reply(self, path: str) -> Reply | None:
        """The reply to `path`; None when there is no such prober."""
        prober = self._probers.get(path)
        if prober is None:
            return None
        timeout = float(prober.get("timeoutSeconds") or 1)
        try:
            if "httpGet" in prober:
                return await self._http(prober["httpGet"], timeout)
            if "tcpSocket" in prober:
                return await self._tcp(int(prober["tcpSocket"]["port"]), timeout)
            return await self._grpc(prober["grpc"], timeout)
        except (HttpError, OSError, TimeoutError) as error:
            return Reply(500, f"{error}\n".encode())

    async def _http(self, get: Json, timeout: float) -> Reply:
        headers = [(str(each["name"]), str(each["value"])) for each in get.get("httpHeaders") or ()]
        tls = _unverified() if str(get.get("scheme", "HTTP")).upper() == "HTTPS" else None
        path = "/" + str(get.get("path") or "/").lstrip("/")
        for _ in range(REDIRECTS + 1):
            answer = await request(
                self._address,
                int(get["port"]),
                path,
                headers=headers,
                timeout=timeout,
                source=self._source,
                tls=tls,
                limit=BODY_LIMIT,
            )
            onward = self._onward(answer.headers.get("location", ""), path, int(get["port"]))
            if answer.status not in (301, 302, 303, 307, 308) or not onward:
                return Reply(answer.status, answer.body)
            path = onward
        return Reply(500, b"stopped after 10 redirects\n")

    def _onward(self, location: str, path: str, port: int) -> str:
        """The path of a redirect to the same host and port; empty for any other."""
        base = f"http://{self._address}:{port}{path}"
        target = urlsplit(urljoin(base, location))
        if not location or target.hostname != self._address or (target.port or port) != port:
            return ""
        return (target.path or "/") + (f"?{target.query}" if target.query else "")

    async def _tcp(self, port: int, timeout: float) -> Reply:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(self._address, port, local_addr=(self._source, 0))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return Reply(200)

    async def _grpc(self, probe: Json, timeout: float) -> Reply:
        from fastroute.pilot.agent.grpc_health import check

        serving = await check(self._address, int(probe["port"]), str(probe.get("service") or ""), timeout)
        return Reply(200) if serving else Reply(500, b"the service is not serving\n")


def _unverified() -> ssl.SSLContext:
    """TLS as the kubelet speaks it: the certificate is not looked at."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
