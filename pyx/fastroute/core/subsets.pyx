# cython: boundscheck=True, nonecheck=True
"""Subset load balancing.

Rules:
- LB-70 a host is in a selector's subsets when its envoy.lb metadata has all of the selector's keys;
  values compare as protobuf Values. LB-74 with list_as_any a list stands for each of its elements.
- LB-71 criteria choose a subset only when their keys are exactly a selector's and the subset of their
  values has hosts. Then the policy runs inside the subset, with its own priorities and panic.
- LB-72 otherwise the fallback of the selector with exactly these keys, or else the global one:
  nothing, any host, the default subset, or once more with fewer keys.
  Envoy keeps these fallbacks in a tree of sorted keys and sets one only where it makes a new node: a
  selector whose keys begin those of an earlier one (or equal them) has the global fallback.
- LB-73 an empty default subset falls back to any host with panic_mode_any, which does not help
  where there is no fallback.
- LB-75 with single_host_per_subset the first host of a value is the subset, whatever its health.
- LB-76 with FALLBACK_LIST the criterion fallback_list is a list of further criteria, tried in order,
  each over the others, until one gives a host.
"""

cimport cython
from libc.stdint cimport uint64_t

import itertools

from fastroute.core.balancers cimport Balancer, Policy
from fastroute.core.endpoint cimport Endpoint
from fastroute.core.hosts cimport HostSet
from fastroute.core.leaves cimport build_leaf
from fastroute.core.sources cimport Memory

from fastroute.core.selection import canonical

FALLBACK_LIST = "fallback_list"


@cython.final
cdef class Selector:
    def __cinit__(self, keys, *, int fallback=0, fallback_keys=(), bint single=False):
        self.keys = tuple(sorted(set(keys)))
        self.fallback = fallback
        self.fallback_keys = frozenset(fallback_keys)
        self.single = single
        if fallback == KEYS_SUBSET and not self.fallback_keys < frozenset(self.keys):
            raise ValueError("a selector falls back on fewer keys than it has")

    def __eq__(self, other):
        return isinstance(other, Selector) and self._identity() == (<Selector>other)._identity()

    def __hash__(self):
        return hash(self._identity())

    def _identity(self):
        return (self.keys, self.fallback, self.fallback_keys, self.single)


@cython.final
cdef class SubsetBalancer(Balancer):
    def __cinit__(self, list sets not None, Policy policy not None, Balancer before=None):
        cdef SubsetBalancer old = before if isinstance(before, SubsetBalancer) else None
        cdef Selector selector
        self.sets = sets
        self.fallback = policy.get("fallback", NO_FALLBACK)
        self.panic_any = policy.get("panic_mode_any", False)
        self.fallback_list = policy.get("fallback_list", False)
        self.memories = {} if old is None else old.memories
        maker = _Maker(self.memories, policy, sets)
        self.selectors = {}
        paths = set()
        for selector in policy.get("selectors", ()):
            if selector.keys not in paths:
                self.selectors[selector.keys] = selector
            paths.update(selector.keys[:end] for end in range(1, len(selector.keys) + 1))
        self.subsets = maker.subsets(policy.get("selectors", ()), {} if old is None else old.subsets)
        self.any_host = maker.balancer("any", [level.hosts for level in sets], None if old is None else old.any_host)
        default = frozenset(policy.get("default_subset", {}).items())
        kept = [[host for host in level.hosts if _has(host, default, maker.list_as_any)] for level in sets]
        self.default = maker.balancer("default", kept, None if old is None else old.default)
        self.loads = self.any_host.loads

    def tried(self, context):
        cdef dict criteria = _criteria(context)
        others = criteria.pop(FALLBACK_LIST, ()) if self.fallback_list else ()
        if not others or others[0] != "l" or not others[1]:
            return self._tried(criteria)
        merged = [dict(criteria) | dict(other[1] if other[0] == "d" else ()) for other in others[1]]
        return [attempt for each in merged for attempt in self._tried(each)]

    def _tried(self, dict criteria):
        cdef Selector selector
        pairs = tuple(sorted(criteria.items(), key=_first))
        found = self.subsets.get(pairs) if pairs else None
        if isinstance(found, Endpoint):
            return [("subset", pairs, [HostSet([found], (<Endpoint>found).priority)])]
        if found is not None:
            return [("subset", pairs, (<Balancer>found).sets)]
        selector = self.selectors.get(tuple(sorted(criteria))) if pairs else None
        if selector is None or selector.fallback == NOT_DEFINED:
            return self._fallbacks(self.fallback, True)
        if selector.fallback == KEYS_SUBSET:
            return self._tried({key: value for key, value in criteria.items() if key in selector.fallback_keys})
        return self._fallbacks(selector.fallback, False)

    def _fallbacks(self, int policy, bint panic):
        found = []
        if policy == DEFAULT_SUBSET:
            found.append(("default", (), self.default.sets))
        if policy == ANY_ENDPOINT or panic and self.panic_any and policy != NO_FALLBACK:
            found.append(("any", (), self.any_host.sets))
        return found

    cdef Endpoint once(self, uint64_t hash, bint has_hash, int attempt, object random, object skip, object context):
        return self.choose(hash, has_hash, random, skip, context)

    cdef Endpoint choose(self, uint64_t hash, bint has_hash, object random, object skip, object context):
        cdef Endpoint host
        cdef dict criteria = _criteria(context)
        if not self.fallback_list or FALLBACK_LIST not in criteria:
            return self.by_criteria(criteria, hash, has_hash, random, skip, context)
        others = criteria.pop(FALLBACK_LIST)
        if others[0] != "l" or not others[1]:
            return self.by_criteria(criteria, hash, has_hash, random, skip, context)
        for other in others[1]:
            merged = dict(criteria)
            merged.update(other[1] if other[0] == "d" else ())
            host = self.by_criteria(merged, hash, has_hash, random, skip, context)
            if host is not None:
                return host
        return None

    cdef Endpoint by_criteria(
        self, dict criteria, uint64_t hash, bint has_hash, object random, object skip, object context
    ):
        cdef Selector selector
        if not criteria:
            return self.fall_back(self.fallback, hash, has_hash, random, skip, context, True)
        found = self.subsets.get(tuple(sorted(criteria.items(), key=_first)))
        if found is not None:
            if isinstance(found, Endpoint):
                return <Endpoint>found
            return (<Balancer>found).choose(hash, has_hash, random, skip, context)
        selector = self.selectors.get(tuple(sorted(criteria)))
        if selector is None or selector.fallback == NOT_DEFINED:
            return self.fall_back(self.fallback, hash, has_hash, random, skip, context, True)
        if selector.fallback == KEYS_SUBSET:
            fewer = {key: value for key, value in criteria.items() if key in selector.fallback_keys}
            return self.by_criteria(fewer, hash, has_hash, random, skip, context)
        return self.fall_back(selector.fallback, hash, has_hash, random, skip, context, False)

    cdef Endpoint fall_back(
        self, int policy, uint64_t hash, bint has_hash, object random, object skip, object context, bint panic
    ):
        cdef Endpoint host = None
        if policy == ANY_ENDPOINT:
            host = self.any_host.choose(hash, has_hash, random, skip, context)
        elif policy == DEFAULT_SUBSET:
            host = self.default.choose(hash, has_hash, random, skip, context)
        if host is None and panic and self.panic_any and policy != NO_FALLBACK:
            host = self.any_host.choose(hash, has_hash, random, skip, context)
        return host


class _Maker:
    """Builds the balancers of one subset balancer."""

    def __init__(self, memories, policy, sets):
        self.memories = memories
        self.sets = sets
        self.child = (<Policy?>policy).children[0]
        self.list_as_any = (<Policy?>policy).get("list_as_any", False)
        self.keep_weights = (<Policy?>policy).get("locality_weight_aware", False)
        self.scale = (<Policy?>policy).get("scale_locality_weight", False)

    def balancer(self, key, hosts, before):
        """The child policy over lists of hosts, one a level."""
        cdef HostSet level
        levels = [
            level.subset(some, self.keep_weights, self.scale)
            for level, some in zip(self.sets, hosts, strict=True)
        ]
        memory = self.memories.get(key)
        if memory is None:
            memory = self.memories[key] = Memory()
        return build_leaf(self.child, levels, memory, before, None)

    def subsets(self, selectors, dict known):
        """The subset of each tuple of (key, value) pairs under which some selector files some host."""
        cdef HostSet level
        cdef Endpoint host
        cdef Selector selector
        filed = {}
        single = {}
        for index, level in enumerate(self.sets):
            for host in level.hosts:
                for selector in selectors:
                    for pairs in _filed(host, selector.keys, self.list_as_any):
                        if pairs not in filed:
                            filed[pairs] = [{} for _ in self.sets]
                            single[pairs] = selector.single
                        filed[pairs][index][host] = None
        return {
            pairs: next(itertools.chain(*hosts)) if single[pairs] else self.balancer(
                pairs, [list(some) for some in hosts], known.get(pairs)
            )
            for pairs, hosts in filed.items()
        }


cdef object _first(object pair):
    return pair[0]


cdef object _filed(Endpoint host, tuple keys, bint list_as_any):
    """Tuples of (key, value) pairs under which a selector files a host; none when it lacks a key.

    LB-74: Envoy extends the tuples key by key and starts anew whenever there are none. A list without
    elements therefore drops the keys up to and with its own, and the host is filed under the others.
    """
    cdef list found = []
    for key in keys:
        value = host.criteria.get(key)
        if value is None:
            return ()
        values = value[1] if list_as_any and value[0] == "l" else (value,)
        found = [(*pairs, (key, each)) for pairs in found or ((),) for each in values]
    return found


cdef bint _has(Endpoint host, frozenset wanted, bint list_as_any):
    for key, value in wanted:
        found = host.criteria.get(key)
        if found is None or value not in (found[1] if list_as_any and found[0] == "l" else (found,)):
            return False
    return True


cdef dict _criteria(object context):
    cdef object given = getattr(context, "metadata_match", None)
    return {} if not given else {key: canonical(value) for key, value in given.items()}
