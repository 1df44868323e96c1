"""The messages of istio.v1.auth.IstioCertificateService/CreateCertificate.

The request has the CSR (field 1) and the lifetime asked for in seconds (field 3); the response has the chain as a list
of PEM texts (field 1), the root last. Two tiny messages, so their descriptor is written here.
"""

from __future__ import annotations

import functools
from typing import Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

PACKAGE: Final = "istio.v1.auth"
SERVICE: Final = f"{PACKAGE}.IstioCertificateService"
NAME: Final = "CreateCertificate"
METHOD: Final = f"/{SERVICE}/{NAME}"
STRING: Final = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
INT64: Final = descriptor_pb2.FieldDescriptorProto.TYPE_INT64
ONE: Final = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
MANY: Final = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED


@functools.cache
def message_classes() -> tuple[type[Message], type[Message]]:
    """The classes of the request and the response, in a pool of their own."""
    file = descriptor_pb2.FileDescriptorProto(name="istio/ca.proto", package=PACKAGE, syntax="proto3")
    asked = file.message_type.add(name="IstioCertificateRequest")
    asked.field.add(name="csr", number=1, type=STRING, label=ONE)
    asked.field.add(name="validity_duration", number=3, type=INT64, label=ONE)
    given = file.message_type.add(name="IstioCertificateResponse")
    given.field.add(name="cert_chain", number=1, type=STRING, label=MANY)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = (f"{PACKAGE}.IstioCertificateRequest", f"{PACKAGE}.IstioCertificateResponse")
    first, second = (message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in names)
    return first, second
