"""`fastroute simulate`: the same table for the same seed, and what a removal moves."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from support.clusters import endpoint, locality, static

from fastroute.cli.main import cli


def run(tmp_path: Path, tree, *options: str):
    source = tmp_path / "clusters.json"
    source.write_text(json.dumps({"static_resources": {"clusters": [tree]}}))
    done = CliRunner().invoke(cli, ["simulate", str(source), *options], catch_exceptions=False)
    return done


def hosts(count: int):
    return locality([endpoint(i) for i in range(1, count + 1)], zone="z")


def test_shares_of_a_cluster(tmp_path):
    done = run(tmp_path, static(hosts(4)), "--cluster", "c", "-n", "400")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0].split() == ["OF", "NAME", "REQUESTS", "SHARE"]
    assert [line.split() for line in lines[1:5]] == [
        ["cluster", "c", "400", "100.00%"],
        ["priority", "c", "0", "400", "100.00%"],
        ["locality", "z", "400", "100.00%"],
        ["endpoint", "127.0.0.1:1", "100", "25.00%"],
    ]
    assert run(tmp_path, static(hosts(4)), "--cluster", "c", "-n", "400").output == done.output


def test_a_removed_host_moves_little_of_a_ring(tmp_path):
    # One entry a host: Envoy gives the others more entries when the ring would become too small.
    tree = static(hosts(10), lb_policy="RING_HASH", ring_hash_lb_config={"minimum_ring_size": 1})
    options = ("--cluster", "c", "-n", "1000", "--remove", "127.0.0.1:3", "-o", "json")
    told = json.loads(run(tmp_path, tree, *options).output)
    own = next(row["requests"] for row in told["shares"] if row["name"] == "127.0.0.1:3")
    assert told["moved"] == {"had_to": own, "others": 0}


def test_wrong_usage(tmp_path):
    assert "either a URL or --cluster" in run(tmp_path, static(hosts(1))).output
    assert "no cluster 'x'" in run(tmp_path, static(hosts(1)), "--cluster", "x").output
    assert (
        "no cluster has the host" in run(tmp_path, static(hosts(1)), "--cluster", "c", "--remove", "9.9.9.9:1").output
    )
