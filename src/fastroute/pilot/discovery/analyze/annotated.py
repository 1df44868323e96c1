"""Annotations of Istio's on Kubernetes objects.

IST0107  one that belongs on another kind of object
IST0108  one that Istio does not have
IST0125  one with a value that cannot be used
IST0135  one that something else has taken the place of
IST0136  one that Istio calls alpha
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.registry.annotations import KNOWN, concerns, fault, is_alpha
from fastroute.pilot.discovery.registry.meta import Object

KINDS = ("Namespace", "Service", "Pod", "Deployment", "ServiceEntry")
OWN = ("sidecar.istio.io/inject",)
"""Annotations that their place of today is also a label of, so that having both says that one knows."""


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about all annotations."""
    for kind in KINDS:
        for one in mesh.registry.of(kind):
            for name, value in one.meta.annotations.items():
                if concerns(name):
                    yield from _annotation(one, name, value)


def _annotation(one: Object[object], name: str, value: str) -> Iterator[Finding]:
    known = KNOWN.get(name)
    if known is None:
        near = difflib.get_close_matches(name, KNOWN, 1)
        yield _found(
            "IST0108", one, name, "Istio has no such annotation" + (f"; did you mean {near[0]}?" if near else "")
        )
        return
    if known.instead is not None and not (name in OWN and name in one.meta.labels):
        yield _found("IST0135", one, name, f"use {known.instead}" if known.instead else "it has no effect any more")
    if is_alpha(name):
        yield _found("IST0136", one, name, "it is of an alpha feature, which may change")
    if not known.belongs_on(one.kind):
        yield _found("IST0107", one, name, f"it belongs on a {known.kind}")
        return
    if wrong := fault(name, value):
        yield _found("IST0125", one, name, wrong)


def _found(code: str, one: Object[object], name: str, message: str) -> Finding:
    path = ("metadata", "annotations", name)
    return Finding(code, one.label, f"{name}: {message}", f"metadata.annotations[{name}]", one.source.where(path))
