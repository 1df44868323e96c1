"""A discovery server over a mesh of N services in memory; commands on standard input. `discovery_server.py N WHAT`

ready N   waits for N streams        push R   R times: another rule of one service (WHAT is `routes`, so that routes
memory    resident bytes                      are sent to all) or another policy of one (`clusters`)
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench_discovery import one_policy, service, timeout

from fastroute.pilot.discovery.registry.directory import assemble, parse
from fastroute.pilot.discovery.server.limits import Limits
from fastroute.pilot.discovery.server.service import DiscoveryServer


async def main(count: int, what: str) -> None:
    files = [parse(f"s{number}.json", service(number)) for number in range(count)]
    changed = [timeout(7, seconds) if what == "routes" else one_policy(seconds) for seconds in (1, 2)]
    states = [assemble([files, [one]]) for one in changed]
    with tempfile.TemporaryDirectory() as empty:
        server = DiscoveryServer(empty, debounce=3600, limits=Limits(new_streams=10_000, requests=1e6))
        await server.update(states[0])
        say(port=await server.start())
        loop = asyncio.get_running_loop()
        while words := (await loop.run_in_executor(None, sys.stdin.readline)).split():
            if words[0] == "ready":
                while sum(synced(one) for one in server.connections) < int(words[1]):
                    await asyncio.sleep(0.05)
                say(clients=len(server.connections))
            elif words[0] == "memory":
                say(bytes=resident())
            else:
                rounds = int(words[1])
                begin, used = time.perf_counter(), time.process_time()
                for number in range(rounds):
                    await server.update(states[(number + 1) % 2])
                    await server.quiet()
                while not all(synced(one) for one in server.connections):
                    await asyncio.sleep(0.0005)
                seconds = time.perf_counter() - begin
                sent = rounds * len(server.connections)
                say(rate=sent / seconds, of_cpu=sent / (time.process_time() - used))


def synced(one: object) -> bool:
    session = one.session  # type: ignore[attr-defined]
    if session is None or one.waiting is not None or len(session.watches) < 4:  # type: ignore[attr-defined]
        return False
    return all(watch.sent_nonce == watch.acked_nonce for watch in session.watches.values())


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def say(**words: object) -> None:
    print(json.dumps(words), flush=True)


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
