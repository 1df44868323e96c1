"""The items of one repeated field of a message in wire form, found without reading what is in them."""

from typing import final

@final
class Items:
    """The contents of the field `number`, which holds messages or texts, in `body`; `rest` is all else of it.

    Raises ValueError for bytes that are no message, or in which that field holds something else.
    """

    @property
    def body(self) -> bytes: ...
    @property
    def rest(self) -> bytes: ...
    def __new__(cls, body: bytes, number: int) -> Items: ...
    def __len__(self) -> int: ...
    def __getitem__(self, at: int, /) -> bytes: ...
    def __sizeof__(self) -> int: ...
    def common(self, other: Items) -> tuple[int, int]:
        """How many items are the same from the first on, and of the others from the last back."""
