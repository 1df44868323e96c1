"""A gRPC server on a Unix socket whose messages stay bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import grpc
import grpc.aio

from fastroute.pilot.agent.failure import AgentError
from fastroute.pilot.agent.sockets import owner_only, prepare
from fastroute.pilot.agent.upstream import OPTIONS

Stream = Callable[[AsyncIterator[bytes], grpc.aio.ServicerContext, str], AsyncIterator[bytes]]
"""A bidirectional stream: its requests, its context and the name of its method, to its responses."""


def passing(data: bytes) -> bytes:
    """Messages stay bytes."""
    return data


async def serve_unix(path: Path, service: str, methods: Mapping[str, Stream]) -> grpc.aio.Server:
    """Serve bidirectional streams on a socket that only its owner may use; AgentError names the socket."""
    prepare(path)
    handlers = {name: _handler(stream, name) for name, stream in methods.items()}
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    try:
        with owner_only():
            server.add_insecure_port(f"unix:{path}")
            await server.start()
    except RuntimeError:
        raise AgentError(f"{path}: cannot listen on this socket") from None
    return server


def _handler(stream: Stream, name: str) -> grpc.RpcMethodHandler:
    async def serve(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
        async for response in stream(requests, context, name):
            yield response

    return grpc.stream_stream_rpc_method_handler(serve, passing, passing)
