"""Arguments that are read without click are read as click would; the rest is left to it, and its words are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastroute.cli import quick, start
from fastroute.cli.decide import Asked
from fastroute.cli.route import route

SOURCE = str(Path(__file__))
WORDS = st.sampled_from(
    [
        *(SOURCE, SOURCE, "a.com/x", "http://a.com/", "http://b:1/dump", "", "-", "--", "-x", "--help", "-h", "POST"),
        *(
            "-X",
            "-XPUT",
            "-X=PUT",
            "--method",
            "--method=PUT",
            "--meth",
            "-H",
            "--header",
            "--header=a:b",
            "a:b",
            "-Ha:b",
        ),
        *("--to", "--to=1.2.3.4:5", "--to=", "--to=x", "1.2.3.4:80", "[::1]:80", "--from", "--accepted", "1.2.3.4"),
        *("--random", "7", "-7", "+7", "0x7", "--random=1_0", "--random= 7", "--runtime", "--runtime=a=b", "k=1"),
        *("--explain", "--lenient", "--explain=1", "-o", "--output", "text", "json", "-ojson", "--output=JSON", "-oX"),
        *("--route-config", "--route-config=r", "--route-config="),
    ]
)


def by_click(arguments: list[str]) -> Asked | None:
    try:
        return Asked(**route.make_context("route", list(arguments)).params)
    except (click.ClickException, click.exceptions.Exit):
        return None


@given(st.lists(WORDS, max_size=7))
@example([SOURCE, "a.com", "-H", "a:b", "-H", "c:d", "--to", "1.2.3.4:5", "--random=3", "-o", "json", "--explain"])
@example([SOURCE, "a.com", "-X", "--help"])
def test_what_is_read_is_what_click_reads(arguments: list[str]) -> None:
    asked = quick.read(arguments)
    assert asked is None or asked == by_click(arguments)


def test_plain_arguments_are_read() -> None:
    asked = quick.read([SOURCE, "a.com/x", "--to", "1.2.3.4:80", "-H", "a:b", "-H", "c:d", "--lenient"])
    assert asked == Asked(SOURCE, "a.com/x", destination=("1.2.3.4", 80), headers=("a:b", "c:d"), lenient=True)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "routes.yaml"
    path.write_text(
        "name: r\nvirtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /}, redirect: {}}]}]\n"
    )
    return path


def whole(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fastroute", "route", *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)


def test_the_words_of_an_error_are_clicks(table: Path) -> None:
    run = whole(table, "a.com", "--route-config", "other")
    assert run.returncode == 2
    assert run.stderr.startswith("Usage: ")
    assert "other" in run.stderr
    run = whole(table, "a.com", "-H", "nonsense")
    assert run.stderr.endswith("Error: 'nonsense' has no ':'\n")


def test_an_error_of_the_configuration_is_told_once(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table.write_text("name: r\nvirtual_hosts: 7\n")
    with pytest.raises(SystemExit) as ended:
        start.main(["route", str(table), "a.com"])
    told = capsys.readouterr()
    assert ended.value.code == 1
    assert told.out == ""
    assert told.err.count("fastroute: ") == 1


def test_the_answer_is_that_of_the_command(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = []
    for arguments in (["a.com/x", "--method=PUT"], ["a.com/x", "-XPUT"]):
        with pytest.raises(SystemExit) as ended:
            start.main(["route", str(table), *arguments])
        assert ended.value.code == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert "redirect" in outputs[0]
