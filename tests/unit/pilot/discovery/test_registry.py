"""Reading objects: positions, types, versions, refusals, layers, and the last good state."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastroute.errors import ConfigError, ParseError, UnsupportedError
from fastroute.pilot.discovery.registry import read
from fastroute.pilot.discovery.registry.directory import read_texts
from fastroute.pilot.discovery.registry.values import Duration

VIRTUAL = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts: [reviews]
  http:
    - route:
        - destination:
            host: reviews
"""


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read_texts([("a.yaml", text)])
    return caught.value


TO = "spec.http[0].route[0].destination"
BROKEN = {
    "unknown field": ("host: reviews", "hots: reviews", f"{TO}.hots", 10, "no field 'hots'"),
    "missing field": ("            host: reviews", "            subset: v1", TO, 9, "host is required"),
    "wrong type": ("hosts: [reviews]", "hosts: reviews", "spec.hosts", 6, "expected a list"),
    "number for text": ("hosts: [reviews]", "hosts: [1]", "spec.hosts[0]", 6, "expected a string"),
    "bad duration": ("- route:", "- timeout: soon\n      route:", "spec.http[0].timeout", 8, "not a duration"),
    "no YAML": ("host: reviews", "host: a, port: {number: 0}", "", 10, "not YAML"),
    "two actions": ("- route:", "- redirect: {}\n      route:", "spec.http[0].redirect", 8, "only one of"),
    "snake case": ("- route:", "- mirror_percent: 1\n      route:", "spec.http[0].mirror_percent", 8, "mirrorPercent?"),
    "an anchor": ("  http:", "  x: &a {}\n  http:", "spec.x", 7, "no field"),
    "twice": ("kind: VirtualService", "kind: VirtualService\nkind: Pod", "", 3, "occurs twice"),
    "no version": ("io/v1", "io/v9", "apiVersion", 1, "no version 'v9'"),
    "not an object": ("kind: VirtualService", "sort: VirtualService", "", 1, "has no kind"),
    "not in Istio": ("VirtualService", "VirtualServise", "kind", 2, "no such kind"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "line", "words"), BROKEN.values(), ids=BROKEN)
def test_errors_name_file_line_and_field(old: str, new: str, path: str, line: int, words: str) -> None:
    error = refusal(VIRTUAL.replace(old, new, 1))
    assert error.path == path
    assert error.where is not None
    assert (error.where.file, error.where.line) == ("a.yaml", line)
    assert words in str(error)


def test_ports_have_a_range() -> None:
    error = refusal(VIRTUAL.replace("host: reviews", "host: reviews\n            port: {number: 65536}"))
    assert error.path == "spec.http[0].route[0].destination.port.number"
    assert "65536 is not a port" in str(error)


def test_kinds_that_come_later_are_refused_and_others_passed_over() -> None:
    later = "apiVersion: networking.istio.io/v1\nkind: EnvoyFilter\nmetadata: {name: patch}\nspec: {}\n"
    error = refusal(later)
    assert isinstance(error, UnsupportedError)
    assert str(error).startswith('a.yaml:2:1: EnvoyFilter "patch": kind: patches')
    assert read_texts([("a.yaml", "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: d}\n")]).objects == ()
    assert "Gateway API" in str(
        refusal("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n")
    )


@pytest.mark.parametrize("version", ["v1alpha3", "v1beta1", "v1"])
def test_all_versions_in_use(version: str) -> None:
    (one,) = read_texts([("a.yaml", VIRTUAL.replace("io/v1", f"io/{version}"))]).virtual_services
    assert one.spec.hosts == ("reviews",)
    assert one.namespace == "default"


def test_words_of_yaml_1_1_stay_strings() -> None:
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: on, b: 2021-01-01, c: 'true', d: no}}\n"
    (pod,) = read_texts([("a.yaml", text)]).pods
    assert pod.meta.labels == {"a": "on", "b": "2021-01-01", "c": "true", "d": "no"}


def test_a_list_is_its_items() -> None:
    body = VIRTUAL.replace("\n", "\n    ")
    registry = read_texts([("a.yaml", f"apiVersion: v1\nkind: List\nitems:\n  - {body}")])
    assert [one.name for one in registry.virtual_services] == ["reviews"]
    assert registry.virtual_services[0].where("hosts").line == 9


def test_a_list_of_one_kind_need_not_repeat_it_and_lists_may_hold_lists() -> None:
    pods = "apiVersion: v1\nkind: PodList\nitems:\n- {metadata: {name: a}}\n- {metadata: {name: b}, kind: Pod}\n"
    assert [one.name for one in read_texts([("a.yaml", pods)]).pods] == ["a", "b"]
    nested = "apiVersion: v1\nkind: List\nitems:\n- " + pods.replace("\n", "\n  ")
    found = read_texts([("a.yaml", nested)]).pods
    assert [one.name for one in found] == ["a", "b"]
    assert found[1].source.where(("metadata", "name")).line == 8
    assert not read_texts([("a.yaml", "apiVersion: v1\nkind: List\nitems: []\n")]).objects


def test_what_is_hidden_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.yaml").write_text("kind: [")
    (tmp_path / ".b.yaml").write_text("kind: [")
    (tmp_path / "c.yaml").write_text(VIRTUAL)
    assert [one.name for one in read(tmp_path).objects] == ["reviews"]
    hidden = tmp_path / ".hidden"
    hidden.mkdir()
    (hidden / "a.yaml").write_text(VIRTUAL)
    assert [one.name for one in read(hidden).objects] == ["reviews"]


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParseError, match=r"a\.yaml: cannot be read: 'utf-8' codec"):
        read(tmp_path)


def test_later_layers_replace_objects_and_one_layer_must_not() -> None:
    other = VIRTUAL.replace("host: reviews", "host: ratings")
    (one,) = read_texts([("a.yaml", VIRTUAL)], [("b.yaml", other)]).virtual_services
    assert one.spec.http[0].route[0].destination.host == "ratings"
    assert "already stands at a.yaml:1:1" in str(refusal(VIRTUAL + "---\n" + other))


def test_lenient_reading_keeps_what_is_good(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(VIRTUAL)
    (tmp_path / "b.yaml").write_text("kind: [")
    registry = read(tmp_path, strict=False)
    assert [one.name for one in registry.virtual_services] == ["reviews"]
    assert [type(error) for error in registry.errors] == [ParseError]
    with pytest.raises(ParseError):
        read(tmp_path)


def test_deep_and_self_containing_texts_are_refused() -> None:
    assert "nested more than 64 deep" in str(refusal("[" * 200 + "]" * 200))
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(7)
    )
    assert "aliases make more than 100000 values" in str(refusal(bomb))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("0.5s", "0.500s"), ("1h5m", "3900s"), ("20ms", "0.020s"), ("0s", "0s"), ("1.5h", "5400s"), ("10us", "0.000010s")],
)
def test_durations(text: str, shown: str) -> None:
    assert str(Duration.parse(text)) == shown


@pytest.mark.parametrize("text", ["", "5", "s", "1d", "1s 2s", "-1s"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        Duration.parse(text)


def test_fields_that_come_later_are_refused() -> None:
    error = refusal(VIRTUAL.replace("- route:", "- fault: {abort: {http2Error: x}}\n      route:"))
    assert isinstance(error, UnsupportedError)
    assert (error.path, error.where and error.where.line) == (f"{FIRST}.fault.abort.http2Error", 8)


FIRST, ABORT = "spec.http[0]", "spec.http[0].fault.abort"
HOST = "            host: reviews"
WRONG_VALUES = {
    "no regex": ("- route:", "- match: [{uri: {regex: '(a'}}]\n      route:", "spec.http[0].match[0].uri.regex"),
    "no final status": ("- route:", "- directResponse: {status: 100}\n    - route:", f"{FIRST}.directResponse.status"),
    "no status at all": ("- route:", "- fault: {abort: {}}\n      route:", ABORT),
    "no gRPC status": ("- route:", "- fault: {abort: {grpcStatus: OKAY}}\n      route:", f"{ABORT}.grpcStatus"),
    "no share": ("- route:", "- mirrorPercent: 101\n      route:", f"{FIRST}.mirrorPercent"),
    "no percentage": ("- route:", "- mirrorPercentage: {value: 100.5}\n      route:", f"{FIRST}.mirrorPercentage"),
    "no action": ("- route:", "- name: x\n    - route:", "spec.http[0]"),
    "no weight": (HOST, f"{HOST}\n        - destination: {{host: b}}", FIRST),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_values_that_envoy_would_refuse(old: str, new: str, path: str) -> None:
    assert refusal(VIRTUAL.replace(old, new, 1)).path == path


ENTRY = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e}\nspec:\n  hosts: [a.example]\n"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("ports: [{number: 1, name: a}, {number: 1, name: b}]", "must be unique"),
        ("resolution: STATIC\n  endpoints: [{address: a.example}]", "need IP addresses"),
        ("resolution: NONE\n  endpoints: [{address: 10.0.0.1}]", "can be no endpoints"),
        ("resolution: STATIC\n  workloadSelector: {labels: {a: b}}\n  endpoints: [{address: 10.0.0.1}]", "only one of"),
    ],
)
def test_entries_that_contradict_themselves(spec: str, words: str) -> None:
    assert words in str(refusal(f"{ENTRY}  {spec}\n"))
    assert refusal(f"{ENTRY}  {spec}\n").path == "spec"
