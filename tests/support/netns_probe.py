"""A process inside a network namespace that listens on ports, sends, and tells which listener got what.

Started by `support.netns`; speaks JSON lines on stdin and stdout:

    {"op": "send", "protocol", "source", "destination", "port", "uid", "gid", "token"}   {"ok": true}
    {"op": "got", "token", "wait"}                                                    {"port": 15006} or {"port": null}

The owner of a socket is who creates it, so `send` changes the effective identity around `socket()` only.
Arguments: the TCP ports, the UDP ports, and those that listen transparently, comma separated.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from typing import Any

FAMILIES = ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"))
IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75


def listen(kind: int, port: int, transparent: bool) -> list[socket.socket]:
    opened = []
    for family, wildcard in FAMILIES:
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if transparent:
            level, option = (0, IP_TRANSPARENT) if family == socket.AF_INET else (41, IPV6_TRANSPARENT)
            listener.setsockopt(level, option, 1)
        listener.bind((wildcard, port))
        if kind == socket.SOCK_STREAM:
            listener.listen(64)
        opened.append(listener)
    return opened


def send(order: dict[str, Any]) -> bool:
    kind = socket.SOCK_STREAM if order["protocol"] == "tcp" else socket.SOCK_DGRAM
    family = socket.AF_INET6 if ":" in order["destination"] else socket.AF_INET
    os.setegid(order["gid"])
    os.seteuid(order["uid"])
    try:
        sender = socket.socket(family, kind)
    finally:
        os.seteuid(0)
        os.setegid(0)
    with sender:
        sender.settimeout(2)
        try:
            if order["source"]:
                sender.bind((order["source"], 0))
            sender.connect((order["destination"], order["port"]))
            sender.sendall(order["token"].encode())
        except OSError:
            return False
        return True


def got(listeners: dict[socket.socket, int], seen: dict[str, int], token: str, wait: float) -> int | None:
    deadline = time.monotonic() + wait
    while token not in seen and (left := deadline - time.monotonic()) > 0:
        for ready in select.select(list(listeners), [], [], left)[0]:
            seen[receive(ready)] = listeners[ready]
    return seen.get(token)


def receive(ready: socket.socket) -> str:
    if ready.type == socket.SOCK_DGRAM:
        return ready.recv(200).decode()
    connection, _ = ready.accept()
    with connection:
        connection.settimeout(1)
        return connection.recv(200).decode()


def main() -> None:
    tcp, udp, transparent = ([int(port) for port in text.split(",") if port] for text in sys.argv[1:4])
    listeners: dict[socket.socket, int] = {}
    for kind, ports in ((socket.SOCK_STREAM, tcp), (socket.SOCK_DGRAM, udp)):
        for port in ports:
            listeners.update(dict.fromkeys(listen(kind, port, port in transparent), port))
    seen: dict[str, int] = {}
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order["op"] == "send":
            answer: dict[str, Any] = {"ok": send(order)}
        else:
            answer = {"port": got(listeners, seen, order["token"], order["wait"])}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
