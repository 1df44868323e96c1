"""The extension modules and two build steps; all metadata is in pyproject.toml.

Extensions: each `pyx/fastroute/PART/NAME.pyx` becomes `fastroute.PART.NAME`; generated C goes to `build/`.
Build steps: the Envoy API is read out of the Envoy binary, and the `.pxd` files, the
header of the C API and the examples are put into the wheel.

Environment: FASTROUTE_DEBUG=1 (checks on, no optimisation), FASTROUTE_COVERAGE=1 (line tracing),
FASTROUTE_SANITIZE=1 (AddressSanitizer), FASTROUTE_RE2=auto|system|off (link libre2 or use google-re2),
FASTROUTE_ONLY=NAME (one module alone).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
API = Path("src/fastroute/api/envoy_1_40.binpb")
DEBUG = os.environ.get("FASTROUTE_DEBUG") == "1"
COVERAGE = os.environ.get("FASTROUTE_COVERAGE") == "1"
JOBS = os.cpu_count() or 1
SANITIZE = os.environ.get("FASTROUTE_SANITIZE") == "1"

DIRECTIVES = {
    "language_level": 3,
    "binding": True,
    "auto_pickle": False,
    "autotestdict": False,
    "boundscheck": DEBUG,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": DEBUG,
    "linetrace": COVERAGE,
}


def re2_flags():
    """Compiler and linker flags of libre2, or None where it is absent or not wanted."""
    wish = os.environ.get("FASTROUTE_RE2", "auto")
    if wish == "off" or shutil.which("pkg-config") is None:
        found = None
    else:
        query = subprocess.run(["pkg-config", "--cflags", "--libs", "re2"], capture_output=True, text=True, check=False)
        found = query.stdout.split() if query.returncode == 0 else None
    if found is None and wish == "system":
        raise SystemExit("FASTROUTE_RE2=system, but pkg-config finds no re2: apt-get install libre2-dev pkg-config")
    return found


# What a request or a connection passes through: worth more of the compiler's time, for its inlining.
# In `deciding` the compiler inlines what is written to be inlined: it has one caller, and is most of a request.
HOT = {"chain", "cidr", "codec", "deciding", "engine", "filter_chains", "hcm", "headers", "paths", "sieve", "table"}


def extensions():
    flags = ["-O0", "-g"] if DEBUG or SANITIZE else ["-O2", "-g0"]
    if SANITIZE:
        flags.append("-fsanitize=address")
    macros = [("CYTHON_TRACE_NOGIL", "1")] if COVERAGE else []
    re2 = re2_flags()
    only = os.environ.get("FASTROUTE_ONLY", "*")
    for source in sorted(Path("pyx").rglob(f"{only}.pyx")):
        name = ".".join(source.relative_to("pyx").with_suffix("").parts)
        cpp = "distutils: language = c++" in source.read_text(encoding="utf-8")
        compile_args, link_args, defines = list(flags), [], list(macros)
        if source.stem in HOT and "-O2" in flags:
            compile_args.append("-O3")
        if source.stem == "deciding" and os.name == "posix":
            defines.append(("CYTHON_INLINE", "__inline__ __attribute__((always_inline))"))
        if source.stem == "regexes":
            if re2 is not None:
                compile_args += [flag for flag in re2 if not flag.startswith("-l")]
                link_args += [flag for flag in re2 if flag.startswith("-l")]
            defines.append(("FASTROUTE_HAVE_RE2", "1" if re2 is not None else "0"))
        yield Extension(
            name,
            [str(source)],
            include_dirs=["pyx"],
            define_macros=defines,
            extra_compile_args=compile_args + (["-std=c++17"] if cpp else []),
            extra_link_args=link_args + (["-fsanitize=address"] if SANITIZE else []),
            language="c++" if cpp else "c",
        )


def extract_api():
    """Read the Envoy API out of the Envoy binary, unless the source distribution brought it."""
    if not API.exists():
        subprocess.run([sys.executable, str(ROOT / "tools" / "extract_api.py"), str(API)], check=True)


class BuildExt(build_ext):
    """Adds the Envoy API, without which the modules are of no use where they are built in place."""

    def run(self):
        extract_api()
        super().run()


class BuildPy(build_py):
    """Adds the Envoy API, `.pxd` and `.h` files, the examples."""

    def run(self):
        extract_api()
        super().run()
        if not self.editable_mode:
            for declared in sorted([*Path("pyx").rglob("*.pxd"), *Path("pyx").rglob("*.h")]):
                self.add(declared, Path(self.build_lib, *declared.relative_to("pyx").parts))
            for file in sorted(Path("examples").rglob("*.*")):
                self.add(file, Path(self.build_lib, "fastroute", file))

    def add(self, source, target):
        self.mkpath(str(target.parent))
        self.copy_file(str(source), str(target))


if __name__ == "__main__":
    setup(
        ext_modules=cythonize(
            list(extensions()),
            include_path=["pyx"],
            build_dir="build/cython",
            compiler_directives=DIRECTIVES,
            nthreads=JOBS,
        ),
        options={"build_ext": {"parallel": JOBS}},
        cmdclass={"build_ext": BuildExt, "build_py": BuildPy},
    )
