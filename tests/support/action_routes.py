"""Random route configurations and requests for `support.action_bed`, with near misses of their own values."""

from __future__ import annotations

import random
from typing import Any

from support.action_bed import UPSTREAMS, Sent

NAMES = ("x-a", "x-b", "X-C", "user-agent", "accept", "x-forwarded-host", "x-envoy-attempt-count", "via", "x-d")
VALUES = (
    "v", "w", "", "a,b", "%%", "100%%", "%REQ(x-a)%", "%REQ(x-none)%", "%REQ(x-none?x-b)%", "%REQ(X-B?:path)%",
    "<%REQ(:path)%>", "%REQ(:authority)%", "%REQ(:method)%-%REQ(:scheme)%", "%REQ(:path):4%", "%REQ(host)%",
    "%REQ(user-agent)%", "%REQ(x-envoy-original-path)%", "%REQ(x-forwarded-proto)%", "%PATH(NQ)%", "%PATH(WQ)%",
    "%PATH(WQ:PATH)%", "%PATH(NQ:ORIG)%", "%PATH(NQ:ORIG_OR_PATH):3%", "%QUERY_PARAM(q)%", "%QUERY_PARAM(a)%.",
    "%ROUTE_NAME%", "%UPSTREAM_CLUSTER_RAW%", "%METADATA(ROUTE:ns:k)%", "%METADATA(ROUTE:ns)%",
    "%METADATA(VIRTUAL_HOST:fastroute.test:name)%", "%METADATA(ROUTE:ns:o)%", "%METADATA(ROUTE:ns:n)%",
    "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "%VIRTUAL_CLUSTER_NAME%", "%REQ(x-envoy-expected-rq-timeout-ms)%",
)  # fmt: skip
RESPONSE_NAMES = ("x-a", "x-b", "x-r", "content-type", "via", "set-cookie", "x-u", "cache-control", "vary")
RESPONSE_VALUES = ("%RESP(x-u)%", "%RESP(x-none?x-u)%", "%RESP(x-upstream)%", "r", "", *VALUES)
REMOVABLE = ("x-a", "x-b", "accept", "user-agent", "x-u", "x-none", "x-forwarded-proto", "via", "X-R")
SUBSTITUTIONS = (
    ("a", "X"), ("^/r[0-9]/([^/]+)(/.*)?$", r"\2/i/\1"), (".*", ""), ("/", "//"), ("(x)|y", r"<\1>"), ("z*", "-"),
    ("r([0-9])", r"\0\\\1"), ("[a-f]+", ""), ("x$", "/end"), ("b", r"\1"),
)  # fmt: skip
QUERIES = ("q=1", "", "a=%41&q=2", "q=/r0/a", "x?y", "q=1&q=3", "q=a+b%2Bc%zz", "%71=5")
ANSWERS = (
    "x-u=1",
    "x-u=1|x-u=2",
    "server=s|upgrade=u|proxy-connection=p",
    "via=up|x-a=5",
    "cache-control=no",
)
SEGMENTS = ("a", "b", "abc", "x", "y", "AbC", "%2F", "a;b", "", "..", "x.y", "r1", "z")
HOSTS = ("h0.com", "h1.com:80", "h2.com:8080", "h3.com:443", "[::1]:80", "[::1]", "h4.com:", "u@h")


def extension(kind: str, **fields: str) -> dict[str, Any]:
    """A URI template extension: `match` or `rewrite`."""
    message = f"envoy.extensions.path.{kind}.uri_template.v3.UriTemplate{kind.capitalize()}Config"
    return {"name": "t", "typed_config": {"@type": f"type.googleapis.com/{message}", **fields}}


class Maker:
    """Draws everything from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def some(self, options: Any, most: int = 3) -> list[Any]:
        """Up to `most` of the options, possibly repeated."""
        return [self.random.choice(options) for _ in range(self.random.choice([0, 0, *range(1, most + 1)]))]

    def chance(self, probability: float) -> bool:
        """True as often as asked."""
        return self.random.random() < probability

    def additions(self, names: Any, values: Any) -> list[dict[str, Any]]:
        """Header additions with every append action."""
        made: list[dict[str, Any]] = []
        for name in self.some(names):
            option: dict[str, Any] = {"header": {"key": name, "value": self.random.choice(values)}}
            if self.chance(0.15):
                option["append"] = self.chance(0.5)
            else:
                option["append_action"] = self.random.randrange(4)
            if self.chance(0.3):
                option["keep_empty_value"] = True
            made.append(option)
        return made

    def level(self) -> dict[str, Any]:
        """The header fields of one level."""
        return {
            "request_headers_to_add": self.additions(NAMES, VALUES),
            "request_headers_to_remove": self.some(REMOVABLE, 2),
            "response_headers_to_add": self.additions(RESPONSE_NAMES, RESPONSE_VALUES),
            "response_headers_to_remove": self.some(REMOVABLE, 2),
        }

    def configuration(self, hosts: int = 4, routes: int = 6) -> dict[str, Any]:
        """A route configuration; route n of a host is reached by paths whose first segment is rn."""
        return {
            "name": "table",
            **self.level(),
            "most_specific_header_mutations_wins": self.chance(0.5),
            "virtual_hosts": [self.host(name, routes) for name in self.random.sample(HOSTS, hosts)],
        }

    def host(self, domain: str, routes: int) -> dict[str, Any]:
        """A virtual host for one domain."""
        made: dict[str, Any] = {
            "name": f"vh {domain}",
            "domains": [domain],
            **self.level(),
            "routes": [self.route(number) for number in range(routes)],
            "include_request_attempt_count": self.chance(0.3),
            "include_attempt_count_in_response": self.chance(0.2),
        }
        if self.chance(0.3):
            matcher = {"name": "x-a", "string_match": {"exact": "v"}}
            made["virtual_clusters"] = [{"name": "vc", "headers": [matcher]}]
        return made

    def route(self, number: int) -> dict[str, Any]:
        """One route with a path specifier of its own first segment."""
        match, kind = self.match(number)
        made: dict[str, Any] = {"name": f"route {number}" if self.chance(0.8) else "", "match": match, **self.level()}
        if kind == "path_match_policy":
            template = self.random.choice(["/{b}/{a}", "/x{a}y/{b}", "/{a}.{b}"])
            rewrite = extension("rewrite", path_template_rewrite=template)
            return {**made, "route": {"cluster": "up0", "path_rewrite_policy": rewrite}}
        if self.chance(0.5):
            made["metadata"] = {"filter_metadata": {"ns": {"k": "v", "n": 1.5, "o": {"b": True, "a": [1, "x"]}}}}
        shape = self.random.random()
        if shape < 0.7:
            made["route"] = self.action(kind)
        elif shape < 0.9:
            made["redirect"] = self.redirect()
        else:
            made["direct_response"] = self.response()
        return made

    def match(self, number: int) -> tuple[dict[str, Any], str]:
        """A path specifier that no other route's paths satisfy, and its kind."""
        kind = self.random.choice(["prefix", "prefix", "path", "safe_regex", "path_separated_prefix"])
        text = f"/r{number}" + self.random.choice(["", "/a", "/abc", "/x"])
        if self.chance(0.1):
            template = f"/r{number}/{{a}}" + self.random.choice(["/{b=**}", "/{b}", "/{b=c/*}"])
            return {"path_match_policy": extension("match", path_template=template)}, "path_match_policy"
        if kind == "safe_regex":
            return {"safe_regex": {"regex": f"/r{number}(/.*)?"}}, kind
        match: dict[str, Any] = {kind: text}
        if self.chance(0.2):
            match["case_sensitive"] = False
        return match, kind

    def regex(self) -> dict[str, Any]:
        """A substitution."""
        pattern, substitution = self.random.choice(SUBSTITUTIONS)
        return {"pattern": {"regex": pattern}, "substitution": substitution}

    def path_rewrite(self) -> dict[str, Any]:
        """One of the path rewrites, or none."""
        choice = self.random.randrange(6)
        if choice == 0:
            return {"prefix_rewrite": self.random.choice(["/", "/new", "/new/", "x", "", "/q?z=1"])}
        if choice == 1:
            return {"regex_rewrite": self.regex()}
        if choice == 2:
            return {"path_rewrite": self.random.choice(["/f/%REQ(x-a)%", "%REQ(x-none)%", "/g?o=1", "%REQ(:path)%/z"])}
        return {}

    def host_rewrite(self) -> dict[str, Any]:
        """One of the host rewrites, or none."""
        choice = self.random.randrange(7)
        options: list[dict[str, Any]] = [
            {"host_rewrite_literal": self.random.choice(["lit.com", "lit.com:81", ""])},
            {"host_rewrite_header": self.random.choice(["x-a", "x-none", "x-b", ":path"])},
            {"host_rewrite_path_regex": self.regex()},
            {"host_rewrite": self.random.choice(["%REQ(x-a)%.svc", "%REQ(x-none)%", "%REQ(:authority)%", "c.com"])},
            {"auto_host_rewrite": self.chance(0.5)},
        ]
        made = options[choice] if choice < len(options) else {}
        return {**made, "append_x_forwarded_host": self.chance(0.5)}

    def timeouts(self) -> dict[str, Any]:
        """Timeout fields."""
        made: dict[str, Any] = {}
        if self.chance(0.5):
            made["timeout"] = self.random.choice(["0s", "1.5s", "20s", "3600s", "0.0005s", "60.0019s"])
        if self.chance(0.2):
            made["max_stream_duration"] = {"max_stream_duration": self.random.choice(["0s", "30s", "45.5s"])}
            if self.chance(0.5):
                made["max_stream_duration"]["grpc_timeout_header_max"] = self.random.choice(["0s", "20s", "600s"])
                made["max_stream_duration"]["grpc_timeout_header_offset"] = self.random.choice(["0s", "0.5s", "30s"])
        elif self.chance(0.2):
            made["max_grpc_timeout"] = self.random.choice(["0s", "25s"])
            made["grpc_timeout_offset"] = self.random.choice(["0s", "0.5s", "40s"])
        if self.chance(0.3):
            made["retry_policy"] = {"retry_on": "connect-failure", "per_try_timeout": self.random.choice(["5s", "15s"])}
            if self.chance(0.3):
                made["hedge_policy"] = {"hedge_on_per_try_timeout": True}
        return made

    def action(self, _kind: str) -> dict[str, Any]:
        """A RouteAction to one of the upstreams."""
        made = {**self.path_rewrite(), **self.host_rewrite(), **self.timeouts(), **self.hashes()}
        choice = self.random.random()
        if choice < 0.6:
            return {**made, "cluster": self.random.choice(UPSTREAMS)}
        if choice < 0.75:
            return {**made, "cluster_header": "x-cluster"}
        entries = [self.entry(name) for name in UPSTREAMS[: self.random.randint(1, 3)]]
        return {**made, "weighted_clusters": {"clusters": entries, "header_name": "x-pick"}}

    def entry(self, name: str) -> dict[str, Any]:
        """A weighted cluster."""
        made = {"name": name, "weight": self.random.choice([1, 2, 50]), **self.level()}
        if self.chance(0.3):
            made["host_rewrite_literal"] = "entry.com"
        return made

    def hashes(self) -> dict[str, Any]:
        """A cookie policy now and then: it shows in the response."""
        if not self.chance(0.15):
            return {}
        return {"hash_policy": [{"cookie": {"name": "sid"}}, {"header": {"header_name": "x-a"}}]}

    def redirect(self) -> dict[str, Any]:
        """A RedirectAction."""
        made: dict[str, Any] = {"strip_query": self.chance(0.3), "response_code": self.random.randrange(5)}
        scheme = self.random.randrange(4)
        if scheme == 0:
            made["https_redirect"] = self.chance(0.8)
        elif scheme == 1:
            made["scheme_redirect"] = self.random.choice(["https", "http", "FTP", ""])
        if self.chance(0.4):
            made["host_redirect"] = self.random.choice(["n.com", "n.com:77", "[::2]", ""])
        if self.chance(0.4):
            made["port_redirect"] = self.random.choice([0, 80, 443, 8443, 70000])
        path = self.random.randrange(5)
        if path == 0:
            made["path_redirect"] = self.random.choice(["/np", "np", "/np?z=1", ""])
        elif path == 1:
            made["prefix_rewrite"] = self.random.choice(["/", "/new", "x", "", "/q?z"])
        elif path == 2:
            made["regex_rewrite"] = self.regex()
        elif path == 3:
            made["path_rewrite"] = self.random.choice(["/f/%REQ(x-a)%", "%REQ(x-none)%", "/f?x=1", "%REQ(:path)%", "g"])
        return made

    def response(self) -> dict[str, Any]:
        """A DirectResponseAction."""
        made: dict[str, Any] = {"status": self.random.choice([200, 201, 302, 404, 503, 599])}
        choice = self.random.randrange(3)
        if choice == 0:
            made["body"] = {"inline_string": self.random.choice(["hello", "", "100% \t\u00fc~\n"])}
        elif choice == 1:
            text = self.random.choice(["<%REQ(x-a)%>", "%REQ(x-none)%", "%ROUTE_NAME%|%REQ(:path)%"])
            source = {"inline_string": text}
            made["body_format"] = {"text_format_source": source, "omit_empty_values": self.chance(0.5)}
            if self.chance(0.3):
                made["body_format"]["content_type"] = "text/html"
        return made

    def request(self, host: str, number: int, match: dict[str, Any]) -> Sent:
        """A request that the route with `match` takes."""
        path = self.path(number, match)
        if self.chance(0.5):
            path += "?" + self.random.choice(QUERIES)
        names = self.some(("x-a", "x-b", "x-c"))
        headers = [(name, self.random.choice(["v", "w", "", "a,b", "z.com"])) for name in names]
        headers += [("x-cluster", self.random.choice(UPSTREAMS)), ("x-pick", str(self.random.randrange(200)))]
        if self.chance(0.3):
            headers.append(("x-forwarded-host", self.random.choice(["prev.com", host, f"p.com,{host}", "p, q"])))
        if self.chance(0.3):
            headers.append(("user-agent", "ua"))
        if self.chance(0.2):
            headers.append(("x-forwarded-proto", self.random.choice(["http", "https", "HTTPS"])))
        if self.chance(0.2):
            headers.append(("cookie", self.random.choice(["sid=1", "a=b; sid=2", 'sid="3"', "sid="])))
        if self.chance(0.3):
            headers.append(("x-answer", self.random.choice(ANSWERS)))
        if self.chance(0.1):
            headers.append(("x-status", self.random.choice(["404", "302", "500"])))
        if self.chance(0.2):
            headers += self.envoy_headers()
        if self.chance(0.15):
            headers += [("content-type", "application/grpc"), ("grpc-timeout", self.grpc_timeout())]
        return Sent(path, host, self.random.choice(["GET", "GET", "POST", "HEAD"]), tuple(headers), self.chance(0.4))

    def path(self, number: int, match: dict[str, Any]) -> str:
        """A path below the match."""
        if "path" in match:
            text: str = match["path"]
        elif "path_match_policy" in match:
            template = match["path_match_policy"]["typed_config"]["path_template"]
            rest = "c/d" if template.endswith("*}") else "c"
            return f"/r{number}/{self.random.choice(['a', 'v.1', '%2F'])}/{rest}"
        elif "safe_regex" in match:
            return "/".join([f"/r{number}", *self.some(SEGMENTS)])
        elif "prefix" in match:
            text = match["prefix"] + self.random.choice(["", "/", "/a", "/a/b/", "/abc", "//x"])
        else:
            text = match["path_separated_prefix"] + self.random.choice(["", "/", "/a", "/a/b/", "/abc", "//x"])
        return text.upper() if match.get("case_sensitive") is False and self.chance(0.4) else text

    def envoy_headers(self) -> list[tuple[str, str]]:
        """Headers that only internal requests may bring."""
        return [
            (name, self.random.choice(["0", "1", "700", "x", "+5", "16000", "true", "false"]))
            for name in self.some(
                (
                    "x-envoy-upstream-rq-timeout-ms", "x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-max-retries",
                    "x-envoy-expected-rq-timeout-ms", "x-envoy-hedge-on-per-try-timeout", "x-envoy-original-path",
                    "x-envoy-upstream-alt-stat-name", "x-envoy-attempt-count", "x-envoy-original-host",
                )
            )
        ]  # fmt: skip

    def grpc_timeout(self) -> str:
        """Well-formed and malformed values."""
        good = ["1S", "1500m", "1500u", "1n", "0m", "99999999H", "10M", "+7S"]
        return self.random.choice([*good, "x", "123456789S", "3h"])

    def requests(self, configuration: dict[str, Any], each: int) -> list[Sent]:
        """`each` requests for every route."""
        made = []
        for host in configuration["virtual_hosts"]:
            domain = host["domains"][0]
            for number, route in enumerate(host["routes"]):
                made += [self.request(domain, number, route["match"]) for _ in range(each)]
        return made
