"""What follows from the chosen route, as values that an embedder can apply.

Frozen records and pure functions. An action is compiled once, belongs to one route (or to one
entry of its weighted clusters) and computes a value only when it is read: `route()` itself builds no
header list and no retry object. Nothing here knows protobuf; `fastroute.compile.actions` builds it.
"""
