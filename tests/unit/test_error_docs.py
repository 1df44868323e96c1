"""docs/errors.md is what its tool writes, and shows every error code of the sources."""

from __future__ import annotations

import error_docs
import pytest


def test_every_code_has_an_example() -> None:
    missing = error_docs.codes() ^ {example.code for example in error_docs.EXAMPLES}
    assert not missing, "give each code one example in tools/error_docs.py"


@pytest.mark.parametrize("example", error_docs.EXAMPLES, ids=lambda example: example.code)
def test_every_example_gives_its_error(example: error_docs.Example) -> None:
    error = error_docs.rendered(example)
    assert error is not None
    assert error.code == example.code


def test_the_page_is_up_to_date() -> None:
    assert error_docs.OUTPUT.read_text() == error_docs.document(), "run tools/error_docs.py"
