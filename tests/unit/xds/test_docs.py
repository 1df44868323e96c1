"""The example of docs/xds.md, as it is printed there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support import xds_resources as made
from support.ads_server import AdsServer
from support.shared import ROOT


def test_the_example_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "xds.md").read_text()
    (bootstrap,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    with AdsServer(made.world(80)) as server:
        (tmp_path / "bootstrap.yaml").write_text(bootstrap.replace("18000", str(server.port)))
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env=os.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "c 127.0.0.1:80"
    assert lines[1].startswith("ready, version ")
    assert lines[2] == "ADS over gRPC: connected"
