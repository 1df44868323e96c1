"""Texts of JSON and YAML mean to fastroute what they mean to the real Envoy: taken or refused, and as what."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.verdicts import Verdicts

from fastroute import config
from fastroute.api import names, transcode
from fastroute.config.text import to_tree
from fastroute.errors import ConfigError, RejectedError

pytestmark = pytest.mark.envoy

URL = names.url(names.ROUTE_CONFIGURATION)
VERSIONS = itertools.count(1)

SLOTS = {
    "bool": '"include_request_attempt_count": %s',
    "uint32": '"per_request_buffer_limit_bytes": %s',
    "enum": '"require_tls": %s',
    "string": '"request_headers_to_remove": ["x", %s]',
    "strings": '"response_headers_to_remove": %s',
    "duration": '"retry_policy": {"retry_on": "5xx", "per_try_timeout": %s}',
    "int64": '"routes": [{"match": {"prefix": "/", "headers": [{"name": "x", "range_match": {"start": %s}}]}, '
    '"redirect": {}}]',
    "bytes": '"routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_bytes": %s}}}]',
    "value": '"metadata": {"filter_metadata": {"a": {"x": %s}}}',
    "struct": '"metadata": {"filter_metadata": {"a": %s}}',
    "any": '"metadata": {"typed_filter_metadata": {"a": %s}}',
    "message": '"cors": %s, "hedge_policy": %s',
}


def words(text: str) -> list[str]:
    """The words of a text, which two spaces or a line end divide."""
    return [word for line in text.splitlines() for word in line.strip().split("  ") if word]


LITERALS = st.sampled_from(
    words(r"""
    null  true  false  0  1  -1  -0  5.0  5.5  1e3  1e-3  1E2  0.5  01  1.  .5  +1  1e15  1e16  1e19  1e400
    4294967295  4294967296  -2147483649  9223372036854775807  9223372036854775808  18446744073709551615
    NaN  Infinity  nul  []  {}  [null]  [[]]  [1]  ["a"]  [["a"],"b"]  "a"  ""  'a'  'a"b'  "a\'b"
    "true"  "TRUE"  "t"  "f"  "yes"  "no"  "0"  "1"  "2"  "5"  "5.0"  "5.5"  " 5"  "5 "  "+5"  "-5"  "1e3"
    "0x10"  "0x1p4"  "-0x10"  "1_0"  "nan"  "Infinity"  "all"  "ALL"  "External_Only"  "NONE"  "EXTERNAL-ONLY"
    "1s"  "0s"  "1.5s"  "-1s"  "-0.5s"  "1.1234567891s"  "100ms"  "1.s"  ".5s"  "315576000001s"  {"seconds":1}
    {"seconds":"1","nanos":5}  "aGk="  "aGk"  "aG=k"  "_-8"  "YQ=="  "YQ="  "YR=="  "a\tb"  "a\u0041"
    "\ud83d\ude00"  "\ud83d"  "\x"  {"value":5}  {"value":"5"}  {"value":null}  {"a":1,"a":2}  {a:1}
    {"a":{"b":[1,{"c":null}]}}  {"@type":"x"}  {"@type":"/google.protobuf.Struct"}  {"@type":1}
    {"@type":"a/google.protobuf.Struct","value":{"a":1}}  {"@type":"a/google.protobuf.Struct","x":1}
    {"@type":"a/google.protobuf.StringValue","value":"s"}  {"@type":"a/no.such.Type"}
    {"value":1,"@type":"a/google.protobuf.UInt32Value"}  {"@type":"a/google.protobuf.Any","value":{}}
    {"@type":"a/envoy.config.core.v3.Address","pipe":{"path":"x"}}  {"pipe":1}
    {"@type":"a/envoy.config.core.v3.Address","pipe":{"path":"x"},"socket_address":{}}
    {"max_age":"1"}  {"maxAge":"1"}  {"max_age":null}  {"Max_age":"1"}
    """)
)
FREE = st.one_of(
    st.text("0123456789abcdefxXeE+-._ smn", max_size=8).map(lambda text: f'"{text}"'),
    st.text("0123456789eE+-.", min_size=1, max_size=8),
    st.integers(-(2**66), 2**66).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


@pytest.fixture(scope="module")
def envoy() -> Iterator[Verdicts]:
    with Verdicts() as verdicts:
        yield verdicts


def agree(envoy: Verdicts, text: str, suffix: str) -> None:
    """Envoy and fastroute take the text or refuse it, and understand the same by it.

    Syntax of YAML that libyaml refuses and yaml-cpp takes, such as `\\'` in double quotes, may be refused.
    """
    version = str(next(VERSIONS))
    text = text.replace("VERSION", version)
    verdict = envoy.ask(text.encode(), suffix)
    path = envoy.directory / f"ours{suffix}"
    path.write_text(text)
    try:
        found = config.read(path).routes
    except ConfigError as error:
        refused = error
    else:
        refused = None
    if isinstance(refused, RejectedError) and refused.code != "unknown-type":
        assert not verdict.ok, f"Envoy takes it; {refused}"
        return
    if refused is not None:
        libyaml_alone = suffix == ".yaml" and refused.code == "syntax"
        assert libyaml_alone or not verdict.parsed, f"Envoy takes it; {refused}"
        return
    assert verdict.parsed, verdict.message
    shown = envoy.routes(found[0].version) if verdict.ok and found else None
    if shown is not None:
        shown.pop("@type")
        # As trees: Envoy's dump shows -0 as 0, which messages tell apart and numbers do not.
        assert to_tree(found[0].message) == to_tree(transcode.message(names.ROUTE_CONFIGURATION, shown))


def document(body: str) -> str:
    host = f'{{"name": "v", "domains": ["*"], {body}}}'
    return (
        f'{{"version_info": "VERSION", "resources": [{{"@type": "{URL}", "name": "r", '
        f'"internal_only_headers": ["xVERSION"], "virtual_hosts": [{host}]}}]}}'
    )


@example(slot="value", literal="-0E0")
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slot=st.sampled_from(sorted(SLOTS)), literal=LITERALS | FREE)
def test_values_in_json(envoy: Verdicts, slot: str, literal: str) -> None:
    agree(envoy, document(SLOTS[slot].replace("%s", literal)), ".json")


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slot=st.sampled_from(sorted(SLOTS)), literal=LITERALS | FREE)
def test_values_in_yaml(envoy: Verdicts, slot: str, literal: str) -> None:
    agree(envoy, document(SLOTS[slot].replace("%s", literal)), ".yaml")


SCALARS = st.one_of(
    st.sampled_from(
        words(r"""
        y  n  Y  N  yes  Yes  yEs  on  ON  oN  off  true  True  TRUE  tRUE  null  Null  NULL  nULL  ~  0  00  08
        010  0x1F  0X1f  -0x1  +0x1  +5  -5  1_0  1e3  1.0  .5  5.  .inf  -.inf  .nan  2024-01-01  1:30  0b1  0o7
        2147483647  2147483648  -2147483648  -2147483649  9223372036854775807  9223372036854775808
        99999999999999999999999999  'on'  "on"  '5'  ''  ""  !!str on  ! on  !!str ~  !!int '5'  !foo bar  abc
        a b  - 1  ---  ...  <<  =  a#b  a:b  "a\tb"  '~'
        """)
    ),
    st.text("0123456789abcdefxX+-_.", min_size=1, max_size=6),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scalars=st.lists(SCALARS, min_size=1, max_size=4), key=SCALARS)
def test_yaml_scalars(envoy: Verdicts, scalars: list[str], key: str) -> None:
    lines = "".join(f"          k{position}: {scalar}\n" for position, scalar in enumerate(scalars))
    agree(
        envoy,
        f'version_info: "VERSION"\nresources:\n- "@type": {URL}\n  name: r\n'
        "  internal_only_headers: xVERSION\n  virtual_hosts:\n  - name: v\n"
        f"    domains: ['*']\n    metadata:\n      filter_metadata:\n        a:\n{lines}          {key}: 1\n",
        ".yaml",
    )


PIECES = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        "'",
        "\\",
        "a",
        "0",
        " ",
        "\n",
        "\t",
        "-",
        "null",
        "true",
        '"a"',
        '"a":1',
        "{a:1}",
        "\ufeff",
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 400), piece=PIECES, cut=st.integers(0, 2))
def test_broken_json(envoy: Verdicts, at: int, piece: str, cut: int) -> None:
    text = document('"include_request_attempt_count": true, "request_headers_to_remove": ["x"], "cors": {}')
    at %= len(text) + 1
    agree(envoy, text[:at] + piece + text[at + cut :], ".json")
