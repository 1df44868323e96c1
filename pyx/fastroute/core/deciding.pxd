"""The one function that the engine calls.

`authority`, `method`, `scheme`: str or bytes; `path`: str, bytes, or None for CONNECT.
`headers`: a list or tuple of pairs (str or bytes), a mapping, or any iterable of pairs; None for no headers.
`random`: an int, a callable that returns one (called once at most, and only when the decision depends on it),
or None when none can be given (then such a decision raises ValueError).
`context`: a `core.request.Context` with what is known of the connection, or None.
`manager`: the HTTP connection manager's options; None for Envoy's defaults.
`clusters`: the live clusters: name -> the embedder's object, which becomes `Decision.value`.

Raises TypeError and ValueError for values that are no request; everything else is a Decision.
"""

from fastroute.core.decision cimport Decision
from fastroute.core.entries cimport LiveClusters
from fastroute.core.hcm cimport HttpManager
from fastroute.core.request cimport Context
from fastroute.core.table cimport RouteTable


cdef Decision decide(RouteTable table, LiveClusters clusters, object authority, object path, object method,
                     object headers, object scheme, object random, Context context, HttpManager manager)
