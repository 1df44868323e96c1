"""Path specifiers of a route (`RouteMatch.path_specifier`).

- RM-02: the path is `:path` up to the first "?" or "#".
- RM-03: `prefix` is a prefix of its bytes, "" of every path; one with "?" never matches.
- RM-04: `path` is equality. RM-05: `safe_regex` covers the whole path and ignores `case_sensitive`.
- RM-07: `path_separated_prefix` is the path itself or is followed by "/" in it.
- RM-08: `connect_matcher` takes CONNECT, whatever the path.
- RM-09: `path_match_policy` is a URI template.
- RM-11: `case_sensitive: false` folds ASCII in prefix, path and path_separated_prefix only.
- RM-12: `ignore_path_parameters_in_path_matching` cuts ";…" out of every segment first; not for a URI
  template, whose operators take ";" as they take other characters.
- RM-13: nothing is percent-decoded.
- VH-15: a request without a path (CONNECT) passes over every route that needs one.
"""

from __future__ import annotations

from fastroute.api import pool
from fastroute.errors import UnsupportedError
from fastroute.reference import regexes, uri_template
from fastroute.reference.stream import Message
from fastroute.reference.trace import Reason, text

URI_TEMPLATE = "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"


def without_query(path: bytes) -> bytes:
    """The part of a request target before its query and fragment."""
    return path.partition(b"?")[0].partition(b"#")[0]


def without_parameters(path: bytes) -> bytes:
    """The path with the parameters (";…") of every segment cut out."""
    return b"/".join(segment.partition(b";")[0] for segment in path.split(b"/"))


def why_not(match: Message, path: bytes | None, method: bytes, *, ignore_parameters: bool = False) -> Reason | None:
    """Why the path specifier of a route does not take the request, or None when it does."""
    kind = match.WhichOneof("path_specifier")
    if kind == "connect_matcher":
        return None if method == b"CONNECT" else Reason(f"the method {text(method)} is not CONNECT", "RM-08")
    if path is None:
        return Reason(f"the request has no path for {kind}", "VH-15")
    subject = without_query(path)
    if kind == "path_match_policy":
        return _template(match, subject)
    if ignore_parameters:
        subject = without_parameters(subject)
    if _matches(match, kind, subject):
        return None
    rule = {"prefix": "RM-03", "path": "RM-04", "safe_regex": "RM-05"}.get(kind, "RM-07")
    return Reason(f"the path {text(subject)!r} does not match {describe(match)}", rule)


def _matches(match: Message, kind: str, subject: bytes) -> bool:
    if kind == "safe_regex":
        return regexes.covers(match.safe_regex.regex, subject)
    wanted: bytes = getattr(match, kind).encode("utf-8")
    if match.HasField("case_sensitive") and not match.case_sensitive.value:
        wanted, subject = wanted.lower(), subject.lower()
    match kind:
        case "prefix":
            return subject.startswith(wanted)
        case "path":
            return subject == wanted
        case _:
            return subject == wanted or subject.startswith(wanted + b"/")


def template_of(match: Message) -> str:
    """The path template of a `path_match_policy`."""
    policy = match.path_match_policy
    if policy.typed_config.type_url.rpartition("/")[2] != URI_TEMPLATE:
        raise UnsupportedError(
            f"path match policy {policy.typed_config.type_url} cannot be decided", path="path_match_policy"
        )
    config: Message = pool.new(URI_TEMPLATE)
    config.ParseFromString(policy.typed_config.value)
    template: str = config.path_template
    return template


def _template(match: Message, subject: bytes) -> Reason | None:
    template = template_of(match)
    if uri_template.matches(template, subject):
        return None
    return Reason(f"the path {text(subject)!r} does not match the template {template!r}", "RM-09")


def describe(match: Message) -> str:
    """The path specifier in a few words."""
    kind = match.WhichOneof("path_specifier")
    if kind == "connect_matcher":
        return "CONNECT"
    if kind == "path_match_policy":
        return f"template {template_of(match)!r}"
    shown = match.safe_regex.regex if kind == "safe_regex" else getattr(match, kind)
    folded = ", ignoring case" if match.HasField("case_sensitive") and not match.case_sensitive.value else ""
    return f"{kind} {shown!r}{folded}"
