"""The `fastroute` command: finds the subcommand, loads only that, turns errors into one clear line.

Exit codes: 0 done, 1 the answer is "no" (a failed check, a refused configuration), 2 wrong usage.
"""

from __future__ import annotations

import sys

try:
    import click
except ImportError:
    sys.exit("fastroute: the command line needs the extra `cli`: pip install 'fastroute[cli]'")

from fastroute._version import __version__
from fastroute.cli.lazy import Lazy, LazyGroup
from fastroute.errors import FastrouteError

COMMANDS = {
    "check": Lazy("fastroute.cli.check:check", "Run route tests: the format of Envoy's route table checker."),
    "demo": Lazy("fastroute.cli.demo:demo", "Walk one request through the mesh, step by step, and show the tables."),
    "diff": Lazy("fastroute.cli.diff:diff", "Say what changed between two configurations."),
    "mesh": Lazy("fastroute.cli.mesh:mesh", "Run bookinfo for real: network namespaces, agents, Envoys."),
    "pilot": Lazy(
        "fastroute.cli.pilot:pilot", "What a pilot does for a sidecar: bootstrap, iptables, agent, discovery server."
    ),
    "proxy-config": Lazy(
        "fastroute.cli.proxy_config:proxy_config",
        "Show the clusters, listeners, routes and endpoints of a configuration.",
    ),
    "route": Lazy("fastroute.cli.route:route", "Decide one request."),
    "simulate": Lazy("fastroute.cli.simulate:simulate", "Tell where many requests would go."),
    "validate": Lazy(
        "fastroute.cli.validate:validate", "Say whether Envoy 1.40 takes each file, and what is wrong with it."
    ),
    "watch": Lazy("fastroute.cli.watch:watch", "Follow a control plane, and print what changes."),
}


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
