"""`fastroute pilot token`: a token by which a workload shows the discovery server who it is."""

from __future__ import annotations

import time
from pathlib import Path

import click

from fastroute.errors import ParseError


@click.command()
@click.argument("account", metavar="NAMESPACE/ACCOUNT")
@click.option("--ca", required=True, type=click.Path(path_type=Path), help="Directory of the authority.")
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), default=24.0, show_default=True)
def token(account: str, ca: Path, hours: float) -> None:
    """Print a token of a service account, for var/run/secrets/tokens/istio-token in a pod.

    Kubernetes makes such tokens itself; there, put its keys (kubectl get --raw /openid/v1/jwks) into jwks.json
    of the authority's directory.
    """
    try:
        from fastroute.pilot.ca import tokens
        from fastroute.pilot.ca.identity import Identity
        from fastroute.pilot.ca.store import Store
    except ImportError as missing:
        raise click.ClickException(f"this needs the extra `pilot`: {missing}") from None
    namespace, slash, name = account.partition("/")
    if not slash:
        raise ParseError(f"NAMESPACE/ACCOUNT is expected, not {account!r}")
    click.echo(tokens.issue(Store(ca).token_key(), Identity(namespace, name), time.time(), hours * 3600))
