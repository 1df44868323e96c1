"""The `fastroute` command: finds the subcommand, loads only that, turns errors into one clear line.

Exit codes: 0 done, 1 the answer is "no" (a failed check, a refused configuration), 2 wrong usage.
"""

from __future__ import annotations

import importlib
import sys

try:
    import click
except ImportError:
    sys.exit("fastroute: the command line needs the extra `cli`: pip install 'fastroute[cli]'")

from fastroute._version import __version__
from fastroute.errors import FastrouteError

COMMANDS = {
    "demo": "fastroute.cli.demo:demo",
    "route": "fastroute.cli.route:route",
    "validate": "fastroute.cli.validate:validate",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, or listed by `--help`."""

    def __init__(self, *, lazy: dict[str, str], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = self._lazy.get(cmd_name)
        if target is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is no command")
        return command


cli = LazyGroup(
    name="fastroute",
    lazy=COMMANDS,
    help="Ask, test, explain and serve Envoy routing without an Envoy.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
click.version_option(__version__, prog_name="fastroute")(cli)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; configuration errors end with exit code 1 and no traceback."""
    try:
        code = cli.main(arguments, standalone_mode=False)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except click.Abort:
        sys.exit(130)
    except FastrouteError as error:
        click.echo(f"fastroute: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
