"""`fastroute simulate`: where many requests would go.

    fastroute simulate config.yaml --cluster reviews -n 10000
    fastroute simulate config.yaml http://reviews:9080/ --vary x-user --remove 10.0.0.7:9080

Every draw comes from one seeded source, so the same command prints the same table. With a policy that
hashes, request number i of a cluster has the hash of "request-i"; of a URL, `--vary` gives a header
that value. `--remove` makes the hosts unhealthy and says how many requests move: those whose host it
was have to, the others should not.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator

import click

from fastroute.cli.arrival import Caller, WrongUseError, chain_of, connection, host_of, request_url
from fastroute.cli.source import source as named_source
from fastroute.core.clusters import Cluster
from fastroute.core.endpoint import Endpoint
from fastroute.core.hashing import xxh64
from fastroute.records import field, record
from fastroute.router import Router
from fastroute.snapshot import load

Pick = Callable[[int], tuple[str, Endpoint | None]]
_NOWHERE = "(no host)"


@record(frozen=False)
class Shares:
    """Requests by cluster, priority, locality and endpoint."""

    count: int
    cluster: Counter[str] = field(default_factory=Counter)
    priority: Counter[str] = field(default_factory=Counter)
    locality: Counter[str] = field(default_factory=Counter)
    endpoint: Counter[str] = field(default_factory=Counter)

    def add(self, cluster: str, host: Endpoint | None) -> None:
        """Count one request."""
        self.cluster[cluster] += 1
        if host is None:
            self.endpoint[_NOWHERE] += 1
            return
        place = host.locality
        self.priority[f"{cluster} {host.priority}"] += 1
        self.locality["/".join(part for part in (place.region, place.zone, place.sub_zone) if part) or "(none)"] += 1
        self.endpoint[str(host)] += 1

    def rows(self) -> Iterator[tuple[str, str, int, float]]:
        """(what, name, requests, percent), the greatest share first."""
        for what in ("cluster", "priority", "locality", "endpoint"):
            counter: Counter[str] = getattr(self, what)
            for name, count in sorted(counter.items(), key=lambda item: (-item[1], item[0])):
                yield what, name, count, 100 * count / self.count


@click.command()
@click.argument("source", callback=named_source)
@click.argument("url", required=False)
@click.option("--cluster", help="Pick from this cluster instead of routing a URL.")
@click.option("-n", "--count", type=click.IntRange(1, 10_000_000), default=10_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of every draw.")
@click.option("--vary", metavar="HEADER", help="A request header that is different in every request.")
@click.option("--route-config", help="Name of the route configuration, where there are several.")
@click.option("--remove", multiple=True, metavar="IP:PORT", help="Also without this host: what moves? Repeatable.")
@click.option("--lenient", is_flag=True, help="Leave out what Envoy refuses, and say so.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def simulate(
    source: str,
    url: str | None,
    cluster: str | None,
    count: int,
    seed: int,
    vary: str | None,
    route_config: str | None,
    remove: tuple[str, ...],
    lenient: bool,
    output: str,
) -> None:
    """Tell where COUNT requests would go by the configuration in SOURCE (a file or a directory)."""
    if (url is None) == (cluster is None):
        raise click.UsageError("give either a URL or --cluster")
    snapshot = load(source, strict=not lenient)
    for notice in snapshot.notices:
        click.echo(f"notice: {notice}", err=True)
    draws = random.Random(seed)
    router = Router(snapshot, random=lambda: draws.getrandbits(64))
    pick = _of_cluster(router, cluster) if cluster is not None else _of_url(router, url or "", vary, route_config)
    before = _picks(pick, count)
    shares = _shares(before)
    moved: tuple[int, int] | None = None
    if remove:
        _take_out(list(snapshot.clusters.values()), remove)
        draws.seed(seed)
        moved = _moved(before, _picks(pick, count), remove)
    _print(shares, moved, output)


def _picks(pick: Pick, count: int) -> list[tuple[str, Endpoint | None]]:
    try:
        return [pick(number) for number in range(count)]
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from None


def _of_cluster(router: Router, name: str) -> Pick:
    if name not in router.snapshot.clusters:
        raise click.UsageError(f"no cluster {name!r} in this source")
    hashing = router.snapshot.clusters[name].policy.hashes

    def pick(number: int) -> tuple[str, Endpoint | None]:
        return name, router.pick(name, hash=xxh64(b"request-%d" % number) if hashing else None)

    return pick


def _of_url(router: Router, url: str, vary: str | None, route_config: str | None) -> Pick:
    try:
        parts = request_url(url)
        scheme = parts.scheme
        came = connection(router.snapshot, Caller(), scheme, host_of(parts.netloc), route_config)
        chain = None if came is None else chain_of(router, came)
    except WrongUseError as wrong:
        raise click.UsageError(str(wrong)) from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def pick(number: int) -> tuple[str, Endpoint | None]:
        headers = [(vary.lower(), f"request-{number}")] if vary else []
        decision = router.route(
            parts.netloc, target, "GET", headers, scheme=scheme, chain=chain, route_config=route_config
        )
        if decision.cluster is None:
            return f"({decision.kind} {decision.status})", None
        if decision.cluster not in router.snapshot.clusters:
            return decision.cluster, None
        return decision.cluster, router.pick(decision)

    return pick


def _shares(picks: list[tuple[str, Endpoint | None]]) -> Shares:
    shares = Shares(len(picks))
    for cluster, host in picks:
        shares.add(cluster, host)
    return shares


def _take_out(clusters: list[Cluster], addresses: tuple[str, ...]) -> None:
    for address in addresses:
        owners = [cluster for cluster in clusters if any(str(host) == address for host in cluster.endpoints)]
        if not owners:
            raise click.UsageError(f"no cluster has the host {address}")
        for cluster in owners:
            cluster.set_health(address, "unhealthy")


def _moved(
    before: list[tuple[str, Endpoint | None]], after: list[tuple[str, Endpoint | None]], removed: tuple[str, ...]
) -> tuple[int, int]:
    """(requests of removed hosts, other requests that changed their host)."""
    had_to = sum(str(host) in removed for _, host in before)
    others = sum(
        str(old) != str(new) and str(old) not in removed for (_, old), (_, new) in zip(before, after, strict=True)
    )
    return had_to, others


def _print(shares: Shares, moved: tuple[int, int] | None, output: str) -> None:
    rows = list(shares.rows())
    if output == "json":
        told: dict[str, object] = {
            "requests": shares.count,
            "shares": [{"of": what, "name": name, "requests": count} for what, name, count, _ in rows],
        }
        if moved is not None:
            told["moved"] = {"had_to": moved[0], "others": moved[1]}
        click.echo(json.dumps(told, indent=2))
        return
    width = max(len(name) for _, name, _, _ in rows)
    click.echo(f"{'OF':<10}{'NAME':<{width + 2}}{'REQUESTS':>10}{'SHARE':>9}")
    for what, name, count, percent in rows:
        click.echo(f"{what:<10}{name:<{width + 2}}{count:>10}{percent:>8.2f}%")
    if moved is not None:
        share = 100 * moved[1] / shares.count
        click.echo(f"moved: {moved[0]} requests of removed hosts, and {moved[1]} others ({share:.2f}%)")
