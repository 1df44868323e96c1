"""Where the command `fastroute` starts: a plain `fastroute route` at once, everything else by click."""

from __future__ import annotations

import gc
import os
import sys

_COMPLETION = "_FASTROUTE_COMPLETE"


def command() -> None:
    """The command as a process of its own, which is short: nothing is collected, and nothing torn down at its end.

    Of what is there for `fastroute route`, much is not loaded at all: see `api.protobuf`.
    """
    if sys.argv[1:2] != ["route"]:
        return main()
    gc.disable()
    from fastroute.api.protobuf import without_conveniences

    without_conveniences()
    try:
        main()
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            raise ended from None
        os._exit(ended.code or 0)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends the process with its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] != ["route"] or _COMPLETION in os.environ or not _decided(words[1:]):
        from fastroute.cli.main import main as whole

        whole(words)


def _decided(words: list[str]) -> bool:
    """Whether the answer, or a configuration's error, was printed; else nothing was."""
    from fastroute.cli import quick
    from fastroute.cli.arrival import WrongUseError
    from fastroute.cli.decide import decide
    from fastroute.errors import FastrouteError

    asked = quick.read(words)
    if asked is None:
        return False
    warnings: list[str] = []
    try:
        text, code = decide(asked, warnings.append), 0
    except WrongUseError:
        return False
    except FastrouteError as error:
        text, code = "", 1
        warnings.append(f"fastroute: {error}")
    try:
        for warning in warnings:
            print(warning, file=sys.stderr)
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()
        code = 1
    sys.exit(code)
