"""The changes that bookinfo is shown with, one after the other; each starts from what the one before it left."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from fastroute.lab.changes import MANY, Asker, Change, Measured, at_least, every, rule, settings, share, status
from fastroute.lab.manifests import Manifests
from fastroute.lab.strangers import measure_strangers

SOME: Final = 20
DRAWN: Final = 240
HOSTS: Final = (
    *("reviews",) * 6, "reviews.default", "reviews.default.svc.cluster.local", "details", "ratings", "productpage",
)  # fmt: skip
PATHS: Final = (
    "/reviews/0", "/reviews/1?version=v1", "/reviews/1?version=v11", "/tea", "/tea/", "/tea?x=1", "/Tea", "/old/x",
    "/old", "/older", "/api/1", "/api", "/API/1", "/items/42", "/items/", "/items/4x", "/items/4?version=v1", "/a//b",
    "/x/../tea", "/%74ea", "/api/../tea", "/productpage", "/?version=v1&version=v2", "/#/tea", "/details/0",
)  # fmt: skip
USERS: Final = (("end-user", "jason"), ("end-user", "ann"), ("end-user", "annie"), ("end-user", ""))
CANARY: Final = (("x-canary", "yes"), ("x-canary", "YES"), ("x-canary", ""), ("x-canary", ""))
METHODS: Final = ("GET", "GET", "GET", "POST", "HEAD", "DELETE")
JASON: Final = ("end-user", "jason")
Json = dict[str, Any]


def route(host: str, subset: str, **more: Any) -> Json:
    """A destination."""
    return {"destination": {"host": host, "subset": subset}, **more}


def changes() -> Iterator[Change]:
    """All of them, in order."""
    slow = {"hosts": ["reviews"], "http": [{"timeout": "5s", "route": [route("reviews", "v2")]}]}
    yield Change(
        "timeout", "timeout of reviews: half a second becomes five", *rule("VirtualService", "reviews", slow), _patient
    )
    clear = {"hosts": ["ratings"], "http": [{"route": [route("ratings", "v1")]}]}
    yield Change("no-delay", "delay of ratings: taken away", *rule("VirtualService", "ratings", clear), _quick)
    both = [route("reviews", "v1", weight=90), route("reviews", "v3", weight=10)]
    shared = {"hosts": ["reviews"], "http": [{"name": "shared", "route": both}]}
    yield Change(
        "weights", "weights of reviews: 90 to v1, 10 to v3", *rule("VirtualService", "reviews", shared), _shares
    )
    jason = {
        "match": [{"headers": {"end-user": {"exact": "jason"}}}],
        "name": "jason",
        "route": [route("reviews", "v2")],
    }
    users = {"hosts": ["reviews"], "http": [jason, {"name": "others", "route": [route("reviews", "v1")]}]}
    yield Change(
        "users", "user jason: v2 for him, v1 for all others", *rule("VirtualService", "reviews", users), _users
    )
    yield Change("faults", "faults of ratings: an abort for jason, a delay for others", *_faults(), _faulty)
    allowed = settings(outboundTrafficPolicy={"mode": "ALLOW_ANY"})
    yield Change(
        "allow-any",
        "outbound policy ALLOW_ANY, as it was",
        *allowed,
        lambda asker: measure_strangers(asker, allowed=True),
    )
    only = settings(outboundTrafficPolicy={"mode": "REGISTRY_ONLY"})
    yield Change(
        "registry-only", "outbound policy REGISTRY_ONLY", *only, lambda asker: measure_strangers(asker, allowed=False)
    )
    yield Change("drawn", "reviews: matches of every kind, and drawn requests", *_kinds(), _drawn)


def _faults() -> tuple[str, Callable[[Manifests], None]]:
    percent = {"value": 100}
    abort: Json = {
        "match": [{"headers": {"end-user": {"exact": "jason"}}}],
        "fault": {"abort": {"httpStatus": 555, "percentage": percent}},
        "route": [route("ratings", "v1")],
    }
    delay = {"fault": {"delay": {"fixedDelay": "0.3s", "percentage": percent}}, "route": [route("ratings", "v1")]}
    return rule("VirtualService", "ratings", {"hosts": ["ratings"], "http": [abort, delay]})


def _kinds() -> tuple[str, Callable[[Manifests], None]]:
    """A rule with every kind of match and action; ratings are as they were at first, but for the delay."""
    text, write = rule("VirtualService", "reviews", {"hosts": ["reviews"], "http": list(kinds_of_routes())})
    _, clear = rule("VirtualService", "ratings", {"hosts": ["ratings"], "http": [{"route": [route("ratings", "v1")]}]})

    def apply(manifests: Manifests) -> None:
        clear(manifests)
        write(manifests)

    return text, apply


def kinds_of_routes() -> Iterator[Json]:
    """The routes, in order."""
    both = [route("reviews", "v1", weight=50), route("reviews", "v3", weight=50)]
    users = {"uri": {"prefix": "/api/"}, "headers": {"end-user": {"regex": "jason|ann"}}}
    canary = {"headers": {"x-canary": {"exact": "yes"}}, "withoutHeaders": {"end-user": {"exact": "jason"}}}
    query, method = {"queryParams": {"version": {"exact": "v1"}}}, {"method": {"exact": "POST"}}
    teapot = {"status": 418, "body": {"string": "teapot"}}
    yield {"name": "teapot", "match": [{"uri": {"exact": "/tea"}}], "directResponse": teapot}
    yield {"name": "moved", "match": [{"uri": {"prefix": "/old/"}}], "redirect": {"uri": "/new", "redirectCode": 302}}
    yield {"name": "api", "match": [users], "rewrite": {"uri": "/reviews/"}, "route": [route("reviews", "v3")]}
    yield {"name": "query", "match": [query], "route": [route("reviews", "v1")]}
    yield {"name": "items", "match": [{"uri": {"regex": "/items/[0-9]+"}}, canary], "route": both}
    yield {"name": "post", "match": [method], "route": [route("reviews", "v2")]}
    yield {"name": "rest", "route": [route("reviews", "v2")]}


def _drawn(asker: Asker) -> Iterator[Measured]:
    draw = random.Random(asker.lab.profile)
    for _ in range(DRAWN):
        host = draw.choice(HOSTS)
        headers = [(name, value) for name, value in (draw.choice(USERS), draw.choice(CANARY)) if value]
        asker.get(host, draw.choice(PATHS), *headers, method=draw.choice(METHODS))
    statuses = Counter(answer.status for _, answer in asker.sent)
    seen = ", ".join(f"{count}× {one or 'no answer'}" for one, count in sorted(statuses.items()))
    yield Measured(f"{DRAWN} requests of many kinds", seen, "each answered", 0 not in statuses)


def _patient(asker: Asker) -> list[Measured]:
    answer = asker.get("reviews", "/reviews/0")
    return [status("answer", answer, 200), at_least("it waits for ratings, which are held back", answer, 2.0)]


def _quick(asker: Asker) -> list[Measured]:
    answer = asker.get("reviews", "/reviews/0")
    return [status("answer", answer, 200), at_least("nothing holds it back", answer, 0.0)]


def _shares(asker: Asker) -> list[Measured]:
    served = Counter(asker.get("reviews", "/reviews/0").served_by for _ in range(MANY))
    return [share("v1", served, "reviews-v1", 0.9), share("v3", served, "reviews-v3", 0.1)]


def _users(asker: Asker) -> list[Measured]:
    his = Counter(asker.get("reviews", "/reviews/0", JASON).served_by for _ in range(SOME))
    ann = Counter(asker.get("reviews", "/reviews/0", ("end-user", "ann")).served_by for _ in range(SOME))
    none = Counter(asker.get("reviews", "/reviews/0").served_by for _ in range(SOME))
    return [every("jason", his, "reviews-v2"), every("ann", ann, "reviews-v1"), every("nobody", none, "reviews-v1")]


def _faulty(asker: Asker) -> list[Measured]:
    his, other = asker.get("ratings", "/ratings/0", JASON), asker.get("ratings", "/ratings/0")
    page = asker.get("reviews", "/reviews/0", JASON)
    inner = str(page.json()["ratings"]["status"]) if page.status == 200 else ""
    return [
        status("jason asks ratings", his, 555),
        status("somebody else", other, 200),
        at_least("who is held back", other, 0.3),
        Measured("reviews asks ratings for jason, and is told", inner, "555", inner == "555"),
    ]
