"""What a sidecar offers inside mutual TLS: HTTP/2 only where its cluster speaks it.

Found by the whole mesh (`tests/e2e/test_mesh.py`): offered `h2`, the other proxy chose it, refused the HTTP/1.1
that came with "bad client magic", and the request ended in a timeout.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.pods import EXAMPLE

from fastroute.config.text import to_tree
from fastroute.pilot import discovery
from fastroute.pilot.profiles import PROFILES

CALLER = "productpage-v1-64794f5db4-6bsbj"


def offered(directory: Path, profile: str) -> list[str]:
    registry = discovery.read(directory)
    made = discovery.generate(registry, discovery.Proxy.of_pod(registry, CALLER), profile)
    trees = [to_tree(message) for message in made.clusters]
    cluster = next(tree for tree in trees if tree["name"] == "outbound|9080||reviews.default.svc.cluster.local")
    socket = cluster["transport_socket_matches"][0]["transport_socket"]
    return list(socket["typed_config"]["common_tls_context"]["alpn_protocols"])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("name", "protocols"),
    [
        ("http", ["istio-peer-exchange", "istio"]),
        ("http2", ["istio-peer-exchange", "istio", "h2"]),
        ("grpc", ["istio-peer-exchange", "istio", "h2"]),
        ("tcp", ["istio-peer-exchange", "istio"]),
    ],
)
def test_http2_is_offered_only_where_it_is_spoken(
    profile: str, name: str, protocols: list[str], tmp_path: Path
) -> None:
    for file in EXAMPLE.rglob("*.yaml"):
        text = file.read_text()
        if file.name == "reviews.yaml":
            assert "name: http\n" in text
            text = text.replace("name: http\n", f"name: {name}\n")
        if file.parent.name != "rules":
            (tmp_path / f"{file.parent.name}-{file.name}").write_text(text)
    assert offered(tmp_path, profile) == protocols
