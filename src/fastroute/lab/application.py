"""The four services of bookinfo, and a stranger: `application.py NAME VERSION ADDRESS PORT…`. Standard library alone.

Every answer is JSON and says who gave it (header x-served-by). A call made for a request carries the request's own
headers that a trace or a rule needs (PASSED_ON), as the authors of bookinfo's services did it.

| service | paths | calls |
|---|---|---|
| productpage | /productpage | details, reviews |
| reviews v2, v3 | /reviews/ID | ratings |
| any | every other path | nobody |
"""

from __future__ import annotations

import http.client
import http.server
import json
import sys
import threading
from collections.abc import Iterable
from urllib.parse import urlsplit

PORT = 9080
PASSED_ON = ("x-request-id", "end-user", "user-agent", "traceparent", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled")
PATIENCE = {"v2": 10.0, "v3": 2.5}
"""Seconds that a version of reviews waits for ratings."""


def calls(name: str, version: str, path: str) -> list[tuple[str, str]]:
    """The calls that a request makes a service make: host and path of each, in order."""
    path = urlsplit(path).path
    if name == "productpage" and path == "/productpage":
        return [("details", "/details/0"), ("reviews", "/reviews/0")]
    if name == "reviews" and version in PATIENCE and path.startswith("/reviews/"):
        return [("ratings", f"/ratings/{path.rpartition('/')[2]}")]
    return []


def passed_on(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers of a request that the calls for it carry."""
    return {name.lower(): value for name, value in headers if name.lower() in PASSED_ON}


def content(name: str, version: str) -> dict[str, object]:
    """What a service knows by itself."""
    if name == "ratings":
        return {"stars": {"Reviewer1": 5, "Reviewer2": 4}}
    if name == "details":
        return {"title": "The Comedy of Errors", "pages": 200}
    return {"version": version}


def get(host: str, path: str, headers: dict[str, str], patience: float) -> dict[str, object]:
    """A call to another service by its name: its status and what it says."""
    connection = http.client.HTTPConnection(host, PORT, timeout=patience)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        return {"status": answer.status, "answer": json.loads(body) if answer.status == 200 else body}
    except OSError as error:
        return {"status": 0, "answer": str(error) or type(error).__name__}
    finally:
        connection.close()


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves in one piece
    name = version = ""

    def answer(self) -> None:
        """Say what has come, read a body if there is one, make the calls, answer."""
        self.say(f"{self.command} {self.path} host={self.headers.get('host')} id={self.headers.get('x-request-id')}")
        self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = passed_on(self.headers.items())
        patience = PATIENCE.get(self.version, 10.0)
        made = {host: get(host, path, headers, patience) for host, path in calls(self.name, self.version, self.path)}
        seen = {"client": self.client_address[0], "path": self.path, "host": self.headers.get("host")}
        body = json.dumps({"service": self.name, "seen": seen, **content(self.name, self.version), **made}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("x-served-by", f"{self.name}-{self.version}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815

    def say(self, words: str) -> None:
        """One line in the pod's application log: who called, and what for."""
        sys.stderr.write(f"from={self.client_address[0]} {words}\n")
        sys.stderr.flush()

    def log_message(self, format: str, *arguments: object) -> None:
        """What the server says by itself: the answer's status, or why a request is none."""
        self.say(format % arguments)


class Server(http.server.ThreadingHTTPServer):
    """A server that takes many clients at once."""

    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """A client that went away is none of our errors."""
        sys.stderr.write(f"{client_address}: {sys.exc_info()[1]!r}\n")


def main(name: str, version: str, address: str, *ports: str) -> None:
    """Serve for ever."""
    Handler.name, Handler.version = name, version
    first, *others = (Server((address, int(port)), Handler) for port in ports)
    for server in others:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    first.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
