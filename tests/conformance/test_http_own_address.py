"""HC-40: where the client is on loopback, Envoy appends the address of its own machine to x-forwarded-for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.compare import of_envoy
from support.envoy import require_binary
from support.http_envoy import HttpEnvoy
from support.rules.rows import JSON, by_header, route, table

import fastroute
from fastroute import Connection

OPTIONS = {"use_remote_address": True}
REQUEST = b"GET / HTTP/1.1\r\nhost: h.test\r\n\r\n"


@pytest.fixture(scope="module")
def bed() -> Iterator[HttpEnvoy]:
    require_binary()
    envoy = HttpEnvoy({"edge": OPTIONS})
    envoy.start()
    yield envoy
    envoy.stop()


def telling(name: str) -> JSON:
    """A table that answers with the value of a header."""
    told = {"header": {"key": "x-seen", "value": f"%REQ({name})%"}}
    answer = {"status": 200}
    return table({"match": {"prefix": "/"}, "direct_response": answer, "response_headers_to_add": [told]})


@pytest.mark.envoy
def test_its_own_address_is_an_input(bed: HttpEnvoy) -> None:
    bed.swap(telling("x-forwarded-for"))
    [answer] = bed.decide([REQUEST], "edge")
    own = answer.response.header("x-seen")
    assert own
    assert own != "127.0.0.1"
    routes = table(route("own", by_header("x-forwarded-for", own)), route("other"))
    bed.swap(routes)
    [answer] = bed.decide([REQUEST], "edge")
    assert of_envoy(answer).route == "own"

    manager = HttpEnvoy.manager_of({**OPTIONS, "route_config": {**routes, "name": "r"}}, {})
    del manager["local_reply_config"]  # the bed's way to tell what was decided
    chain = {"filters": [{"name": "h", "typed_config": manager}]}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 10_000}}
    listener = {"name": "l", "address": address, "filter_chains": [chain]}
    router = fastroute.Router(fastroute.load({"listeners": [listener]}))
    for local_address, expected in ((own, "own"), (None, "other")):
        connection = Connection(("127.0.0.1", 10_000), ("127.0.0.1", 7), local_address=local_address)
        found = router.connect(connection)
        assert found is not None
        assert found.local_address == local_address
        assert router.route("h.test", "/", chain=found).route == expected
        explained = router.explain("h.test", "/", chain=found, connection=connection)
        assert explained.decision["route"] == expected
