"""Two verdicts on configurations with one field of one message changed: that of strict loading, and Envoy's.

    cases(way, inner)          every configuration with one field of `inner` changed
    differs(asking, case)      what is wrong with our verdict on one; "" where nothing is
    sound(asking, ways)        the ways whose smallest message both take, with it

`Asking` is how both verdicts are had; `asking_envoy` asks a running Envoy about resources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from fastroute.errors import ConfigError
from support.api_samples import CannotError, Step, Way, minimal, neighbours, within
from support.judged import alone, errors, expected
from support.live_resources import CrashedError, LiveResources

_EXT = "envoy.extensions."
_TLS = f"{_EXT}transport_sockets.tls.v3."
_FILES, _SECRETS, _KEYS = "files are not looked at", "secrets of the bootstrap", "certificates are not looked at"
DIFFERENT = {
    f"{_EXT}access_loggers.file.v3.FileAccessLog.path": _FILES,
    f"{_EXT}access_loggers.fluentd.v3.FluentdAccessLogConfig.cluster": "may be one that comes later",
    f"{_EXT}filters.network.mongo_proxy.v3.MongoProxy.access_log": _FILES,
    f"{_EXT}resource_monitors.injected_resource.v3.InjectedResourceConfig.filename": _FILES,
    "envoy.config.bootstrap.v3.ClusterManager.OutlierDetection.event_log_path": _FILES,
    "envoy.config.core.v3.PathConfigSource.watched_directory": _FILES,
    f"{_EXT}health_check.event_sinks.file.v3.HealthCheckEventFileSink.event_log_path": _FILES,
    f"{_TLS}CommonTlsContext.combined_validation_context": _SECRETS,
    f"{_TLS}CommonTlsContext.tls_certificate_sds_secret_configs": _SECRETS,
    f"{_TLS}CommonTlsContext.validation_context_sds_secret_config": _SECRETS,
    f"{_TLS}CertificateValidationContext.trusted_ca": _KEYS,
    f"{_TLS}TlsCertificate.pkcs12": _KEYS,
    f"{_TLS}TlsKeyLog.path": _FILES,
    f"{_EXT}access_loggers.filters.cel.v3.ExpressionFilter.expression": "CEL is not looked at",
    "envoy.config.accesslog.v3.ExtensionFilter.typed_config": "expressions are not looked at",
    "envoy.type.matcher.v3.StringMatcher.custom": "Lua is not looked at",
    "envoy.config.listener.v3.Listener.additional_addresses with an empty item": "is taken, and ends Envoy",
}
"""Fields in which verdicts may differ, or what is done to one, and why; docs/compatibility.md says so too."""
UNUSED = frozenset(
    (
        "envoy.config.cluster.v3.Cluster.typed_dns_resolver_config",
        "envoy.config.bootstrap.v3.Bootstrap.typed_dns_resolver_config",
        "envoy.config.bootstrap.v3.Bootstrap.tracing",
        "envoy.config.cluster.v3.Cluster.dns_resolvers",
        "envoy.config.endpoint.v3.ClusterLoadAssignment.named_endpoints",
        "envoy.config.core.v3.HealthCheck.TcpHealthCheck.proxy_protocol_config",
        "envoy.config.core.v3.Node.listening_addresses",
        f"{_TLS}TlsCertificate.tls_params",
    )
)
"""Where Envoy does not look, unless something else is set; strict loading does."""


class Asking(NamedTuple):
    """`errors` of strict loading on a configuration; whether Envoy `takes` it, None when that cannot be told."""

    errors: Callable[[Any], list[ConfigError]]
    takes: Callable[[Any], bool | None]


def asking_envoy(envoy: LiveResources) -> Asking:
    """Both verdicts on a resource among the clusters that it may name."""

    def takes(resource: Any) -> bool | None:
        try:
            return envoy.ask(resource).ok
        except (CrashedError, TimeoutError):
            return None

    return Asking(lambda resource: errors(alone(resource)), takes)


class Case(NamedTuple):
    """A configuration with one field of one of its messages changed."""

    field: str
    what: str
    made: Any


def sound(asking: Asking, ways: Iterable[Way]) -> Iterator[tuple[Way, Any]]:
    """The ways whose smallest message both take, each with it."""
    for way in ways:
        if any(_is_unused(step) for step in way.steps):
            continue
        try:
            inner = minimal(way.end)
            made = within(way, inner)
        except CannotError:
            continue
        if expected(asking.errors(made)) and asking.takes(made):
            yield way, inner


def _is_unused(step: Step) -> bool:
    return f"{step.container}.{step.field}" in UNUSED


def cases(way: Way, inner: Any) -> Iterator[Case]:
    """The configurations with one field of the message changed."""
    for field, what, changed in neighbours(inner):
        if DIFFERENT.keys().isdisjoint((field.full_name, f"{field.full_name} {what}")):
            yield Case(field.full_name, what, within(way, changed))


def differs(asking: Asking, case: Case) -> str | None:
    """What is wrong about a case: "" where the verdicts agree, None where there are no two to compare."""
    found = asking.errors(case.made)
    ours = expected(found)
    theirs = None if ours is None else asking.takes(case.made)
    if theirs is None:
        return None
    if theirs == ours:
        return ""
    return f"{case.field} {case.what}: Envoy {'takes' if theirs else 'refuses'} it; {found[:1]}"
