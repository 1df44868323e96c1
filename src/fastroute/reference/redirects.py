"""Where a redirect leads: its Location.

- RA-40: scheme://host[:port]path; the scheme is `scheme_redirect`, or https, or the request's.
- RA-41: the host is `host_redirect` as it stands, else the request's; of the latter the port is
  dropped when `port_redirect` is set, or when the scheme differs from x-forwarded-proto and the port is
  the default of the old one. A `port_redirect` other than 0 is appended, to `host_redirect` too.
- RA-42: every path gets a leading "/"; the query is appended to `path_redirect` unless that has a "?" itself
  or `strip_query` is set.
- RA-43: `prefix_rewrite` replaces what the route matched, `regex_rewrite` every match in the path
  without its query; an empty result is no rewrite. `strip_query` cuts at the first "?", be it the rewrite's.
- RA-44: `path_rewrite` is a template (see `formatter.py`); an empty result is no rewrite; the query is
  appended unless the result has a "?".
- RA-45: the status is 301 unless `response_code` says otherwise.
- VH-11: `require_tls` redirects to https:// + authority + path, the port included.
"""

from __future__ import annotations

from fastroute.reference import formatter, regexes
from fastroute.reference.paths import without_query
from fastroute.reference.stream import Message, Stream

STATUS = {0: 301, 1: 302, 2: 303, 3: 307, 4: 308}
_DEFAULT_PORTS = {b"http": b":80", b"https": b":443"}


def location(route: Message, stream: Stream) -> bytes | None:
    """The Location of a route with a redirect action; a request without a path (CONNECT) gets none."""
    if stream.path is None:
        return None
    redirect = route.redirect
    scheme = _scheme(redirect, stream)
    return scheme + b"://" + _host(redirect, scheme, stream) + _path(route, stream)


def tls_location(stream: Stream) -> bytes | None:
    """The Location of a virtual host that requires TLS."""
    return None if stream.path is None else b"https://" + stream.authority + stream.path


def own_location(stream: Stream) -> bytes | None:
    """The request's own URL: the Location of a direct response with status 201 or 3xx (RA-51)."""
    scheme = stream.headers.first(b":scheme") or b""
    return None if stream.path is None else scheme + b"://" + _own_host(scheme, stream) + stream.path


def _scheme(redirect: Message, stream: Stream) -> bytes:
    if redirect.scheme_redirect:
        scheme: bytes = redirect.scheme_redirect.encode("utf-8")
        return scheme
    return b"https" if redirect.https_redirect else stream.headers.first(b":scheme") or b""


def _host(redirect: Message, scheme: bytes, stream: Stream) -> bytes:
    host: bytes = redirect.host_redirect.encode("utf-8")
    if not host:
        host = _own_host(scheme, stream, drop_port=bool(redirect.port_redirect))
    return host + (b":%d" % redirect.port_redirect if redirect.port_redirect else b"")


def _own_host(scheme: bytes, stream: Stream, *, drop_port: bool = False) -> bytes:
    host = stream.authority
    literal = host.startswith(b"[")
    colon = host.rfind(b"]:") + 1 if literal else host.rfind(b":")
    if colon >= literal and (drop_port or _is_old_default(host[colon:], scheme, stream)):
        return host[:colon]
    return host


def _is_old_default(port: bytes, scheme: bytes, stream: Stream) -> bool:
    old = stream.headers.first(b"x-forwarded-proto") or b""
    return scheme != old and _DEFAULT_PORTS.get(old.lower()) == port


def _path(route: Message, stream: Stream) -> bytes:
    redirect = route.redirect
    whole = stream.path or b""
    path = without_query(whole)
    query = whole[len(path) :] if whole[len(path) :].startswith(b"?") else b""
    found = _given(route, stream)
    if found and b"?" in found:
        made = found
    else:
        made = found + query if found else _rewritten(route, path) + query
        made = made.partition(b"?")[0] if redirect.strip_query else made
    return made if made.startswith(b"/") else b"/" + made


def _given(route: Message, stream: Stream) -> bytes:
    """The path that the redirect itself names; its query, if it has one, is the only one."""
    redirect = route.redirect
    match redirect.WhichOneof("path_rewrite_specifier"):
        case "path_redirect":
            named: bytes = redirect.path_redirect.encode("utf-8")
            return named
        case "path_rewrite" if redirect.path_rewrite:
            return formatter.render(redirect.path_rewrite, route, stream, absent=b"")
        case _:
            return b""


def _rewritten(route: Message, path: bytes) -> bytes:
    """The request's path, changed as forwarding would."""
    redirect = route.redirect
    match redirect.WhichOneof("path_rewrite_specifier"):
        case "prefix_rewrite" if redirect.prefix_rewrite:
            matched = matched_text(route.match, path)
            new: bytes = redirect.prefix_rewrite.encode("utf-8")
            return new + path[len(matched) :] if path.lower().startswith(matched.lower()) else path
        case "regex_rewrite":
            rewrite = redirect.regex_rewrite
            return regexes.replace(rewrite.pattern.regex, rewrite.substitution, path) or path
        case _:
            return path


def matched_text(match: Message, path: bytes) -> bytes:
    """What a prefix rewrite replaces (RA-21): the path that the match names, else the whole path.

    A path that was matched without its parameters may not begin with it, and is left as it is.
    """
    kind = match.WhichOneof("path_specifier")
    if kind in ("prefix", "path", "path_separated_prefix"):
        named: bytes = getattr(match, kind).encode("utf-8")
        return named
    return path
