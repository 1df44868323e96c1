"""From a request to a decision: the first route of a table that matches, and what its target does."""

from collections.abc import Callable, Iterable, Mapping

from fastroute.core.decision import Decision
from fastroute.core.hcm import HttpManager
from fastroute.core.request import Context
from fastroute.core.table import RouteTable

__pyx_capi__: dict[str, object]

_Text = str | bytes

def route(
    table: RouteTable,
    authority: _Text,
    path: _Text | None,
    method: _Text = "GET",
    headers: Mapping[str, str] | Mapping[bytes, bytes] | Iterable[tuple[_Text, _Text]] = (),
    *,
    scheme: _Text = "http",
    random: int | Callable[[], int] | None = None,
    context: Context | None = None,
    manager: HttpManager | None = None,
    clusters: dict[str, object] | None = None,
) -> Decision:
    """The decision for a request; what each argument may be is said in `pyx/fastroute/core/deciding.pxd`.

    Raises TypeError and ValueError for values that are no request.
    """
