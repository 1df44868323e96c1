"""Loading, strict or lenient, gives a snapshot or a ConfigError, whatever one field of a resource says."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from support import rich_samples, samples
from support.near_valid import copy_with_config, message, near

from fastroute import snapshot
from fastroute.api import names
from fastroute.errors import ConfigError

LISTENER = message(names.LISTENER, samples.LISTENER)
BASES = {
    "routes": [message(names.ROUTE_CONFIGURATION, tree) for tree in (samples.PLAIN_ROUTES, *rich_samples.ROUTES)],
    "listeners": [
        *(message(names.LISTENER, tree) for tree in (samples.LISTENER, *rich_samples.LISTENERS)),
        *(
            copy_with_config(LISTENER, message(names.HTTP_CONNECTION_MANAGER, tree))
            for tree in (samples.PLAIN_MANAGER, *rich_samples.MANAGERS)
        ),
        copy_with_config(LISTENER, message(names.TCP_PROXY, samples.PLAIN_TCP_PROXY)),
    ],
    "clusters": [message(names.CLUSTER, tree) for tree in (samples.PLAIN_CLUSTER, *rich_samples.CLUSTERS)],
    "endpoints": [
        message(names.CLUSTER_LOAD_ASSIGNMENT, tree) for tree in (samples.ASSIGNMENT, *rich_samples.ASSIGNMENTS)
    ],
}
AROUND = {"name": "e", "type": "EDS", "eds_cluster_config": {"eds_config": {"path_config_source": {"path": "/none"}}}}


@pytest.mark.parametrize("kind", BASES)
@settings(max_examples=250)
@given(data=st.data())
def test_a_snapshot_or_an_error(kind: str, data: st.DataObject) -> None:
    resource: Message = data.draw(near(BASES[kind]))
    source: dict[str, list[Any]] = {"clusters": [{"name": "blue"}, AROUND]}
    source.setdefault(kind, []).append(resource)
    for strict in (True, False):
        try:
            loaded = snapshot.load(source, strict=strict)
        except ConfigError:
            continue
        assert not (strict and loaded.notices)
