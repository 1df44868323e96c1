"""One field after the other of what a bootstrap is only asked for when Envoy really starts: a start refuses what we do.

`--mode validate` takes such a bootstrap, so that only a start tells; `test_verdicts_start.py` has single cases.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from support.api_samples import Step, Way
from support.envoy import require_binary
from support.judged import errors
from support.one_field import Asking, cases, differs, sound

from fastroute.api import names

pytestmark = pytest.mark.envoy

_V3 = "envoy.config.bootstrap.v3."
_BOOTSTRAP = names.BOOTSTRAP
_API, _SOURCE = "envoy.config.core.v3.ApiConfigSource", "envoy.config.core.v3.ConfigSource"
_TEXT, _TEXTS = "envoy.type.matcher.v3.StringMatcher", "envoy.type.matcher.v3.ListStringMatcher"
_STATS = "envoy.config.metrics.v3."
_WATCHDOG = "envoy.extensions.watchdog."
_DEADLINE = 20.0


def way(*steps: tuple[str, str] | tuple[str, str, str], end: str) -> Way:
    """From a bootstrap to a message in it: container and field of each step, and the type in its Any."""
    return Way(_BOOTSTRAP, tuple(Step(step[0], step[1], step[2] if len(step) > 2 else "") for step in steps), end)


_SETTINGS = ((_BOOTSTRAP, "stats_config"), (f"{_STATS}StatsConfig", "histogram_bucket_settings"))
_MATCHER = ((_BOOTSTRAP, "stats_config"), (f"{_STATS}StatsConfig", "stats_matcher"))
_ACTIONS = ((_BOOTSTRAP, "watchdogs"), (f"{_V3}Watchdogs", "main_thread_watchdog"), (f"{_V3}Watchdog", "actions"))
_LISTENERS = ((_BOOTSTRAP, "dynamic_resources"), (f"{_BOOTSTRAP}.DynamicResources", "lds_config"))
_REPORTS = ((_BOOTSTRAP, "cluster_manager"), (f"{_V3}ClusterManager", "load_stats_config"))
_EXTENSION = (f"{_V3}Watchdog.WatchdogAction", "config")
WAYS = [
    way((_BOOTSTRAP, "hds_config"), end=_API),
    way((_BOOTSTRAP, "hds_config"), (_API, "grpc_services"), end="envoy.config.core.v3.GrpcService"),
    way(*_REPORTS, end=_API),
    way(*_LISTENERS, end=_SOURCE),
    way(*_LISTENERS, (_SOURCE, "api_config_source"), end=_API),
    way(*_MATCHER, end=f"{_STATS}StatsMatcher"),
    way(*_MATCHER, (f"{_STATS}StatsMatcher", "exclusion_list"), (_TEXTS, "patterns"), end=_TEXT),
    way(*_SETTINGS, end=f"{_STATS}HistogramBucketSettings"),
    way(*_SETTINGS, (f"{_STATS}HistogramBucketSettings", "match"), end=_TEXT),
    way((_BOOTSTRAP, "admin"), (f"{_V3}Admin", "allow_paths"), end=_TEXT),
    way(*_ACTIONS, end=f"{_V3}Watchdog.WatchdogAction"),
    *(
        way(*_ACTIONS, (*_EXTENSION, kind), end=kind)
        for kind in (
            f"{_WATCHDOG}backtrace_action.v3.BacktraceActionConfig",
            f"{_WATCHDOG}profile_action.v3.ProfileActionConfig",
            "envoy.watchdog.v3.AbortActionConfig",
        )
    ),
]


def starts(bootstrap: Any) -> bool | None:
    """Whether Envoy gets as far as its main loop with a bootstrap, and stays there for a moment."""
    with tempfile.TemporaryDirectory(prefix="fastroute-start-") as directory:
        path, log = Path(directory) / "b.pb", Path(directory) / "log"
        path.write_bytes(bootstrap.SerializeToString())
        line = [str(require_binary()), "-c", str(path), "-l", "info", "--disable-hot-restart", "--concurrency", "1"]
        with log.open("wb") as out, subprocess.Popen(line, stdout=out, stderr=out, cwd=directory) as process:
            try:
                return _stays(process, log)
            finally:
                process.kill()


def _stays(process: subprocess.Popen[bytes], log: Path) -> bool | None:
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if b"starting main dispatch loop" in log.read_bytes():
            return _lives_on(process)
        time.sleep(0.02)
    return None


def _lives_on(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process is there a second later: what an exception ends has reached its main loop."""
    try:
        process.wait(1.5)
    except subprocess.TimeoutExpired:
        return True
    return False


ASKING = Asking(errors, starts)


def test_some_fields_that_are_looked_at_late() -> None:
    """A sample, the same in every run."""
    rng = random.Random(3)
    told: list[str] = []
    for one, inner in sound(ASKING, rng.sample(WAYS, 3)):
        found = list(cases(one, inner))
        told += [verdict for case in rng.sample(found, 1) if (verdict := differs(ASKING, case)) is not None]
    assert [text for text in told if text] == []
    assert len(told) >= 2


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_field_that_is_looked_at_late() -> None:
    told = [
        verdict
        for one, inner in sound(ASKING, WAYS)
        for case in cases(one, inner)
        if (verdict := differs(ASKING, case)) is not None
    ]
    print(f"{len(told)} verdicts")
    assert [text for text in told if text] == []
    assert len(told) >= 100
