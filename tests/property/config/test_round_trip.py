"""Messages to text and back, beside protobuf's own (much slower) JSON mapping."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from support.messages import messages

from fastroute.api import names, pool, transcode
from fastroute.config import text, yaml_text

KINDS = (
    names.BOOTSTRAP,
    names.ROUTE_CONFIGURATION,
    names.LISTENER,
    names.CLUSTER,
    names.CLUSTER_LOAD_ASSIGNMENT,
    names.HTTP_CONNECTION_MANAGER,
    "envoy.config.route.v3.Route",
    "envoy.config.core.v3.Metadata",
    "envoy.config.route.v3.RateLimit",
)
DRAWN = st.sampled_from(KINDS).flatmap(messages)


@settings(max_examples=150)
@given(message=DRAWN, camel_case=st.booleans())
def test_text_comes_back_as_the_same_message(message: Message, camel_case: bool) -> None:
    tree = json.loads(text.to_json(message, camel_case=camel_case))
    assert transcode.message(message.DESCRIPTOR.full_name, tree) == message


@settings(max_examples=150)
@given(message=DRAWN, camel_case=st.booleans())
def test_trees_are_those_of_protobuf(message: Message, camel_case: bool) -> None:
    theirs = json_format.MessageToDict(message, preserving_proto_field_name=not camel_case, descriptor_pool=pool.pool())
    assert text.to_tree(message, camel_case=camel_case) == theirs


@settings(max_examples=150)
@given(message=DRAWN)
def test_protobuf_reads_the_same_message(message: Message) -> None:
    tree: Any = text.to_tree(message)
    theirs = json_format.ParseDict(tree, pool.new(message.DESCRIPTOR.full_name), descriptor_pool=pool.pool())
    assert transcode.message(message.DESCRIPTOR.full_name, tree) == theirs


@pytest.mark.parametrize("camel_case", [False, True])
def test_json_is_yaml(camel_case: bool) -> None:
    message = transcode.message(names.CLUSTER, {"name": "y", "connect_timeout": "1.5s", "type": "EDS"})
    tree = yaml_text.parse(text.to_json(message, camel_case=camel_case), "f")
    assert transcode.message(names.CLUSTER, tree) == message
