"""Objects written briefly, and what is generated when they are applied over the example mesh."""

from __future__ import annotations

import textwrap
from typing import Any

import fastroute
from fastroute.pilot import discovery
from fastroute.pilot.discovery.registry.directory import Registry, read_texts
from support import bookinfo

BASE = [(path, path.read_text(encoding="utf-8")) for path in sorted(bookinfo.DIRECTORY.rglob("*.yaml"))]
GROUPS = {"Service": "v1", "Pod": "v1", "PeerAuthentication": "security.istio.io/v1"}


def rule(kind: str, spec: str, name: str = "x", namespace: str = "default") -> str:
    """An object of a kind with a spec."""
    group = GROUPS.get(kind, "networking.istio.io/v1")
    head = f"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n"
    return head + textwrap.indent(textwrap.dedent(spec).strip("\n"), "  ") + "\n"


def service(name: str, port: int, label: str, address: str = "10.9.0.1", selector: str = "{}") -> str:
    """A Service with one port."""
    ports = f"ports: [{{name: '{label}', port: {port}}}]"
    return rule("Service", f"clusterIP: {address}\nselector: {selector}\n{ports}", name)


def pod(name: str, address: str, labels: str, more: str = "{}") -> str:
    """A Pod with an address; `more` is its spec besides the container."""
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: default, labels: {labels}}}\n"
        f"spec: {more}\nstatus: {{podIP: {address}}}\n"
    )


def node(name: str, region: str, zone: str = "") -> str:
    """A Node in a place."""
    place = f"topology.kubernetes.io/region: {region}, topology.kubernetes.io/zone: '{zone}'"
    return f"apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{{place}}}}}\n"


def mesh(settings: str) -> str:
    """The ConfigMap with settings of the whole mesh."""
    text = textwrap.indent(textwrap.dedent(settings).strip("\n"), "    ")
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |\n"
    return f"{head}{text}\n"


def registry(*objects: str) -> Registry:
    """The example with objects applied over it."""
    return read_texts(BASE, [(f"over{number}.yaml", one) for number, one in enumerate(objects)])


def made(*objects: str, profile: str = "current", proxy: str = bookinfo.PRODUCTPAGE) -> discovery.Generated:
    """The resources of a sidecar under these objects."""
    found = registry(*objects)
    return discovery.generate(found, discovery.Proxy.of_pod(found, proxy), profile)


def one(generated: discovery.Generated, kind: str, name: str) -> Any:
    """The resource of that name."""
    key = "cluster_name" if kind == "endpoints" else "name"
    return next(resource for resource in generated.resources[kind] if resource[key] == name)


def routes_to(generated: discovery.Generated, host: str, config: str = "9080") -> list[dict[str, Any]]:
    """The routes of the virtual host whose name begins with `host`."""
    hosts = one(generated, "routes", config)["virtual_hosts"]
    routes: list[dict[str, Any]] = next(host_ for host_ in hosts if host_["name"].startswith(host))["routes"]
    return routes


def router(generated: discovery.Generated) -> fastroute.Router:
    """A router of generated resources; every choice by chance is the first."""
    strict = generated.profile.name == "current"
    return fastroute.Router(fastroute.load(generated.as_mapping(), strict=strict), random=lambda: 0)


def part(tree: Any, path: str) -> Any:
    """What stands at `a.b.0.c` of a resource; None if there is nothing."""
    for step in path.split("."):
        if isinstance(tree, list):
            tree = tree[int(step)] if int(step) < len(tree) else None
        elif isinstance(tree, dict):
            tree = tree.get(step)
        else:
            return None
    return tree
