"""The metadata criteria that choose a subset of a cluster's endpoints.

RA-160  Only the namespace `envoy.lb` counts. Later wins per top-level key: route, weighted-cluster entry,
        the request's dynamic metadata. The result is sorted by key.
"""

from __future__ import annotations

from collections.abc import Mapping

NAMESPACE = "envoy.lb"


def merged(criteria: Mapping[str, object], dynamic: Mapping[str, object]) -> Mapping[str, object]:
    """The criteria with the request's own metadata laid over them."""
    own = dynamic.get(NAMESPACE)
    if not isinstance(own, Mapping) or not own:
        return criteria
    together = {**criteria, **{str(key): value for key, value in own.items()}}
    return dict(sorted(together.items()))
