"""`fastroute demo`: twelve steps, the seed's tables line by line, the notices, the same decisions in both profiles."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from support.shared import shared


@pytest.fixture(scope="module")
def output() -> str:
    """What the command prints."""
    run = subprocess.run(
        [sys.executable, "-m", "fastroute", "demo"], capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def steps(output: str) -> list[tuple[str, str, str]]:
    """Title, deciding resource and reason of each numbered step."""
    found = re.findall(r"^ ?(\d+)\. (.*)\n +decides +(.*)\n +because +(.*)$", output, re.M)
    assert [int(number) for number, *_ in found] == list(range(1, 13))
    return [(title, resource, reason) for _, title, resource, reason in found]


def words(line: str) -> list[str]:
    """Cells of a line: white space between columns may differ."""
    return re.split(r" {1,}", line.strip())


def test_the_twelve_steps_follow_the_request(output: str) -> None:
    resources = [resource for _, resource, _ in steps(output)]
    assert resources[0] == "Service reviews.default.svc.cluster.local"
    assert resources[1] == "rule -A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001"
    assert resources[2] == "listener virtualOutbound"
    assert resources[3].startswith("listener 0.0.0.0_9080, filter chain")
    assert resources[4] == (
        "virtual host reviews.default.svc.cluster.local:9080, route 0 to "
        "outbound|9080|v2|reviews.default.svc.cluster.local"
    )
    assert resources[5] == "cluster outbound|9080|v2|reviews.default.svc.cluster.local"
    assert resources[6].startswith("endpoint 10.240.2.74:9080 (reviews-v2-")
    assert resources[7] == "rule -A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006"
    assert resources[8] == "listener virtualInbound"
    assert resources[9].endswith("to inbound|9080||")
    assert resources[10] == "endpoint 127.0.0.1:9080"
    assert resources[11] == "rule -A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN"


def test_each_step_says_why(output: str) -> None:
    reasons = [reason for _, _, reason in steps(output)]
    assert "10.231.20.47:9080" in reasons[0]
    assert "10.240.2.112:9080, 10.240.2.40:9080, 10.240.2.74:9080" in reasons[5]
    assert "timeout is 0.5 s" in reasons[4]
    assert all(len(reason) > 20 for reason in reasons)


@pytest.mark.parametrize(
    "block",
    ["06-endpoint-table.txt", "12-listener-table-15001.txt", "13-listener-and-route-tables-9080.txt",
     "15-listener-table-15006.txt"],
)  # fmt: skip
def test_the_tables_are_the_seeds(output: str, block: str) -> None:
    """Line by line; the lines with commands are the seed's own (Q-10: one uses an alias)."""
    wanted = shared(f"seed/blocks/{block}").read_text(encoding="utf-8").splitlines()
    printed = [words(line) for line in output.splitlines()]
    rows = [words(line) for line in wanted if line.strip() and not line.startswith("$")]
    at = 0
    for table in split_tables(rows):
        at = next((n for n in range(len(printed)) if printed[n : n + len(table)] == table), -1)
        assert at >= 0, f"not printed: {table}"


def split_tables(rows: list[list[str]]) -> list[list[list[str]]]:
    """Rows grouped by the header that they follow."""
    tables: list[list[list[str]]] = []
    for row in rows:
        if row[0] in ("ADDRESS", "NAME", "ENDPOINT"):
            tables.append([])
        tables[-1].append(row)
    return tables


def test_what_envoy_refuses_is_noted_with_its_effect(output: str) -> None:
    for extension in ("istio.metadata_exchange", "envoy.retry_host_predicates.previous_hosts", "istio.alpn"):
        assert re.search(rf"\d+× Didn't find a registered implementation for '{extension}'", output)
    assert output.count("      effect ") >= 3


def test_profile_current_is_accepted_and_decides_the_same(output: str) -> None:
    assert re.search(r"Profile current in the real Envoy 1\.40: (accepted, with no warnings|not asked: .*)\.", output)
    tail = output.partition("it decides the same:")[2]
    assert "cluster            outbound|9080|v2|reviews.default.svc.cluster.local\n" in tail
    assert "current:" not in tail
