"""Texts that no file of a mesh should have: each is an error with its place, soon, and none is a traceback."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest

from fastroute.pilot.discovery.registry.directory import parse, read
from fastroute.pilot.discovery.registry.text import DEEPEST, MOST_EXPANDED
from fastroute.pilot.discovery.watch import Watched

HEAD = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
NAMES = "abcdefghij"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in itertools.pairwise(NAMES)
)
TEXTS = {
    "aliases of aliases": (BOMB, f"aliases make more than {MOST_EXPANDED} values of it"),
    "an alias of itself": (HEAD + "spec: &x {selector: *x}\n", f"nested more than {DEEPEST} deep"),
    "a merge of itself": (HEAD + "spec: &x {<<: *x}\n", f"nested more than {DEEPEST} deep"),
    "many lists": ("[" * 100_000, "not YAML"),
    "many maps": ("".join(" " * depth + "a:\n" for depth in range(2_000)), "not YAML"),
    "a long number": (HEAD + "spec: {ports: [{port: " + "9" * 5_000 + "}]}\n", "expected a whole number, not inf"),
    "a long hexadecimal number": (HEAD + "spec: {ports: [{port: 0x" + "f" * 5_000 + "}]}\n", "expected a whole number"),
    "half a file": (HEAD + 'spec: {clusterIP: "10.', "not YAML"),
    "a key twice": (HEAD + "kind: Pod\n", "the key 'kind' occurs twice"),
    "a list as a key": (HEAD + "spec: {? [x] : y}\n", "a key must be a string"),
    "a tag": ('!!python/object/apply:os.system ["true"]\n', "not a Kubernetes object"),
    "half a pair": (json.dumps({"kind": "\ud800"}), "not YAML"),
    "no character": ("kind: \x01\n", "not YAML"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_refused(name: str) -> None:
    text, said = TEXTS[name]
    errors = parse("a.yaml", text).errors
    assert [said in str(error) for error in errors] == [True], errors
    assert errors[0].where is not None
    assert len(str(errors[0])) < 300


def test_what_is_repeated_within_reason_is_read() -> None:
    labels = ", ".join(f"l{number}: *v" for number in range(1000))
    (one,) = parse("a.yaml", f"apiVersion: v1\nkind: Service\nmetadata: {{name: &v a, labels: {{{labels}}}}}\n").objects
    assert one.meta.labels["l999"] == "a"


@pytest.mark.parametrize("data", [b"kind: \xff", "kind: Pod".encode("utf-16"), bytes(range(256))])
def test_bytes_that_are_no_text(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.yaml").write_bytes(data)
    (error,) = read(tmp_path, strict=False).errors
    assert "cannot be read" in str(error)
    assert error.where is not None
    assert error.where.file == str(tmp_path / "a.yaml")


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "folder.yaml").mkdir()
    assert read(tmp_path).objects == ()


def test_a_hostile_file_leaves_the_last_good_state(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(HEAD + "spec: {clusterIP: 10.0.0.1}\n")
    watched = Watched(tmp_path)
    good = watched.registry
    for text, said in TEXTS.values():
        (tmp_path / "bad.yaml").write_text(text)
        assert not watched.poll()
        assert watched.registry is good
        assert said in str(watched.error)
    (tmp_path / "bad.yaml").unlink()
    assert watched.poll()
    assert watched.error is None
