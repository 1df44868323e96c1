"""Whole bootstraps drawn from a seed, run by a live Envoy, and asked of a Router: every stage at once.

    world = World.of(seed, upstreams)     `bootstrap` and what lies beside it: assignments in a file
    talks = conversations(world, seed)    connections with their requests, near what the bootstrap says
    with Both(world, upstreams) as both:
        both.compare(talks)               -> the differences, each a readable text

`clusters`, `routes`, `managers`, `listeners` draw the parts, `values` has what they draw from, `clients` the
conversations, `wire` speaks them, `ledger` reads Envoy's access log, `judge` compares.
"""
