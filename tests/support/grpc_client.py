"""gRPC's own xDS client, in a process of its own, as nobody here wrote it.

    with GrpcClient(port, "client.default") as client:
        client.call("echo.default.svc.cluster.local:7000", who="two")   # the name of the backend, or the error
        client.resources()                                             # {kind: {name: bytes}}, all that it holds

The client is told where the server is by GRPC_XDS_BOOTSTRAP_CONFIG; what it holds is read from the dump that its
client status service would give.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory

from fastroute.pilot.discovery.server.protocol import KINDS

SCRIPT = """
import base64, json, sys
import grpc
from grpc._cython import cygrpc

channels = {}

def connect(target):
    if target not in channels:
        channels[target] = grpc.insecure_channel("xds:///" + target)
    return channels[target]

def call(target, *pairs):
    method = connect(target).unary_unary("/test.Echo/Say", request_serializer=None, response_deserializer=None)
    metadata = [tuple(pair.split("=", 1)) for pair in pairs]
    try:
        return method(b"", timeout=15, metadata=metadata, wait_for_ready=True).decode()
    except grpc.RpcError as error:
        return error.code().name + ": " + str(error.details())

for line in sys.stdin:
    words = line.split()
    if words[0] == "start":
        connect(words[1]).subscribe(lambda state: None, try_to_connect=True)
        print("0", flush=True)
    elif words[0] == "call":
        print(json.dumps(call(*words[1:])), flush=True)
    else:
        print(json.dumps(base64.b64encode(cygrpc.dump_xds_configs()).decode()), flush=True)
"""
FIELD = descriptor_pb2.FieldDescriptorProto


def _status_class() -> Any:
    """envoy.service.status.v3.ClientStatusResponse, as far as it is read here (Envoy's binary does not have it)."""
    file = descriptor_pb2.FileDescriptorProto(name="csds.proto", package="csds", syntax="proto3")
    file.dependency.append("google/protobuf/any.proto")
    one = file.message_type.add(name="Generic")
    one.field.add(name="type_url", number=1, type=FIELD.TYPE_STRING, label=FIELD.LABEL_OPTIONAL)
    one.field.add(name="name", number=2, type=FIELD.TYPE_STRING, label=FIELD.LABEL_OPTIONAL)
    one.field.add(name="version_info", number=3, type=FIELD.TYPE_STRING, label=FIELD.LABEL_OPTIONAL)
    one.field.add(
        name="xds_config", number=4, type=FIELD.TYPE_MESSAGE, label=FIELD.LABEL_OPTIONAL,
        type_name=".google.protobuf.Any",
    )  # fmt: skip
    one.field.add(name="client_status", number=7, type=FIELD.TYPE_INT32, label=FIELD.LABEL_OPTIONAL)
    client = file.message_type.add(name="Client")
    client.field.add(
        name="generic", number=3, type=FIELD.TYPE_MESSAGE, label=FIELD.LABEL_REPEATED, type_name=".csds.Generic"
    )
    answer = file.message_type.add(name="Answer")
    answer.field.add(
        name="config", number=1, type=FIELD.TYPE_MESSAGE, label=FIELD.LABEL_REPEATED, type_name=".csds.Client"
    )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("csds.Answer"))


STATUS = _status_class()
ACKED, NACKED, DOES_NOT_EXIST = 3, 4, 2


class GrpcClient:
    """The client's process."""

    def __init__(self, port: int, name: str, metadata: dict[str, Any] | None = None) -> None:
        server = {
            "server_uri": f"127.0.0.1:{port}",
            "channel_creds": [{"type": "insecure"}],
            "server_features": ["xds_v3"],
        }
        node = {
            "id": f"sidecar~10.0.0.9~{name}~default.svc.cluster.local",
            "metadata": {"GENERATOR": "grpc", **(metadata or {})},
        }
        files = {"certificate_file": "cert", "private_key_file": "key", "ca_certificate_file": "root"}
        paths = {name: f"/nonexistent/{file}.pem" for name, file in files.items()}
        provider = {"plugin_name": "file_watcher", "config": {**paths, "refresh_interval": "600s"}}
        self._bootstrap = json.dumps(
            {"xds_servers": [server], "node": node, "certificate_providers": {"default": provider}}
        )

    def __enter__(self) -> Self:
        environment = {**os.environ, "GRPC_XDS_BOOTSTRAP_CONFIG": self._bootstrap}
        self._process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def call(self, target: str, **metadata: str) -> str:
        """What a call to `target` answers."""
        return str(self._ask(" ".join(["call", target, *(f"{name}={value}" for name, value in metadata.items())])))

    def start(self, target: str) -> None:
        """Begin to follow `target`, without a call."""
        self._ask(f"start {target}")

    def resources(self) -> dict[str, dict[str, bytes]]:
        """What the client has acknowledged, by kind and name."""
        found: dict[str, dict[str, bytes]] = {}
        for one in self.dump():
            if one.client_status == ACKED:
                found.setdefault(KINDS[f"type.googleapis.com/{one.type_url.rpartition('/')[2]}"], {})[one.name] = (
                    one.xds_config.value
                )
        return found

    def refused(self) -> list[str]:
        """The resources that it refused."""
        return [one.name for one in self.dump() if one.client_status == NACKED]

    def dump(self) -> list[Any]:
        """All entries of the client's status."""
        answer = STATUS.FromString(base64.b64decode(str(self._ask("dump"))))
        return [one for config in answer.config for one in config.generic]

    def _ask(self, line: str) -> object:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class Backends:
    """Servers on loopback that answer every call with their own name; `ports` by name."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._servers: list[grpc.Server] = []
        self.ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        for name in self._names:
            server = grpc.server(futures.ThreadPoolExecutor(2))
            server.add_generic_rpc_handlers((_Answer(name.encode()),))
            self.ports[name] = server.add_insecure_port("127.0.0.1:0")
            server.start()
            self._servers.append(server)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for server in self._servers:
            server.stop(0).wait(5)


class _Answer(grpc.GenericRpcHandler):
    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._answer)


def names(resources: dict[str, dict[str, bytes]]) -> Iterator[tuple[str, str]]:
    """(kind, name) of all."""
    return ((kind, name) for kind, members in resources.items() for name in members)
