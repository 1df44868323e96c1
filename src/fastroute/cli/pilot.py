"""`fastroute pilot`: what a pilot does for a sidecar."""

from __future__ import annotations

from fastroute.cli.lazy import Lazy, LazyGroup

pilot = LazyGroup(
    name="pilot",
    lazy={
        "agent": Lazy("fastroute.cli.pilot_agent:agent", "Start and supervise an Envoy."),
        "analyze": Lazy("fastroute.cli.pilot_analyze:analyze", "Say what is wrong or without effect in manifests."),
        "bootstrap": Lazy("fastroute.cli.pilot_bootstrap:bootstrap", "Write the static bootstrap of a pod's Envoy."),
        "discovery": Lazy(
            "fastroute.cli.pilot_discovery:discovery", "Serve what is generated from manifests over ADS."
        ),
        "generate": Lazy(
            "fastroute.cli.pilot_generate:generate", "Print a sidecar's clusters, listeners, routes and endpoints."
        ),
        "inject": Lazy("fastroute.cli.pilot_inject:inject", "Add the init container and the proxy to manifests."),
        "iptables": Lazy(
            "fastroute.cli.pilot_iptables:iptables", "Print, apply or explain the redirection rules of a pod."
        ),
        "proxy-status": Lazy(
            "fastroute.cli.pilot_status:proxy_status",
            "Show the clients of a discovery server, and what they acknowledged.",
        ),
        "push-diff": Lazy(
            "fastroute.cli.pilot_status:push_diff", "Show what changed between two pushes of a discovery server."
        ),
        "token": Lazy("fastroute.cli.pilot_token:token", "Make the tokens that a discovery server takes."),
    },
    help="Bootstrap, redirection rules, injection and generated resources of sidecars.",
)
