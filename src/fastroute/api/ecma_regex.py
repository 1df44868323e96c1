"""Is a text a regular expression in ECMAScript's grammar, as the C++ library of Envoy reads it?

Envoy compiles the regexes of statistics' tags so, all others with RE2. Only what is surely none is called broken:
brackets without partners, repeats of nothing, braces that are no repeat.
"""

from __future__ import annotations

from fastroute.patterns import pattern

_REPEAT = pattern(r"[*+?]|\{([0-9]+)(,?)([0-9]*)\}")
_GROUPS = ("?:", "?=", "?!")


def is_broken(text: str) -> bool:
    """Whether the library refuses the text."""
    depth, at, repeatable = 0, 0, False
    while at < len(text):
        sign = text[at]
        if sign in "*+?{":
            at = _after_repeat(text, at) if repeatable else -1
            repeatable = False
        elif sign == "[":
            at, repeatable = _after_set(text, at), True
        elif sign == "\\":
            at, repeatable = (at + 2 if at + 1 < len(text) else -1), True
        elif sign == "(":
            at, depth, repeatable = _into_group(text, at), depth + 1, False
        elif sign == ")":
            at, depth, repeatable = (at + 1 if depth else -1), depth - 1, True
        else:
            at, repeatable = (-1 if sign in "]}" else at + 1), sign not in "|^$"
        if at < 0:
            return True
    return depth > 0


def _into_group(text: str, at: int) -> int:
    if text[at + 1 : at + 2] != "?":
        return at + 1
    return at + 3 if text[at + 1 : at + 3] in _GROUPS else -1


def _after_repeat(text: str, at: int) -> int:
    found = _REPEAT.match(text, at)
    if found is None or (found[3] and (not found[2] or int(found[3]) < int(found[1]))):
        return -1
    end = found.end()
    return end + 1 if text[end : end + 1] == "?" else end


def _after_set(text: str, at: int) -> int:
    """Behind the bracket that ends the set; -1 when none does."""
    at += 2 if text[at + 1 : at + 2] == "^" else 1
    while at < len(text):
        if text[at] == "]":
            return at + 1
        if text[at] == "\\":
            at += 2
        elif text[at : at + 2] in ("[:", "[.", "[="):
            end = text.find(text[at + 1] + "]", at + 2)
            if end < 0:
                return -1
            at = end + 2
        else:
            at += 1
    return -1
