"""The CORS policy of a route.

RA-142  The CORS filter takes each field from the most specific level that sets it; `filter_enabled` counts at
        the most specific level alone, though fields of other levels are taken. It needs an Origin header
        and a route that forwards. A preflight (OPTIONS with Access-Control-Request-Method) from an allowed
        origin is answered by the filter.
"""

from __future__ import annotations

from fastroute.action.decided import Decided
from fastroute.action.draft import Draft
from fastroute.action.fractions import ALWAYS, Fraction
from fastroute.action.matchers import ValueTest
from fastroute.records import record


@record
class CorsSetting:
    """One level's CorsPolicy; empty and None where a field is not set."""

    origins: tuple[ValueTest, ...] = ()
    allow_methods: str = ""
    allow_headers: str = ""
    expose_headers: str = ""
    max_age: str = ""
    allow_credentials: bool | None = None
    allow_private_network: bool | None = None
    forward_not_matching_preflights: bool | None = None
    enabled: Fraction = ALWAYS


@record
class CorsPolicy:
    """The policy in force for one request, levels merged.

    `allowed` says whether the request's origin is allowed, `preflight` whether the filter takes the
    request for a preflight.
    """

    allowed: bool
    preflight: bool
    origin: bytes = b""
    allow_methods: str = ""
    allow_headers: str = ""
    expose_headers: str = ""
    max_age: str = ""
    allow_credentials: bool = False
    allow_private_network: bool = False
    forward_not_matching_preflights: bool = True

    @property
    def answers(self) -> bool:
        """Whether the filter answers the request itself, with 200."""
        return self.preflight and (self.allowed or not self.forward_not_matching_preflights)


def merged(levels: tuple[CorsSetting, ...], decision: Decided, request: Draft) -> CorsPolicy | None:
    """The policy of the levels, most specific first; None without a level, or when the first is not enabled.

    `request` is as it comes to the filter.
    """
    if not levels or not (levels[0].enabled is ALWAYS or levels[0].enabled.holds(decision.random)):
        return None
    origin = request.first(b"origin") or b""
    origins = next((level.origins for level in levels if level.origins), ())
    method = request.first(b"access-control-request-method")
    return CorsPolicy(
        allowed=bool(origin) and any(test(origin) for test in origins),
        preflight=bool(origin) and decision.original_method == b"OPTIONS" and bool(method),
        origin=origin,
        allow_methods=next((level.allow_methods for level in levels if level.allow_methods), ""),
        allow_headers=next((level.allow_headers for level in levels if level.allow_headers), ""),
        expose_headers=next((level.expose_headers for level in levels if level.expose_headers), ""),
        max_age=next((level.max_age for level in levels if level.max_age), ""),
        allow_credentials=_flag([level.allow_credentials for level in levels], default=False),
        allow_private_network=_flag([level.allow_private_network for level in levels], default=False),
        forward_not_matching_preflights=_flag(
            [level.forward_not_matching_preflights for level in levels], default=True
        ),
    )


def _flag(values: list[bool | None], *, default: bool) -> bool:
    return next((value for value in values if value is not None), default)
