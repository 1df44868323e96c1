"""Options of the router filter and of its connection manager that routes do not have."""

from __future__ import annotations

from fastroute.records import record


@record
class RouterOptions:
    """`suppress_envoy_headers` and `respect_expected_rq_timeout` of the router filter, and the manager's
    `max_stream_duration` in milliseconds, 0 for none, and `always_set_request_id_in_response`.
    """

    suppress_envoy_headers: bool = False
    respect_expected_timeout: bool = False
    max_stream_duration: int = 0
    request_id_in_response: bool = False


DEFAULT_ROUTER = RouterOptions()
