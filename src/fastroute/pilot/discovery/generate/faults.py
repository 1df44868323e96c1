"""Faults and cross-origin rules: settings of HTTP filters for one route.

A share that nobody gave is none: such a fault is never injected, and is left out. A share of 100 is written
as 100 of a hundred; others as parts of a million, as Istio does.
"""

from __future__ import annotations

from typing import Final, get_args

from fastroute.api import names as api
from fastroute.pilot.discovery.generate.matches import string_match
from fastroute.pilot.discovery.generate.names import JSON, typed
from fastroute.pilot.discovery.registry.traffic import Abort, Cors, Delay, Fault, GrpcStatus, StringMatch

CORS_POLICY: Final = "envoy.extensions.filters.http.cors.v3.CorsPolicy"
GRPC_CODES: Final = get_args(GrpcStatus)


def fractional(percent: float) -> JSON:
    """A `FractionalPercent`."""
    if percent == 100:
        return {"numerator": 100}
    return {"numerator": int(percent * 10_000), "denominator": "MILLION"}


def fault(one: Fault) -> JSON | None:
    """`HTTPFault`, or None if nothing would ever be injected."""
    made: JSON = {}
    if one.delay is not None and (share := _share(one.delay)):
        made["delay"] = {"fixed_delay": str(one.delay.fixed_delay), "percentage": fractional(share)}
    if one.abort is not None and (share := _share(one.abort)):
        made["abort"] = {**_status(one.abort), "percentage": fractional(share)}
    return typed(api.FAULT, **made) if made else None


def _share(one: Delay | Abort) -> float:
    if one.percentage is not None:
        return one.percentage.value
    return float(getattr(one, "percent", None) or 0)


def _status(abort: Abort) -> JSON:
    if abort.grpc_status is not None:
        return {"grpc_status": GRPC_CODES.index(abort.grpc_status)}
    return {"http_status": int(abort.http_status or 0)}


def cors(one: Cors) -> JSON:
    """`CorsPolicy`, without its type."""
    origins = [*(StringMatch(exact=origin) for origin in one.allow_origin), *one.allow_origins]
    made: JSON = {"filter_enabled": {"default_value": {"numerator": 100}}}
    matchers = [matcher for origin in origins if (matcher := string_match(origin)) is not None]
    if matchers:
        made["allow_origin_string_match"] = matchers
    for name in ("allow_methods", "allow_headers", "expose_headers"):
        if values := getattr(one, name):
            made[name] = ",".join(values)
    if one.max_age is not None:
        made["max_age"] = str(one.max_age.nanoseconds // 10**9)
    if one.allow_credentials is not None:
        made["allow_credentials"] = one.allow_credentials
    if one.unmatched_preflights == "IGNORE":
        made["forward_not_matching_preflights"] = False
    return made
