"""The extension modules and two build steps; all metadata is in pyproject.toml.

Extensions: each `pyx/fastroute/PART/NAME.pyx` becomes `fastroute.PART.NAME`; generated C goes to `build/`. All of them
are linked into one file, that of the module `fastroute.linked`, which finds the others in it; but `fastroute.core.re2`
is a file of its own, for it alone needs libre2, which a process without a regex does not load.
Build steps: the Envoy API is read out of the Envoy binary, and the `.pxd` files, the
header of the C API and the examples are put into the wheel.

Environment: FASTROUTE_DEBUG=1 (checks on, no optimisation), FASTROUTE_COVERAGE=1 (line tracing),
FASTROUTE_SANITIZE=1 (AddressSanitizer), FASTROUTE_RE2=auto|system|off (link libre2 or use google-re2).
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.modified import newer_group

ROOT = Path(__file__).parent
API = Path("src/fastroute/api/envoy_1_40.files.binpb")
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


LINKED = "fastroute.linked"
RE2 = "fastroute.core.re2"


def modules():
    """Each extension module, with its own flags; that of RE2 where RE2 is linked."""
    flags = ["-O0", "-g"] if DEBUG or SANITIZE else ["-O2", "-g0"]
    if SANITIZE:
        flags.append("-fsanitize=address")
    macros = [("CYTHON_TRACE_NOGIL", "1")] if COVERAGE else []
    re2 = re2_flags()
    sources = {".".join(file.relative_to("pyx").with_suffix("").parts): file for file in Path("pyx").rglob("*.pyx")}
    if re2 is None:
        del sources[RE2]
    for name, source in sorted(sources.items()):
        compile_args, link_args, defines = list(flags), [], list(macros)
        if source.stem in HOT and "-O2" in flags:
            compile_args.append("-O3")
        if source.stem == "deciding" and os.name == "posix":
            defines.append(("CYTHON_INLINE", "__inline__ __attribute__((always_inline))"))
        if name == LINKED:
            defines.append(("FASTROUTE_LINKED", f'"{" ".join(sorted(sources.keys() - {LINKED, RE2}))}"'))
        if name == RE2:
            compile_args += ["-std=c++17", *(flag for flag in re2 if not flag.startswith("-l"))]
            link_args += [flag for flag in re2 if flag.startswith("-l")]
        yield Extension(
            name,
            [str(source)],
            include_dirs=["pyx"],
            define_macros=defines,
            extra_compile_args=compile_args,
            extra_link_args=link_args + (["-fsanitize=address"] if SANITIZE else []),
            depends=[str(file) for file in sources.values()] if name == LINKED else [],
            language="c++" if name == RE2 else "c",
        )


class Together(Extension):
    """One file of several modules, each compiled with its own flags."""

    def __init__(self, name, parts):
        super().__init__(name, [], extra_link_args=parts[0].extra_link_args, language="c")
        self.parts = parts
        names = [part.name.rpartition(".")[2] for part in parts]
        if len(set(names)) < len(names):
            raise SystemExit(f"two modules of one name cannot be linked together: {sorted(names)}")


def linked(parts):
    """The files to build."""
    return [
        Together(LINKED, [part for part in parts if part.name != RE2]),
        *(part for part in parts if part.name == RE2),
    ]


def extract_api():
    """Read the Envoy API out of the Envoy binary, unless the source distribution brought it."""
    if not API.exists():
        subprocess.run([sys.executable, str(ROOT / "tools" / "extract_api.py"), str(API)], check=True)


class BuildExt(build_ext):
    """Links modules together; adds the Envoy API, without which they are of no use where they are built in place."""

    def run(self):
        extract_api()
        super().run()

    def build_extension(self, ext):
        if isinstance(ext, Together):
            with ThreadPoolExecutor(JOBS) as pool:
                ext.extra_objects = list(pool.map(self.compile_part, ext.parts))
            ext.depends = ext.extra_objects
        super().build_extension(ext)

    def compile_part(self, part):
        """The object file of one module, compiled anew where it is older than its source."""
        (made,) = self.compiler.object_filenames(part.sources, output_dir=self.build_temp)
        if self.force or newer_group([*part.sources, *part.depends], made):
            self.compiler.compile(
                part.sources,
                output_dir=self.build_temp,
                macros=part.define_macros,
                include_dirs=part.include_dirs,
                debug=self.debug,
                extra_postargs=part.extra_compile_args,
            )
        return made

    def get_export_symbols(self, ext):
        """None by name: each module exports its own entry."""
        return [] if isinstance(ext, Together) else super().get_export_symbols(ext)


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
        ext_modules=linked(
            cythonize(
                list(modules()),
                include_path=["pyx"],
                build_dir="build/cython",
                compiler_directives=DIRECTIVES,
                nthreads=JOBS,
            )
        ),
        options={"build_ext": {"parallel": JOBS}},
        cmdclass={"build_ext": BuildExt, "build_py": BuildPy},
    )
