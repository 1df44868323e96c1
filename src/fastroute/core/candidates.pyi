"""Lists of routes that may hold, and the indexes that make long ones short. Used by the table alone."""

from typing import final

@final
class Group:
    """An index over the value of one header or query parameter."""

@final
class CandidateLists:
    """All lists of a table."""

    def __new__(cls) -> CandidateLists: ...
