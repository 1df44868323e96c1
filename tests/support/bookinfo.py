"""The example mesh, and what is generated from it."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from fastroute.api.pool import new, pool
from fastroute.config import read as read_resources
from fastroute.config.resources import Resources
from fastroute.pilot import discovery
from support.shared import ROOT, shared

DIRECTORY = ROOT / "examples" / "bookinfo"
PRODUCTPAGE = "productpage-v1-64794f5db4-6bsbj"
REVIEWS = "outbound|9080||reviews.default.svc.cluster.local"


@functools.cache
def registry(*more: Path) -> discovery.Registry:
    """The example's objects, with the objects of further files applied over them."""
    return discovery.read(DIRECTORY, *more)


@functools.cache
def generated(profile: str, *more: Path) -> discovery.Generated:
    """The resources of productpage's sidecar."""
    objects = registry(*more)
    return discovery.generate(objects, discovery.Proxy.of_pod(objects, PRODUCTPAGE), profile)


@functools.cache
def resources(profile: str) -> Resources:
    """The same, read back as any source is."""
    return read_resources(generated(profile).as_mapping(), strict=False)


def named(messages: list[Message], name: str) -> Any:
    """The message of that name."""
    return next(one for one in messages if getattr(one, "name", "") == name)


def block(name: str) -> str:
    """A block of the seed document; skips the calling test without the reference material."""
    return shared(f"seed/blocks/{name}").read_text(encoding="utf-8")


def block_message(name: str, type_name: str) -> Any:
    """A JSON block as a message. One of them ends with a comma, which is dropped."""
    made = new(type_name)
    json_format.ParseDict(json.loads(block(name).strip().rstrip(",")), made, descriptor_pool=pool())
    return made


def lines(text: str) -> list[str]:
    """Table lines without command lines and blanks, with white space between columns made one blank."""
    stripped = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("$")]
