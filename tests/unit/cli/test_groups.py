"""Groups of commands: what `--help` lists can be called, and listing imports none of it."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from fastroute.cli.lazy import LazyGroup
from fastroute.cli.main import cli
from fastroute.cli.pilot import pilot

GROUPS = {"fastroute": cli, "pilot": pilot}


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_every_command_is_there_and_has_a_line(group: LazyGroup) -> None:
    listed = CliRunner().invoke(group, ["--help"]).output
    context = click.Context(group)
    for name in group.list_commands(context):
        assert group.get_command(context, name) is not None
        assert f"  {name} " in listed


def test_a_command_that_is_none_is_a_usage_error() -> None:
    result = CliRunner().invoke(cli, ["rout"])
    assert result.exit_code == 2
    assert "No such command 'rout'" in result.output


def test_help_imports_no_command() -> None:
    program = (
        "import sys; from fastroute.cli.main import cli; cli.main(['--help'], standalone_mode=False);"
        "print([name for name in sys.modules if name in ('fastroute.cli.check', 'fastroute.router')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
