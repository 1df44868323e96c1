"""One page with the metrics of the agent, of Envoy and of the application.

The application comes last, because an OpenMetrics text ends with `# EOF`; its content type is the page's when it
answered in OpenMetrics. A source that fails is counted and left out: the page is always 200.
ISTIO_PROMETHEUS_ANNOTATIONS says where the application's are: `{"scrape": "true", "port": "80", "path": "/metrics"}`.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastroute.errors import ParseError
from fastroute.pilot.agent.counters import Counters
from fastroute.pilot.agent.http_client import Answer, HttpError, request
from fastroute.pilot.agent.inputs import port_number
from fastroute.pilot.agent.log import Log
from fastroute.pilot.agent.settings import Settings

VARIABLE = "ISTIO_PROMETHEUS_ANNOTATIONS"
PASSED_ON = ("accept", "user-agent", "x-prometheus-scrape-timeout-seconds")
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OWN_PORTS = (15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090)


@dataclass(frozen=True, slots=True)
class Target:
    """Where the application's metrics are."""

    port: int
    path: str


def application_target(settings: Settings) -> Target | None:
    """The application's target; None when it has none. ParseError names the variable."""
    asked = settings.inputs.json_variable(VARIABLE)
    if not asked or str(asked.get("scrape", "true")).lower() == "false":
        return None
    port = port_number(str(asked.get("port") or 80), VARIABLE)
    if port in OWN_PORTS or port == settings.status_port:
        raise ParseError(f"port {port} belongs to the proxy", path=VARIABLE)
    return Target(port, str(asked.get("path") or "/metrics"))


class MergedMetrics:
    """Collects the three sources."""

    def __init__(self, settings: Settings, counters: Counters, log: Log) -> None:
        self._settings = settings
        self._counters = counters
        self._log = log
        self._application = application_target(settings)

    async def page(self, headers: dict[str, str]) -> tuple[bytes, str]:
        """The merged text and its content type; `headers` are the scraper's."""
        self._counters.add("scrapes_total")
        passed = [(name, headers[name]) for name in PASSED_ON if name in headers]
        envoy = await self._fetch("envoy", Target(self._settings.prometheus_port, "/stats/prometheus"), [])
        application = None
        if self._application is not None:
            application = await self._fetch("application", self._application, passed)
        content_type = TEXT
        if application is not None and "application/openmetrics-text" in application.headers.get("content-type", ""):
            content_type = application.headers["content-type"]
        parts = [self._counters.text().encode()]
        parts += [_ended(answer.body) for answer in (envoy, application) if answer is not None]
        return b"".join(parts), content_type

    async def _fetch(self, kind: str, target: Target, headers: list[tuple[str, str]]) -> Answer | None:
        try:
            answer = await request(
                self._settings.family.localhost, target.port, target.path, headers=headers, timeout=10.0
            )
            if answer.status != 200:
                raise HttpError(f"status {answer.status}")
        except HttpError as error:
            self._counters.add("scrape_failures_total", type=kind)
            self._log.warning("failed scraping metrics", source=kind, reason=str(error))
            return None
        return answer


def _ended(body: bytes) -> bytes:
    return body if not body or body.endswith(b"\n") else body + b"\n"
