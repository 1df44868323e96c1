"""Regular expressions as Envoy has them: RE2, Latin-1, full match, bounded program size.

`str` is taken as UTF-8, as the strings of a configuration are; results are bytes.
"""

from typing import final

class RegexError(ValueError):
    """An expression that RE2 does not compile, or whose program exceeds the limit; the text is RE2's or Envoy's."""

@final
class Regex:
    """A compiled expression (`envoy.type.matcher.v3.RegexMatcher`). Immutable.

    `max_program_size` is Envoy's limit for the size of the compiled program (runtime key
    `re2.max_program_size.error_level`, 100 by default there); 0 sets no limit. Raises `RegexError`.
    """

    @property
    def pattern(self) -> bytes:
        """The expression."""

    @property
    def program_size(self) -> int:
        """Size of the compiled program, in RE2's instructions."""

    @property
    def groups(self) -> int:
        """Number of capturing groups."""

    def __new__(cls, pattern: str | bytes, *, max_program_size: int = 0) -> Regex: ...
    def fullmatch(self, text: str | bytes) -> bool:
        """Whether the whole of `text` matches."""

    def groups_of(self, text: str | bytes) -> tuple[bytes | None, ...] | None:
        """The groups (16 at most) of a match of the whole `text`; `None` when it does not match."""

    def replace_all(self, text: str | bytes, template: str | bytes) -> bytes:
        r"""`text` with every match replaced by `template`, in which `\0` to `\9` stand for groups.

        This is `RE2::GlobalReplace`: a template that names a group too many leaves the text unchanged.
        """

def template_error(template: str | bytes, groups: int) -> str | None:
    """Why `template` is no substitution for an expression with so many groups (RE2's words), or `None`."""

def literal_prefix(pattern: str | bytes) -> bytes:
    """Bytes with which every match of `pattern` begins; empty where that is not plain to see."""
