"""The pod of the examples, as inputs of the agent."""

from __future__ import annotations

from dataclasses import replace

from fastroute.pilot.agent.inputs import Inputs, read_described
from support.shared import ROOT

EXAMPLE = ROOT / "examples" / "bookinfo"


def productpage(**environment: str) -> Inputs:
    """productpage's pod, with further or other environment variables."""
    inputs = replace(read_described(EXAMPLE, "productpage"), mesh={})
    return replace(inputs, environment={**inputs.environment, **environment})
