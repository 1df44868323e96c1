"""Trees of JSON values written to the wire by plans: which field has which number, and how its values are written."""

from collections.abc import Callable
from typing import Any, Literal, final

@final
class FieldPlan:
    """How one field is written.

    `tag` comes before each value. `integer` is a varint from `low` to `high`; `message` is written by `inside`, or
    what makes it at first use. `encode` gives the bytes of one value for `written`, and of any value of the other
    kinds that is not of their own type; for `whole` it appends the bytes of the whole field to a list. `oneof` is
    a bit that the members of a oneof share; `null` is what null is written as where it is a value.
    """

    def __new__(
        cls,
        kind: Literal["text", "boolean", "integer", "message", "written", "whole"],
        tag: bytes,
        *,
        repeated: bool = False,
        flatten: bool = True,
        oneof: int = 0,
        null: bytes | None = None,
        encode: Callable[..., Any] | None = None,
        low: int = 0,
        high: int = 0,
        inside: MessagePlan | Callable[[], MessagePlan] | None = None,
    ) -> FieldPlan: ...

@final
class MessagePlan:
    """How a message is written; `make` gives the plan of the field of a name when it is first met, or None."""

    def __new__(cls, make: Callable[[str], FieldPlan | None]) -> MessagePlan: ...
    def encode(self, tree: object, ignored: str | None = None) -> bytes | None:
        """The body of a message; None for a tree that is left to the caller. What `encode` raises passes through.

        The key `ignored` of the outermost object is none of its fields.
        """

def nesting(tree: object, most: int) -> int:
    """How many objects and lists lie in each other; counting ends beyond `most`."""
