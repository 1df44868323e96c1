"""The address that Envoy takes for its machine's: it appends that for a client on loopback (HC-40)."""

from __future__ import annotations

import functools

from support.http_envoy import HttpEnvoy


@functools.cache
def own_address() -> str:
    """Asked of an Envoy, once."""
    told = {"header": {"key": "x-seen", "value": "%REQ(x-forwarded-for)%"}}
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}, "response_headers_to_add": [told]}
    bed = HttpEnvoy({"edge": {"use_remote_address": True}})
    bed.start()
    try:
        bed.swap({"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": [route]}]})
        [answer] = bed.decide([b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"], "edge")
    finally:
        bed.stop()
    found = answer.response.header("x-seen")
    assert found
    return found
