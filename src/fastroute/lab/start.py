"""Starting a mesh in order, and removing everything at the end, however it ends.

Ctrl-C and SIGTERM end it in order too. What a killed run left behind, the next one removes before it starts.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

from fastroute.lab import application, run
from fastroute.lab.client import Client
from fastroute.lab.containers import Json, field, with_sidecar
from fastroute.lab.control import ControlPlane
from fastroute.lab.credentials import Credentials
from fastroute.lab.manifests import Manifests
from fastroute.lab.mesh import Lab
from fastroute.lab.network import STRANGER, STRANGER_PORT, Network
from fastroute.lab.pods import Pod
from fastroute.lab.processes import Process, end_all
from fastroute.lab.users import APPLICATION, environment
from fastroute.pilot.agent.binary import find_binary
from fastroute.pilot.inject.values import Values
from fastroute.pilot.profiles import PROFILES

SIDE_BY_SIDE = 3
"""Pods that are started at the same time."""
Say = Callable[[str], None]


@contextlib.contextmanager
def mesh(source: Path, profile: str = "current", *, mode: str = "REDIRECT", say: Say = lambda _: None) -> Iterator[Lab]:
    """The mesh that the manifests in `source` describe, every pod ready; LabError when one does not come up."""
    for name in run.remove_leftovers():
        say(f"removed what a killed run had left: {name}")
    this = run.Run.of_this_process()
    with contextlib.ExitStack() as ending:
        ending.enter_context(_terminated())
        ending.callback(run.remove, this)
        this.home.mkdir(mode=0o711)
        yield _start(this, source, profile, mode, say, ending)


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """SIGTERM ends like Ctrl-C, where we may say so: in the main thread."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before: Any = signal.signal(signal.SIGTERM, stop)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start(this: run.Run, source: Path, profile: str, mode: str, say: Say, ending: contextlib.ExitStack) -> Lab:
    manifests = Manifests.copy(source, this.home / "manifests")
    manifests.set_mesh(defaultConfig={**manifests.mesh.get("defaultConfig", {}), "interceptionMode": mode})
    hosts = _hosts(manifests)
    network = Network.make(this, _addresses(manifests, "istiod"), hosts)
    say(f"node: namespace {network.node.name}, bridge, discovery server, a stranger at {STRANGER}:{STRANGER_PORT}")
    control = ControlPlane(network.node, manifests.directory, profile, this.home)
    words = [str(Path(application.__file__)), "stranger", "v1", STRANGER, str(STRANGER_PORT), str(application.PORT)]
    stranger = Process(
        "stranger",
        network.node.inside(*APPLICATION.command(sys.executable, *words)),
        this.home / "stranger.log",
        environment(),
    )
    ending.callback(end_all, [control.process, stranger])
    lab = Lab(this, profile, manifests, network, control, {})
    _make_pods(lab, _injected(manifests, control, profile), hosts)
    ending.callback(_end_pods, lab)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as workers:
        list(workers.map(Pod.redirect, lab.pods.values()))
    control.wait()
    for pod in lab.pods.values():
        pod.start()
    for pod in lab.pods.values():
        pod.wait()
        lab.clients[pod.short] = Client(pod.space)
        say(f"pod {pod.short}: {pod.address}, Envoy runs as {pod.user.uid}:{pod.user.gid}")
    lab.changed()
    return lab


def _end_pods(lab: Lab) -> None:
    for client in lab.clients.values():
        client.close()
    end_all([process for pod in lab.pods.values() for process in pod.processes])


def _injected(manifests: Manifests, control: ControlPlane, profile: str) -> list[Json]:
    """The pods with what the injector adds, by the settings of the mesh and of this machine."""
    config = {
        **manifests.mesh.get("defaultConfig", {}),
        "binaryPath": str(find_binary()),
        "concurrency": 1,
        "discoveryAddress": control.address,
        "fileFlushInterval": "100ms",
        "proxyStatsMatcher": {"inclusionPrefixes": ["listener."]},
        "terminationDrainDuration": "0s",
    }
    values = Values(PROFILES[profile], proxy_config=config)
    found = (with_sidecar(pod, str(file), values) for file, pod in manifests.objects("Pod"))
    return [pod for pod in found if pod is not None]


def _make_pods(lab: Lab, injected: list[Json], hosts: str) -> None:
    credentials = Credentials(lab.control.authority)
    for number, manifest in enumerate(injected):
        labels = manifest["metadata"]["labels"]
        short = f"{labels['app']}-{labels['version']}"
        space = lab.network.join(number, short, field(manifest, "status.podIP"), hosts)
        home = lab.run.home / short
        home.mkdir()
        pod = Pod(manifest, space, home, lab.profile)
        credentials.project(home, pod.namespace, pod.account)
        lab.pods[pod.name] = pod


def _hosts(manifests: Manifests) -> str:
    """What /etc/hosts says in every pod: no cluster DNS is here, so it holds the names of the services."""
    lines = ["127.0.0.1 localhost"]
    for _, service in manifests.objects("Service"):
        name, namespace = service["metadata"]["name"], service["metadata"].get("namespace", "default")
        full = f"{name}.{namespace}"
        short = [name] if namespace == "default" else []
        names = [*short, full, f"{full}.svc", f"{full}.svc.cluster.local"]
        lines.append(f"{service['spec']['clusterIP']} {' '.join(names)}")
    return "\n".join(lines) + "\n"


def _addresses(manifests: Manifests, name: str) -> list[str]:
    """The addresses of a service and of its pods."""
    service = next(one for _, one in manifests.objects("Service") if one["metadata"]["name"] == name)
    selector = service["spec"]["selector"].items()
    pods = [one for _, one in manifests.objects("Pod") if selector <= one["metadata"]["labels"].items()]
    return [service["spec"]["clusterIP"], *(field(pod, "status.podIP") for pod in pods)]
