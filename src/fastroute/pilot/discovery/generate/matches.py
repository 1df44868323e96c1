"""From a VirtualService's match to a route's match.

A string is matched exactly, by prefix or by a regular expression that must match all of it; an empty
match asks only for presence. Scheme, method and authority are matched as pseudo headers. `withoutHeaders`
inverts; there a missing header counts as empty, so that "not equal" holds for requests without it.
"""

from __future__ import annotations

from typing import Final

from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.registry.traffic import HTTPMatch, StringMatch

EVERYTHING: Final = HTTPMatch()


def route_match(match: HTTPMatch) -> JSON:
    """`RouteMatch` of one match."""
    made = _path(match.uri)
    if match.ignore_uri_case and match.uri is not None:
        made["case_sensitive"] = False
    headers = [_header(name, how) for name, how in sorted(match.headers.items())]
    headers += [_without(name, how) for name, how in sorted(match.without_headers.items())]
    pseudo = ((":method", match.method), (":authority", match.authority), (":scheme", match.scheme))
    headers += [_header(name, how) for name, how in pseudo if how is not None]
    if headers:
        made["headers"] = headers
    if match.query_params:
        made["query_parameters"] = [_header(name, how) for name, how in sorted(match.query_params.items())]
    return made


def is_everything(match: HTTPMatch) -> bool:
    """Whether a match holds for every request, so that later routes cannot be reached."""
    uri = match.uri
    everywhere = uri is None or uri.prefix in ("", "/") or uri.regex in (".*", "/.*") or uri == StringMatch()
    others = (match.headers, match.without_headers, match.query_params, match.method, match.authority, match.scheme)
    return everywhere and not any(others)


def label(match: HTTPMatch) -> str:
    """The path as traces name it: `/*`, `/static*`, `/login`."""
    uri = match.uri
    if uri is None or uri == StringMatch():
        return "/*"
    return uri.exact or uri.regex or f"{uri.prefix}*"


def _path(uri: StringMatch | None) -> JSON:
    if uri is None or uri == StringMatch():
        return {"prefix": "/"}
    if uri.exact is not None:
        return {"path": uri.exact}
    if uri.prefix is not None:
        return {"prefix": uri.prefix}
    return {"safe_regex": {"regex": uri.regex}}


def string_match(how: StringMatch) -> JSON | None:
    """A `StringMatcher`, or None for a match of presence."""
    if how.exact is not None:
        return {"exact": how.exact}
    if how.prefix is not None:
        return {"prefix": how.prefix}
    return None if how.is_presence else {"safe_regex": {"regex": how.regex}}


def _header(name: str, how: StringMatch) -> JSON:
    matcher = string_match(how)
    return {"name": name, "present_match": True} if matcher is None else {"name": name, "string_match": matcher}


def _without(name: str, how: StringMatch) -> JSON:
    made = _header(name, how)
    made["invert_match"] = True
    if "string_match" in made:
        made["treat_missing_header_as_empty"] = True
    return made
