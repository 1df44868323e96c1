"""String matchers: exact, prefix, suffix, contains and regex."""

from typing import Literal, final

from fastroute.core.regexes import Regex

@final
class StringMatcher:
    """A string matcher (`envoy.type.matcher.v3.StringMatcher`). Immutable.

    `text` is what is compared with, or the `Regex` of kind `regex`, to which `ignore_case` does not apply.
    """

    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> bytes:
        """What is compared with: lower case when case is ignored, the pattern of a regex."""

    @property
    def ignore_case(self) -> bool: ...
    @property
    def regex(self) -> Regex | None: ...
    def __new__(
        cls,
        kind: Literal["exact", "prefix", "suffix", "contains", "regex"],
        text: bytes | Regex,
        *,
        ignore_case: bool = False,
    ) -> StringMatcher: ...
    def match(self, text: bytes) -> bool:
        """Whether `text` matches."""
