"""Subset load balancing, from `lb_subset_config` or the typed policy.

Rules:
- LB-70 without a selector there are no subsets: the policy is the child alone. A selector without keys is none.
- LB-77 KEYS_SUBSET needs keys that are a proper part of the selector's, and only KEYS_SUBSET may
  have them.
"""

from __future__ import annotations

from fastroute.api import trees
from fastroute.core.balancers import Policy
from fastroute.core.selection import canonical
from fastroute.core.subsets import Selector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

# LbSubsetFallbackPolicy: NO_FALLBACK, ANY_ENDPOINT, DEFAULT_SUBSET. The core counts from 1, as selectors do.
_GLOBAL = 1
_KEYS_SUBSET = 4

_KNOWN = (
    "fallback_policy",
    "default_subset",
    "subset_selectors",
    "locality_weight_aware",
    "scale_locality_weight",
    "panic_mode_any",
    "list_as_any",
    "metadata_fallback_policy",
)


def legacy_subset(ctx: Context, config: Any, child: Policy) -> Policy:
    """`lb_subset_config` around the policy of `lb_policy`."""
    ctx.only(config, "lb_subset_config", _KNOWN)
    return _subset(ctx, config, "lb_subset_config", child)


def typed_subset(ctx: Context, message: Any, path: str, child: Policy) -> Policy:
    """The typed policy `subset` around its subset_lb_policy."""
    ctx.only(message, path, (*_KNOWN, "subset_lb_policy"))
    return _subset(ctx, message, path, child)


def _subset(ctx: Context, config: Any, path: str, child: Policy) -> Policy:
    found = ctx.each(config.subset_selectors, f"{path}.subset_selectors", _selector)
    selectors = tuple(selector for selector in found if selector is not None)
    if not selectors:
        return child
    parameters: dict[str, object] = {
        "selectors": selectors,
        "fallback": config.fallback_policy + _GLOBAL,
        "default_subset": {name: canonical(value) for name, value in trees.struct_tree(config.default_subset).items()},
        "locality_weight_aware": config.locality_weight_aware,
        "scale_locality_weight": config.scale_locality_weight,
        "panic_mode_any": config.panic_mode_any,
        "list_as_any": config.list_as_any,
        "fallback_list": config.metadata_fallback_policy == 1,
    }
    return Policy("subset", parameters, (child,))


def _selector(selector: Any, ctx: Context, path: str) -> Selector | None:
    ctx.only(selector, path, ("keys", "single_host_per_subset", "fallback_policy", "fallback_keys_subset"))
    if not selector.keys:
        return None
    keys, fewer = set(selector.keys), set(selector.fallback_keys_subset)
    here = f"{path}.fallback_keys_subset"
    if selector.fallback_policy == _KEYS_SUBSET:
        if not fewer:
            raise ctx.reject(here, "fallback_keys_subset cannot be empty")
        if not fewer <= keys:
            raise ctx.reject(here, "fallback_keys_subset must be a subset of selector keys")
        if fewer == keys:
            raise ctx.reject(here, "fallback_keys_subset cannot be equal to keys")
    elif fewer:
        raise ctx.reject(here, "fallback_keys_subset can be set only for KEYS_SUBSET fallback_policy")
    return Selector(
        keys, fallback=selector.fallback_policy, fallback_keys=fewer, single=selector.single_host_per_subset
    )
