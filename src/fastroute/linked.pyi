"""Where Python finds the other extension modules: in the file of this one, into which the build links them all.

To import it puts `Finder` before Python's own finders.
"""

from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

MODULES: frozenset[str]
"""The full names of the modules in the file."""

class Finder:
    """A finder of modules (`sys.meta_path`)."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Where the module `name` is, if it is one of MODULES."""
