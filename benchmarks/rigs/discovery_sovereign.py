"""sovereign over the clusters of a mesh of N services; it polls nothing and renders no text. `discovery_sovereign.py N`

Its template is Python and gives the same dictionaries each time, the fastest that it can be given. Prints its port once
it listens.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench_discovery import PROXY, service

from fastroute.pilot.discovery import generate
from fastroute.pilot.discovery.registry.directory import assemble, parse

TEMPLATE = """
import json
RESOURCES = json.load(open({path!r}))
def call(**_):
    return RESOURCES
"""


def configure(directory: Path, clusters: list[dict[str, Any]]) -> None:
    """Its configuration, in the environment that it reads."""
    data, code = directory / "clusters.json", directory / "clusters.py"
    data.write_text(json.dumps(clusters))
    code.write_text(TEMPLATE.format(path=str(data)))
    template = {"type": "clusters", "spec": {"protocol": "python", "path": str(code)}}
    config = directory / "sovereign.json"
    quiet = {"access_logs": {"enabled": False}}
    settings = {"templates": {"default": [template]}, "template_context": {"context": {}}, "logging": quiet}
    config.write_text(json.dumps(settings))
    os.environ["SOVEREIGN_CONFIG"] = f"file+json://{config}"


def main(count: int) -> None:
    made = generate(assemble([[parse(f"s{number}.json", service(number)) for number in range(count)]]), PROXY)
    with tempfile.TemporaryDirectory() as directory:
        configure(Path(directory), [dict(one) for one in made.resources["clusters"]])
        os.chdir(directory)
        import uvicorn
        from sovereign.app import app

        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
            threading.Thread(target=announce, args=(server, listener.getsockname()[1]), daemon=True).start()
            server.run(sockets=[listener])


def announce(server: Any, port: int) -> None:
    while not server.started:
        time.sleep(0.05)
    os.write(OUTPUT, (json.dumps({"port": port}) + "\n").encode())


OUTPUT = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever it logs
main(int(sys.argv[1]))
