"""What is loaded when something of it is first asked for: modules, names of a package, functions.

A start is mostly imports, and most modules compile or check what few configurations have. A package names those
(`__getattr__ = late.modules(__name__, …)`); `from fastroute.compile import rewrites` then gives a stand-in, and the
first `rewrites.compile_path_rewrite` loads the module. So what is to come late is used by the module's name.

A package that has names of its modules for its own has these late as well; a table of the functions of many modules
holds those of `late.function`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # of `typing`, which is most of a start by itself, as `collections.abc` is a part of one
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any
else:
    ModuleType = type(sys)


def _module(name: str) -> ModuleType:
    __import__(name)
    return sys.modules[name]


class _Late(ModuleType):
    """Stands for a module, and has all that is in it once it is loaded."""

    def __getattr__(self, name: str) -> object:
        module = _module(self.__name__)
        vars(self).update(vars(module))
        return getattr(module, name)


def modules(
    package: str, names: tuple[str, ...], attributes: Mapping[str, str] | None = None
) -> Callable[[str], object]:
    """The `__getattr__` of the package.

    Its modules `names` are late, unless they are loaded already; each of `attributes` is that of the module named with
    it, which is loaded for it.
    """

    def late(name: str) -> object:
        if name in names:
            return _Late(f"{package}.{name}")
        if attributes is None or name not in attributes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(_module(attributes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return late


def function(module: str, name: str) -> Callable[..., Any]:
    """The function `name` of a module, which is loaded by the first call."""

    def late(*arguments: Any) -> Any:
        return getattr(_module(module), name)(*arguments)

    return late
