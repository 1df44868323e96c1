"""Is a message on the wire beyond doubt? Constraints checked in one pass over its bytes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, final

_Made = tuple[
    Callable[[int], FieldCheck],
    Sequence[int],
    Iterable[int],
    Iterable[int],
    Iterable[Iterable[int]],
    str | None,
    bool,
]

@final
class Moment:
    """A duration, as a test sees it."""

    @property
    def seconds(self) -> int: ...
    @property
    def nanos(self) -> int: ...

@final
class FieldCheck:
    """What one field must keep.

    `wire` is the wire type of one value. `presence` says that a zero value may be written; `refused` that the
    field is not to be there; `watched` that the deferred check of its message cares. A text or its bytes have from
    `least` to `most` characters, of which each byte is `allowed` (256 truth values). There are from `fewest` to
    `furthest` items (0: any number). `test` returns None for a value that is fine: a str, bytes, number or
    `Moment`. `inside` is the check of a message, or makes it at first use.
    """

    def __new__(
        cls,
        kind: Literal[
            "text",
            "data",
            "unsigned",
            "int32",
            "int64",
            "boolean",
            "double",
            "float",
            "other",
            "message",
            "duration",
            "any",
        ],
        *,
        wire: int,
        repeated: bool = False,
        presence: bool = False,
        refused: bool = False,
        watched: bool = False,
        least: int = 0,
        most: int = -1,
        fewest: int = 0,
        furthest: int = 0,
        allowed: bytes | None = None,
        test: Callable[[Any], object] | None = None,
        inside: MessageCheck | Callable[[], MessageCheck] | None = None,
    ) -> FieldCheck: ...

@final
class MessageCheck:
    """The checks of one message type; `make` is called at first use.

    It returns what gives the check of a field, by its number, when one is first met; the numbers of all fields, of
    those whose items are counted, and of those that must be there; sets of which one must be; the name of a check that
    the caller has to make of the message itself (or None), and whether that is always due or only where a watched field
    is there.
    """

    def __new__(cls, make: Callable[[], _Made]) -> MessageCheck: ...
    def read(self, body: bytes, resolve: Callable[[bytes], MessageCheck | None]) -> list[tuple[str, bytes]] | None:
        """None when not sure; otherwise all is well once the checks returned (their name, a message) are made.

        `resolve` gives the check of what an Any holds from its URL; None for a type that is not to be looked into.
        """
