"""The descriptors: closed under imports, and with the messages that everything stands on."""

from __future__ import annotations

import sys
from importlib import resources

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from fastroute.api import files, names, pool


def _files(name: str = files.FILE) -> list[descriptor_pb2.FileDescriptorProto]:
    data = (resources.files("fastroute.api") / name).read_bytes()
    return list(descriptor_pb2.FileDescriptorSet.FromString(data).file)


def test_every_import_precedes_its_importer() -> None:
    seen: set[str] = set()
    for file in _files():
        assert seen.issuperset(file.dependency), file.name
        seen.add(file.name)


def test_the_default_pool_gets_nothing() -> None:
    pool.pool()
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName(names.BOOTSTRAP)


def test_the_index_tells_where_everything_is() -> None:
    sys.modules.pop("extract_api", None)
    import extract_api

    data, options, index = extract_api.index(extract_api.collect(extract_api.find_binary()))
    assert data == (resources.files("fastroute.api") / files.FILE).read_bytes()
    assert options == (resources.files("fastroute.api") / files.OPTIONS).read_bytes()
    assert index == (resources.files("fastroute.api") / files.INDEX).read_text("utf-8")
    database = files.Files()
    for file, declared in zip(_files(), _files(files.OPTIONS), strict=True):
        assert database.options(file.name) == declared.SerializeToString(deterministic=True)
        assert database.FindFileByName(file.name).SerializeToString() == file.SerializeToString(deterministic=True)
        package = f"{file.package}." if file.package else ""
        for each in (*file.message_type, *file.enum_type, *file.extension):
            assert pool.pool().FindFileContainingSymbol(package + each.name).name == file.name
        for message in file.message_type:
            for inner in (*message.nested_type, *message.enum_type):
                assert pool.pool().FindFileContainingSymbol(f"{package}{message.name}.{inner.name}").name == file.name


@pytest.mark.parametrize("name", ["", "envoy", "envoy.config.route.v3", "envoy.config.route.v3.Rout", "envoy/x.proto"])
def test_what_is_in_no_file(name: str) -> None:
    with pytest.raises(KeyError):
        files.Files().FindFileContainingSymbol(name)
    with pytest.raises(KeyError):
        files.Files().FindFileByName(name)


@pytest.mark.parametrize("name", [value for key, value in vars(names).items() if key.isupper() and "." in value])
def test_every_name_in_names_is_a_message(name: str) -> None:
    assert name == names.TYPE_URL_PREFIX or pool.is_known(names.url(name))


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("envoy.config.route.v3.RouteMatch", "cookies"),
        ("envoy.config.route.v3.RedirectAction", "path_rewrite"),
        ("envoy.config.route.v3.Route", "route_specifiers"),
        ("envoy.config.listener.v3.Listener", "tcp_keepalive"),
        ("envoy.config.route.v3.RetryPolicy", "refresh_cluster_on_retry"),
    ],
)
def test_fields_that_only_the_newest_api_has(message: str, field: str) -> None:
    assert field in pool.pool().FindMessageTypeByName(message).fields_by_name


@pytest.mark.parametrize(
    "message",
    [
        "envoy.admin.v3.RoutesConfigDump",
        "envoy.extensions.filters.http.lua.v3.Lua",
        "envoy.extensions.load_balancing_policies.maglev.v3.Maglev",
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "xds.type.matcher.v3.Matcher",
        "udpa.type.v1.TypedStruct",
        "validate.FieldRules",
    ],
)
def test_messages_beyond_the_routes(message: str) -> None:
    assert pool.is_known(names.url(message))


def test_what_envoy_lacks_is_unknown() -> None:
    assert not pool.is_known("type.googleapis.com/istio.telemetry.v1alpha1.Telemetry")


def test_no_two_fields_of_a_message_have_one_name_in_a_text() -> None:
    # The transcoder finds a field by its name in the `.proto` file first, then by those in camel case.
    for file in _files():
        for message in file.message_type:
            package = f"{file.package}." if file.package else ""
            fields = pool.pool().FindMessageTypeByName(package + message.name).fields
            names_of = [{each.name, each.camelcase_name, each.json_name} for each in fields]
            assert sum(map(len, names_of)) == len(set().union(*names_of)), message.name
