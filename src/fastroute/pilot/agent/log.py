"""The agent's log: one line an event, as text or as JSON, on standard error.

2026-01-02T03:04:05.678901Z	info	envoy started	pid=7
{"level": "info", "time": "2026-…", "msg": "envoy started", "pid": 7}
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TextIO


class Log:
    """Writes events with their fields."""

    def __init__(self, *, as_json: bool = False, stream: TextIO | None = None) -> None:
        self._as_json = as_json
        self._stream = stream

    def info(self, message: str, **fields: object) -> None:
        """Something expected happened."""
        self._write("info", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Something failed that will be tried again, or that the user should know."""
        self._write("warn", message, fields)

    def error(self, message: str, **fields: object) -> None:
        """Something failed for good."""
        self._write("error", message, fields)

    def _write(self, level: str, message: str, fields: dict[str, object]) -> None:
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if self._as_json:
            line = json.dumps({"level": level, "time": time, "msg": message, **fields}, default=str)
        else:
            line = "\t".join([time, level, message, *(f"{name}={value}" for name, value in fields.items())])
        stream = self._stream or sys.stderr
        stream.write(line.replace("\n", " ") + "\n")
        stream.flush()
