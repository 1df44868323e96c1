"""Route tests: the files of Envoy's router_check_tool, run against a compiled route configuration.

    from fastroute.check import run
    report = run("routes.yaml", "routes.test.yaml")
    assert report.passed

`fastroute.check.plugin` lets pytest collect such files as tests.
"""

from fastroute.check.cases import Case, read_cases
from fastroute.check.runner import CaseResult, Report, run

__all__ = ["Case", "CaseResult", "Report", "read_cases", "run"]
