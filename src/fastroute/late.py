"""Modules that are loaded when something of theirs is first asked for.

A start is mostly imports, and most modules compile or check what few configurations have. A package names those
(`__getattr__ = late.modules(__name__, …)`); `from fastroute.compile import rewrites` then gives a stand-in, and the
first `rewrites.compile_path_rewrite` loads the module. So what is to come late is used by the module's name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType


class _Late(ModuleType):
    """Stands for a module, and has all that is in it once it is loaded."""

    def __getattr__(self, name: str) -> object:
        __import__(self.__name__)
        module = sys.modules[self.__name__]
        vars(self).update(vars(module))
        return getattr(module, name)


def modules(package: str, names: tuple[str, ...]) -> Callable[[str], ModuleType]:
    """The `__getattr__` of the package: its modules `names` are late, unless they are loaded already."""

    def late(name: str) -> ModuleType:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return _Late(f"{package}.{name}")

    return late
