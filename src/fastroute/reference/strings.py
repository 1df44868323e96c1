"""String matchers (`envoy.type.matcher.v3.StringMatcher`, and xDS's own of the same shape).

- RM-36: exact, prefix, suffix, contains; `ignore_case` folds ASCII letters only.
- RM-36: `safe_regex` is a full match and does not look at `ignore_case`.
- Bytes of the configuration are its UTF-8 text; a request is bytes.
"""

from __future__ import annotations

from fastroute.errors import UnsupportedError
from fastroute.reference import regexes
from fastroute.reference.stream import Message


def matches(matcher: Message, value: bytes) -> bool:
    """Whether the string matcher takes `value`."""
    kind = matcher.WhichOneof("match_pattern")
    if kind == "safe_regex":
        return regexes.covers(matcher.safe_regex.regex, value)
    if kind not in ("exact", "prefix", "suffix", "contains"):
        raise UnsupportedError(f"string matcher {kind} cannot be decided", path=str(kind))
    wanted: bytes = getattr(matcher, kind).encode("utf-8")
    if matcher.ignore_case:
        wanted, value = wanted.lower(), value.lower()
    return _compare(kind, wanted, value)


def _compare(kind: str, wanted: bytes, value: bytes) -> bool:
    match kind:
        case "exact":
            return value == wanted
        case "prefix":
            return value.startswith(wanted)
        case "suffix":
            return value.endswith(wanted)
        case _:
            return wanted in value


def describe(matcher: Message) -> str:
    """The matcher in a few words, for a sentence."""
    kind = matcher.WhichOneof("match_pattern")
    if kind is None:
        return "anything"
    shown = matcher.safe_regex.regex if kind == "safe_regex" else getattr(matcher, kind)
    folded = ", ignoring case" if matcher.ignore_case else ""
    return f"{kind} {shown!r}{folded}"
