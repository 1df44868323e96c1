"""Directories of manifests that change: the newest good state, and what is wrong with a newer one.

`Watched` looks when it is asked to (`moved`, `poll`); it has no clock and no thread of its own. Only files that
changed are read again. A state with an error does not come into force: the last good one stays, and `error` says why
until the files are mended.
"""

from __future__ import annotations

from pathlib import Path

from fastroute.errors import ConfigError, ParseError, Where
from fastroute.pilot.discovery.registry.directory import File, Registry, assemble, files, read_file

Stamp = tuple[int, int, int]
"""Time of change, size and inode of a file."""


class Watched:
    """Files and directories, and the registry that is in force.

    The first reading must succeed: ConfigError otherwise. `lenient` leaves bad objects out instead of
    keeping the last good state.
    """

    def __init__(self, *paths: str | Path, lenient: bool = False) -> None:
        self._paths = tuple(Path(path) for path in paths)
        self._lenient = lenient
        self._files: dict[Path, tuple[Stamp, File]] = {}
        self._seen = self._stamp = self._look()
        self.registry: Registry = self._read(self._stamp)
        self.error: ConfigError | None = None

    def moved(self) -> bool:
        """Whether a file changed since this was asked last. Nothing is read."""
        before, self._seen = self._seen, self._look()
        return before != self._seen

    def is_current(self) -> bool:
        """Whether the files as they are now have been read, or refused."""
        return self._look() == self._stamp

    def poll(self) -> bool:
        """Read again if a file changed; whether another state came into force."""
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            registry = self._read(stamp)
        except ConfigError as error:
            self.error = error
            return False
        except OSError as error:
            self.error = ParseError(f"cannot be read: {error.strerror}", where=Where(str(error.filename)))
            return False
        self.registry, self.error = registry, None
        return True

    def _read(self, stamp: list[dict[Path, Stamp]]) -> Registry:
        """The objects of all files; those of a file that is as it was are the same objects.

        A path that is gone is an error, as for a volume that is not mounted; an empty directory is none.
        """
        for path in self._paths:
            path.stat()
        read: dict[Path, tuple[Stamp, File]] = {}
        for layer in stamp:
            for path, now in layer.items():
                held = self._files.get(path)
                if held is None or held[0] != now:
                    held = (now, read_file(path))
                read[path] = held
        self._files = read
        return assemble(([read[path][1] for path in layer] for layer in stamp), strict=not self._lenient)

    def _look(self) -> list[dict[Path, Stamp]]:
        """Every file that is read, of each path, in order."""
        return [self._stamps(path) for path in self._paths]

    @staticmethod
    def _stamps(path: Path) -> dict[Path, Stamp]:
        found = {}
        for file in files(path):
            try:
                status = file.stat()
            except FileNotFoundError:
                continue
            found[file] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return found
