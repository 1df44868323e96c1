"""Rewrites of path and host.

RA-21  `prefix_rewrite` replaces the matched part: as many bytes as the configured prefix or path has, or the
       whole path for a regular expression. The query stays.
RA-22  `regex_rewrite` replaces every match in the path without its query; an empty result rewrites nothing.
RA-23  A template puts what the match captured into a new path.
RA-24  A `path_rewrite` format is the new path; the request's query follows it unchanged.
RA-25  A rewrite that yields a path sets x-envoy-original-path, even when the path stays the same.
RA-30  The host is rewritten by a literal, a header's first value, a substitution on the path, or a format.
RA-31  An effective host rewrite sets x-envoy-original-host and can append to x-forwarded-host.
"""

from __future__ import annotations

from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.draft import Draft
    from fastroute.action.format import Template
    from fastroute.action.mutations import Render
    from fastroute.core.regexes import Regex

ORIGINAL_PATH = b"x-envoy-original-path"
ORIGINAL_HOST = b"x-envoy-original-host"
FORWARDED_HOST = b"x-forwarded-host"


def split_path(path: bytes) -> tuple[bytes, bytes]:
    """The path without query and fragment, and the rest."""
    for index, byte in enumerate(path):
        if byte in b"?#":
            return path[:index], path[index:]
    return path, b""


@record
class PrefixRewrite:
    """`prefix_rewrite`: `matched` is replaced, None for the whole path.

    A path that was matched without its parameters may not begin with it, and is left as it is.
    """

    replacement: bytes
    matched: bytes | None

    def rewrite(self, path: bytes, _render: Render) -> bytes:
        """The new path with its query; empty for no rewrite."""
        if self.matched is None:
            return self.replacement + path[len(split_path(path)[0]) :]
        end = len(self.matched)
        return self.replacement + path[end:] if path[:end].lower() == self.matched.lower() else b""


@record
class RegexRewrite:
    """`regex_rewrite`."""

    regex: Regex
    substitution: bytes

    def rewrite(self, path: bytes, _render: Render) -> bytes:
        """The new path with its query; empty for no rewrite."""
        just_path, rest = split_path(path)
        new = self.regex.replace_all(just_path, self.substitution)
        return new + rest if new else b""


@record
class FormatRewrite:
    """`path_rewrite`: a format string."""

    template: Template

    def rewrite(self, path: bytes, render: Render) -> bytes:
        """The new path with its query; empty for no rewrite."""
        new = render(self.template)
        return new + split_path(path)[1] if new else b""


@record
class TemplateRewrite:
    """`path_rewrite_policy`: literals, and numbers of the groups that `regex` captures."""

    regex: Regex
    parts: tuple[bytes | int, ...]

    def rewrite(self, path: bytes, _render: Render) -> bytes:
        """The new path with its query; empty for no rewrite."""
        just_path, rest = split_path(path)
        groups = self.regex.groups_of(just_path)
        if groups is None:
            return path
        return b"".join(part if isinstance(part, bytes) else groups[part] or b"" for part in self.parts) + rest


PathRewrite = PrefixRewrite | RegexRewrite | FormatRewrite | TemplateRewrite


@record
class HostLiteral:
    """`host_rewrite_literal`."""

    host: bytes

    def rewrite(self, _request: Draft, _render: Render) -> bytes:
        """The new host; empty for no rewrite."""
        return self.host


@record
class HostHeader:
    """`host_rewrite_header`."""

    name: bytes

    def rewrite(self, request: Draft, _render: Render) -> bytes:
        """The new host; empty for no rewrite."""
        return request.first(self.name) or b""


@record
class HostRegex:
    """`host_rewrite_path_regex`: a substitution on the path makes the host."""

    regex: Regex
    substitution: bytes

    def rewrite(self, request: Draft, _render: Render) -> bytes:
        """The new host; empty for no rewrite."""
        return self.regex.replace_all(split_path(request.path or b"")[0], self.substitution)


@record
class HostFormat:
    """`host_rewrite`: a format string."""

    template: Template

    def rewrite(self, _request: Draft, render: Render) -> bytes:
        """The new host; empty for no rewrite."""
        return render(self.template)


HostRewrite = HostLiteral | HostHeader | HostRegex | HostFormat


def set_host(request: Draft, host: bytes, *, append_forwarded: bool, keep_original: bool) -> None:
    """Replace the authority, keeping the old one where headers tell it (RA-31)."""
    old = request.authority
    if append_forwarded and old:
        forwarded = request.headers.first(FORWARDED_HOST)
        entries = [entry for entry in (forwarded or b"").split(b",") if entry]
        if not entries or entries[-1] != old:
            if forwarded == b"":
                request.headers.remove(FORWARDED_HOST)
            request.headers.add(FORWARDED_HOST, old)
    if keep_original and old:
        request.headers.set(ORIGINAL_HOST, old)
    request.authority = host


def set_path(request: Draft, path: bytes, *, keep_original: bool) -> None:
    """Replace the path, keeping the old one in a header (RA-25)."""
    if keep_original:
        request.headers.set(ORIGINAL_PATH, request.path or b"")
    request.path = path
