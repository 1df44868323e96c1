"""Directories of manifests that change: the newest good state, and what is wrong with a newer one.

`Watched` looks when it is asked to (`poll`); it has no clock and no thread of its own. A state with an
error does not come into force: the last good one stays, and `error` says why until the files are mended.
"""

from __future__ import annotations

from pathlib import Path

from fastroute.errors import ConfigError, ParseError, Where
from fastroute.pilot.discovery.registry.directory import SUFFIXES, Registry, read

Stamp = tuple[tuple[str, int, int], ...]


class Watched:
    """Files and directories, and the registry that is in force.

    The first reading must succeed: ConfigError otherwise. `lenient` leaves bad objects out instead of
    keeping the last good state.
    """

    def __init__(self, *paths: str | Path, lenient: bool = False) -> None:
        self._paths = tuple(Path(path) for path in paths)
        self._lenient = lenient
        self._stamp = self._look()
        self.registry: Registry = read(*self._paths, strict=not lenient)
        self.error: ConfigError | None = None

    def poll(self) -> bool:
        """Read again if a file changed; whether another state came into force."""
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            registry = read(*self._paths, strict=not self._lenient)
        except ConfigError as error:
            self.error = error
            return False
        except (OSError, UnicodeDecodeError) as error:
            self.error = ParseError(f"cannot be read: {error}", where=Where(str(self._paths[0])))
            return False
        self.registry, self.error = registry, None
        return True

    def _look(self) -> Stamp:
        """Name, time of change and size of every file that is read."""
        found = []
        for path in self._paths:
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.suffix in SUFFIXES or not path.is_dir():
                    found.append(self._stamp_of(file))
        return tuple(one for one in found if one is not None)

    @staticmethod
    def _stamp_of(file: Path) -> tuple[str, int, int] | None:
        try:
            status = file.stat()
        except FileNotFoundError:
            return None
        return (str(file), status.st_mtime_ns, status.st_size)
