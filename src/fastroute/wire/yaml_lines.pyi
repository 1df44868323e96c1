"""The plain part of YAML, read line by line: what generated configurations consist of."""

from collections.abc import Callable

class GiveUpError(Exception):
    """The text holds something that is left to libyaml."""

def parse(text: str, scalar: Callable[[str, str], object], no_text: bytes) -> object:
    """The value of `text`.

    `scalar` gives the meaning of a scalar from its text and tag (`!` or `?`); it is asked only about a plain one
    that begins with one of the characters `no_text`, any other is text. Raises `GiveUpError` for a text that is
    not plain.
    """
