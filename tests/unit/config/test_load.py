"""Every kind of source, in every format."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path, PurePath
from typing import Any

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from fastroute import config
from fastroute.api import anys, names, pool, transcode
from fastroute.config import formats, load, text
from fastroute.errors import ConfigError, ParseError, RejectedError

CLUSTER = {"name": "blue", "connect_timeout": "1s", "type": "STATIC"}
ROUTES: dict[str, Any] = {"name": "web", "virtual_hosts": [{"name": "all", "domains": ["*"]}]}
LISTENER = {"name": "in", "address": {"socket_address": {"address": "127.0.0.1", "port_value": 80}}}
ASSIGNMENT = {"cluster_name": "blue", "endpoints": []}
BOOTSTRAP = {"static_resources": {"clusters": [CLUSTER], "listeners": [LISTENER]}}


def named(source: config.Source, **options: Any) -> dict[str, list[str]]:
    found = config.read(source, **options)
    kinds = ("listeners", "routes", "scoped_routes", "virtual_hosts", "clusters", "endpoints", "secrets")
    return {kind: [item.name for item in getattr(found, kind)] for kind in kinds if getattr(found, kind)}


def typed(kind: str, tree: dict[str, Any]) -> dict[str, Any]:
    return {"@type": names.url(kind), **tree}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (CLUSTER, {"clusters": ["blue"]}),
        (ROUTES, {"routes": ["web"]}),
        (LISTENER, {"listeners": ["in"]}),
        (ASSIGNMENT, {"endpoints": ["blue"]}),
        ({"name": "all", "domains": ["*"], "routes": []}, {"virtual_hosts": ["all"]}),
        (
            {"name": "s", "route_configuration_name": "web", "key": {"fragments": [{"string_key": "x"}]}},
            {"scoped_routes": ["s"]},
        ),
        (BOOTSTRAP, {"clusters": ["blue"], "listeners": ["in"]}),
        ({}, {}),
        ([CLUSTER, ROUTES], {"clusters": ["blue"], "routes": ["web"]}),
        ({"clusters": [CLUSTER], "routes": [ROUTES]}, {"clusters": ["blue"], "routes": ["web"]}),
        ({"endpoints": [ASSIGNMENT]}, {"endpoints": ["blue"]}),
        ({"version_info": "7", "resources": [typed(names.CLUSTER, CLUSTER)]}, {"clusters": ["blue"]}),
        (
            {"resources": [{"name": "blue", "version": "7", "resource": typed(names.CLUSTER, CLUSTER)}], "nonce": "n"},
            {"clusters": ["blue"]},
        ),
        (typed(names.ROUTE_CONFIGURATION, ROUTES), {"routes": ["web"]}),
        ({"version_info": "7", "last_updated": "x", "cluster": typed(names.CLUSTER, CLUSTER)}, {"clusters": ["blue"]}),
    ],
)
def test_kinds_of_documents(tree: Any, expected: dict[str, list[str]]) -> None:
    assert named(json.dumps(tree).encode()) == expected
    assert named(tree) == expected


DUMP = {
    "configs": [
        {"@type": names.url("envoy.admin.v3.BootstrapConfigDump"), "bootstrap": BOOTSTRAP},
        {
            "@type": names.url("envoy.admin.v3.ListenersConfigDump"),
            "static_listeners": [{"listener": typed(names.LISTENER, {**LISTENER, "name": "fixed"})}],
            "dynamic_listeners": [
                {"name": "in", "active_state": {"version_info": "3", "listener": typed(names.LISTENER, LISTENER)}},
                {"name": "new", "warming_state": {"listener": typed(names.LISTENER, {**LISTENER, "name": "new"})}},
            ],
        },
        {
            "@type": names.url("envoy.admin.v3.RoutesConfigDump"),
            "static_route_configs": [{"route_config": typed(names.ROUTE_CONFIGURATION, {**ROUTES, "name": "inner"})}],
            "dynamic_route_configs": [
                {"version_info": "9", "route_config": typed(names.ROUTE_CONFIGURATION, ROUTES)},
            ],
        },
        {
            "@type": names.url("envoy.admin.v3.EndpointsConfigDump"),
            "dynamic_endpoint_configs": [{"endpoint_config": typed(names.CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)}],
        },
    ]
}


def test_a_config_dump_gives_what_is_in_force() -> None:
    found = config.read(json.dumps(DUMP).encode())
    assert named(DUMP) == {"listeners": ["fixed", "in"], "routes": ["inner", "web"], "endpoints": ["blue"]}
    assert [route.origin for route in found.routes] == ["inline", "dynamic"]
    assert found.routes[1].version == "9"
    assert found.listeners[1].root == "configs[1].dynamic_listeners[0].active_state.listener"
    assert found.bootstrap is not None


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/config_dump?include_eds"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(json.dumps(DUMP).encode() if found else b"none")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_config_dump_of_an_admin_page() -> None:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        try:
            found = named(f"{address}/config_dump?include_eds")
            with pytest.raises(ParseError, match="the page answers 404"):
                config.read(f"{address}/nothing")
        finally:
            server.shutdown()
            thread.join()
    assert found == named(DUMP)


def test_a_config_dump_in_binary() -> None:
    dump = transcode.message(names.CONFIG_DUMP, DUMP)
    assert named(dump.SerializeToString()) == named(DUMP)


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".pb", ".pb_text", ".textproto", ""])
def test_formats(tmp_path: Path, suffix: str) -> None:
    message = transcode.message(names.BOOTSTRAP, BOOTSTRAP)
    data = {
        ".yaml": b"static_resources:\n  clusters: [{name: blue}]\n  listeners:\n  - name: in\n",
        ".pb": message.SerializeToString(),
        ".pb_text": text_format.MessageToString(message).encode(),
        ".textproto": text_format.MessageToString(message).encode(),
    }.get(suffix, json.dumps(BOOTSTRAP).encode())
    path = tmp_path / f"bootstrap{suffix}"
    path.write_bytes(data)
    assert named(path) == {"clusters": ["blue"], "listeners": ["in"]}
    assert named(str(path)) == {"clusters": ["blue"], "listeners": ["in"]}


def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(CLUSTER))
    (tmp_path / "b.yaml").write_text("virtual_hosts: []\nname: web\n")
    (tmp_path / "notes.md").write_text("none")
    assert named(tmp_path) == {"clusters": ["blue"], "routes": ["web"]}


def test_an_empty_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="no configuration"):
        config.read(tmp_path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="cannot be read"):
        config.read(tmp_path / "none.json")


@pytest.mark.parametrize("kind", [names.CLUSTER, names.ROUTE_CONFIGURATION, names.LISTENER, names.DISCOVERY_RESPONSE])
def test_binary_with_the_kind_told(kind: str) -> None:
    trees = {names.CLUSTER: CLUSTER, names.ROUTE_CONFIGURATION: ROUTES, names.LISTENER: LISTENER}
    tree = trees.get(kind, {"version_info": "1", "resources": [typed(names.CLUSTER, CLUSTER)]})
    data = transcode.message(kind, tree).SerializeToString()
    assert len(named(data, kind=kind)) == 1


def test_messages_of_another_copy_of_the_api() -> None:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    other = descriptor_pool.DescriptorPool()
    todo = [pool.pool().FindMessageTypeByName(names.CLUSTER).file]
    files: dict[str, descriptor_pb2.FileDescriptorProto] = {}
    while todo:
        file = todo.pop()
        if file.name not in files:
            files[file.name] = descriptor_pb2.FileDescriptorProto()
            file.CopyToProto(files[file.name])
            todo.extend(file.dependencies)
    waiting = list(files.values())
    while waiting:
        names_waiting = {item.name for item in waiting}
        ready = [file for file in waiting if names_waiting.isdisjoint(file.dependency)]
        for file in ready:
            other.Add(file)
        waiting = [file for file in waiting if file not in ready]
    message = message_factory.GetMessageClass(other.FindMessageTypeByName(names.CLUSTER))(name="blue")
    (cluster,) = config.read({"clusters": [message]}).clusters
    assert isinstance(cluster.message, pool.message_class(names.CLUSTER))


UNKNOWN = {
    "name": "web",
    "virtual_hosts": [
        {
            "name": "all",
            "domains": ["*"],
            "typed_per_filter_config": {
                "istio.stats": {"@type": "type.googleapis.com/stats.PluginConfig", "debug": True},
            },
        }
    ],
}


def test_a_type_that_envoy_lacks_is_refused_by_name() -> None:
    with pytest.raises(RejectedError, match=r"stats\.PluginConfig") as caught:
        config.read(UNKNOWN)
    assert caught.value.path == 'virtual_hosts[0].typed_per_filter_config["istio.stats"]'


def test_a_type_that_envoy_lacks_is_kept_when_lenient() -> None:
    found = config.read(UNKNOWN, strict=False)
    (notice,) = found.notices
    assert notice.error.code == "unknown-type"
    virtual_host: Any = found.routes[0].message.virtual_hosts[0]  # type: ignore[attr-defined]
    inner = virtual_host.typed_per_filter_config["istio.stats"]
    assert anys.type_url(inner) == "type.googleapis.com/stats.PluginConfig"
    assert anys.is_unknown(anys.unpack(inner))
    assert text.to_tree(anys.unpack(inner)) == {
        "type_url": "type.googleapis.com/stats.PluginConfig",
        "value": {"debug": True},
    }


def test_a_typed_struct_of_a_known_type_is_that_type() -> None:
    body = {"@type": names.url(names.TYPED_STRUCT), "type_url": names.url(names.CLUSTER), "value": {"name": "blue"}}
    any_message = transcode.message("google.protobuf.Any", body)
    unpacked: Any = anys.unpack(any_message)
    assert unpacked.DESCRIPTOR.full_name == names.CLUSTER
    assert unpacked.name == "blue"
    wrong = {**body, "value": {"nam": "blue"}}
    with pytest.raises(ParseError) as caught:
        anys.unpack(transcode.message("google.protobuf.Any", wrong), path="typed_config")
    assert caught.value.path == "typed_config.value.nam"


def test_runtime_of_the_bootstrap() -> None:
    layers = [
        {"name": "a", "static_layer": {"x": {"y": 1, "z": {"numerator": 1, "denominator": "HUNDRED"}}, "w": "a"}},
        {"name": "b", "admin_layer": {}},
        {"name": "c", "static_layer": {"w": "c"}},
    ]
    found = config.read({"layered_runtime": {"layers": layers}})
    assert found.runtime == {"x.y": 1, "x.z": {"numerator": 1, "denominator": "HUNDRED"}, "w": "c"}


def test_binary_with_unknown_fields_or_garbage_is_refused() -> None:
    with pytest.raises(ParseError):
        config.read(b"\x00\x01\x02garbage\xff")
    data = transcode.message(names.BOOTSTRAP, BOOTSTRAP).SerializeToString()
    with pytest.raises(ParseError):
        config.read(data[:-3])
    with pytest.raises(ParseError):
        config.read(data + b"\xfa\x7f\x01x", kind=names.BOOTSTRAP)


def every(source: object) -> list[tuple[str, str]]:
    """Path and code of every error of a source."""
    with pytest.raises(ConfigError) as caught:
        config.read(source)  # type: ignore[arg-type]
    return [(error.path, error.code) for error in (caught.value, *caught.value.others)]


def test_every_error_of_a_text_at_once() -> None:
    routes = [
        {"match": {"prefix": "/", "path": "/x"}, "route": {"cluster": "a", "prefix_rewrit": "/", "timeout": 3}},
        12,
        {"match": {"prefix": 7}, "redirect": {"response_code": "FOUN"}},
        {"match": {"headers": [{"nam": "b"}, {"exact_match": 1}]}},
        {
            "match": {"prefix": "/"},
            "typed_per_filter_config": {
                "cors": {"@type": names.url(names.CORS), "allow": "x"},
                "none": {"@type": "type.googleapis.com/no.such.Type"},
            },
        },
    ]
    host = {"name": "v", "domains": ["*"], "routs": [], "routes": routes}
    assert every({"name": "r", "virtual_hosts": [host]}) == [
        ("virtual_hosts[0].routs", "unknown-field"),
        ("virtual_hosts[0].routes[0].match.path", "oneof"),
        ("virtual_hosts[0].routes[0].route.prefix_rewrit", "unknown-field"),
        ("virtual_hosts[0].routes[0].route.timeout", "parse"),
        ("virtual_hosts[0].routes[1]", "parse"),
        ("virtual_hosts[0].routes[2].match.prefix", "parse"),
        ("virtual_hosts[0].routes[2].redirect.response_code", "unknown-enum-value"),
        ("virtual_hosts[0].routes[3].match.headers[0].nam", "unknown-field"),
        ("virtual_hosts[0].routes[3].match.headers[1].exact_match", "parse"),
        ('virtual_hosts[0].routes[4].typed_per_filter_config["cors"].allow', "unknown-field"),
        ('virtual_hosts[0].routes[4].typed_per_filter_config["none"]', "unknown-type"),
        ("virtual_hosts[0].routes[3].match.headers[1].name", "required"),
        ("virtual_hosts[0].routes[3].match", "required"),
        ("virtual_hosts[0].routes[3]", "required"),
        ("virtual_hosts[0].routes[4]", "required"),
    ]


def test_every_error_of_several_resources_and_files(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"clusters": [{"name": 1}, {"name": ""}, {"lb": 2}]}')
    (tmp_path / "b.yaml").write_text("name: [\n")
    (tmp_path / "c.yaml").write_text("name: r\nvirtual_hosts: [{name: v}]\n")
    assert every(tmp_path) == [
        ("name", "parse"),
        ("name", "required"),
        ("lb", "unknown-field"),
        ("", "syntax"),
        ("virtual_hosts[0].domains", "required"),
    ]


def test_a_fault_in_a_dump_is_placed_in_its_resource(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"configs": DUMP["configs"][1:2]}).replace('"port_value": 80', '"port_valu": 80', 1))
    with pytest.raises(ParseError) as caught:
        config.read(path)
    assert caught.value.path == "address.socket_address.port_valu"
    assert caught.value.where is not None
    assert caught.value.where.column is not None


PATHS = st.lists(st.sampled_from(["/", "//", ".", "..", "./", "a", ".json", "b.yaml", "c.", ".d.PB", " "]), max_size=6)


@given(PATHS.map("".join))
def test_paths_are_written_as_pathlib_writes_them(path: str) -> None:
    assert load.file_name(path) == str(Path(path))
    if not path.endswith(("/", "/.")) and PurePath(path).name not in ("", "..", "."):
        assert formats.suffix(path) == PurePath(path).suffix.lower()
