"""What Envoy refuses of an overload manager beyond the constraints of the API.

* Resource monitors have names of their own; so have actions, which are known ones, and each has a trigger once.
* A heap that is monitored has a size, by one of two fields.
* A trigger names a resource monitor; a scaled one rises from a lower threshold to a higher one.
* `reduce_timeouts` has a configuration of its own type, `shrink_heap` may have one, no other action has any;
  `reset_high_memory_stream` needs `buffer_factory_config`.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.api import pool
from fastroute.api.faults import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_PREFIX = "envoy.overload_actions."
_ACTIONS = frozenset(
    _PREFIX + name
    for name in (
        "disable_http_keepalive",
        "reduce_timeouts",
        "reject_incoming_connections",
        "reset_high_memory_stream",
        "shrink_heap",
        "stop_accepting_connections",
        "stop_accepting_requests",
    )
)
_REDUCES, _SHRINKS, _RESETS = (
    _PREFIX + name for name in ("reduce_timeouts", "shrink_heap", "reset_high_memory_stream")
)
_CONFIGURED = {
    _REDUCES: "envoy.config.overload.v3.ScaleTimersOverloadActionConfig",
    _SHRINKS: "envoy.config.overload.v3.ShrinkHeapConfig",
}


def manager(message: Any) -> Iterator[Complaint]:
    """An OverloadManager."""
    monitors: set[str] = set()
    for position, monitor in enumerate(message.resource_monitors):
        if monitor.name in monitors:
            wrong = f"Duplicate resource monitor {monitor.name}"
            yield f"resource_monitors{index(position)}.name", wrong, "Rename one of the two."
        monitors.add(monitor.name)
    actions: set[str] = set()
    for position, action in enumerate(message.actions):
        path = f"actions{index(position)}"
        if action.name in actions:
            yield f"{path}.name", f"Duplicate overload action {action.name}", "Keep one of the two."
        actions.add(action.name)
        yield from _action(action, path, message.HasField("buffer_factory_config"))
        yield from _triggers(action, path, monitors, f"overload action {action.name}")
    for position, point in enumerate(message.loadshed_points):
        path = f"loadshed_points{index(position)}"
        yield from _triggers(point, path, monitors, f"loadshed point {point.name}")


def _action(action: Any, path: str, buffers: bool) -> Iterator[Complaint]:
    if action.name not in _ACTIONS:
        wrong = f"Unknown Overload Manager Action {action.name}"
        yield f"{path}.name", wrong, f"Name one of {', '.join(sorted(_ACTIONS))}."
        return
    given, meant = pool.type_name(action.typed_config.type_url), _CONFIGURED.get(action.name)
    if action.HasField("typed_config") and not given and meant is not None:
        wrong = f'Overload action "{action.name}" has an invalid typed_config: type_url is empty'
        yield f"{path}.typed_config", wrong, f"Make it a {meant}, or remove it."
        return
    if action.name == _REDUCES and not given:
        yield path, f'Overload action "{action.name}" requires typed_config', f"Set typed_config to a {meant}."
    elif given and meant is None:
        wrong = f'Overload action "{action.name}" has an unexpected value for the typed_config field'
        yield f"{path}.typed_config", wrong, "Remove it."
    elif given and given != meant:
        yield f"{path}.typed_config", f"typed_config resolves to {given} instead of {meant}", f"Use a {meant}."
    if action.name == _RESETS and not buffers:
        wrong = f'Overload action "{action.name}" requires buffer_factory_config.'
        yield path, wrong, "Set overload_manager.buffer_factory_config."


def fixed_heap(message: Any) -> Iterator[Complaint]:
    """The monitor of a heap that may have so many bytes."""
    if message.HasField("max_heap_size_bytes_runtime") and message.max_heap_size_bytes:
        wrong = "fixed_heap: exactly one of max_heap_size_bytes or max_heap_size_bytes_runtime must be set"
        yield "max_heap_size_bytes_runtime", wrong, "Remove one of the two."
    elif not message.max_heap_size_bytes and not message.max_heap_size_bytes_runtime.default_value:
        yield "max_heap_size_bytes", "fixed_heap: max heap size must be greater than 0", "Set it."


def _triggers(message: Any, path: str, monitors: set[str], what: str) -> Iterator[Complaint]:
    seen: set[str] = set()
    for position, trigger in enumerate(message.triggers):
        here = f"{path}.triggers{index(position)}"
        if trigger.name not in monitors:
            wrong = f"Unknown trigger resource {trigger.name} for {what}"
            yield f"{here}.name", wrong, "Name one of resource_monitors."
        if trigger.name in seen:
            yield f"{here}.name", f"Duplicate trigger resource for {what}", "Keep one of the two."
        seen.add(trigger.name)
        scaled = trigger.scaled
        if trigger.HasField("scaled") and scaled.scaling_threshold >= scaled.saturation_threshold:
            wrong = "scaling_threshold must be less than saturation_threshold"
            yield f"{here}.scaled", wrong, "Lower scaling_threshold."
