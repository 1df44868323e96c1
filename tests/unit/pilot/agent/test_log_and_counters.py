"""The agent's log and its own metrics."""

from __future__ import annotations

import json
from io import StringIO

from fastroute.pilot.agent.counters import Counters
from fastroute.pilot.agent.log import Log


def test_one_line_an_event() -> None:
    stream = StringIO()
    Log(stream=stream).warning("broken\nline", port=7)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("\twarn\tbroken line\tport=7\n")


def test_json() -> None:
    stream = StringIO()
    Log(as_json=True, stream=stream).error("text", pid=7)
    event = json.loads(stream.getvalue())
    assert (event["level"], event["msg"], event["pid"]) == ("error", "text", 7)


def test_counters_in_the_text_format() -> None:
    counters = Counters()
    counters.add("scrape_failures_total", type="envoy")
    counters.add("scrape_failures_total", type="envoy")
    counters.add("scrapes_total")
    counters.set("startup_duration_seconds", 1.5)
    lines = counters.text().splitlines()
    assert 'istio_agent_scrape_failures_total{type="envoy"} 2' in lines
    assert "istio_agent_scrapes_total 1" in lines
    assert "# TYPE istio_agent_startup_duration_seconds gauge" in lines
    assert counters.get("scrape_failures_total", type="envoy") == 2
