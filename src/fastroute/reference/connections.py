"""The walk over connections: listener, listener filters, hand-off, filter chain, network filters.

- LS-01 to LS-07: `listeners.py`. LF-01 to LF-13: `listener_filters.py`.
- FC-01 to FC-18: `filter_chains.py`, the sieve criterion by criterion with the candidates left.
- FC-19 to FC-23: `chain_matchers.py`. NF-01 to NF-13: `network_filters.py`.

The walk reads messages and nothing compiled. Its decision has the names of `fastroute.core.chain.Chain`.
"""

from __future__ import annotations

from typing import Any

from fastroute.config.resources import Resources
from fastroute.decision import Explanation
from fastroute.reference import chain_matchers, filter_chains, listener_filters, listeners, network_filters
from fastroute.reference.arrival import Arrival
from fastroute.reference.trace import Trace
from fastroute.request import Connection


def explain_connection(resources: Resources, connection: Connection, *, random: int = 0) -> Explanation:
    """What Envoy does with a connection and why, step by step; `random` is the draw of weighted clusters.

    The decision is empty when no listener takes the connection.
    """
    trace = Trace()
    known = listeners.known(resources)
    listener = listeners.receiving(known, connection, trace)
    if listener is None:
        return trace.explanation({})
    arrival = Arrival.of(connection, listeners.binds(listener))
    accepting = listener.name
    done = listener_filters.run(listener, arrival, trace)
    if done and listener.use_original_dst.value:
        target = listeners.handed_to(known, arrival, listener, trace)
        if target is not None:
            listener = target
            done = listener_filters.run(listener, arrival, trace)
    decision: dict[str, object] = {"accepting": accepting, "listener": listener.name, "kind": "closed"}
    if done:
        decision.update(_chain(listener, arrival, resources, random, trace))
    else:
        decision["reason"] = arrival.closed
    return trace.explanation({**decision, **arrival.facts()})


def _chain(listener: Any, arrival: Arrival, resources: Resources, random: int, trace: Trace) -> dict[str, object]:
    arrival.transport_protocol = arrival.transport_protocol or "raw_buffer"
    if listener.HasField("filter_chain_matcher"):
        name = chain_matchers.choose(listener.filter_chain_matcher, arrival, trace)
        if name is None:
            found = filter_chains.default(listener, trace)
        else:
            found = next((chain for chain in listener.filter_chains if chain.name == name), None)
    else:
        found = filter_chains.choose(listener.filter_chains, arrival, trace)
        if found is None:
            found = filter_chains.default(listener, trace)
    if found is None:
        trace.add("filter chain", listener.name, "closed", "no filter chain takes the connection", "FC-13")
        return {"filter_chain": None, "reason": "filter_chain_not_found"}
    return network_filters.run(found, arrival, resources, random, trace)
