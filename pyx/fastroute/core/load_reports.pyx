# cython: boundscheck=True, nonecheck=True
"""Client-side weighted round robin (LB-83).

Rules:
- A report gives the weight rps / (utilization + penalty · eps / rps), cut to 32 bits. Utilization is
  the greatest of the named metrics that the cluster asks for, else the application's, else the CPU's;
  a report without requests or utilization is no report.
- A host's weight is valid once its first report is older than the blackout period, and until its last
  one is older than the expiration period; then it starts anew.
- At each update hosts without a valid weight get the median of the valid ones: the mean of the two in
  the middle, in whole numbers; 1 where there is none.
"""

cimport cython
from libc.stdint cimport uint32_t

from fastroute.core.clusters cimport Cluster
from fastroute.core.endpoint cimport Endpoint


@cython.final
cdef class Load:
    def __cinit__(self):
        self.first = self.last = -1.0


def weight_of(double rps, double utilization, double eps=0.0, double penalty=1.0):
    cdef double weight
    if rps <= 0 or utilization <= 0:
        return 0
    weight = rps / (utilization + penalty * eps / rps)
    return <uint32_t>min(weight, 4294967295.0)


def utilization_of(named, metrics, double application=0.0, double cpu=0.0):
    found = max([named[name] for name in metrics if name in named], default=0.0)
    return found if found > 0 else application if application > 0 else cpu


def report_load(
    Cluster cluster not None, Endpoint host not None, *, double now, double rps, double eps=0.0, double cpu=0.0,
    double application=0.0, named=(),
):
    cdef Load load
    policy = cluster.policy
    utilization = utilization_of(dict(named), policy.get("metrics", ()), application, cpu)
    weight = weight_of(rps, utilization, eps, policy.get("error_penalty", 1.0))
    if weight == 0:
        return
    if host.state.load is None:
        host.state.load = Load()
    load = host.state.load
    load.weight = weight
    load.last = now
    if load.first < 0:
        load.first = now


def update_weights(Cluster cluster not None, double now):
    cdef Endpoint host
    cdef Load load
    policy = cluster.policy
    blackout, expiration = policy.get("blackout", 10.0), policy.get("expiration", 180.0)
    valid, others = [], []
    for host in cluster.endpoints:
        load = host.state.load
        if load is None or load.first < 0 or now - load.first < blackout:
            others.append(host)
        elif now - load.last > expiration:
            load.first = -1.0
            others.append(host)
        else:
            host.state.reported = load.weight
            valid.append(load.weight)
    for host in others:
        host.state.reported = _median(valid)
    cluster.refresh()


cdef uint32_t _median(list weights):
    cdef Py_ssize_t half = len(weights) // 2
    if not weights:
        return 1
    weights = sorted(weights)
    if len(weights) % 2:
        return weights[half]
    return (<object>weights[half - 1] + weights[half]) // 2
