"""Istio's rules for HTTP, and what a Sidecar imports, read directly: where should this request go?

It works on objects as plain mappings, and shares nothing with the pilot: no registry, no names of its
own making, no generated configuration. One caller (a pod in `default`) and the services of the example.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Rule = Mapping[str, Any]
ADDRESSES = {
    "details": "10.231.37.72",
    "productpage": "10.231.37.139",
    "ratings": "10.231.20.222",
    "reviews": "10.231.20.47",
}
DOMAIN = "default.svc.cluster.local"


@dataclass(frozen=True)
class Asked:
    """A request of the caller to port 9080."""

    authority: str
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Expected:
    """What should happen. `clusters` holds each destination with its weight."""

    kind: str
    clusters: Mapping[tuple[str, str, int], int] = field(default_factory=dict)
    status: int = 200
    path: str = ""
    authority: str = ""


def service_of(authority: str, *, any_port: bool) -> str | None:
    """The service that an authority names, as a caller in `default` may write it."""
    name, colon, port = authority.lower().partition(":")
    if colon and port != "9080" and not any_port:
        return None
    for service, address in ADDRESSES.items():
        parts = f"{service}.{DOMAIN}".split(".")
        forms = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
        if any_port:
            forms.discard(".".join(parts[:4]))  # NAME.NS.svc.cluster is no longer among the domains
        if name in forms or name == address:
            return service
    return None


def expected(objects: Sequence[Rule], asked: Asked, labels: Mapping[str, str], *, any_port: bool) -> Expected:
    """The outcome by VirtualServices and at most one Sidecar, for a caller with these labels."""
    sidecar = next((one["spec"] for one in objects if one["kind"] == "Sidecar"), {})
    patterns = _patterns(sidecar)
    found = [one for one in objects if one["kind"] == "VirtualService"]
    roots = [one for one in found if "hosts" in one["spec"] and _is_visible(one) and _is_imported(one, patterns)]
    rules = [_with_delegates(one, found) for one in roots]
    service = service_of(asked.authority, any_port=any_port)
    if service is None or not any(_takes(pattern, f"{service}.{DOMAIN}") for pattern in patterns):
        return _elsewhere(sidecar, asked, _reached(sidecar, found))
    for route in _applicable(rules, f"{service}.{DOMAIN}"):
        matches = route.get("match") or [{}]
        found = next((one for one in matches if _matches(one, asked, labels)), None)
        if found is not None:
            return _outcome(route, found, asked)
        if any(_everything(one) and _concerns(one, labels) for one in matches):
            raise AssertionError("a match for everything matched nothing")
    if _applies_to_nobody(rules, service, labels):
        return Expected("forward", {(service, "", 9080): 1}, path=asked.path, authority=asked.authority)
    return Expected("respond", status=404)


def _patterns(sidecar: Rule) -> Sequence[str]:
    """What is offered on port 9080: by the listener of that port if there is one, else by the one without port."""
    listeners = sidecar.get("egress") or [{"hosts": ["*/*"]}]
    own = [one["hosts"] for one in listeners if one.get("port", {}).get("number") == 9080]
    rest = [one["hosts"] for one in listeners if "port" not in one]
    hosts: Sequence[str] = (own or rest or [[]])[0]
    return hosts


def _takes(pattern: str, host: str) -> bool:
    namespace, _, name = pattern.partition("/")
    return namespace in (".", "*", "default") and (name == "*" or _covers(name, host) or _covers(host, name))


def _is_imported(rule: Rule, patterns: Sequence[str]) -> bool:
    hosts = [name if "." in name or "*" in name else f"{name}.{DOMAIN}" for name in rule["spec"]["hosts"]]
    return any(_takes(pattern, host) for pattern in patterns for host in hosts)


def _is_visible(rule: Rule) -> bool:
    """Whether a rule is for the namespace `default`."""
    own = rule["metadata"]["namespace"]
    return any(own == "default" if to == "." else to in ("*", "default") for to in rule["spec"].get("exportTo", ["*"]))


def _with_delegates(rule: Rule, rules: Sequence[Rule]) -> Rule:
    """A rule with the routes of its delegates in the place of those that name them."""
    http: list[Any] = []
    for route in rule["spec"].get("http", ()):
        if "delegate" not in route:
            http.append(route)
            continue
        name, where = route["delegate"]["name"], route["delegate"].get("namespace", "default")
        for one in rules:
            here = (one["metadata"]["name"], one["metadata"]["namespace"]) == (name, where)
            if here and "hosts" not in one["spec"] and _is_visible(one):
                http.extend(_merged(route, part) for part in one["spec"]["http"] if _merged(route, part) is not None)
    return {**rule, "spec": {**rule["spec"], "http": http}}


def _merged(root: Rule, part: Rule) -> Rule | None:
    """A delegate's route under the route that leaves requests to it; None if their matches contradict each other."""
    made = {name: value for name, value in root.items() if name not in ("delegate", "match")} | dict(part)
    outer, inner = root.get("match", []), part.get("match", [])
    if outer and inner:
        within = [[_joined(one, two) for one in outer if not _contradict(one, two)] for two in inner]
        made["match"] = [one for some in within for one in some]
        return made if all(within) else None
    return made | ({"match": outer or inner} if outer or inner else {})


MAPS = ("headers", "withoutHeaders", "queryParams")


def _joined(outer: Rule, inner: Rule) -> Rule:
    made = {**outer, **inner}
    for name in (*MAPS, "sourceLabels"):
        if name in made:
            made[name] = {**outer.get(name, {}), **inner.get(name, {})}
    return made


def _contradict(outer: Rule, inner: Rule) -> bool:
    """Whether a delegate's match is not within the one of its root, or cannot be told to be."""
    texts = [(outer.get(name), inner.get(name)) for name in ("uri", "scheme", "method", "authority")]
    for name in MAPS:
        texts += [(outer.get(name, {}).get(key), value) for key, value in inner.get(name, {}).items()]
    plain = [(outer.get("port"), inner.get("port"))]
    plain += [(outer.get("sourceLabels", {}).get(key), value) for key, value in inner.get("sourceLabels", {}).items()]
    gateways = [set(one["gateways"]) for one in (outer, inner) if "gateways" in one]
    return (
        outer.get("ignoreUriCase", False) != inner.get("ignoreUriCase", False)
        or ("sourceNamespace" in outer and inner.get("sourceNamespace") != outer["sourceNamespace"])
        or (len(gateways) == 2 and not gateways[1] <= gateways[0])
        or any(_apart(one, two) for one, two in texts)
        or any(one is not None and two is not None and one != two for one, two in plain)
    )


def _apart(outer: Mapping[str, str] | None, inner: Mapping[str, str] | None) -> bool:
    if outer is None or inner is None:
        return False
    if not outer or not inner or "regex" in outer or "regex" in inner:
        return True
    if "exact" in outer:
        return inner != outer
    return not next(iter(inner.values())).startswith(outer["prefix"])


def _reached(sidecar: Rule, found: Sequence[Rule]) -> set[str]:
    """The services that the caller knows: those that any listener imports, and those that imported rules lead to."""
    patterns = [pattern for one in sidecar.get("egress") or [{"hosts": ["*/*"]}] for pattern in one["hosts"]]
    reached = {name for name in ADDRESSES if any(_takes(pattern, f"{name}.{DOMAIN}") for pattern in patterns)}
    for rule in found:
        if "hosts" in rule["spec"] and _is_visible(rule) and _is_imported(rule, patterns):
            for route in _with_delegates(rule, found)["spec"]["http"]:
                targets = [one["destination"] for one in route.get("route", ())]
                targets += [route["mirror"]] if "mirror" in route else []
                targets += [one["destination"] for one in route.get("mirrors", ())]
                reached |= {one["host"].partition(".")[0] for one in targets}
    return reached


def _elsewhere(sidecar: Rule, asked: Asked, reached: set[str]) -> Expected:
    policy = sidecar.get("outboundTrafficPolicy", {})
    if policy.get("mode", "ALLOW_ANY") == "REGISTRY_ONLY":
        return Expected("respond", status=502)
    key = ("", "PassthroughCluster", 0)
    if proxy := policy.get("egressProxy"):
        key = (proxy["host"].partition(".")[0], proxy.get("subset", ""), proxy["port"]["number"])
        if key[0] not in reached:
            return Expected("respond", status=503)
    return Expected("forward", {key: 1}, path=asked.path, authority=asked.authority)


def _applicable(rules: Sequence[Rule], host: str) -> Sequence[Any]:
    """The routes of the one rule that speaks of a host: the most specific, then the first by name."""
    best: tuple[int, int, str] | None = None
    chosen: Sequence[Any] = ()
    for rule in rules:
        for name in rule["spec"]["hosts"]:
            full = name if "." in name or "*" in name else f"{name}.{DOMAIN}"
            if "mesh" not in rule["spec"].get("gateways", ["mesh"]) or not _covers(full, host):
                continue
            key = (1 if "*" in full else 0, -len(full), rule["metadata"]["name"])
            if best is None or key < best:
                best, chosen = key, rule["spec"].get("http", ())
    return chosen


def _covers(pattern: str, host: str) -> bool:
    return pattern == host or (pattern.startswith("*") and host.endswith(pattern[1:]))


def _applies_to_nobody(rules: Sequence[Rule], service: str, labels: Mapping[str, str]) -> bool:
    """Whether no route of the service's rule concerns this caller, so that the service's default holds."""
    routes = _applicable(rules, f"{service}.{DOMAIN}")
    return not any(_concerns(one, labels) for route in routes for one in route.get("match") or [{}])


def _concerns(match: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    source = match.get("sourceLabels", {})
    return (
        all(labels.get(key) == value for key, value in source.items())
        and match.get("port", 9080) == 9080
        and match.get("sourceNamespace", "default") == "default"
        and "mesh" in match.get("gateways", ["mesh"])
    )


def _everything(match: Mapping[str, Any]) -> bool:
    return not set(match) - {"sourceLabels", "port", "sourceNamespace", "gateways", "name", "statPrefix"}


def _text(how: Mapping[str, str], value: str, *, fold: bool = False) -> bool:
    ((kind, wanted),) = how.items()
    if (kind, wanted) == ("regex", "*"):
        return True
    if fold:
        value, wanted = value.lower(), wanted.lower() if kind != "regex" else f"(?i:{wanted})"
    if kind == "exact":
        return value == wanted
    return value.startswith(wanted) if kind == "prefix" else re.fullmatch(wanted, value) is not None


def _matches(match: Mapping[str, Any], asked: Asked, labels: Mapping[str, str]) -> bool:
    path, _, query = asked.path.partition("?")
    pairs = dict(reversed([(name, value) for name, _, value in (part.partition("=") for part in query.split("&"))]))
    headers = {name.lower(): value for name, value in asked.headers.items()}
    if not _concerns(match, labels):
        return False
    if (uri := match.get("uri")) and not _text(
        uri, path, fold=match.get("ignoreUriCase", False) and "regex" not in uri
    ):
        return False
    pseudo = {"method": asked.method, "authority": asked.authority, "scheme": "http"}
    if any(name in match and not _text(match[name], value) for name, value in pseudo.items()):
        return False
    for name, how in match.get("headers", {}).items():
        if name not in headers or (how and not _text(how, headers[name])):
            return False
    for name, how in match.get("withoutHeaders", {}).items():
        presence = not how or how == {"regex": "*"}
        if (name in headers and presence) or (not presence and _text(how, headers.get(name, ""))):
            return False
    return all(
        name in pairs and (not how or _text(how, pairs[name])) for name, how in match.get("queryParams", {}).items()
    )


def _outcome(route: Mapping[str, Any], match: Mapping[str, Any], asked: Asked) -> Expected:
    if "redirect" in route:
        return Expected(
            "redirect", status=route["redirect"].get("redirectCode", 301), path=_location(route, match, asked)
        )
    if "directResponse" in route:
        return Expected("respond", status=route["directResponse"]["status"])
    targets: dict[tuple[str, str, int], int] = {}
    for one in route["route"]:
        to = one["destination"]
        weight = one.get("weight", 0) if len(route["route"]) > 1 else 1
        if weight:
            key = (to["host"].partition(".")[0], to.get("subset", ""), to.get("port", {}).get("number", 9080))
            targets[key] = targets.get(key, 0) + weight
    rewrite = route.get("rewrite", {})
    path = _rewritten(rewrite, match.get("uri"), asked.path)
    return Expected("forward", targets, path=path, authority=rewrite.get("authority", asked.authority))


def _location(route: Mapping[str, Any], match: Mapping[str, Any], asked: Asked) -> str:
    """Where a redirection leads. Without a port of its own it keeps the one of the authority, with the scheme."""
    how = route["redirect"]
    scheme = how.get("scheme", "http")
    authority = how.get("authority", asked.authority)
    port = how.get("port", 9080 if how.get("derivePort") == "FROM_REQUEST_PORT" else None)
    if port is not None and port != {"http": 80, "https": 443}[scheme]:
        authority = f"{authority.partition(':')[0]}:{port}"
    path, question, query = asked.path.partition("?")
    if "prefixRewrite" in how:
        uri = match.get("uri", {"prefix": "/"})
        old = path if "regex" in uri else uri.get("exact") or uri["prefix"]
        return f"{scheme}://{authority}{how['prefixRewrite']}{path[len(old) :]}{question}{query}"
    return f"{scheme}://{authority}{how.get('uri', path)}{question}{query}"


def _rewritten(rewrite: Mapping[str, Any], uri: Mapping[str, str] | None, target: str) -> str:
    path, question, query = target.partition("?")
    if regex := rewrite.get("uriRegexRewrite"):
        path = re.sub(regex["match"], regex["rewrite"], path)
    elif new := rewrite.get("uri"):
        if uri and "regex" in uri:
            path = new
        else:
            old = (uri or {"prefix": "/"}).get("exact") or (uri or {"prefix": "/"})["prefix"]
            path = new + path[len(old) :]
    return path + question + query
