"""The map of byte strings: every key is found, and keys of a family do not cluster."""

from __future__ import annotations

import pytest

from fastroute.core.bytemap import ByteMap

FAMILIES = ["t{}", "{}", "p{:03}", "ab{:02}", "host-{}.example.com", "/service-{}/api", "v{:07}", "{:08}-x", "x{:015}"]


def filled(family: str, count: int) -> ByteMap:
    made = ByteMap()
    for number in range(count):
        made[family.format(number).encode()] = number
    return made


@pytest.mark.parametrize("family", FAMILIES)
def test_every_key_is_found(family: str):
    made = filled(family, 1_000)
    assert [made[family.format(number).encode()] for number in range(1_000)] == list(range(1_000))
    assert family.format(1_000).encode() not in made


@pytest.mark.parametrize("count", [100, 900, 1_300, 10_000])
@pytest.mark.parametrize("family", FAMILIES)
def test_keys_that_differ_in_a_few_letters_do_not_cluster(family: str, count: int):
    """Keys of four letters used to lie in one row of cells: a thousand tenants made a header's look-up linear."""
    assert filled(family, count).longest_run() <= 120


def test_an_empty_map_has_no_row():
    assert ByteMap().longest_run() == 0
