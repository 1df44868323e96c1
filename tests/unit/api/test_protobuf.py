"""What is taken of protobuf without its Python implementation is what protobuf itself would give."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from fastroute.api import declared, names, pool, protobuf


def test_pools_and_classes_are_protobufs_own() -> None:
    assert type(pool.pool()) is type(descriptor_pool.DescriptorPool())
    made = pool.message_class(names.LISTENER)
    assert message_factory.GetMessageClass(made.DESCRIPTOR) is made


def test_without_the_c_implementation_the_public_ways_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protobuf, "upb", None)
    made = protobuf.descriptor_pool()
    file = descriptor_pb2.FileDescriptorProto(name="a.proto", package="a")
    file.message_type.add(name="M").field.add(name="f", number=1, type=9, label=1)
    made.Add(file)
    assert protobuf.message_class(made.FindMessageTypeByName("a.M"))(f="x").f == "x"  # type: ignore[call-arg]
    assert protobuf.file_maker()(memoryview(file.SerializeToString())) == file


def test_a_file_is_handed_on_as_it_is() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="b.proto", package="b")
    file.message_type.add(name="M").field.add(name="f", number=1, type=9, label=1)
    handed = protobuf.file_maker()(memoryview(file.SerializeToString()))
    assert handed.DESCRIPTOR.full_name == file.DESCRIPTOR.full_name
    assert handed.SerializeToString() == file.SerializeToString()


def test_classes_of_fields_are_made_when_they_are_met() -> None:
    made: Any = pool.message_class(names.CLUSTER)
    inner = type(made().load_assignment.endpoints.add())
    assert inner is pool.message_class("envoy.config.endpoint.v3.LocalityLbEndpoints")
    assert made.FromString(made(name="x").SerializeToString()).name == "x"


@pytest.mark.parametrize("name", [names.LISTENER, names.ROUTE_CONFIGURATION, "envoy.config.route.v3.RouteAction"])
def test_options_are_those_that_protobuf_tells(name: str) -> None:
    descriptor = pool.pool().FindMessageTypeByName(name)
    for field in descriptor.fields:
        told = field.GetOptions().SerializeToString(deterministic=True)
        assert declared.field_options(field).SerializeToString(deterministic=True) == told
        entry = field.message_type is not None and field.message_type.GetOptions().map_entry
        assert declared.is_map(field) == entry
        if field.enum_type is not None:
            for value in field.enum_type.values:
                assert declared.value_options(value).deprecated == value.GetOptions().deprecated
    for oneof in descriptor.oneofs:
        told = oneof.GetOptions().SerializeToString(deterministic=True)
        assert declared.oneof_options(oneof).SerializeToString(deterministic=True) == told
