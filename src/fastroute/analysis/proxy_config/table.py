"""Tables of text: columns as wide as their widest cell, and a gap."""

from __future__ import annotations

from fastroute.records import record


@record
class Table:
    """A header and rows. `note` is what the command says above it; it is no part of the text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    gap: int = 5
    note: str = ""

    def text(self) -> str:
        """The table as lines. The last cell of a line is not padded."""
        lines = (self.header, *self.rows)
        widths = [max(len(line[column]) for line in lines) + self.gap for column in range(len(self.header))]
        return "\n".join(
            "".join(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=False)) + line[-1]
            for line in lines
        )
