# cython: boundscheck=True, nonecheck=True
"""Outlier detection.

Rules:
- OD-03 a 5xx counts as one more, 502 to 504 also as a gateway failure; anything else starts both
  anew, and 500 starts the gateway failures anew. Without split_external_local_origin_errors a failed
  connection is a 503, a timeout a 504, a reset a 500. At equality with its limit a count ejects and
  starts anew.
- OD-02 a host is ejected when 100 · (ejected + 1) / hosts ≤ max_ejection_percent, or none is ejected
  yet and always_eject_one_host is on, and then by the draw against enforcing_*.
- OD-04 at each interval a host comes back after min(base · backoff, max) + jitter. The backoff grows
  with each ejection while base · backoff < max + base, and shrinks at each interval without one.
- OD-04 over the interval that ended, hosts with enough requests are ejected whose success rate is
  below mean − factor / 1000 · deviation, or whose failures reach the failure percentage.
"""

cimport cython
from libc.math cimport sqrt
from libc.stdint cimport uint64_t

from fastroute.core.clusters cimport Cluster
from fastroute.core.draws cimport draw
from fastroute.core.endpoint cimport OUTLIER_EJECTED, Endpoint

_STATUS = {"connect-failed": 503, "timeout": 504, "reset": 500, "success": 200}

DEFAULTS = {
    "consecutive_5xx": 5,
    "interval": 10.0,
    "base_ejection_time": 30.0,
    "max_ejection_time": 300.0,
    "max_ejection_time_jitter": 0.0,
    "max_ejection_percent": 10,
    "enforcing_consecutive_5xx": 100,
    "enforcing_success_rate": 100,
    "success_rate_minimum_hosts": 5,
    "success_rate_request_volume": 100,
    "success_rate_stdev_factor": 1900,
    "consecutive_gateway_failure": 5,
    "enforcing_consecutive_gateway_failure": 0,
    "split_external_local_origin_errors": False,
    "consecutive_local_origin_failure": 5,
    "enforcing_consecutive_local_origin_failure": 100,
    "enforcing_local_origin_success_rate": 100,
    "failure_percentage_threshold": 85,
    "enforcing_failure_percentage": 0,
    "enforcing_failure_percentage_local_origin": 0,
    "failure_percentage_minimum_hosts": 5,
    "failure_percentage_request_volume": 50,
    "successful_active_health_check_uneject_host": True,
    "always_eject_one_host": False,
}


@cython.final
cdef class Monitor:
    cdef void forget(self) noexcept:
        self.consecutive_5xx = self.consecutive_gateway = self.consecutive_local = 0


@cython.final
cdef class Detector:
    def __cinit__(self, Cluster cluster not None, settings=None):
        self.cluster = cluster
        self.settings = {**DEFAULTS, **(settings or {})}

    def report(self, Endpoint host not None, int status, *, double now, random=None):
        cdef Monitor monitor = _monitor(host)
        monitor.total[0] += 1
        if not 500 <= status < 600:
            monitor.good[0] += 1
            monitor.consecutive_5xx = monitor.consecutive_gateway = 0
            return
        if status in (502, 503, 504):
            monitor.consecutive_gateway += 1
            if monitor.consecutive_gateway == self.settings["consecutive_gateway_failure"] and not _out(host):
                self._eject(host, "consecutive_gateway_failure", now, random)
                monitor.consecutive_gateway = 0
        else:
            monitor.consecutive_gateway = 0
        monitor.consecutive_5xx += 1
        if monitor.consecutive_5xx == self.settings["consecutive_5xx"] and not _out(host):
            self._eject(host, "consecutive_5xx", now, random)
            monitor.consecutive_5xx = 0

    def report_local(self, Endpoint host not None, str result not None, *, double now, random=None):
        cdef Monitor monitor
        if not self.settings["split_external_local_origin_errors"]:
            self.report(host, _STATUS[result], now=now, random=random)
            return
        monitor = _monitor(host)
        monitor.total[1] += 1
        if result == "success":
            monitor.good[1] += 1
            monitor.consecutive_local = 0
            return
        monitor.consecutive_local += 1
        if monitor.consecutive_local == self.settings["consecutive_local_origin_failure"] and not _out(host):
            self._eject(host, "consecutive_local_origin_failure", now, random)
            monitor.consecutive_local = 0

    def tick(self, double now, random=None):
        if self.started and now - self.ticked < self.settings["interval"]:
            return False
        self.started = True
        self.ticked = now
        hosts = self.cluster.endpoints
        for host in hosts:
            self._may_return(host, now)
        self._rates(hosts, 0, "success_rate", "failure_percentage", now, random)
        if self.settings["split_external_local_origin_errors"]:
            self._rates(hosts, 1, "local_origin_success_rate", "failure_percentage_local_origin", now, random)
        for host in hosts:
            monitor = _monitor(host)
            (<Monitor?>monitor).total[0] = (<Monitor?>monitor).total[1] = 0
            (<Monitor?>monitor).good[0] = (<Monitor?>monitor).good[1] = 0
        return True

    def checked(self, Endpoint host not None):
        if _out(host) and self.settings["successful_active_health_check_uneject_host"]:
            self._return(host)

    @property
    def ejected(self):
        return [host for host in self.cluster.endpoints if _out(<Endpoint?>host)]

    def _eject(self, Endpoint host not None, str cause not None, double now, random):
        cdef Monitor monitor = _monitor(host)
        cdef Py_ssize_t out = len(self.ejected)
        cdef object base = self.settings["base_ejection_time"]
        cdef object most = max(self.settings["max_ejection_time"], base)
        allowed = 100.0 * (out + 1) / len(self.cluster.endpoints) <= min(100, self.settings["max_ejection_percent"])
        if not allowed and not (self.settings["always_eject_one_host"] and out == 0):
            return
        enforcing = self.settings["enforcing_" + cause]
        if enforcing < 100 and (enforcing == 0 or draw(random) % 100 >= <uint64_t>enforcing):
            return
        monitor.ejected_at = now
        monitor.ejections += 1
        jitter = <uint64_t>(1000 * self.settings["max_ejection_time_jitter"])
        monitor.jitter = (draw(random) % (jitter + 1)) / 1000.0 if jitter else 0.0
        if monitor.backoff * base < most + base:
            monitor.backoff += 1
        host.state.flags |= OUTLIER_EJECTED
        self.cluster.refresh()

    def _may_return(self, Endpoint host not None, double now):
        cdef Monitor monitor = _monitor(host)
        cdef object base = self.settings["base_ejection_time"]
        if not _out(host):
            monitor.backoff = max(0, monitor.backoff - 1)
            return
        most = max(self.settings["max_ejection_time"], base)
        if min(base * monitor.backoff, most) + monitor.jitter <= now - monitor.ejected_at:
            self._return(host)

    def _return(self, Endpoint host not None):
        _monitor(host).forget()
        host.state.flags &= ~<unsigned int>OUTLIER_EJECTED
        self.cluster.refresh()

    def _rates(self, hosts, int origin, str success, str failure, double now, random):
        cdef Monitor monitor
        rates = []
        for host in hosts:
            monitor = _monitor(host)
            if not _out(host) and monitor.total[origin]:
                rates.append((host, 100.0 * monitor.good[origin] / monitor.total[origin], monitor.total[origin]))
        valid = [(host, rate) for host, rate, volume in rates if volume >= self.settings["success_rate_request_volume"]]
        if valid and len(valid) >= self.settings["success_rate_minimum_hosts"]:
            threshold = _threshold([rate for _, rate in valid], self.settings["success_rate_stdev_factor"] / 1000.0)
            for host, rate in valid:
                if rate < threshold:
                    self._eject(host, success, now, random)
        least = self.settings["failure_percentage_request_volume"]
        valid = [(host, rate) for host, rate, volume in rates if volume >= least]
        if valid and len(valid) >= self.settings["failure_percentage_minimum_hosts"]:
            for host, rate in valid:
                if 100.0 - rate >= self.settings["failure_percentage_threshold"] and not _out(host):
                    self._eject(host, failure, now, random)


cdef double _threshold(list rates, double factor):
    cdef double mean = sum(rates) / len(rates)
    cdef double variance = sum([(rate - mean) ** 2 for rate in rates]) / len(rates)
    return mean - factor * sqrt(variance)


cdef Monitor _monitor(Endpoint host):
    if host.state.outlier is None:
        host.state.outlier = Monitor()
    return <Monitor?>host.state.outlier


cdef bint _out(Endpoint host):
    return host.state.flags & OUTLIER_EJECTED != 0
