"""Certificates from the control plane's CA: istio.v1.auth.IstioCertificateService/CreateCertificate.

The request has the CSR (field 1) and the lifetime asked for in seconds (field 3); the response has the chain as a list
of PEM texts (field 1), the root last. Two tiny messages, so their descriptor is written here.
"""

from __future__ import annotations

import functools

import grpc
import grpc.aio
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from fastroute.pilot.agent.certificates import Workload, checked, request
from fastroute.pilot.agent.failure import AgentError
from fastroute.pilot.agent.upstream import Upstream

PACKAGE = "istio.v1.auth"
METHOD = f"/{PACKAGE}.IstioCertificateService/CreateCertificate"
STRING = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
INT64 = descriptor_pb2.FieldDescriptorProto.TYPE_INT64
ONE = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
MANY = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED


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


async def create_certificate(
    upstream: Upstream, identity: str, *, lifetime: float, elliptic: bool, rsa_bits: int
) -> Workload:
    """A new key with its certificate; AgentError says why there is none."""
    key, csr = request(identity, elliptic=elliptic, rsa_bits=rsa_bits)
    asked_class, given_class = message_classes()
    asked = asked_class(csr=csr.decode(), validity_duration=int(lifetime))
    async with upstream.channel() as channel:
        call = channel.unary_unary(METHOD, request_serializer=bytes, response_deserializer=bytes)
        try:
            data = await call(asked.SerializeToString(), metadata=upstream.metadata(), timeout=10.0)
            texts = [str(text) for text in given_class.FromString(data).cert_chain]  # type: ignore[attr-defined]
        except grpc.aio.AioRpcError as error:
            raise AgentError(f"CA {upstream.address}: {error.code().name}: {error.details()}") from None
        except DecodeError:
            raise AgentError(f"CA {upstream.address}: the answer is no certificate") from None
    if len(texts) < 2:
        raise AgentError(f"CA {upstream.address}: a certificate and a root are expected, not {len(texts)} texts")
    chain = "".join(text.rstrip("\n") + "\n" for text in texts[:-1])
    return checked(Workload(key, chain.encode(), texts[-1].encode()), f"CA {upstream.address}")
