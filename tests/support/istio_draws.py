"""Drawn Istio rules over the example, and requests near what they ask for."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.istio_model import ADDRESSES, DOMAIN, Asked

SERVICES = ("details", "ratings", "reviews")
SUBSETS = {"details": ("v1",), "ratings": ("v1",), "reviews": ("v1", "v2", "v3")}
PATHS = ("/", "/a", "/a/", "/a/b", "/A", "/reviews/0", "/reviews", "/reviewsx", "/x.html", "/a/b/c")
WORDS = ("jason", "Jason", "jas", "", "x", "jason2")
HEADERS = ("end-user", "x-version", "cookie")
REGEXES = ("/a.*", "/[ab]", "/reviews/\\d+", "a|ab", ".*html", "/(a|b)/.*")

CHANGES = {"request": {"set": {"x-to": "%REQ(:METHOD)%"}, "add": {"x-share": "50%%"}, "remove": ["x-gone"]}}
ANSWERS = {"response": {"set": {"x-from": "1"}, "add": {"x-also": "2"}, "remove": ["server"]}}

names = st.sampled_from(("one", "two", "three"))
words = st.sampled_from(WORDS)
paths = st.sampled_from(PATHS)


@st.composite
def strings(draw: st.DrawFn, values: st.SearchStrategy[str], regexes: tuple[str, ...]) -> dict[str, str]:
    kind = draw(st.sampled_from(("exact", "prefix", "regex")))
    value = draw(st.sampled_from(regexes) if kind == "regex" else values.filter(bool))
    return {kind: value}


word_match = strings(words, ("jas.*", "j.son", "x|xy", "[a-z]+"))
path_match = strings(paths, REGEXES)
maybe_word = st.one_of(st.just({}), word_match, st.just({"regex": "*"}))


@st.composite
def matches(draw: st.DrawFn) -> dict[str, Any]:
    """One match. Now and then it speaks of other callers, other ports or a gateway."""
    one: dict[str, Any] = {}
    if draw(st.integers(0, 3)):
        one["uri"] = draw(path_match)
        if draw(st.integers(0, 4)) == 0:
            one["ignoreUriCase"] = True
    if draw(st.integers(0, 2)) == 0:
        one["headers"] = {draw(st.sampled_from(HEADERS)): draw(maybe_word)}
    if draw(st.integers(0, 4)) == 0:
        one["withoutHeaders"] = {draw(st.sampled_from(HEADERS)): draw(maybe_word)}
    if draw(st.integers(0, 4)) == 0:
        one["queryParams"] = {draw(st.sampled_from(("q", "r"))): draw(maybe_word)}
    if draw(st.integers(0, 5)) == 0:
        one["method"] = {"exact": draw(st.sampled_from(("GET", "POST")))}
    if draw(st.integers(0, 7)) == 0:
        one["authority"] = {"prefix": draw(st.sampled_from(("rev", "details", "ratings.default")))}
    if draw(st.integers(0, 9)) == 0:
        one["scheme"] = draw(st.sampled_from(({"exact": "http"}, {"exact": "https"}, {"prefix": "http"})))
    one |= draw(st.sampled_from(({}, {}, {}, {"name": "one"}, {"statPrefix": "counted"})))
    rare = draw(st.integers(0, 19))
    if rare == 0:
        one["sourceLabels"] = {"app": draw(st.sampled_from(("productpage", "other")))}
    elif rare == 1:
        one["port"] = draw(st.sampled_from((9080, 80)))
    elif rare == 2:
        one["gateways"] = [draw(st.sampled_from(("mesh", "front")))]
    elif rare == 3:
        one["sourceNamespace"] = draw(st.sampled_from(("default", "other")))
    return one


@st.composite
def destinations(draw: st.DrawFn) -> dict[str, Any]:
    service = draw(st.sampled_from(SERVICES))
    host = draw(st.sampled_from((service, f"{service}.default.svc.cluster.local")))
    to: dict[str, Any] = {"host": host}
    if draw(st.booleans()):
        to["subset"] = draw(st.sampled_from(SUBSETS[service]))
    if draw(st.integers(0, 4)) == 0:
        to["port"] = {"number": 9080}
    return {"destination": to, **draw(st.sampled_from(({}, {}, {}, {"headers": CHANGES}, {"headers": ANSWERS})))}


@st.composite
def routes(draw: st.DrawFn) -> dict[str, Any]:
    """One HTTP route with everything that a VirtualService may say about it."""
    route: dict[str, Any] = {}
    if draw(st.integers(0, 3)):
        route["match"] = draw(st.lists(matches(), min_size=1, max_size=3))
    if draw(st.integers(0, 3)) == 0:
        route["name"] = draw(names)
    kind = draw(st.integers(0, 7))
    if kind == 0:
        parts = (redirects, paths_of_redirects, ports_of_redirects)
        route["redirect"] = {name: value for part in parts for name, value in draw(part).items()}
    elif kind == 1:
        body = draw(st.sampled_from(({"string": "no"}, {"bytes": "bm8="})))
        route["directResponse"] = {"status": draw(st.sampled_from((200, 404, 503))), "body": body}
    else:
        _forward(draw, route)
    return route


redirects = st.fixed_dictionaries(
    {},
    optional={
        "authority": st.just("example.com"),
        "scheme": st.sampled_from(("http", "https")),
        "redirectCode": st.sampled_from((301, 302, 303, 307, 308)),
    },
)
paths_of_redirects = st.sampled_from(({"uri": "/elsewhere"}, {"prefixRewrite": "/else"}, {"prefixRewrite": "/"}, {}))
ports_of_redirects = st.sampled_from(
    ({}, {"port": 8443}, {"port": 80}, {"derivePort": "FROM_PROTOCOL_DEFAULT"}, {"derivePort": "FROM_REQUEST_PORT"})
)


def _forward(draw: st.DrawFn, route: dict[str, Any]) -> None:
    targets = draw(st.lists(destinations(), min_size=1, max_size=3))
    if len(targets) > 1:
        weights = draw(st.lists(st.integers(0, 60), min_size=len(targets), max_size=len(targets)).filter(any))
        for target, weight in zip(targets, weights, strict=True):
            target["weight"] = weight
    route["route"] = targets
    for name, how in EXTRAS.items():
        if draw(st.integers(0, 4)) == 0:
            route[name] = draw(how)
    if "mirror" in route:
        route.pop("mirrors", None)


rewrites = st.one_of(
    st.fixed_dictionaries({"uri": st.sampled_from(("/new", "/"))}, optional={"authority": st.just("other.example")}),
    st.just({"authority": "other.example"}),
    st.just({"uriRegexRewrite": {"match": "/a/(.*)", "rewrite": "/z/\\1"}}),
)
shares = st.sampled_from((0.5, 10, 33.3, 100)).map(lambda value: {"value": value})
EXTRAS = {
    "rewrite": rewrites,
    "timeout": st.sampled_from(("0.5s", "2s", "1m", "1500ms")),
    "retries": st.fixed_dictionaries(
        {"attempts": st.integers(0, 4)},
        optional={
            "perTryTimeout": st.just("250ms"),
            "retryOn": st.sampled_from(("5xx", "gateway-error,503", "connect-failure,429,refused-stream")),
            "retryRemoteLocalities": st.booleans(),
            "retryIgnorePreviousHosts": st.booleans(),
            "backoff": st.just("10ms"),
        },
    ),
    "fault": st.fixed_dictionaries(
        {
            "delay": st.one_of(
                st.fixed_dictionaries({"fixedDelay": st.just("1s"), "percentage": shares}),
                st.just({"fixedDelay": "1s", "percent": 20}),
            )
        },
        optional={
            "abort": st.one_of(
                st.fixed_dictionaries({"httpStatus": st.just(418), "percentage": shares}),
                st.fixed_dictionaries({"grpcStatus": st.just("UNAVAILABLE"), "percentage": shares}),
            )
        },
    ),
    "mirror": st.just({"host": "reviews", "subset": "v3"}),
    "mirrors": st.just(
        [
            {"destination": {"host": "reviews", "subset": "v3"}, "percentage": {"value": 10}},
            {"destination": {"host": "details"}},
        ]
    ),
    "mirrorPercentage": shares,
    "mirrorPercent": st.just(30),
    "corsPolicy": st.fixed_dictionaries(
        {"allowOrigins": st.just([{"exact": "https://example.com"}, {"prefix": "http://"}, {"regex": ".*dev"}])},
        optional={
            "allowMethods": st.just(["GET", "POST"]),
            "allowHeaders": st.just(["x-a"]),
            "exposeHeaders": st.just(["x-b"]),
            "maxAge": st.just("24h"),
            "allowCredentials": st.booleans(),
            "unmatchedPreflights": st.sampled_from(("UNSPECIFIED", "FORWARD", "IGNORE")),
        },
    ),
    "headers": st.just(
        {
            "request": {"set": {"x-set": "1"}, "add": {"x-add": "2"}, "remove": ["x-gone"]},
            "response": {"add": {"x-r": "3"}},
        }
    ),
}  # fmt: skip


@st.composite
def virtual_services(draw: st.DrawFn) -> list[dict[str, Any]]:
    """VirtualServices; some speak of the same host, some of all, some of no service."""
    found = []
    hosts = (*SERVICES, "reviews.default.svc.cluster.local", "*.default.svc.cluster.local", "nobody.example")
    for number in range(draw(st.integers(1, 4))):
        spec = {
            "hosts": draw(st.lists(st.sampled_from(hosts), min_size=1, max_size=2, unique=True)),
            "http": draw(st.lists(routes(), min_size=1, max_size=4)),
        }
        if draw(st.integers(0, 5)) == 0:
            spec["gateways"] = draw(st.sampled_from((["mesh", "front"], ["front"])))
        found.append(_object("VirtualService", f"vs-{number}", spec))
    return found


PARTS = (("part-0", "default"), ("part-1", "default"), ("part-0", "shop"))
visible = st.sampled_from(({}, {}, {}, {}, {"exportTo": ["."]}, {"exportTo": ["*"]}, {"exportTo": ["other", "x"]}))
to_default = st.sampled_from(({}, {"exportTo": ["default"]}, {"exportTo": ["."]}))


@st.composite
def delegations(draw: st.DrawFn) -> dict[str, Any]:
    """A route that leaves its requests to another VirtualService, which may be there or not."""
    name, namespace = draw(st.sampled_from((*PARTS, ("nothing", "default"))))
    where = {} if namespace == "default" and draw(st.booleans()) else {"namespace": namespace}
    route: dict[str, Any] = {"delegate": {"name": name, **where}}
    if draw(st.booleans()):
        route["match"] = draw(st.lists(matches(), min_size=1, max_size=2))
    if draw(st.integers(0, 4)) == 0:
        route["rewrite"] = draw(rewrites)
    return route


@st.composite
def shared_rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """VirtualServices of which some leave requests to others, and some are for other namespaces."""
    found = draw(virtual_services())
    for one in found:
        one["spec"] |= draw(visible)
        for route in draw(st.lists(delegations(), max_size=2)):
            one["spec"]["http"].insert(draw(st.integers(0, len(one["spec"]["http"]))), route)
    for name, namespace in draw(st.lists(st.sampled_from(PARTS), max_size=3, unique=True)):
        part = _object("VirtualService", name, {"http": draw(st.lists(routes(), min_size=1, max_size=3))})
        part["metadata"]["namespace"] = namespace
        part["spec"] |= draw(visible if namespace == "default" else to_default)
        for route in part["spec"]["http"]:
            for one in route.get("route", ()):
                to = one["destination"]
                to["host"] = to["host"] if "." in to["host"] or namespace == "default" else f"{to['host']}.{DOMAIN}"
        found.append(part)
    return found


def _object(kind: str, name: str, spec: dict[str, Any], group: str = "networking.istio.io") -> dict[str, Any]:
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": meta, "spec": spec}


SCOPES = (
    ["*/*"],
    ["./*"],
    ["default/reviews.default.svc.cluster.local"],
    ["./ratings.default.svc.cluster.local", "istio-system/*"],
    ["~/*"],
    ["*/*.default.svc.cluster.local"],
    ["./details.default.svc.cluster.local", "./reviews.default.svc.cluster.local"],
)
PORTED = {"port": {"number": 9080, "protocol": "HTTP"}}
policies = st.sampled_from(
    (
        {"mode": "REGISTRY_ONLY"},
        {"mode": "ALLOW_ANY"},
        {"mode": "ALLOW_ANY", "egressProxy": {"host": f"details.{DOMAIN}", "port": {"number": 9080}, "subset": "v1"}},
    )
)


@st.composite
def sidecars(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Mostly none; or a Sidecar that narrows what the caller sees, sometimes on the very port."""
    if draw(st.integers(0, 2)):
        return []
    hosts = st.sampled_from(SCOPES)
    spec: dict[str, Any] = {"egress": [{"hosts": draw(hosts)}]}
    if draw(st.booleans()):
        spec["egress"].insert(0, {**PORTED, "hosts": draw(hosts)})
    if draw(st.booleans()):
        spec["outboundTrafficPolicy"] = draw(policies)
    return [_object("Sidecar", "scope", spec)]


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """A request near the values that rules are drawn from."""
    service = draw(st.sampled_from((*ADDRESSES, "nowhere")))
    full = f"{service}.default.svc.cluster.local"
    forms = (
        service,
        f"{service}.default",
        f"{service}.default.svc",
        full,
        full.upper(),
        ADDRESSES.get(service, "10.9.9.9"),
    )
    authority = draw(st.sampled_from(forms)) + draw(st.sampled_from(("", ":9080", ":9080", ":9081")))
    query = draw(st.sampled_from(("", "?q=jason", "?q=", "?r=x&q=jas", "?q=x&q=jason", "?")))
    headers = draw(st.dictionaries(st.sampled_from(HEADERS), words, max_size=2))
    return Asked(authority, draw(paths) + query, draw(st.sampled_from(("GET", "POST"))), headers)
