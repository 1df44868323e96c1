"""Access logs of connection managers and TCP proxies, by settings of the mesh.

`accessLogFile` turns them on; `accessLogEncoding` is TEXT or JSON; `accessLogFormat` is a format string, or
for JSON an object of name to format as text. Default providers take the place of all three. Without a format
the line has the operators that Istio writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastroute.pilot.discovery.generate.names import JSON, extension
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.registry.providers import FileAccessLog

FILE: Final = "envoy.extensions.access_loggers.file.v3.FileAccessLog"
FIELDS: Final[Mapping[str, str]] = {
    "start_time": "START_TIME",
    "method": "REQ(:METHOD)",
    "path": "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)",
    "protocol": "PROTOCOL",
    "response_code": "RESPONSE_CODE",
    "response_flags": "RESPONSE_FLAGS",
    "response_code_details": "RESPONSE_CODE_DETAILS",
    "connection_termination_details": "CONNECTION_TERMINATION_DETAILS",
    "upstream_transport_failure_reason": "UPSTREAM_TRANSPORT_FAILURE_REASON",
    "bytes_received": "BYTES_RECEIVED",
    "bytes_sent": "BYTES_SENT",
    "duration": "DURATION",
    "upstream_service_time": "RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)",
    "x_forwarded_for": "REQ(X-FORWARDED-FOR)",
    "user_agent": "REQ(USER-AGENT)",
    "request_id": "REQ(X-REQUEST-ID)",
    "authority": "REQ(:AUTHORITY)",
    "upstream_host": "UPSTREAM_HOST",
    "upstream_cluster": "UPSTREAM_CLUSTER",
    "upstream_local_address": "UPSTREAM_LOCAL_ADDRESS",
    "downstream_local_address": "DOWNSTREAM_LOCAL_ADDRESS",
    "downstream_remote_address": "DOWNSTREAM_REMOTE_ADDRESS",
    "requested_server_name": "REQUESTED_SERVER_NAME",
    "route_name": "ROUTE_NAME",
}
"""Operators by the name that they have in JSON, in the order of the text."""
TOGETHER: Final = {"start_time": "[{}]", "method": '"{}', "protocol": '{}"'}
QUOTED: Final = frozenset(
    ("upstream_transport_failure_reason", "x_forwarded_for", "user_agent", "request_id", "authority", "upstream_host")
)


def access_log(view: View) -> JSON:
    """The field `access_log` of a filter; nothing where the mesh has none."""
    found = [_file(one) for one in view.mesh.access_logs]
    return {"access_log": found} if found else {}


def _file(one: FileAccessLog) -> JSON:
    if one.log_format.labels is not None:
        fields = one.log_format.labels or {name: f"%{operator}%" for name, operator in FIELDS.items()}
        line: JSON = {"json_format": dict(fields)}
    else:
        line = {"text_format_source": {"inline_string": one.log_format.text or standard_text()}}
    return extension("envoy.access_loggers.file", FILE, path=one.path, log_format=line)


def standard_text() -> str:
    """The line without a format of one's own."""
    words = (TOGETHER.get(name, '"{}"' if name in QUOTED else "{}").format(f"%{op}%") for name, op in FIELDS.items())
    return " ".join(words) + "\n"
