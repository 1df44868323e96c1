"""A client inside a pod: requests as lines of JSON in, answers as lines of JSON out. Standard library alone.

{"host", "port", "method", "path", "headers"} is answered by {"address", "source", "status", "headers", "body",
"seconds"}, or by {"error"} in the place of the last four. Each request has a connection of its own. `host` is looked
up as the application would, so /etc/hosts of the namespace says what it is; the header `host` may be another.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
import time

PATIENCE = 15.0


def answer(order: dict[str, object]) -> dict[str, object]:
    """Send one request."""
    host, port = str(order["host"]), int(str(order["port"]))
    begun = time.monotonic()
    found: dict[str, object] = {}
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        found["address"] = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
        connection.connect()
        found["source"] = connection.sock.getsockname()[:2]
        send(connection, order)
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
        found |= {"status": response.status, "headers": dict(response.getheaders()), "body": body}
    except (OSError, http.client.HTTPException) as error:
        found["error"] = str(error) or type(error).__name__
    finally:
        connection.close()
    return {**found, "seconds": time.monotonic() - begun}


def send(connection: http.client.HTTPConnection, order: dict[str, object]) -> None:
    """Write the request: its host header is the one that it brings, or the name that was looked up."""
    headers = [(str(name), str(value)) for name, value in order["headers"]]  # type: ignore[attr-defined]
    named = any(name.lower() == "host" for name, _ in headers)
    connection.putrequest(str(order["method"]), str(order["path"]), skip_host=named, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()


def main() -> None:
    """Answer until the input ends."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
