"""docs/compatibility.md says of every HTTP filter what loading does with it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.shared import ROOT

from fastroute.api import extension_types, names
from fastroute.api.pool import new
from fastroute.compile.context import Context
from fastroute.compile.hcm import compile_hcm
from fastroute.compile.per_route import OWN
from fastroute.config.resources import Resource
from fastroute.errors import UnsupportedError

PAGE = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
OF_ROUTES = {kind for kind in OWN.values() if kind not in OWN} | {
    "envoy.extensions.filters.http.rate_limit_quota.v3.RateLimitQuotaOverride"
}
GZIP = "envoy.extensions.compression.gzip."


def package(kind: str) -> str:
    """`grpc_web` of `envoy.extensions.filters.http.grpc_web.v3.GrpcWeb`."""
    return kind.split(".")[-3]


def kinds() -> dict[str, str]:
    """The types of filters by the package that they are listed by."""
    found = sorted(extension_types.types_of("envoy.filters.http") - OF_ROUTES)
    return {package(kind): kind for kind in found}


def listed() -> dict[str, str]:
    """The treatment that the page gives, by package."""
    section = PAGE.partition("## HTTP filters\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \| (\w+)", section, re.MULTILINE)
    return {name: treatment for told, treatment in rows for name in re.findall(r"`(\w+)`", told)}


def configured(kind: str) -> Any:
    """A filter of the type, with no more set than it needs."""
    made: Any = new(names.HTTP_CONNECTION_MANAGER)
    message: Any = new(kind)
    for field in ("compressor", "decompressor"):
        if hasattr(message, f"{field}_library"):
            library = getattr(message, f"{field}_library").typed_config
            library.type_url = names.url(f"{GZIP}{field}.v3.Gzip")
    each = made.http_filters.add()
    each.name = "x"
    each.typed_config.type_url = names.url(kind)
    each.typed_config.value = message.SerializeToString()
    if kind != names.ROUTER:
        router = made.http_filters.add()
        router.name, router.typed_config.type_url = "router", names.url(names.ROUTER)
    made.route_config.name = "t"
    return made


def test_every_filter_is_listed() -> None:
    assert set(listed()) == set(kinds())


@pytest.mark.parametrize("name", sorted(kinds()))
def test_a_filter_is_treated_as_the_page_says(name: str) -> None:
    message = configured(kinds()[name])
    refused = ""
    try:
        compile_hcm(message, Context(Resource("manager", message)), "")
    except UnsupportedError as error:
        refused = str(error)
    assert bool(refused) is (listed()[name] == "refused"), refused
    assert not refused or "http_filters[0]" in refused
