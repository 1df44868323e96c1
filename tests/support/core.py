"""The compiled core as a third answer, for tests that compare.

core = Core.of(manager_message, table_message)      None where a part is not supported yet
core.decide(request) -> Decision
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastroute.compile.context import Context as CompileContext
from fastroute.compile.hcm import compile_hcm
from fastroute.compile.routes import compile_route_configuration
from fastroute.config.resources import Resource
from fastroute.core.decision import Decision
from fastroute.core.hcm import HttpManager
from fastroute.core.request import Context
from fastroute.core.table import RouteTable
from fastroute.errors import UnsupportedError
from fastroute.request import Request
from support.http_envoy import CLUSTERS

EXISTING: dict[str, object] = dict.fromkeys(CLUSTERS, object())


@dataclass(frozen=True, slots=True)
class Core:
    """A compiled manager and table."""

    manager: HttpManager
    table: RouteTable

    @classmethod
    def of(cls, manager: Any, table: Any, runtime: dict[str, object] | None = None) -> Core | str:
        """Compile; the words of the refusal where something is not supported."""
        bare = type(manager)()
        bare.CopyFrom(manager)
        bare.ClearField("local_reply_config")
        try:
            resource = Resource("table", table)
            ctx = CompileContext(resource, runtime=runtime or {})
            compiled = compile_route_configuration(resource, ctx)
            return cls(compile_hcm(bare, CompileContext(Resource("hcm", bare)), ""), compiled)
        except UnsupportedError as error:
            return str(error)

    def decide(self, request: Request) -> Decision:
        """The core's decision."""
        at = request.connection
        context = Context(
            source=at.source if at else None,
            destination=at.destination if at else None,
            dynamic_metadata=request.dynamic_metadata,
            filter_state=request.filter_state,
        )
        return self.table.route(
            request.authority,
            request.path,
            request.method,
            request.headers,
            scheme=request.scheme,
            random=request.random,
            context=context,
            manager=self.manager,
            clusters=EXISTING,
        )
