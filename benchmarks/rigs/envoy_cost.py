"""What the real Envoy spends: CPU time of `--mode validate`, and the time from its start to the first answer."""

from __future__ import annotations

import http.client
import resource
import subprocess
import time
from pathlib import Path

from support.envoy import require_binary

_QUIET = ("--log-level", "off", "--concurrency", "1")
_MOST_SECONDS = 60


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def validate(path: Path) -> float:
    """CPU seconds of a whole `envoy --mode validate` of the file, which must be fine."""
    before = _children()
    command = [str(require_binary()), "--mode", "validate", *_QUIET, "-c", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return _children() - before


def first_answer(path: Path, port: int, host: str, target: str) -> tuple[float, bytes]:
    """Seconds from the start of an Envoy to its first answer, and the body of that."""
    command = [str(require_binary()), *_QUIET, "--use-dynamic-base-id", "--disable-hot-restart", "-c", str(path)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            return _ask(port, host, target, began)
        finally:
            process.kill()


def _ask(port: int, host: str, target: str, began: float) -> tuple[float, bytes]:
    while time.perf_counter() - began < _MOST_SECONDS:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_MOST_SECONDS)
        try:
            connection.request("GET", target, headers={"host": host})
            body = connection.getresponse().read()
            return time.perf_counter() - began, body
        except ConnectionRefusedError:
            time.sleep(0.0005)
        finally:
            connection.close()
    raise TimeoutError("Envoy does not answer")
