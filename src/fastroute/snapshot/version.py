"""One version for the content of a snapshot.

Rules: it does not depend on the order of the resources. Each is digested once, however many snapshots
share it, and only when a version is asked for.
"""

from __future__ import annotations

from fastroute.config.resources import Resource, Resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SIZE = 16
_MODULUS = 1 << 8 * _SIZE


def version_of(resources: Resources) -> str:
    """Twelve hexadecimal digits."""
    import hashlib

    groups = (resources.listeners, resources.routes, resources.scoped_routes, resources.clusters, resources.endpoints)
    total = sum(_number(resource) for group in groups for resource in group) % _MODULUS
    return hashlib.blake2b(total.to_bytes(_SIZE, "big"), digest_size=6).hexdigest()


def _number(resource: Resource) -> int:
    return resource.digest(_digest)


def _digest(message: Any) -> int:
    import hashlib

    body = message.SerializeToString(deterministic=True)
    kind = message.DESCRIPTOR.full_name.encode()
    return int.from_bytes(hashlib.blake2b(body, digest_size=_SIZE, person=kind[-16:]).digest(), "big")
