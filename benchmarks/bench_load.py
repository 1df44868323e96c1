"""Loading, beside the real Envoy on the very same files: CPU time, memory, and from process start to the first answer.

The ratio of a load is our CPU time over that of `envoy --mode validate`, from which its start-up (the same with
an empty file) is taken off; both are medians of several rounds, taken by turns. `extra_info` of each
benchmark has the ratio and what it is made of. A load is `fastroute.load` and a `Router`, which then answers.

FASTROUTE_BENCH=full takes the sizes that the goals name: 100 000 routes and 10 000 clusters.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rigs import config_files, envoy_cost
from rigs.scale import rounds, size
from support.envoy import require_binary
from support.ports import free_port

import fastroute

ROUTES = size(100, 10_000, 100_000)
CLUSTERS = size(10, 1_000, 10_000)
RESIDENT = size(100, 100_000)
"""Routes whose memory is taken: so many that what any table has does not count."""
ROUNDS = rounds(5)
SOURCE = Path(__file__).parents[1]
TO = ("127.0.0.1", 10_000)


def ask_last_route(router: fastroute.Router, count: int) -> None:
    chain = router.connect(fastroute.Connection(destination=TO))
    decision = router.route("example.com", config_files.prefix_path(count - 1) + "x", chain=chain)
    assert decision.index == count - 1
    assert len(router.snapshot.clusters) == 10


def ask_last_cluster(router: fastroute.Router, count: int) -> None:
    assert len(router.snapshot.clusters) == count
    endpoint = router.pick(f"cluster-{count - 1}")
    assert endpoint is not None
    assert endpoint.port == 8080


def compare(benchmark: Any, path: Path, count: int, ask: Callable[[fastroute.Router, int], None]) -> None:
    """Load the file and have Envoy validate it, by turns."""
    require_binary()
    empty = path.with_name("empty.json")
    empty.write_text("{}", encoding="utf-8")
    ours: list[float] = []
    theirs: list[float] = []
    idle: list[float] = []

    def load() -> fastroute.Router:
        began = time.process_time()
        router = fastroute.Router(fastroute.load(path))
        ours.append(time.process_time() - began)
        return router

    def turn() -> tuple[tuple[()], dict[str, Any]]:
        theirs.append(envoy_cost.validate(path))
        idle.append(envoy_cost.validate(empty))
        return (), {}

    ask(benchmark.pedantic(load, setup=turn, rounds=ROUNDS), count)
    envoy = statistics.median(theirs) - statistics.median(idle)
    least = min(theirs) - min(idle)
    benchmark.extra_info |= {
        "items": count,
        "ours_us_per_item": round(statistics.median(ours) / count * 1e6, 2),
        "envoy_us_per_item": round(envoy / count * 1e6, 2),
        "ratio": round(statistics.median(ours) / envoy, 3) if envoy > 0 else None,
        "ratio_of_least": round(min(ours) / least, 3) if least > 0 else None,
    }


@pytest.mark.parametrize("form", config_files.FORMATS)
def test_prefix_routes(benchmark: Any, tmp_path: Path, form: str) -> None:
    tree = config_files.routes([config_files.prefix_route(number) for number in range(ROUTES)])
    compare(benchmark, config_files.write(tree, tmp_path, "routes", form), ROUTES, ask_last_route)


@pytest.mark.parametrize("form", config_files.FORMATS)
def test_mixed_routes(benchmark: Any, tmp_path: Path, form: str) -> None:
    count = ROUTES // 10
    tree = config_files.routes([config_files.mixed_route(number) for number in range(count)])

    def ask(router: fastroute.Router, count: int) -> None:
        chain = router.connect(fastroute.Connection(destination=TO))
        redirect = next(number for number in range(count - 1, 0, -1) if number % 6 == 5)
        assert router.route("example.com", config_files.prefix_path(redirect), chain=chain).index == redirect

    compare(benchmark, config_files.write(tree, tmp_path, "mixed", form), count, ask)


@pytest.mark.parametrize("form", config_files.FORMATS)
def test_clusters(benchmark: Any, tmp_path: Path, form: str) -> None:
    tree = config_files.clusters(CLUSTERS)
    compare(benchmark, config_files.write(tree, tmp_path, "clusters", form), CLUSTERS, ask_last_cluster)


@pytest.mark.parametrize("what", ["routes", "clusters"])
def test_memory(benchmark: Any, tmp_path: Path, what: str) -> None:
    """Memory beyond the messages, of a process that loads the file; what is timed is that process."""
    if what == "routes":
        count = RESIDENT
        tree = config_files.routes([config_files.prefix_route(number) for number in range(count)])
    else:
        count, tree = CLUSTERS, config_files.clusters(CLUSTERS)
    path = config_files.write(tree, tmp_path, what, "pb")
    small = config_files.write(config_files.clusters(1), tmp_path, "small", "pb")
    command = [sys.executable, str(SOURCE / "benchmarks" / "rigs" / "memory.py"), str(path), str(small)]
    run = benchmark.pedantic(lambda: subprocess.run(command, check=True, capture_output=True, text=True), rounds=1)
    messages, tables = (int(word) for word in run.stdout.split())
    assert tables > 0
    benchmark.extra_info |= {
        "items": count,
        "message_bytes_per_item": round(messages / count),
        "table_bytes_per_item": round(tables / count),
    }


def test_first_answer(benchmark: Any, tmp_path: Path) -> None:
    """From the start of a process to its first answer, 1 000 routes: `fastroute route` beside a cold Envoy.

    Modules are compiled once, before the first round, as an installation compiles them.
    """
    require_binary()
    port, count, theirs, times = free_port(), size(10, 1_000), [], []
    tree = config_files.routes([config_files.answering_route(number) for number in range(count)], port)
    path = config_files.write(tree, tmp_path, "routes", "json")
    target = config_files.prefix_path(count - 1)
    url = f"http://example.com{target}"
    installed = str(Path(sys.executable).with_name("fastroute"))
    command = [installed, "route", str(path), url, "--to", f"127.0.0.1:{port}"]

    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def ask_ours() -> str:
        began = time.perf_counter()
        answer = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
        times.append(time.perf_counter() - began)
        return answer

    def ask_theirs() -> tuple[tuple[()], dict[str, Any]]:
        seconds, body = envoy_cost.first_answer(path, port, "example.com", target)
        assert body == f"route {count - 1}".encode()
        theirs.append(seconds)
        return (), {}

    ask_ours()
    times.clear()
    answer = benchmark.pedantic(ask_ours, setup=ask_theirs, rounds=rounds(15))
    assert f"route-{count - 1}\n" in answer
    benchmark.extra_info |= {
        "ours_ms": round(statistics.median(times) * 1e3, 1),
        "envoy_ms": round(statistics.median(theirs) * 1e3, 1),
        "ratio": round(statistics.median(times) / statistics.median(theirs), 3),
        "ratio_of_least": round(min(times) / min(theirs), 3),
    }
