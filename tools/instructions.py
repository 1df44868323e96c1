"""Count the machine instructions of route, connect and pick, and of a start, and hold them to their budgets.

    python tools/instructions.py            count, print a table, fail where a budget is exceeded
    python tools/instructions.py --update   count, and write the budgets
    python tools/instructions.py --json F   count, and write the counts to the file F; whatever the budgets are

Times on a shared machine differ by a factor of two from run to run; instruction counts repeat. callgrind runs
`benchmarks/driver.py`, which makes each call a thousand times, and cuts its profile between them; the cost of the loop
is taken off. What remains of chance is where the interpreter puts its objects and which variants of the C library's
functions a processor gets: TOLERANCE leaves room for it, and for another gcc of the same make.

A start is `fastroute route` on a file of a thousand routes, from the first instruction of its process to the last, with
modules that are compiled already; the interpreter's own start is taken off.

Budgets are kept by Python version and architecture, in `benchmarks/instructions.json`. Where valgrind or a budget for
this interpreter is missing the check says so and passes: CI has both.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"
BUDGETS = BENCHMARKS / "instructions.json"
START = "start, fastroute route on 1000 routes"
TOLERANCE = 0.04
STALE = 0.10


def identity() -> str:
    """What budgets are kept by."""
    return f"python {sys.version_info.major}.{sys.version_info.minor}, {platform.machine()}"


def count(calls: int, names: list[str]) -> dict[str, int]:
    """Instructions a call, by scenario, net of the loop, and those of a start."""
    return {**count_calls(calls, names), START: count_start()}


def count_start() -> int:
    """Instructions of a whole start, net of the interpreter's."""
    config_files = importlib.import_module("rigs.config_files")
    with tempfile.TemporaryDirectory() as folder:
        tree = config_files.routes([config_files.answering_route(number) for number in range(1_000)])
        file = config_files.write(tree, Path(folder), "routes", "json")
        asked = ["-m", "fastroute", "route", str(file), f"http://example.com{config_files.prefix_path(999)}"]
        environment = {"PYTHONPYCACHEPREFIX": str(Path(folder, "compiled")), "PYTHONDONTWRITEBYTECODE": ""}
        warm = subprocess.run([sys.executable, *asked], env=_environment(environment), capture_output=True, check=True)
        if b"route-999" not in warm.stdout:
            raise SystemExit(f"fastroute route answers:\n{warm.stdout.decode()}")
        (whole,), (bare,) = (profile(one, environment) for one in (asked, ["-c", "pass"]))
        return whole - bare


def count_calls(calls: int, names: list[str], *driver: str) -> dict[str, int]:
    """Instructions a call, by scenario, net of the loop."""
    script, *arguments = driver or ("driver.py",)
    parts = profile([str(BENCHMARKS / script), *arguments], {}, "--dump-before=getppid")
    if len(parts) < 3 * len(names):
        raise SystemExit(f"callgrind wrote {len(parts)} parts for {len(names)} scenarios: does it know getppid?")
    return {name: round((parts[3 * at + 2] - parts[3 * at + 1]) / calls) for at, name in enumerate(names)}


def _environment(more: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": f"{ROOT / 'src'}:{BENCHMARKS}", **more}


def profile(arguments: list[str], environment: dict[str, str], *options: str) -> list[int]:
    """The instructions of each part of the profile of a Python process, in the order in which they ran."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "profile")
        command = [
            "valgrind", "--tool=callgrind", *options, f"--callgrind-out-file={out}", "--quiet",
            sys.executable, *arguments,
        ]  # fmt: skip
        done = subprocess.run(command, env=_environment(environment), capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{arguments[0]} failed under valgrind:\n{done.stderr[-2000:]}")
        # The last part has no number.
        files = sorted(Path(folder).glob("profile*"), key=lambda file: float(file.suffix[1:] or "inf"))
        return [totals(file) for file in files]


def totals(file: Path) -> int:
    found = re.search(r"^(?:totals|summary): (\d+)", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{file} has no totals")
    return int(found[1])


def table(counted: dict[str, int], budgets: dict[str, int]) -> str:
    """A Markdown table of counts beside their budgets."""
    lines = ["| instructions a call | counted | budget |", "|---|---|---|"]
    lines += [f"| {name} | {value} | {budgets.get(name, '-')} |" for name, value in counted.items()]
    return "\n".join(lines)


def problems(counted: dict[str, int], budgets: dict[str, int]) -> list[str]:
    """The scenarios that cost more than they may, or that have no budget, or whose budget no scenario has."""
    found = [f"{name}: no budget" for name in counted if name not in budgets]
    found += [f"{name}: a budget and no scenario" for name in budgets if name not in counted]
    for name, value in counted.items():
        allowed = budgets.get(name, value)
        if value > allowed * (1 + TOLERANCE):
            found.append(f"{name}: {value} instructions, {value / allowed - 1:.0%} over its budget of {allowed}")
        elif value < allowed / 2:
            found.append(f"{name}: {value} instructions, not half of its budget of {allowed}: what was counted?")
    return found


def main(arguments: list[str]) -> int:
    sys.path[:0] = [str(ROOT / "src"), str(BENCHMARKS)]
    driver = importlib.import_module("driver")

    if shutil.which("valgrind") is None:
        print("skipped: instruction counts need valgrind (apt-get install valgrind)")
        return 0
    if "--json" in arguments:
        counted = count(driver.CALLS, list(driver.SCENARIOS))
        Path(arguments[arguments.index("--json") + 1]).write_text(json.dumps(counted, indent=1) + "\n", "utf-8")
        return 0
    stored: dict[str, dict[str, int]] = json.loads(BUDGETS.read_text("utf-8")) if BUDGETS.exists() else {}
    if identity() not in stored and "--update" not in arguments:
        print(f"skipped: no instruction budgets for {identity()}; there are: {', '.join(stored)}")
        return 0
    counted = count(driver.CALLS, list(driver.SCENARIOS))
    if "--update" in arguments:
        stored[identity()] = counted
        BUDGETS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    budgets = stored[identity()]
    print(table(counted, budgets))
    for name, value in counted.items():
        if value < budgets.get(name, 0) * (1 - STALE):
            print(f"note: {name} is far below its budget; keep it there with --update")
    found = problems(counted, budgets)
    print("\n".join(found) or f"all within {TOLERANCE:.0%} of their budgets")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
