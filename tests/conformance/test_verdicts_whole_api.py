"""One field after the other of what four kinds of resources can hold: Envoy refuses what strict loading does.

Every message type that a Listener, Cluster, RouteConfiguration or ClusterLoadAssignment can hold, through the
extensions that Envoy 1.40 has, is put into a valid resource; then each of its fields is changed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from support.api_samples import CannotError, Way, minimal, neighbours, samples, within
from support.judged import alone, errors, expected
from support.live_resources import CrashedError, LiveResources

from fastroute.api import pool

pytestmark = pytest.mark.envoy

_EXT = "envoy.extensions."
_TLS = f"{_EXT}transport_sockets.tls.v3."
_FILES, _SECRETS, _KEYS = "files are not looked at", "secrets of the bootstrap", "certificates are not looked at"
DIFFERENT = {
    f"{_EXT}access_loggers.file.v3.FileAccessLog.path": _FILES,
    f"{_EXT}access_loggers.fluentd.v3.FluentdAccessLogConfig.cluster": "may be one that comes later",
    f"{_EXT}common.tap.v3.CommonExtensionConfig.static_config": "needs the admin page",
    f"{_EXT}filters.network.mongo_proxy.v3.MongoProxy.access_log": _FILES,
    f"{_EXT}health_check.event_sinks.file.v3.HealthCheckEventFileSink.event_log_path": _FILES,
    f"{_TLS}CommonTlsContext.combined_validation_context": _SECRETS,
    f"{_TLS}CommonTlsContext.tls_certificate_sds_secret_configs": _SECRETS,
    f"{_TLS}CommonTlsContext.validation_context_sds_secret_config": _SECRETS,
    f"{_TLS}CertificateValidationContext.trusted_ca": _KEYS,
    f"{_TLS}TlsCertificate.pkcs12": _KEYS,
    f"{_TLS}TlsKeyLog.path": _FILES,
    "envoy.type.matcher.v3.StringMatcher.custom": "Lua is not looked at",
}
"""Fields in which verdicts may differ, and why; docs/compatibility.md says so too."""
UNUSED = ("typed_dns_resolver_config", "dns_resolvers", "named_endpoints", "proxy_protocol_config")
"""Where Envoy does not look, unless something else is set; strict loading does."""
LEAST_FIELDS, LEAST_TYPES = 1500, 300


class Case(NamedTuple):
    """A resource with one field of one of its messages changed."""

    field: str
    what: str
    resource: Any


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        yield live


def bases(envoy: LiveResources) -> Iterator[tuple[Way, Any]]:
    """The messages that both take, each with its way."""
    for name, way in samples().items():
        if any(step.field in UNUSED for step in way.steps):
            continue
        try:
            inner = minimal(name)
            resource = within(way, inner)
        except CannotError:
            continue
        if expected(errors(alone(resource))) and _takes(envoy, resource):
            yield way, inner


def _takes(envoy: LiveResources, resource: Any) -> bool | None:
    try:
        return envoy.ask(resource).ok
    except (CrashedError, TimeoutError):
        return None


def cases(way: Way, inner: Any) -> Iterator[Case]:
    for field, what, changed in neighbours(inner):
        if field.full_name not in DIFFERENT:
            yield Case(field.full_name, what, within(way, changed))


def differs(envoy: LiveResources, case: Case) -> str:
    """What is wrong about a case; "" where the verdicts agree or fastroute gives none."""
    found = errors(alone(case.resource))
    ours = expected(found)
    if ours is None:
        return ""
    theirs = _takes(envoy, case.resource)
    if theirs in (None, ours):
        return ""
    return f"{case.field} {case.what}: Envoy {'takes' if theirs else 'refuses'} it; {found[:1]}"


def test_some_fields_of_all(envoy: LiveResources) -> None:
    """A sample, the same in every run."""
    rng = random.Random(7)
    wrong, compared = [], 0
    for name in rng.sample(sorted(samples()), 150):
        way = samples()[name]
        try:
            inner = minimal(name)
            resource = within(way, inner)
        except CannotError:
            continue
        if any(step.field in UNUSED for step in way.steps) or not expected(errors(alone(resource))):
            continue
        if not _takes(envoy, resource):
            continue
        found = list(cases(way, inner))
        for case in rng.sample(found, min(4, len(found))):
            compared += 1
            wrong.append(differs(envoy, case))
    assert [text for text in wrong if text] == []
    assert compared >= 100


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_every_field(envoy: LiveResources) -> None:
    wrong: list[str] = []
    fields: set[str] = set()
    types: set[str] = set()
    for way, inner in list(bases(envoy)):
        types.add(inner.DESCRIPTOR.full_name)
        for case in cases(way, inner):
            fields.add(case.field)
            wrong.append(differs(envoy, case))
    reachable = {field.full_name for name in samples() for field in pool.new(name).DESCRIPTOR.fields}
    print(f"{len(types)} of {len(samples())} types, {len(fields)} of {len(reachable)} fields, {len(wrong)} cases")
    found = [text for text in wrong if text]
    assert not found, "\n".join(found)
    assert len(fields) >= LEAST_FIELDS
    assert len(types) >= LEAST_TYPES
