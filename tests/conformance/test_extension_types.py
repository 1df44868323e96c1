"""The table of extensions is what the running Envoy says that it has, and what it refuses elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import extension_types as tool
import pytest
from support.envoy import Envoy

from fastroute.api import extension_table, extension_types

pytestmark = pytest.mark.envoy


def test_the_table_is_what_envoy_tells() -> None:
    with Envoy({}) as envoy:
        dump = json.loads(envoy.admin("/config_dump"))
    told = tool.table(dump["configs"][0]["bootstrap"]["node"]["extensions"])
    assert {category: extension_types.types_of(category) for category in tool.categories()} == told
    assert Path(extension_table.__file__).read_text(encoding="utf-8") == tool.module(told)
