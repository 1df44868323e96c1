"""The keys of a text as shared strings: a configuration has few, and each many times."""

from typing import final

@final
class Keys:
    """A memory of keys; for extension modules."""

    def __new__(cls) -> Keys: ...
