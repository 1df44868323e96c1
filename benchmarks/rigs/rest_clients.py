"""N connections that poll a REST discovery service, each R times, as fast as it answers. `rest_clients.py PORT N R`

Prints {"rate": responses a second, "bytes": of the last body, "resources": how many it holds}
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

PATH = "/v3/discovery:clusters"
last = b""


def request(number: int) -> bytes:
    """A poll of a proxy that has another version."""
    node = {"id": f"c{number}", "cluster": "all", "build_version": "h/1.40.0/Clean/RELEASE"}
    body = json.dumps({"version_info": "0", "node": node}).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def poll(port: int, number: int, rounds: int) -> None:
    global last
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    asked = request(number)
    for _ in range(rounds):
        writer.write(asked)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        last = await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
    writer.close()


async def main(port: int, count: int, rounds: int) -> None:
    await poll(port, 0, 1)
    begin = time.perf_counter()
    await asyncio.gather(*(poll(port, number, rounds) for number in range(count)))
    rate = count * rounds / (time.perf_counter() - begin)
    print(json.dumps({"rate": rate, "bytes": len(last), "resources": len(json.loads(last)["resources"])}), flush=True)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
