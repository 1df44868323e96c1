"""The HTTP RBAC filter and its settings of a route to functions over a `Decision`.

NF-11  Rules are those of network RBAC.
NF-13  Headers and path are those that routes see; `remote_ip` is the trusted client, `source_ip` the connection's.
NF-14  The most specific `RBACPerRoute` replaces the filter's own rules; an empty one, and a FilterConfig that
       disables, let everything pass. A filter that is disabled denies where a route sets it up.
RA-90  Without a route there are no settings of routes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastroute.action.denied import DeniedAction
from fastroute.action.headers import request_values
from fastroute.action.levels import FilterSetting
from fastroute.compile.context import Context
from fastroute.compile.rbac import Check, Facts, compile_rules
from fastroute.core.decision import Decision
from fastroute.records import record
from fastroute.request import Address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_INERT = ("shadow_rules", "shadow_matcher", "shadow_rules_stat_prefix", "rules_stat_prefix", "track_per_rule_stats")
Access = Callable[[Decision], tuple[str, object] | None]


@record
class Rules:
    """The rules of one level; `check` None lets everything pass."""

    check: Check | None = None


@record
class Filter:
    """One installed filter: the name that settings of routes go by, its own rules, whether routes must enable it."""

    name: str
    rules: Rules
    disabled: bool = False


def _address(name: str) -> Callable[[Any], Address | None]:
    def read(decision: Decision) -> Address | None:
        context: Any = decision.surroundings
        found: Address | None = None if context is None else getattr(context, name)
        return found

    return read


def _server_name(decision: Decision) -> str:
    context: Any = decision.surroundings
    return "" if context is None else str(context.server_name)


def _certificate(decision: Decision) -> Any:
    context: Any = decision.surroundings
    return None if context is None else context.certificate


def _has_route(decision: Any) -> bool:
    """Whether a route was chosen, be it the redirect of a virtual host that requires TLS."""
    return decision.action is not None or decision.kind == "redirect"


ON_REQUESTS = Facts(
    where="on a request",
    destination=_address("destination"),
    source=_address("source"),
    direct_source=_address("direct_source"),
    remote=lambda decision: decision.remote_address(),
    server_name=_server_name,
    tls=_certificate,
    headers=lambda decision, name: request_values(decision, decision.processed_headers(), name),
    path=lambda decision: decision.original_path,
    metadata=lambda decision: decision.dynamic_metadata,
    route_metadata=lambda decision: decision.metadata if _has_route(decision) else None,
)


def compile_http_rbac(message: Any, ctx: Context, path: str) -> Rules:
    """The rules of an RBAC filter at `path`."""
    ctx.only(message, path, ("rules",), _INERT)
    return Rules(compile_rules(message, ON_REQUESTS, ctx, path))


def compile_rbac_per_route(message: Any, ctx: Context, path: str) -> Rules:
    """The rules that a route has instead of the filter's."""
    ctx.only(message, path, ("rbac",))
    return compile_http_rbac(message.rbac, ctx, f"{path}.rbac") if message.HasField("rbac") else Rules()


def access_of(filters: Iterable[Filter]) -> Access | None:
    """What a manager asks about every request behind the choice of its route; None when nothing can deny one."""
    installed = tuple(filters)
    if not installed:
        return None

    def access(decision: Decision) -> tuple[str, object] | None:
        for each in installed:
            check = _in_force(each, decision).check
            allowed, policy = (True, None) if check is None else check(decision)
            if not allowed:
                return f"rbac_access_denied_matched_policy[{policy or 'none'}]", DeniedAction.of(
                    decision.action, decision.cluster
                )
        return None

    return access


def _in_force(each: Filter, decision: Decision) -> Rules:
    action: Any = decision.action
    setting: FilterSetting | None = None if action is None else action.levels.setting(each.name)
    if each.disabled if setting is None else setting.disabled:
        return Rules()
    own = setting is not None and isinstance(setting.policy, Rules)
    return setting.policy if own else each.rules  # type: ignore[union-attr, return-value]
