"""What is taken of protobuf without its Python implementation is what protobuf itself would give."""

from __future__ import annotations

import subprocess
import sys
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


def test_options_are_those_that_the_binary_declares() -> None:
    """All of them, of every message and enum of the API; and only what tells how to read is left in the descriptors."""
    sys.modules.pop("extract_api", None)
    import extract_api

    declaring = 0
    for file in extract_api.collect(extract_api.find_binary()).file:
        package = f"{file.package}." if file.package else ""
        for message in file.message_type:
            declaring += _compare_message(package + message.name, message)
        for enum in file.enum_type:
            _compare_enum(package + enum.name, enum)
    assert declaring > 1_000


def _compare_message(name: str, declaration: Any) -> int:
    descriptor = pool.pool().FindMessageTypeByName(name)
    entries = {f"{name}.{inner.name}": inner.options.map_entry for inner in declaration.nested_type}
    for field in declaration.field:
        own = descriptor.fields_by_number[field.number]
        assert _bytes(declared.field_options(own)) == _bytes(field.options if field.HasField("options") else None), own
        assert declared.is_map(own) == entries.get(field.type_name.removeprefix("."), False)
    for oneof in declaration.oneof_decl:
        own = descriptor.oneofs_by_name[oneof.name]
        assert _bytes(declared.oneof_options(own)) == _bytes(oneof.options if oneof.HasField("options") else None)
    for enum in declaration.enum_type:
        _compare_enum(f"{name}.{enum.name}", enum)
    inner = sum(_compare_message(f"{name}.{message.name}", message) for message in declaration.nested_type)
    return inner + sum(field.HasField("options") for field in declaration.field)


def _compare_enum(name: str, declaration: Any) -> None:
    descriptor = pool.pool().FindEnumTypeByName(name)
    for value in declaration.value:
        told = declared.value_options(descriptor.values_by_name[value.name])
        assert _bytes(told) == _bytes(value.options if value.HasField("options") else None), value.name


def _bytes(options: Any) -> bytes | None:
    """The options in one spelling: what is an extension in one pool is an unknown field in another."""
    if options is None:
        return None
    made: Any = pool.message_class(options.DESCRIPTOR.full_name)
    return made.FromString(options.SerializeToString()).SerializeToString(deterministic=True)


def test_options_of_a_file_that_was_added() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="added.proto", package="added", syntax="proto3")
    field = file.message_type.add(name="M").field.add(name="f", number=1, type=9, label=1)
    field.options.deprecated = True
    file.message_type[0].field.add(name="g", number=2, type=9, label=1)
    pool.add(file)
    fields = pool.pool().FindMessageTypeByName("added.M").fields_by_name
    assert declared.field_options(fields["f"]).deprecated
    assert declared.field_options(fields["g"]) is None


CONVENIENT = """
import subprocess
import sys
from fastroute.api import pool, protobuf

if sys.argv[1] == "first":
    protobuf.without_conveniences()
made = pool.new("google.protobuf.Duration")
protobuf.without_conveniences()
made.seconds = 2
assert made.SerializeToString() == bytes([8, 2])
print(hasattr(made, "ToTimedelta"), "google.protobuf.internal.well_known_types" in sys.modules)
from google.protobuf.internal.well_known_types import Duration
print(hasattr(Duration, "ToTimedelta"))
"""


@pytest.mark.parametrize(("when", "told"), [("first", ["False", "False"]), ("late", ["True", "True"])])
def test_conveniences_are_left_out_before_the_first_class_alone(when: str, told: list[str]) -> None:
    run = subprocess.run([sys.executable, "-c", CONVENIENT, when], capture_output=True, text=True, check=True)
    assert run.stdout.split() == [*told, "True"]
