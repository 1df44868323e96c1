"""Effects beyond one response, compared with the live Envoy: mirrors, made-up cookies, internal redirects."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from support.action_bed import ActionBed, Sent
from support.envoy import require_binary

from fastroute.action.redirects import Turn
from fastroute.core.deciding import route
from fastroute.core.request import Context as RequestContext

pytestmark = pytest.mark.envoy

PATIENCE = 5.0
OF_THE_PROXY = ("x-forwarded-for", "content-length", "transfer-encoding")  # here the bed knows no own address


@pytest.fixture(scope="module")
def bed() -> Iterator[ActionBed]:
    require_binary()
    made = ActionBed()
    made.start()
    yield made
    made.stop()


def load(bed, *actions, **route):
    """Routes r0, r1, … of the host `h`."""
    routes = [
        {"match": {"path_separated_prefix": f"/r{number}"}, "route": {"cluster": "up0", **action}, **route}
        for number, action in enumerate(actions)
    ]
    host = {"name": "vh", "domains": ["h:81", "h"], "routes": routes}
    assert bed.load({"name": "table", "virtual_hosts": [host]}) == ("", "")


def received(bed, mark):
    """What reached the mirror clusters under the path mark: cluster, authority, other headers."""
    found = []
    for each in bed.upstreams[1:]:
        for item in each.requests:
            if f"mark={mark} " in item.line:
                headers = [(name, value) for name, value in item.headers if name not in OF_THE_PROXY]
                host = [value for name, value in headers if name == "host"]
                found.append((each.name, host, sorted(pair for pair in headers if pair[0] != "host")))
    return sorted(found)


OPTION = {"header": {"key": "x-m", "value": "<%REQ(x-a)%>"}}
MIRRORS = {
    "cluster": [{"cluster": "up1"}],
    "two clusters": [{"cluster": "up1"}, {"cluster": "up2"}],
    "header": [{"cluster_header": "x-mirror"}],
    "header that is missing": [{"cluster_header": "x-none"}],
    "never": [{"cluster": "up1", "runtime_fraction": {"default_value": {"numerator": 0}}}],
    "without suffix": [{"cluster": "up1", "disable_shadow_host_suffix_append": True}],
    "own host": [{"cluster": "up1", "host_rewrite_literal": "other:9"}],
    "mutations": [{"cluster": "up1", "request_headers_mutations": [{"append": OPTION}, {"remove": "x-a"}]}],
    "mutations in order": [{"cluster": "up1", "request_headers_mutations": [{"remove": "x-a"}, {"append": OPTION}]}],
}


@pytest.mark.parametrize("name", MIRRORS)
@pytest.mark.parametrize("host", ["h", "h:81"])
def test_mirrors(bed, name, host):
    """RA-120 … RA-122."""
    option = {"header": {"key": "x-route", "value": "1"}}
    load(bed, {"request_mirror_policies": MIRRORS[name], "prefix_rewrite": "/new"}, request_headers_to_add=[option])
    mark = f"{name.replace(' ', '')}{len(host)}"
    sent = Sent(f"/r0?mark={mark}", host, headers=(("x-a", "v"), ("x-mirror", "up2")))
    assert bed.compare([sent]) == []
    wanted = sorted(
        (
            mirror.cluster,
            [mirror.authority.decode()],
            sorted((n.decode(), v.decode()) for n, v in mirror.headers if n.decode() not in OF_THE_PROXY),
        )
        for mirror in bed.decide(sent).mirrors
    )
    deadline = time.monotonic() + PATIENCE
    while received(bed, mark) != wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    assert received(bed, mark) == wanted


@pytest.mark.parametrize(
    "cookie",
    [
        {"name": "sid", "ttl": "0s"},
        {"name": "sid", "ttl": "61.9s", "path": "/p"},
        {"name": "sid", "ttl": "5s", "attributes": [{"name": "SameSite", "value": "Strict"}, {"name": "Secure"}]},
        {"name": "sid"},
    ],
)
def test_made_up_cookies(bed, cookie):
    """RA-132: the value is a hash of the connection's addresses; only a hash balancer asks for it."""
    load(bed, {"cluster": "ring", "hash_policy": [{"cookie": cookie}]}, {"hash_policy": [{"cookie": cookie}]})
    client = bed.envoy.client("plain")
    for headers in ((), (("cookie", "sid=1"),), (("cookie", "sid="),), (("cookie", "other=1"),)):
        sent = Sent("/r0", "h", headers=headers)
        response = client.send(sent.raw)
        address = client._socket.getsockname()
        port = bed.envoy.envoy.port("plain")
        decision = route(
            bed.table,
            "h",
            "/r0",
            "GET",
            list(headers),
            random=0,
            context=RequestContext(source=address, destination=("127.0.0.1", port)),
            manager=bed.compiled["plain"],
        )
        assert response.values("set-cookie") == [value.decode() for value in decision.action.hash_cookies(decision)]
        other = Sent("/r1", "h", headers=headers)
        assert client.send(other.raw).values("set-cookie") == []


REDIRECTS = [
    (302, "http://h/r1/x?q=1"),
    (302, "http://h/r1/x#fragment"),
    (302, "http://h:81/r1"),
    (302, "/r1/relative"),
    (302, "https://h/r1"),
    (302, "HTTP://h/r1"),
    (302, "ftp://h/r1"),
    (302, "//h/r1"),
    (302, ""),
    (301, "http://h/r1"),
    (303, "http://h/r1/x"),
    (307, "http://h/r1"),
    (304, "http://h/r1"),
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(("status", "location"), REDIRECTS)
def test_internal_redirects(bed, status, location, method):
    """RA-150 … RA-152."""
    load(bed, {"internal_redirect_policy": {"redirect_response_codes": [302, 303, 307, 304]}}, {"cluster": "up1"})
    answer = f"location={location}"
    sent = Sent("/r0/a?b", "h", method, headers=(("x-status", str(status)), ("x-answer", answer)))
    policy = bed.decide(sent).internal_redirect
    known = {"method": method.encode(), "scheme": b"http", "url": b"http://h/r0/a?b"}
    followed = policy.follow(status, location.encode(), **known)
    before = len(bed.upstreams[1].requests)
    response = bed.envoy.client("plain").send(sent.raw)
    assert (response.header("x-upstream") == "up1") == (followed is not None)
    if followed is None:
        assert len(bed.upstreams[1].requests) == before
        return
    arrived = bed.upstreams[1].requests[-1]
    fields = dict(arrived.headers)
    assert arrived.line == f"{followed.method.decode()} {followed.path.decode()} HTTP/1.1"
    assert fields["host"] == followed.authority.decode()
    assert fields["x-envoy-original-url"] == followed.original_url.decode()
    if method == "GET":
        assert json.loads(response.body)["line"] == arrived.line


PREDICATE = "type.googleapis.com/envoy.extensions.internal_redirect."


def predicate(kind: str, **fields: object) -> dict[str, object]:
    return {"name": "p", "typed_config": {"@type": PREDICATE + kind, **fields}}


PREVIOUS = predicate("previous_routes.v3.PreviousRoutesConfig")
SAFE = predicate("safe_cross_scheme.v3.SafeCrossSchemeConfig")
PREDICATES = {
    "none": [],
    "previous": [PREVIOUS],
    "previous twice": [PREVIOUS, PREVIOUS],
    "safe": [SAFE],
    "allowed": [predicate("allow_listed_routes.v3.AllowListedRoutesConfig", allowed_route_names=["r1", "r2"])],
    "allowed other": [predicate("allow_listed_routes.v3.AllowListedRoutesConfig", allowed_route_names=["r2"])],
    "allowed none": [predicate("allow_listed_routes.v3.AllowListedRoutesConfig")],
    "both": [predicate("allow_listed_routes.v3.AllowListedRoutesConfig", allowed_route_names=["r1"]), PREVIOUS],
}


def followed_by_policy(bed, sent: Sent, location: str) -> list[str]:
    """The paths that the upstreams get, by our policy: every answer is a redirect to `location`."""
    taken: set[tuple[str, str]] = set()
    decision = bed.decide(sent)
    url, done, paths = b"http://h/", 0, [sent.path]
    while True:
        policy = decision.internal_redirect
        known = {"method": b"GET", "scheme": b"http", "url": url, "done": done}
        followed = None if policy is None else policy.follow(302, location.encode(), **known)
        if followed is None:
            return paths
        following = bed.decide(Sent(followed.path.decode(), followed.authority.decode()))
        turn = Turn(decision.route, following.route, b"http", followed.scheme, taken)
        if following.reason == "route_not_found" or not policy.accepts(turn):
            return paths
        decision, done = following, done + 1
        paths.append(followed.path.decode())


@pytest.mark.parametrize("location", ["http://h/r0", "http://h/r1", "https://h/r1", "http://h/r2", "http://h/none"])
@pytest.mark.parametrize("name", PREDICATES)
def test_predicates_of_internal_redirects(bed, name, location):
    """RA-151: the route that the next request takes must be accepted by all of them."""
    policy = {
        "predicates": PREDICATES[name],
        "max_internal_redirects": 3,
        "allow_cross_scheme_redirect": True,
    }
    routes = [
        {"name": f"r{n}", "match": {"prefix": f"/r{n}"}, "route": {"cluster": f"up{n}", **more}}
        for n, more in enumerate([{"internal_redirect_policy": policy}, {"internal_redirect_policy": policy}, {}])
    ]
    host = {"name": "vh", "domains": ["h"], "routes": routes}
    assert bed.load({"name": "table", "virtual_hosts": [host]}) == ("", "")
    sent = Sent("/r0", "h", headers=(("x-status", "302"), ("x-answer", f"location={location}")))
    before = [len(each.requests) for each in bed.upstreams]
    bed.envoy.client("plain").send(sent.raw)
    seen = [item.line.split()[1] for each, n in zip(bed.upstreams, before, strict=True) for item in each.requests[n:]]
    assert sorted(seen) == sorted(followed_by_policy(bed, sent, location))
