"""Options of the router filter and of its connection manager that routes do not have."""

from __future__ import annotations

from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.decided import Concluded
    from fastroute.action.filters import PassedFilter
    from fastroute.action.levels import Levels
    from fastroute.action.notes import StepFields


@record
class RouterOptions:
    """`suppress_envoy_headers` and `respect_expected_rq_timeout` of the router filter, and the manager's
    `max_stream_duration` in milliseconds, 0 for none, and `always_set_request_id_in_response`; `filters` are those in
    front of the router that change what passes them.
    """

    suppress_envoy_headers: bool = False
    respect_expected_timeout: bool = False
    max_stream_duration: int = 0
    request_id_in_response: bool = False
    filters: tuple[PassedFilter, ...] = ()

    def filter_steps(self, decision: Concluded, levels: Levels | None) -> tuple[StepFields, ...]:
        """What each of `filters` did to the request, for an explanation."""
        if not self.filters:
            return ()
        from fastroute.action.filters import steps

        return steps(decision, levels)


DEFAULT_ROUTER = RouterOptions()
