"""Check the distributions in `dist/`: what the wheel holds, and that it works in an empty environment.

    python tools/check_dist.py DIST

The wheel must bring the stubs, the `.pxd` files, `py.typed` and the Envoy API, and no generated C. It is
then installed into a new virtual environment, where every module that has a stub is imported and a route is asked for
from another directory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

SMOKE = """
import importlib, pathlib
import fastroute
from fastroute.linked import MODULES
folder = pathlib.Path(fastroute.__file__).parent
stubs = {".".join(("fastroute", *file.relative_to(folder).with_suffix("").parts)) for file in folder.rglob("*.pyi")}
assert not MODULES - stubs, f"extension modules without a stub: {sorted(MODULES - stubs)}"
for name in sorted(stubs - {"fastroute.core.re2"}):
    importlib.import_module(name)
route = {"name": "a", "match": {"prefix": "/a"}, "route": {"cluster": "c"}}
virtual_host = {"name": "v", "domains": ["*"], "routes": [route]}
snapshot = fastroute.load({"routes": [{"name": "r", "virtual_hosts": [virtual_host]}]})
decision = fastroute.Router(snapshot).route("example.com", "/a/b")
assert (decision.kind, decision.cluster, decision.route) == ("forward", "c", "a"), decision
print("wheel:", decision)
"""


def missing(wheel: Path) -> list[str]:
    """What the wheel should hold and does not, or holds and should not."""
    names = zipfile.ZipFile(wheel).namelist()
    wanted = [
        "fastroute/py.typed",
        "fastroute/core/table.pyi",
        "fastroute/core/table.pxd",
        "fastroute/capi.pxd",
        "fastroute/capi.h",
        "fastroute/core/decision.pyi",
    ]
    wanted += [
        "fastroute/api/envoy_1_40.files.binpb",
        "fastroute/api/envoy_1_40.options.binpb",
        "fastroute/api/envoy_1_40.index",
        "fastroute/examples/bookinfo/mesh.yaml",
    ]
    problems = [f"{wheel.name} lacks {name}" for name in wanted if name not in names]
    problems += [
        f"{wheel.name} holds {name}"
        for name in names
        if name.endswith((".c", ".cpp", ".pyx")) and "/examples/" not in name
    ]
    return problems


def run_in_new_environment(wheel: Path) -> None:
    """Install the wheel where nothing else is, and ask it for a route."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel.resolve())], check=True)
        subprocess.run([python, "-c", SMOKE], check=True, cwd=folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dist", type=Path)
    dist = parser.parse_args().dist
    sources, wheels = sorted(dist.glob("*.tar.gz")), sorted(dist.glob("*.whl"))
    if not sources or not wheels:
        print(f"{dist}: no source distribution or no wheel; run `make dist`")
        return 1
    problems = missing(wheels[-1])
    with tarfile.open(sources[-1]) as archive:
        written = ("examples", "benchmarks")  # C that somebody wrote
        generated = [
            name
            for name in archive.getnames()
            if name.endswith((".c", ".cpp", ".so")) and name.split("/")[1] not in written
        ]
    problems += [f"{sources[-1].name} holds {name}" for name in generated]
    if problems:
        print("\n".join(problems))
        return 1
    run_in_new_environment(wheels[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
