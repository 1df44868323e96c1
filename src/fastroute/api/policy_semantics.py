"""What Envoy refuses of the typed load balancing policies, whose configurations it uses without validating them.

* The first policy of a list that Envoy has is the one (LB-80); it does not look at the others.
* Durations are looked at where they are read. A slow start window that is out of range is taken at first and ends
  Envoy once it balances, so it is refused here.
* A policy may hold a list of policies for its parts, of which the same is true.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.api import anys, durations
from fastroute.api.faults import index
from fastroute.errors import ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_PACKAGE = "envoy.extensions.load_balancing_policies."
_LACKING = f"{_PACKAGE}pick_first."
_LIST = "envoy.config.cluster.v3.LoadBalancingPolicy"


def policies(message: Any) -> Iterator[Complaint]:
    """What is wrong with the policy that is used of a LoadBalancingPolicy."""
    for position, policy in enumerate(message.policies):
        try:
            used = anys.unpack(policy.typed_extension_config.typed_config)
        except ParseError:
            continue  # whoever compiles the cluster says so
        if used.DESCRIPTOR.full_name.startswith(_PACKAGE) and not used.DESCRIPTOR.full_name.startswith(_LACKING):
            path = f"policies{index(position)}.typed_extension_config.typed_config"
            yield from ((f"{path}.{below}", wrong, remedy) for below, wrong, remedy in _policy(used))
            return


def _policy(used: Any) -> Iterator[Complaint]:
    yield from durations.within(used)
    for field, value in used.ListFields():
        if field.message_type is not None and field.message_type.full_name == _LIST and not field.is_repeated:
            yield from ((f"{field.name}.{below}", wrong, remedy) for below, wrong, remedy in policies(value))
