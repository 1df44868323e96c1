"""Inputs made from good ones by damage, and what they are fed to: nothing but a ConfigError may come of it.

    fuzz("yaml", seconds=3, seed=1)    Report(runs, refused, slowest): feeds damaged inputs until the time is over

An input that raises anything else, takes more than 2 s of processor time or makes the process 512 MB larger
ends the run with a `FuzzError` that holds the input, in Base64.
"""

from __future__ import annotations

import base64
import json
import random
import re
import resource
import time
from collections.abc import Callable
from typing import NamedTuple

import yaml
from google.protobuf import text_format

import fastroute
from fastroute.api import names
from fastroute.config.text import to_tree
from fastroute.errors import ConfigError
from support import rich_samples, samples
from support.near_valid import message

LIMIT_S = 2.0
LIMIT_KB = 512 * 1024
LONGEST = 60_000

_TOKENS = (
    b"{", b"}", b"[", b"]", b":", b",", b"- ", b"\n", b"\t", b'"', b"'", b"&a ", b"*a", b"<<: *a", b"!ignore ", b"| ",
    b"@type", b"type.googleapis.com/", b"null", b"true", b"y", b"~", b"-1", b"0x7fffffff", b"1e999", b"9" * 60, b".inf",
    b"1.5s", b"-1s", b"\x00", b"\xff", b"\\u12", b"\xc3", b"/*", b"//", b"# ", b"---\n", b"%YAML 1.1\n",
    b"\xef\xbb\xbf",
    b"configs", b"resources", b"static_resources", b"[" * 300, b'{"a":' * 300, b"\x0a\xff\xff\xff\xff\x0f", b"\xf2\x05",
)  # fmt: skip


class FuzzError(AssertionError):
    """An input that does harm."""


class Report(NamedTuple):
    """How many inputs were fed, how many of them refused, and the processor time of the slowest in seconds."""

    runs: int
    refused: int
    slowest: float


def _messages() -> list[tuple[str, dict[str, object]]]:
    return [
        (names.ROUTE_CONFIGURATION, samples.PLAIN_ROUTES),
        *((names.ROUTE_CONFIGURATION, tree) for tree in rich_samples.ROUTES),
        *((names.LISTENER, tree) for tree in rich_samples.LISTENERS),
        *((names.CLUSTER, tree) for tree in rich_samples.CLUSTERS),
        (names.CLUSTER_LOAD_ASSIGNMENT, samples.ASSIGNMENT),
        (names.BOOTSTRAP, rich_samples.BOOTSTRAP),
    ]


def _yaml(tree: object) -> bytes:
    """YAML that Envoy reads alike: to it a bare n is a boolean."""
    return re.sub(r": ([ny])\n", r': "\1"\n', yaml.safe_dump(tree)).encode()


def corpus(form: str) -> list[bytes]:
    """Good inputs of a format."""
    good = [message(kind, tree) for kind, tree in _messages()]
    if form == "json":
        return [json.dumps(to_tree(one)).encode() for one in good]
    if form == "yaml":
        anchors = b"name: &n r\nvirtual_hosts: [{name: *n, domains: &d [a]}, {name: *n, domains: [*n]}]\n"
        return [*(_yaml(to_tree(one)) for one in good), anchors]
    if form == "text proto":
        return [text_format.MessageToString(one).encode() for one in good]
    return [one.SerializeToString() for one in good]


def damaged(rng: random.Random, inputs: list[bytes]) -> bytes:
    """One of the inputs with one to four kinds of damage."""
    data = bytearray(rng.choice(inputs))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 2, 8, 200)))
        match rng.randrange(7):
            case 0 if data:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:]
            case 2:
                del data[at:end]
            case 3:
                data[at:at] = rng.choice(_TOKENS)
            case 4:
                data[at:at] = bytes(data[at:end]) * rng.choice((1, 3, 200))
            case 5:
                other = rng.choice(inputs)
                data[at:] = other[rng.randrange(len(other)) :]
            case _:
                data[at:end] = rng.randbytes(rng.choice((1, 4, 40)))
    return bytes(data[:LONGEST])


def _loader(suffix: str, strict: bool) -> Callable[[bytes], None]:
    from fastroute.config import constraints, formats
    from fastroute.config.collect import Collector
    from fastroute.config.resources import Resources
    from fastroute.errors import joined
    from fastroute.snapshot import build

    def load(data: bytes) -> None:
        resources = Resources()
        collector = Collector(resources, strict=strict)
        collector.document(formats.parse(data, f"fuzz{suffix}"))
        if collector.errors:
            raise joined(collector.errors)
        constraints.verify(resources, strict=strict)
        build(resources, strict=strict)

    return load


def _load(data: bytes) -> None:
    fastroute.load(data)


def _load_leniently(data: bytes) -> None:
    fastroute.load(data, strict=False)


TARGETS: dict[str, tuple[str, Callable[[bytes], None]]] = {
    "json": ("json", _load),
    "json, lenient": ("json", _load_leniently),
    "yaml": ("yaml", _load),
    "yaml, lenient": ("yaml", _load_leniently),
    "yaml by its name": ("yaml", _loader(".yaml", False)),
    "binary": ("binary", _load),
    "binary, lenient": ("binary", _load_leniently),
    "binary by its name": ("binary", _loader(".pb", True)),
    "text proto": ("text proto", _loader(".pb_text", True)),
}
"""By name: the format of the good inputs, and what is fed."""


def feed(load: Callable[[bytes], None], data: bytes) -> tuple[bool, float]:
    """Whether the input is refused, and its processor time; FuzzError when it does harm."""
    shown = base64.b64encode(data).decode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    refused = False
    try:
        load(data)
    except ConfigError:
        refused = True
    except Exception as error:
        raise FuzzError(f"{type(error).__name__}: {error}; input {shown}") from error
    spent = time.process_time() - start
    if spent > LIMIT_S:
        raise FuzzError(f"{spent:.1f} s; input {shown}")
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before > LIMIT_KB:
        raise FuzzError(f"more than 512 MB; input {shown}")
    return refused, spent


def fuzz(target: str, *, seconds: float, seed: int) -> Report:
    """Feed damaged inputs to a target for some time."""
    form, load = TARGETS[target]
    inputs = corpus(form)
    rng = random.Random(seed)
    runs, refusals, slowest = 0, 0, 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        refused, spent = feed(load, damaged(rng, inputs))
        runs, refusals, slowest = runs + 1, refusals + refused, max(slowest, spent)
    return Report(runs, refusals, slowest)
