"""What cannot be read hides nothing else that is wrong, and nothing that follows from it is told."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from fastroute.api.sound import without
from fastroute.errors import ConfigError
from fastroute.snapshot import load

HOST: dict[str, Any] = {
    "name": "v",
    "domains": ["*"],
    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "a"}}],
}

# One fault each, by when it is found: it cannot be read, breaks a constraint, or cannot be compiled.
FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "unread": ("virtual_hosts[1].routes[0].route.timeout", {"route": {"cluster": "a", "timeout": [3]}}),
    "both": ("virtual_hosts[1].routes[0].match.path", {"match": {"prefix": "/", "path": "/x"}}),
    "misspelled": ("virtual_hosts[1].routes[0].match.prefx", {"match": {"prefx": "/"}}),
    "constraint": ("virtual_hosts[1].routes[0].match.headers[0].name", {"match": {"prefix": "/", "headers": [{}]}}),
    "refused": (
        "virtual_hosts[1].routes[0].redirect.path_redirect",
        {"route": None, "redirect": {"path_redirect": "\n"}},
    ),
    "regex": ("virtual_hosts[1].routes[0].match.safe_regex.regex", {"match": {"safe_regex": {"regex": "("}}}),
}


def host(number: int, fault: str) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "a"}, **FAULTS[fault][1]}
    return {
        "name": f"v{number}",
        "domains": [f"d{number}"],
        "routes": [{k: v for k, v in route.items() if v is not None}],
    }


def told(source: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(source)  # type: ignore[arg-type]
    return [error.path for error in (caught.value, *caught.value.others)]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_alone(fault: str) -> None:
    assert told({"name": "r", "virtual_hosts": [HOST, host(1, fault)]}) == [FAULTS[fault][0]]


@pytest.mark.parametrize("pair", list(itertools.permutations(FAULTS, 2)), ids="-".join)
def test_two_faults_are_both_told_and_nothing_else(pair: tuple[str, str]) -> None:
    source = {"name": "r", "virtual_hosts": [HOST, host(1, pair[0]), host(2, pair[1])]}
    expected = [FAULTS[pair[0]][0], FAULTS[pair[1]][0].replace("[1]", "[2]", 1)]
    assert sorted(told(source)) == expected


def test_elements_keep_their_numbers() -> None:
    routes = [7, {"match": {"safe_regex": {"regex": "("}}, "route": {"cluster": "a"}}]
    found = told(
        {"name": "r", "virtual_hosts": [{**HOST, "routes": routes}, {**HOST, "name": "w", "domains": [1, "b"]}]}
    )
    assert sorted(found) == [
        "virtual_hosts[0].routes[0]",
        "virtual_hosts[0].routes[1].match.safe_regex.regex",
        "virtual_hosts[1].domains[0]",
    ]


def test_faults_are_taken_out_of_a_copy() -> None:
    tree = {"a": {"bC": [1, {"x": 2}], "m": {'k"': 3, "n": 4}}, "d": [1, 2], "u": {"@type": "t/no", "v": 1}}
    kept = {"a": {"bC": [{}, {"x": 2}], "m": {"n": 4}}}
    before = str(tree)
    assert without(tree, ["a.b_c[0]", 'a.m["k\\""]', "d[0]", "d[1]", "u.@type", "not.there"]) == kept
    assert str(tree) == before
