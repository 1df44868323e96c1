"""Where Python finds the other extension modules: in the file of this one.

As files of their own, sixty modules would be a fifth of the start of `fastroute route`: each is searched for, opened,
mapped, and bound to the same functions of the interpreter. Linked together they share all that. Python's own loader
takes a module out of any file that has its `PyInit_NAME`; so all there is to do is to say which file that is, before
folders are searched. The build says what it linked: FASTROUTE_LINKED.
"""

import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec

cdef extern from *:
    const char *FASTROUTE_LINKED

MODULES = frozenset(FASTROUTE_LINKED.decode().split())


class Finder:
    """A finder of modules (`sys.meta_path`)."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Where the module `name` is, if it is one of MODULES."""
        if name not in MODULES:
            return None
        spec = ModuleSpec(name, ExtensionFileLoader(name, __file__), origin=__file__)
        spec.has_location = True
        return spec


sys.meta_path.insert(0, Finder)
