"""Certificates from the control plane's CA: istio.v1.auth.IstioCertificateService/CreateCertificate."""

from __future__ import annotations

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from fastroute.pilot.agent.certificates import Workload, checked, request
from fastroute.pilot.agent.failure import AgentError
from fastroute.pilot.agent.upstream import Upstream
from fastroute.pilot.ca.messages import METHOD, message_classes


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
