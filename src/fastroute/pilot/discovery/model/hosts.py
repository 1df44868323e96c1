"""Host names in rules.

- A name without a dot belongs to the rule's namespace: `reviews` in `default` is
  `reviews.default.svc.cluster.local`. Any other name is taken as it is.
- `*` and `*.suffix` are wildcards; an exact name beats a wildcard, a longer one beats a shorter one.
"""

from __future__ import annotations

from collections.abc import Iterable


def qualify(host: str, namespace: str, domain: str) -> str:
    """The full name of a host that a rule in `namespace` names."""
    if "." in host or "*" in host or not host:
        return host
    return f"{host}.{namespace}.svc.{domain}"


def covers(pattern: str, host: str) -> bool:
    """Whether `pattern` names `host` (which may be a wildcard itself)."""
    if pattern == "*" or pattern == host:
        return True
    return pattern.startswith("*") and host.endswith(pattern[1:])


def rank(pattern: str) -> tuple[int, int]:
    """Sorts patterns that cover a host: the most specific one first."""
    return (1 if pattern.startswith("*") else 0, -len(pattern))


def most_specific(patterns: Iterable[str], host: str) -> str | None:
    """The pattern that says most about `host`, or None if none covers it."""
    return min((one for one in patterns if covers(one, host)), key=rank, default=None)


def exported(export_to: Iterable[str], owner: str, viewer: str) -> bool:
    """Whether an object of namespace `owner` is visible in `viewer`. An empty list must have been defaulted."""
    return any(one == "*" or (one == "." and owner == viewer) or one == viewer for one in export_to)
