"""The routes of one virtual host, compiled with what they have in common compiled once.

* What a match says beside its path gives equal predicates wherever it says the same.
* What a route says beside name, match and cluster gives an equal action, given the length of the path that
  is matched (RA-21). Where the path is no plain text, only routes that say nothing else share an action.
* The body of a direct response and the path of a redirect do not count for that: they are put into a copy.
* Nothing is shared that was told of in an error or a notice, for each route has its own.

Names, paths and clusters are read off the wire, which costs a fraction of asking the messages.
"""

from __future__ import annotations

import functools

from fastroute.api import names, pool
from fastroute.compile import redirects, regexes
from fastroute.core.entries import RouteSpec, Target
from fastroute.core.predicates import HeaderPredicate, PathPredicate, Predicate
from fastroute.core.regexes import Regex, RegexError, literal_prefix
from fastroute.core.strings import StringMatcher
from fastroute.errors import ConfigError
from fastroute.records import replace
from fastroute.wire.routes import RouteReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from fastroute.compile.route_compiler import RouteCompiler

    How = Literal["prefix", "path", "path_separated_prefix", "regex"]
    Part = tuple[str, How | None, bytes, str | None, bytes, bytes, bytes | None]
    """What `RouteReader.read` returns for each route."""


_ROUTE = "envoy.config.route.v3.Route"
_HEADER = "envoy.config.route.v3.HeaderMatcher"
_STRING = "envoy.type.matcher.v3.StringMatcher"
_REGEX = "envoy.type.matcher.v3.RegexMatcher"
_TEXTS = (("direct_response", "body", "inline_string"), ("redirect", "path_redirect"))


@functools.cache
def _reader() -> RouteReader:
    find = pool.pool().FindMessageTypeByName
    route, match = find(_ROUTE).fields_by_name, find(f"{_ROUTE}Match").fields_by_name
    header, string = find(_HEADER).fields_by_name, find(_STRING).fields_by_name
    return RouteReader(
        routes=find(names.VIRTUAL_HOST).fields_by_name["routes"].number,
        name=route["name"].number,
        match=route["match"].number,
        action=route["route"].number,
        cluster=find(f"{_ROUTE}Action").fields_by_name["cluster"].number,
        paths=(match["prefix"].number, match["path"].number, match["path_separated_prefix"].number),
        texts=(_way(_TEXTS[0]), _way(_TEXTS[1])),
        regex=(match["safe_regex"].number, find(_REGEX).fields_by_name["regex"].number),
        headers=(match["headers"].number, header["name"].number, header["string_match"].number),
        matchers=(string["exact"].number, string["prefix"].number, string["suffix"].number, string["contains"].number),
    )


def _way(steps: tuple[str, ...]) -> tuple[int, ...]:
    """The numbers of fields in each other, the first of them a route's."""
    message, numbers = pool.pool().FindMessageTypeByName(_ROUTE), []
    for step in steps:
        field = message.fields_by_name[step]
        numbers.append(field.number)
        message = field.message_type or message
    return tuple(numbers)


def compile_routes(compiler: RouteCompiler, path: str) -> list[RouteSpec]:
    """The routes of the compiler's virtual host; `path` is that of the list."""
    return _SharedRoutes(compiler, path).compile()


class _SharedRoutes:
    def __init__(self, compiler: RouteCompiler, path: str) -> None:
        self.compiler = compiler
        self.path = path
        self.routes: Any = compiler.host.routes
        self.matches: dict[bytes, tuple[bool, tuple[Predicate, ...]]] = {}
        self.models: dict[object, Target] = {}
        self.targets: dict[object, Target] = {}
        self.limit = -1

    def compile(self) -> list[RouteSpec]:
        parts = _reader().read(self.compiler.host.SerializeToString())
        return [self._kept(number, part) for number, part in enumerate(parts)]

    def _kept(self, number: int, part: Part | None) -> RouteSpec:
        told = self.compiler.ctx.told()
        try:
            return self._route(number, part)
        except ConfigError:
            self.compiler.ctx.forget(told)
            return self.compiler.undecided(self.routes[number], f"{self.path}[{number}]", number)

    def _route(self, number: int, part: Part | None) -> RouteSpec:
        if part is None:
            return self.compiler.compile(self.routes[number], f"{self.path}[{number}]", number)
        name, how, text, cluster, rest, around, said = part
        if how == "regex" and not rest:
            regex = self._regex(text)
            if regex is not None:
                target = self._target(number, cluster, None if around else "")
                return RouteSpec(name, number, target, "prefix", literal_prefix(text), True, (PathPredicate(regex),))
        if how is None or how == "regex":
            found = self.compiler.match(self.routes[number], f"{self.path}[{number}]")
            target = self._target(number, cluster, None if around else "")
            return RouteSpec(name, number, target, found.how, found.text, found.case_sensitive, found.predicates)
        case_sensitive, predicates = self.matches.get(rest) or self._match(number, rest)
        key = (how, len(text), around, said and True) if around else "plain"
        target = self._target(number, cluster, key) if said is None else self._answer(number, key, said)
        return RouteSpec(name, number, target, how, text, case_sensitive, predicates)

    def _told(self) -> int:
        """How many errors and notices there are."""
        return sum(self.compiler.ctx.told())

    def _regex(self, text: bytes) -> Regex | None:
        """The regular expression, unless it is refused."""
        if self.limit < 0:
            self.limit = max(regexes.program_limit(self.compiler.ctx), 1)
        try:
            return Regex(text, max_program_size=self.limit)
        except RegexError:
            return None

    def _match(self, number: int, rest: bytes) -> tuple[bool, tuple[Predicate, ...]]:
        conditions = _reader().conditions(rest)
        if conditions is not None:
            headers = tuple([HeaderPredicate(name, StringMatcher(kind, text)) for name, kind, text in conditions])
            self.matches[rest] = True, headers
            return True, headers
        told = self._told()
        found = self.compiler.match(self.routes[number], f"{self.path}[{number}]")
        result = found.case_sensitive, found.predicates
        if self._told() == told:
            self.matches[rest] = result
        return result

    def _target(self, number: int, cluster: str | None, key: object) -> Target:
        """The target of a route; `key` is what its action depends on, None where it is not shared."""
        target = self.targets.get((key, cluster))
        if target is not None:
            return target
        model = self.models.get(key)
        known = self.compiler.clusters
        if model is None or model.kind != "forward" or cluster is None or (known is not None and cluster not in known):
            return self._new_target(number, cluster, key)
        target = Target("forward", cluster=cluster, status=model.status, action=model.action)
        self.targets[key, cluster] = target
        return target

    def _answer(self, number: int, key: object, said: bytes) -> Target:
        """The target of a route that answers by itself and says `said`."""
        model = self.models.get(key)
        if model is None:
            return self._new_target(number, None, key, kept=False)
        action: Any = model.action
        if model.kind == "redirect":
            return Target("redirect", status=model.status, action=replace(action, path_redirect=redirects.rooted(said)))
        if 0 < self.compiler.scope.max_body < len(said):
            return self._new_target(number, None, None)
        return Target("respond", status=model.status, action=replace(action, text=said))

    def _new_target(self, number: int, cluster: str | None, key: object, *, kept: bool = True) -> Target:
        told = self._told()
        target = self.compiler.target(self.routes[number], f"{self.path}[{number}]")
        if key is not None and self._told() == told:
            if kept:
                self.targets[key, cluster] = target
            self.models.setdefault(key, target)
        return target
