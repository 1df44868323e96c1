"""A message that passes the check on the wire breaks no constraint."""

from __future__ import annotations

from importlib import resources

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.message import Message
from hypothesis import given, settings
from support import samples
from support.near_valid import message, near

from fastroute.api import constraints, files, names, pool, quick_checks

SAMPLES = {
    names.ROUTE_CONFIGURATION: samples.ROUTES,
    names.HTTP_CONNECTION_MANAGER: samples.MANAGER,
    names.TCP_PROXY: samples.TCP_PROXY,
    names.LISTENER: samples.LISTENER,
    names.CLUSTER: samples.CLUSTER,
    names.CLUSTER_LOAD_ASSIGNMENT: samples.ASSIGNMENT,
}
MESSAGES = [message(kind, tree) for kind, tree in SAMPLES.items()]


@pytest.mark.parametrize("sample", MESSAGES, ids=list(SAMPLES))
def test_samples_are_clean(sample: Message) -> None:
    assert quick_checks.is_clean(sample)


@settings(max_examples=500)
@given(near(MESSAGES))
def test_near_misses(drawn: Message) -> None:
    if quick_checks.is_clean(drawn):
        assert constraints.check(drawn) == []


def test_empty_messages_of_every_type() -> None:
    data = (resources.files("fastroute.api") / files.FILE).read_bytes()
    checked = clean = 0
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        for each in file.message_type:
            empty = pool.new(f"{file.package}.{each.name}" if file.package else each.name)
            checked += 1
            if quick_checks.is_clean(empty):
                clean += 1
                assert constraints.check(empty) == [], each.name
    assert clean > checked / 3
