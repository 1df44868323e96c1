"""`fastroute pilot`: what a pilot does for a sidecar."""

from __future__ import annotations

from fastroute.cli.lazy import LazyGroup

pilot = LazyGroup(
    name="pilot",
    lazy={
        "agent": "fastroute.cli.pilot_agent:agent",
        "analyze": "fastroute.cli.pilot_analyze:analyze",
        "bootstrap": "fastroute.cli.pilot_bootstrap:bootstrap",
        "discovery": "fastroute.cli.pilot_discovery:discovery",
        "generate": "fastroute.cli.pilot_generate:generate",
        "inject": "fastroute.cli.pilot_inject:inject",
        "iptables": "fastroute.cli.pilot_iptables:iptables",
        "proxy-status": "fastroute.cli.pilot_status:proxy_status",
        "push-diff": "fastroute.cli.pilot_status:push_diff",
        "token": "fastroute.cli.pilot_token:token",
    },
    help="Bootstrap, redirection rules, injection and generated resources of sidecars.",
)
