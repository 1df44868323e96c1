"""The example of docs/agent.md runs."""

from __future__ import annotations

import re

import pytest
from support.shared import ROOT


def test_the_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "agent.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(ROOT)
    exec(compile(block, "docs/agent.md", "exec"), {})
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "redirect to 127.0.0.1:15001 (nat: -A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001)"
