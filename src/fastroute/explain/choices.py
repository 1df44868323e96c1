"""How each policy comes to one host of those that are left, in words (LB-30 to LB-68)."""

from __future__ import annotations

from fastroute.core.balancers import Policy
from fastroute.core.endpoint import Endpoint
from fastroute.records import record


@record
class Choice:
    """One host among several, and the request's hash."""

    policy: Policy
    endpoint: Endpoint
    hosts: list[Endpoint]
    hash: int | None


def hosts_of(count: int) -> str:
    """`1 host`, `3 hosts`."""
    return f"{count} host" if count == 1 else f"{count} hosts"


def reason(choice: Choice) -> tuple[str, str]:
    """Why the policy chose the host: a sentence and its rule."""
    policy, hosts = choice.policy, choice.hosts
    if policy.hashes:
        return _hashed(choice)
    if len(hosts) == 1:
        return f"{policy.kind}: the only host left", "LB-32"
    if policy.kind == "random":
        return f"random: drawn from {hosts_of(len(hosts))}", "LB-35"
    if policy.kind == "least_request":
        return _least(choice)
    weighted = _weighted(choice)
    return f"round_robin: its turn among {hosts_of(len(hosts))}{weighted}", "LB-31" if weighted else "LB-30"


def _least(choice: Choice) -> tuple[str, str]:
    size, busy = hosts_of(len(choice.hosts)), f"{choice.endpoint.active} active requests"
    weighted = _weighted(choice)
    if weighted:
        return f"least_request: its turn among {size}{weighted} over active requests ({busy})", "LB-34"
    if choice.policy.parameters.get("full_scan"):
        return f"least_request: none of {size} had fewer active requests ({busy})", "LB-33"
    draws = choice.policy.parameters.get("choices", 2)
    return f"least_request: the least busy of {draws} drawn from {size} ({busy})", "LB-33"


def _weighted(choice: Choice) -> str:
    if choice.policy.parameters.get("reported_weights"):
        return ", by the weights of their load reports"
    weights = [host.weight for host in choice.hosts]
    return "" if len(set(weights)) == 1 else f", by weight {choice.endpoint.weight} of {sum(weights)}"


def _hashed(choice: Choice) -> tuple[str, str]:
    rule = "LB-68" if choice.hash is None else "LB-66" if choice.policy.kind == "maglev" else "LB-62"
    factor = choice.policy.parameters.get("balance_factor")
    bounded = f", or on one with more than {factor} % of the mean load" if factor else ""
    given = "a random value, for want of a hash," if choice.hash is None else f"hash {choice.hash}"
    return f"{choice.policy.kind} over {hosts_of(len(choice.hosts))}: {given} falls on it{bounded}", rule
