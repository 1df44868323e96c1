"""Drawn route configurations: every kind of match, every kind of action, at every level something."""

from __future__ import annotations

from random import Random
from typing import Any

from support import http_tables
from support.action_routes import Maker
from support.families import http_rbac
from support.http_envoy import NAMESPACE
from support.wholes.clusters import STAGES
from support.wholes.values import CLUSTERS, DOMAINS

Json = dict[str, Any]
CRITERIA = ({"stage": "prod"}, {"stage": 1}, {"version": "1"}, {"stage": "prod", "version": "2"}, {"x": "y"})


class Routes:
    """Draws route configurations; `number` makes every route tell which one it is."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.maker = Maker(0)
        self.maker.random = rng
        self.number = 0

    def chance(self, share: float) -> bool:
        """True in that share of the draws."""
        return self.rng.random() < share

    def configuration(self, name: str, *, rbac: bool) -> Json:
        """A route configuration; with `rbac`, its levels have settings for RBAC filters."""
        rng = self.rng
        domains = rng.sample(DOMAINS, rng.randint(1, 9))
        hosts = []
        while domains:
            taken = [domains.pop() for _ in range(min(len(domains), rng.randint(1, 3)))]
            hosts.append(self.host(f"{name}/{len(hosts)}", taken, rbac=rbac))
        made: Json = {"name": name, "virtual_hosts": hosts, "validate_clusters": False}
        made |= self._some_level(0.4)
        made["most_specific_header_mutations_wins"] = self.chance(0.4)
        for flag in ("ignore_port_in_host_matching", "ignore_path_parameters_in_path_matching"):
            if self.chance(0.25):
                made[flag] = True
        if self.chance(0.08):
            made["vhost_header"] = rng.choice(("x-a", "x-host", "accept"))
        if self.chance(0.15):
            made["internal_only_headers"] = [rng.choice(("x-a", "x-b"))]
        if self.chance(0.1):
            made["request_mirror_policies"] = [self._mirror()]
        return made

    def host(self, name: str, domains: list[str], *, rbac: bool) -> Json:
        """A virtual host."""
        rng = self.rng
        made: Json = {"name": name, "domains": domains, **self._some_level(0.4)}
        made["metadata"] = {"filter_metadata": {NAMESPACE: {"name": name}}}
        if self.chance(0.12):
            made["matcher"] = with_engine(http_tables.tree(rng))
        else:
            made["routes"] = [self.route(rbac=rbac) for _ in range(rng.choice((0, 1, 3, 5, 8, 12)))]
            made["routes"] += [self.route(rbac=rbac, rest=True) for _ in range(rng.choice((0, 1, 2)))]
        if self.chance(0.12):
            made["require_tls"] = rng.choice(("ALL", "EXTERNAL_ONLY"))
        if self.chance(0.2):
            made["include_request_attempt_count"] = True
        if self.chance(0.15):
            made["include_attempt_count_in_response"] = True
        if self.chance(0.15):
            made["virtual_clusters"] = [{"name": "vc", "headers": [http_tables.header_matcher(rng)]}]
        if self.chance(0.15):
            made["retry_policy"] = self._retry()
        if rbac:
            made |= http_rbac.settings(rng, 0.15)
        return made

    def route(self, *, rbac: bool, rest: bool = False) -> Json:
        """A route; `rest`: one for all paths, perhaps not for all requests."""
        rng = self.rng
        self.number += 1
        match = http_tables.route_match(rng)
        if rest:
            match = {"prefix": "/"}
            if self.chance(0.4):
                match["headers"] = [http_tables.header_matcher(rng)]
        if "runtime_fraction" in match:
            match["runtime_fraction"]["default_value"]["numerator"] = rng.choice((0, 50, 100))
        if self.chance(0.1):
            match["cookies"] = [{"name": "sid", "string_match": {"exact": rng.choice(("a", "1", ""))}}]
        made: Json = {"match": match, **self._some_level(0.35)}
        made["metadata"] = {
            "filter_metadata": {NAMESPACE: {"index": f"#{self.number}"}, "ns": {"k": "v", "o": {"b": True}}}
        }
        if self.chance(0.9):
            made["name"] = f"r{self.number}"
        shape = rng.random()
        if "path_match_policy" in match:
            made["route"] = self._cluster({})
        elif "connect_matcher" in match or shape < 0.65:
            made["route"] = self.action()
        elif shape < 0.82:
            made["redirect"] = self.maker.redirect()
        elif shape < 0.97:
            made["direct_response"] = self.maker.response()
        else:
            made["non_forwarding_action"] = {}
        if rbac:
            made |= http_rbac.settings(rng, 0.15)
        return made

    def action(self) -> Json:
        """A RouteAction."""
        rng = self.rng
        made = self._cluster(self.maker.action(""))
        made.pop("auto_host_rewrite", None)  # the picked endpoint's name is the embedder's to set (RA-32)
        if self.chance(0.5):
            made["hash_policy"] = self._hash_policies()
        if self.chance(0.3):
            made["metadata_match"] = {"filter_metadata": {"envoy.lb": rng.choice(CRITERIA)}}
        if self.chance(0.15):
            made["cluster_not_found_response_code"] = rng.choice(("NOT_FOUND", "INTERNAL_SERVER_ERROR"))
        if self.chance(0.2):
            upgrades = rng.sample(("websocket", "CONNECT", "foo"), rng.randint(1, 2))
            made["upgrade_configs"] = [{"upgrade_type": each, "enabled": self.chance(0.7)} for each in upgrades]
        if self.chance(0.2):
            made["retry_policy"] = self._retry()
            made.pop("hedge_policy", None)
        if self.chance(0.1):
            made["request_mirror_policies"] = [self._mirror()]
        if self.chance(0.1):
            made["priority"] = "HIGH"
        return made

    def _cluster(self, made: Json) -> Json:
        """The clusters of an action, among all that there are, or one that is not there."""
        rng = self.rng
        if "weighted_clusters" in made:
            for entry in made["weighted_clusters"]["clusters"]:
                entry |= {"name": rng.choice(CLUSTERS), "weight": rng.choice((1, 2, 3))}
                if self.chance(0.2):
                    entry["metadata_match"] = {"filter_metadata": {"envoy.lb": {"stage": rng.choice(STAGES)}}}
            if self.chance(0.3):
                del made["weighted_clusters"]["header_name"]
        elif "cluster_header" in made:
            made["cluster_header"] = rng.choice(("x-cluster", "x-cluster", "x-a", ":authority"))
        else:
            made["cluster"] = rng.choice((*CLUSTERS, *CLUSTERS, "absent"))
        return made

    def _some_level(self, share: float) -> Json:
        return self.maker.level() if self.chance(share) else {}

    def _mirror(self) -> Json:
        return {"cluster": self.rng.choice((*CLUSTERS, "absent"))}

    def _retry(self) -> Json:
        return {
            "retry_on": self.rng.choice(
                ("5xx", "gateway-error,retriable-4xx", "retriable-status-codes", "", "connect-failure")
            ),
            "num_retries": self.rng.randrange(3),
            "retriable_status_codes": [404, 418],
            "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.002s"},
        }

    def _hash_policies(self) -> list[Json]:
        rng = self.rng
        options: list[Json] = [
            {"header": {"header_name": rng.choice(("x-hash", "x-a", ":path", ":authority", "accept"))}},
            {"cookie": {"name": "sid", **({"ttl": "0s", "path": "/p"} if self.chance(0.3) else {})}},
            {"query_parameter": {"name": rng.choice(("q", "Q", "x"))}},
            {"connection_properties": {"source_ip": True}},
            {
                "header": {
                    "header_name": "x-hash",
                    "regex_rewrite": {"pattern": {"regex": "[a-m]"}, "substitution": "-"},
                }
            },
        ]
        found = rng.sample(options, rng.randint(1, 3))
        if self.chance(0.3):
            found[0]["terminal"] = True
        return found


def with_engine(tree: Any) -> Any:
    """A matcher tree whose regexes name their engine, as its API wants."""
    if isinstance(tree, list):
        return [with_engine(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    made = {name: with_engine(value) for name, value in tree.items() if name != "typed_config"}
    made |= {name: tree[name] for name in ("typed_config",) if name in tree}
    if "regex" in made:
        made["google_re2"] = {}
    return made
