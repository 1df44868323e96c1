"""How Envoy is started (C5), in what Envoy 1.40 still takes (B7).

Istio 1.8.1 also gave `--bootstrap-version 3` and `--max-obj-name-len`; Envoy 1.40 refuses to start with either, so
profile 1.8 leaves them out.
"""

from __future__ import annotations

from pathlib import Path

from fastroute.pilot.agent import node
from fastroute.pilot.agent.inputs import Json, read_text, yaml_object
from fastroute.pilot.agent.proxy_config import seconds
from fastroute.pilot.agent.settings import Settings

LOG_FORMAT = "%Y-%m-%dT%T.%fZ\t%l\tenvoy %n\t%v"
OVERRIDE = "ISTIO_BOOTSTRAP_OVERRIDE"


def arguments(settings: Settings, bootstrap: Path, epoch: int) -> list[str]:
    """The arguments after the program's name."""
    config = settings.config
    version = "v6" if settings.family.localhost == "::1" else "v4"
    words = ["-c", str(bootstrap)]
    drain = str(int(seconds(str(config["drainDuration"]))))
    if settings.switches.hot_restart:
        shutdown = str(int(seconds(str(config.get("parentShutdownDuration", "60s")))))
        words += ["--restart-epoch", str(epoch), "--drain-time-s", drain, "--parent-shutdown-time-s", shutdown]
        words += ["--service-cluster", str(config["serviceCluster"]), "--service-node", node.node_id(settings.inputs)]
        words += ["--local-address-ip-version", version, "--log-format", LOG_FORMAT]
        words += [] if settings.base_id is None else ["--base-id", str(settings.base_id)]
    else:
        words += ["--drain-time-s", drain, "--drain-strategy", "immediate", "--local-address-ip-version", version]
        words += [*_flushing(config), "--disable-hot-restart", "--allow-unknown-static-fields"]
    words += ["-l", settings.log_level]
    if settings.component_log_level:
        words += ["--component-log-level", settings.component_log_level]
    if not settings.switches.hot_restart and settings.inputs.flag("ENVOY_SKIP_DEPRECATED_LOGS", True):
        words.append("--skip-deprecated-logs")
    if config.get("concurrency"):
        words += ["--concurrency", str(config["concurrency"])]
    return words + _override(settings)


def _flushing(config: Json) -> list[str]:
    """How often and how full access logs are written out."""
    interval = round(seconds(str(config.get("fileFlushInterval", "1s"))) * 1000)
    size = config.get("fileFlushMinSizeKb")
    return ["--file-flush-interval-msec", str(interval), *(["--file-flush-min-size-kb", str(size)] if size else [])]


def _override(settings: Settings) -> list[str]:
    """A file of the user's own, merged by Envoy over the bootstrap."""
    name = settings.inputs.environment.get(OVERRIDE, "")
    if not name:
        return []
    text = read_text(settings.root / name)
    yaml_object(text, f"{OVERRIDE} ({name})")
    return ["--config-yaml", text]
