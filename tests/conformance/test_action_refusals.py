"""What Envoy refuses in actions, fastroute refuses as rejected; what Envoy takes, it takes or calls unsupported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.envoy import SwapRefusedError, parse, require_binary
from support.http_envoy import HttpEnvoy

from fastroute.api import names
from fastroute.compile.actions import compile_targets
from fastroute.compile.context import Context
from fastroute.config.resources import Resource
from fastroute.errors import ConfigError, RejectedError

pytestmark = pytest.mark.envoy

HEADER = "request_headers_to_add"
FAULT = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
TYPED_STRUCT = "type.googleapis.com/xds.type.v3.TypedStruct"
FILTER_CONFIG = "type.googleapis.com/envoy.config.route.v3.FilterConfig"


def add(key="x", value="v", **more):
    return {HEADER: [{"header": {"key": key, "value": value}, **more}]}


def forward(**action):
    return {"route": {"cluster": "c0", **action}}


def weighted(*clusters, **more):
    return {"route": {"weighted_clusters": {"clusters": list(clusters), **more}}}


def regex(pattern):
    return {"pattern": {"regex": pattern}, "substitution": "x"}


def per_filter(config):
    return {**forward(), "typed_per_filter_config": {"envoy.filters.http.fault": config}}


def redirected(kind, **fields):
    config = {"@type": f"type.googleapis.com/{kind}", **fields}
    return forward(internal_redirect_policy={"predicates": [{"name": "p", "typed_config": config}]})


REFUSED = {
    "no cluster specifier (RA-02)": {"route": {}},
    "two path rewrites (RA-20)": forward(prefix_rewrite="/a", path_rewrite="/b"),
    "weight missing (RA-10)": weighted({"name": "c0"}),
    "weights sum to nothing (RA-10)": weighted({"name": "c0", "weight": 0}),
    "weights too large (RA-10)": weighted({"name": "c0", "weight": 4294967295}, {"name": "c1", "weight": 1}),
    "name and cluster_header (RA-13)": weighted({"name": "c0", "cluster_header": "x", "weight": 1}),
    "neither name nor cluster_header (RA-13)": weighted({"weight": 1}),
    "pseudo header added (RA-74)": {**forward(), **add(":path")},
    "host added (RA-74)": {**forward(), **add("host")},
    "Host added (RA-74)": {**forward(), **add("Host")},
    "pseudo header removed (RA-74)": {**forward(), "request_headers_to_remove": [":path"]},
    "host removed (RA-74)": {**forward(), "request_headers_to_remove": ["host"]},
    "unknown operator (RA-74)": {**forward(), **add(value="%FOO%")},
    "unbalanced per cent sign (RA-74)": {**forward(), **add(value="%FOO")},
    "lone per cent sign (RA-74)": {**forward(), **add(value="50%")},
    "operator without argument (RA-75)": {**forward(), **add(value="%REQ%")},
    "operator with a needless argument (RA-75)": {**forward(), **add(value="%ROUTE_NAME(x)%")},
    "append and append_action (RA-72)": {**forward(), **add(append=True, append_action="ADD_IF_ABSENT")},
    "negative timeout (RA-60)": forward(timeout="-1s"),
    "maximum below base interval (RA-112)": forward(
        retry_policy={"retry_on": "5xx", "retry_back_off": {"base_interval": "2s", "max_interval": "1s"}}
    ),
    "back-off without base interval (RA-112)": forward(retry_policy={"retry_back_off": {"max_interval": "1s"}}),
    "unknown predicate (RA-112)": forward(retry_policy={"retry_host_predicate": [{"name": "nothing"}]}),
    "untyped predicate (RA-112)": forward(
        retry_policy={"retry_host_predicate": [{"name": "envoy.retry_host_predicates.previous_hosts"}]}
    ),
    "mirror without cluster (RA-121)": forward(request_mirror_policies=[{}]),
    "mirror with two clusters (RA-121)": forward(request_mirror_policies=[{"cluster": "c1", "cluster_header": "x"}]),
    "large regex (RM-06)": forward(regex_rewrite={"pattern": {"regex": "(abcdefghij){20}"}, "substitution": "x"}),
    "bad regex (RM-06)": forward(regex_rewrite={"pattern": {"regex": "("}, "substitution": "x"}),
    "status out of range (RA-50)": {"direct_response": {"status": 600}},
    "large body (RA-50)": {"direct_response": {"status": 200, "body": {"inline_string": "x" * 4097}}},
    "bad formatter of a redirect (RA-46)": {"redirect": {"path_rewrite": "%FOO%"}},
    "bad regex of a redirect (RA-46)": {
        "redirect": {"regex_rewrite": {"pattern": {"regex": "["}, "substitution": "x"}}
    },
    "empty FilterConfig (RA-92)": per_filter({"@type": FILTER_CONFIG}),
    "fault without kind of delay (FI-05)": per_filter({"@type": FAULT, "delay": {}}),
    "fault with no delay (FI-05)": per_filter({"@type": FAULT, "delay": {"fixed_delay": "0s"}}),
    "fault status out of range (FI-06)": per_filter({"@type": FAULT, "abort": {"http_status": 199}}),
    "unknown predicate of internal redirects (RA-151)": redirected("google.protobuf.StringValue", value="x"),
    "hash of filter state without key (RA-133)": forward(hash_policy=[{"filter_state": {}}]),
    "duplicate upgrade (HC-64)": forward(upgrade_configs=[{"upgrade_type": "a"}, {"upgrade_type": "A"}]),
    "connect_config of an upgrade (HC-64)": forward(upgrade_configs=[{"upgrade_type": "a", "connect_config": {}}]),
}
TAKEN = {
    "total_weight is ignored (RA-10)": weighted({"name": "c0", "weight": 1}, total_weight=7),
    "a group too many (RA-22)": forward(regex_rewrite={"pattern": {"regex": "a"}, "substitution": "\\7"}),
    "port beyond range (RA-41)": {"redirect": {"port_redirect": 70000}},
    "any retriable status (RA-112)": forward(retry_policy={"retry_on": "5xx", "retriable_status_codes": [99]}),
    "unknown retry condition (RA-102)": forward(retry_policy={"retry_on": "nonsense"}),
    "zero timeout (RA-60)": forward(timeout="0s"),
    "optional unknown FilterConfig (RA-92)": {
        **forward(),
        "typed_per_filter_config": {
            "x": {
                "@type": FILTER_CONFIG,
                "is_optional": True,
                "config": {
                    "@type": "type.googleapis.com/xds.type.v3.TypedStruct",
                    "type_url": "type.googleapis.com/none",
                },
            }
        },
    },
    "non_forwarding_action (RA-01)": {"non_forwarding_action": {}},
    "doubled per cent sign (RA-74)": {**forward(), **add(value="100%%")},
    "a typed retry policy of any kind (RA-100)": forward(
        retry_policy_typed_config={"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "x"}
    ),
    "empty fault (FI-01)": per_filter({"@type": FAULT}),
}


@pytest.fixture(scope="module")
def http() -> Iterator[HttpEnvoy]:
    require_binary()
    bed = HttpEnvoy()
    bed.start()
    yield bed
    bed.stop()


def ours(configuration):
    """Compile the only route."""
    message = parse(configuration, names.ROUTE_CONFIGURATION)
    host = message.virtual_hosts[0]
    ctx = Context(Resource("table", message))
    return compile_targets(host.routes[0], host, message, ctx, "virtual_hosts[0].routes[0]", None)


def configuration(route):
    return {
        "name": "table",
        "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, **route}]}],
    }


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_both(http, name):
    with pytest.raises(SwapRefusedError):
        http.swap(configuration(REFUSED[name]))
    with pytest.raises(RejectedError):
        ours(configuration(REFUSED[name]))


@pytest.mark.parametrize("name", TAKEN)
def test_taken_by_both(http, name):
    http.swap(configuration(TAKEN[name]))
    ours(configuration(TAKEN[name]))


UNSUPPORTED = {
    "operators of the response (RA-75)": {**forward(), **add(value="%UPSTREAM_HOST%")},
    "the clock (RA-75)": {**forward(), **add(value="%START_TIME(%s)%")},
    "internal redirects by filter state (RA-151)": redirected(
        "envoy.extensions.internal_redirect.filter_state.v3.FilterStateConfig", redirect_enabled_key="k"
    ),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_taken_by_envoy_and_called_unsupported(http, name):
    http.swap(configuration(UNSUPPORTED[name]))
    with pytest.raises(ConfigError) as raised:
        ours(configuration(UNSUPPORTED[name]))
    assert not isinstance(raised.value, RejectedError)
