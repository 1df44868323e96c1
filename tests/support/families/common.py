"""Words that every family uses."""

from __future__ import annotations

from typing import Any

Table = dict[str, Any]
"""A RouteConfiguration in the JSON form of the API."""

Listener = str
"""The name of one of the family's listeners."""

PLAIN: dict[str, dict[str, Any]] = {"plain": {}}
"""The listeners of a family that needs no options."""
