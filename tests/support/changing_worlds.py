"""Resources that change step by step, drawn with a seed: what a control plane might send, mistakes included.

world = World(rng)
before = world.resources()           what a load takes
changes = world.step()               some changes, as `Changes`; `world.resources()` has them
world.undo()                         for changes that were refused
"""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

from google.protobuf.message import Message

from fastroute.api import names
from fastroute.config.changes import Changes
from support.connections import EXTENSION, chain, tcp, tcp_proxy
from support.envoy import parse
from support.http_tables import CLUSTERS, DOMAINS, route, route_configuration

Json = dict[str, Any]
Kinds = dict[str, dict[str, Json]]

_TYPES = {
    "listeners": names.LISTENER,
    "routes": names.ROUTE_CONFIGURATION,
    "scoped_routes": names.SCOPED_ROUTE_CONFIGURATION,
    "clusters": names.CLUSTER,
    "endpoints": names.CLUSTER_LOAD_ASSIGNMENT,
}
_ROUTES = ("r0", "r1")
_SERVICES = ("s0", "s1", *CLUSTERS[:2])
_PORTS = (1001, 1002, 1003)


class World:
    """The trees of all resources by kind and name, in the order in which they came."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.kinds: Kinds = {kind: {} for kind in _TYPES}
        self._before: Kinds = self.kinds
        for _ in range(12):
            self._change()

    def resources(self) -> dict[str, list[Message]]:
        """All resources as messages, by kind."""
        return {kind: [parse(tree, _TYPES[kind]) for tree in named.values()] for kind, named in self.kinds.items()}

    def step(self) -> Changes:
        """A few changes; resources that changed come as messages or in wire form."""
        self._before = deepcopy(self.kinds)
        for _ in range(self.rng.randint(1, 4)):
            self._change()
        for kind, before in self._before.items():  # what is gone for a moment only keeps its place
            now = self.kinds[kind]
            self.kinds[kind] = {name: now[name] for name in (*before, *now) if name in now}
        found = {kind: dict(self._differences(kind)) for kind in _TYPES}
        return Changes(**found)

    def undo(self) -> None:
        """Back to before the last step."""
        self.kinds = self._before

    def _differences(self, kind: str) -> Any:
        now, before = self.kinds[kind], self._before[kind]
        for name in [*now, *(name for name in before if name not in now)]:
            if name not in now:
                yield name, None
            elif name not in before or before[name] != now[name] or self.rng.random() < 0.2:
                message = parse(now[name], _TYPES[kind])
                yield name, message if self.rng.random() < 0.3 else message.SerializeToString()

    def _change(self) -> None:
        kind = self.rng.choice((*_TYPES, "routes", "routes", "edit", "edit", "edit"))
        if kind == "edit":
            self._edit()
            return
        named = self.kinds[kind]
        tree = getattr(self, f"_{kind}")()
        name = tree.get("cluster_name", tree.get("name"))
        if name in named and self.rng.random() < 0.3:
            del named[name]
        else:
            named[name] = tree

    def _edit(self) -> None:
        """One virtual host of a route configuration, or its place, changes."""
        rng = self.rng
        if not self.kinds["routes"]:
            return
        tree = deepcopy(rng.choice(list(self.kinds["routes"].values())))
        hosts = tree["virtual_hosts"]
        step = rng.randrange(6)
        if step == 0 or not hosts:
            hosts.insert(rng.randint(0, len(hosts)), self._host())
        elif step == 1:
            hosts.pop(rng.randrange(len(hosts)))
        elif step == 2:
            rng.shuffle(hosts)
        elif step == 3:
            hosts[rng.randrange(len(hosts))] = self._host()
        else:
            host = rng.choice(hosts)
            host.pop("matcher", None)
            host["routes"] = [route(rng, number) for number in range(rng.randint(0, 5))]
        self.kinds["routes"][tree["name"]] = tree

    def _host(self) -> Json:
        rng = self.rng
        extra = ("q.com", "*.q.com", "q.*", "Q.a.com")
        return {
            "name": f"n{rng.randint(0, 9)}",
            "domains": rng.sample((*DOMAINS, *extra), rng.randint(1, 2)),
            "routes": [route(rng, number) for number in range(rng.randint(0, 5))],
        }

    def _routes(self) -> Json:
        tree = {**route_configuration(self.rng), "name": self.rng.choice(_ROUTES)}
        tree["validate_clusters"] = self.rng.random() < 0.3
        return tree

    def _clusters(self) -> Json:
        rng = self.rng
        name = rng.choice(CLUSTERS)
        kind = rng.choice(("EDS", "EDS", "STATIC", "aggregate"))
        if kind == "aggregate":
            listed = rng.sample(CLUSTERS, 2)
            config = {"@type": "type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig"}
            typed = {"name": "envoy.clusters.aggregate", "typed_config": {**config, "clusters": listed}}
            return {"name": name, "lb_policy": "CLUSTER_PROVIDED", "cluster_type": typed}
        tree: Json = {"name": name, "type": kind, "lb_policy": rng.choice(("ROUND_ROBIN", "RING_HASH", "MAGLEV"))}
        tree["maglev_lb_config"] = {"table_size": 17}
        if kind == "STATIC":
            tree["load_assignment"] = self._assignment(name)
        else:
            tree["eds_cluster_config"] = {"eds_config": {"ads": {}}, "service_name": rng.choice(("", *_SERVICES))}
            if rng.random() < 0.05:
                del tree["eds_cluster_config"]
        return {key: value for key, value in tree.items() if key != "maglev_lb_config" or tree["lb_policy"] == "MAGLEV"}

    def _endpoints(self) -> Json:
        return self._assignment(self.rng.choice(_SERVICES))

    def _assignment(self, name: str) -> Json:
        rng = self.rng
        hosts = [
            {
                "endpoint": {"address": tcp("10.0.0.1", port)},
                "health_status": rng.choice(("UNKNOWN", "UNKNOWN", "UNHEALTHY", "DEGRADED")),
            }
            for port in rng.sample(range(1, 9), rng.randint(0, 4))
        ]
        return {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]}

    def _scoped_routes(self) -> Json:
        rng = self.rng
        name = rng.choice(("p", "q"))
        key = {"fragments": [{"string_key": rng.choice(("one", "two"))}]}
        return {"name": name, "route_configuration_name": rng.choice(_ROUTES), "key": key}

    def _listeners(self) -> Json:
        rng = self.rng
        port = rng.choice(_PORTS)
        name = f"l{port}" if rng.random() < 0.9 else "l1001"
        filters = rng.choice((self._tcp, self._http))()
        return {"name": name, "address": tcp("10.1.1.1", port), "filter_chains": [chain("c", {}, filters)]}

    def _tcp(self) -> Json:
        rng = self.rng
        if rng.random() < 0.5:
            return tcp_proxy(rng.choice(CLUSTERS))
        weights = [{"name": name, "weight": 1} for name in rng.sample(CLUSTERS, 2)]
        return tcp_proxy(weighted_clusters={"clusters": weights})

    def _http(self) -> Json:
        rng = self.rng
        config: Json = {
            "@type": EXTENSION + "network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "http",
            "http_filters": [
                {"name": "router", "typed_config": {"@type": EXTENSION + "http.router.v3.Router"}},
            ],
        }
        kind = rng.randrange(3)
        if kind == 0:
            config["rds"] = {"route_config_name": rng.choice(_ROUTES), "config_source": {"ads": {}}}
        elif kind == 1:
            inline = {"match": {"prefix": "/"}, "route": {"cluster": rng.choice(CLUSTERS)}}
            host = {"name": "h", "domains": ["*"], "routes": [inline]}
            config["route_config"] = {"name": "inline", "virtual_hosts": [host]}
        else:
            extractor = {"header_value_extractor": {"name": "x-scope", "index": 0}}
            config["scoped_routes"] = {
                "name": "s",
                "scope_key_builder": {"fragments": [extractor]},
                "rds_config_source": {"ads": {}},
                "scoped_rds": {"scoped_rds_config_source": {"ads": {}}},
            }
        return {"name": "envoy.filters.network.http_connection_manager", "typed_config": config}
