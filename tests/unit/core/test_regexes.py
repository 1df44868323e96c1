"""Regular expressions: RE2 with full match, Latin-1 and the program size limit, whichever engine is inside."""

from __future__ import annotations

import pytest

from fastroute.core.regexes import Regex, RegexError, literal_prefix, template_error


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a|ab", b"ab", True),
        ("/d.", b"/d\xfc", True),
        ("/d.", "/dü", False),
        ("/n[^a]", b"/n\xff", True),
        ("^/z$", b"/z", True),
        ("(?i)/ABC", b"/abc", True),
        ("/re/[0-9]+", b"/re/12/", False),
        ("", b"", True),
        ("a.b", b"a\nb", False),
        ("a\x00b", b"a\x00b", True),
    ],
)
def test_whole_text_is_matched_byte_by_byte(pattern: str, text: str | bytes, expected: bool) -> None:
    """RM-05."""
    assert Regex(pattern).fullmatch(text) is expected


def test_program_larger_than_the_limit_is_refused_in_envoys_words() -> None:
    """RM-06."""
    size = Regex("[a-z]{1,90}x").program_size
    assert Regex("[a-z]{1,90}x", max_program_size=size).program_size == size
    with pytest.raises(RegexError, match=rf"RE2 program size of {size} > max program size of {size - 1}"):
        Regex("[a-z]{1,90}x", max_program_size=size - 1)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", r"missing \): \("),
        ("(?=a)", r"invalid perl operator: \(\?="),
        ("a{2000}", "invalid repetition size"),
        ("a**", "bad repetition operator"),
        (r"(a)\1", "invalid escape sequence"),
    ],
)
def test_invalid_expression_is_refused_in_re2s_words(pattern: str, message: str) -> None:
    with pytest.raises(RegexError, match=message):
        Regex(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "template", "expected"),
    [
        ("/v[0-9]+", "/v1/v22", "/x", b"/x/x"),
        ("(a)(b)", "xaby", r"\2\1\0", b"xbaaby"),
        ("b*", "abc", "-", b"-a-c-"),
        ("x", "abc", "-", b"abc"),
        ("(a)", "abc", r"\2", b"abc"),
        ("a", "abc", r"\\", b"\\bc"),
        ("", "ab", "-", b"-a-b-"),
        ("(a)|(b)", "ab", r"<\1\2>", b"<a><b>"),
        ("a", "aaa", r"b\q", b"bbb"),
    ],
)
def test_replacement_is_that_of_re2(pattern: str, text: str, template: str, expected: bytes) -> None:
    """RA-22: all matches, groups by number; a template with a group too many changes nothing."""
    assert Regex(pattern).replace_all(text, template) == expected


def test_groups_of_a_full_match() -> None:
    regex = Regex("/(a+)(b)?/(.*)")
    assert (regex.groups, regex.groups_of("/aa/x")) == (3, (b"aa", None, b"x"))
    assert regex.groups_of("zz/aa/x") is None


def test_template_errors_name_the_reason() -> None:
    assert template_error(r"\1", 1) is None
    assert "requests 2 matches" in str(template_error(r"\2", 1))
    assert "not allowed at end" in str(template_error("\\", 1))
    assert "must be followed by" in str(template_error(r"\x", 1))


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        ("/api/v[0-9]+", b"/api/v"),
        ("^/a", b"/a"),
        (r"/a\.b\-c", b"/a.b-c"),
        ("/ab*", b"/a"),
        ("/ab{0,1}", b"/a"),
        ("/ab|/c", b""),
        ("(?i)/a", b""),
        (r"/a\d", b"/a"),
        (".*", b""),
        (r"/a\.?", b"/a"),
    ],
)
def test_literal_prefix_is_what_every_match_begins_with(pattern: str, prefix: bytes) -> None:
    assert literal_prefix(pattern) == prefix


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="str or bytes expected, not int"):
        Regex("a").fullmatch(1)  # type: ignore[arg-type]
