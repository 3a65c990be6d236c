"""``target``: hold a signal at a value."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any
from fleetfoot.spec.part import Sugar
from fleetfoot.spec.policies.base import Policy, SignalName, Value, ValueForm, Window, signal_first, value_of
from fleetfoot.spec.signals import TOTALS
from fleetfoot.spec.units import Flag, ShareForm


class TargetPolicy(Policy):
    """Target tracking: as many tasks as bring the signal to the value."""

    kind: ClassVar[str] = "target"
    shape_rules: ClassVar[dict[str, Any]] = {"oneOf": [{"required": ["value"]}, {"required": ["per task"]}]}
    example: ClassVar[str] = "{signal: cpu, value: 70%}"
    hidden: ClassVar[frozenset[str]] = frozenset({"per_task"})
    sugar: ClassVar[dict[str, Sugar]] = {
        "per task": Sugar(
            ValueForm.noun,
            "",
            "In place of value: the share of the signal one serving task should carry, such as 14/s. "
            "Needed for signals that count all tasks together: requests, completed, in_flight, queue.",
        )
    }

    signal: SignalName
    """The signal to track. Required."""
    value: Value
    """What the signal should be, in its unit. Required, unless `per task` is written."""
    per_task: bool = Field(default=False, alias="per_task")
    """Whether ``value`` is meant per serving task."""
    window: Window = 10_000
    """The span the signal is averaged over. Default 10s: shorter follows noise, longer follows late."""
    tolerance: Annotated[float, ShareForm(low=0, high=0.5)] = 0.1
    """How far from the value nothing is done. Default 10%: less would flap."""
    scale_in: Flag = True
    """Whether it may also shrink. Default on; with off it is a policy for surges only."""

    @property
    def shrinks(self) -> bool:
        return self.scale_in

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        signal = signal_first(data)
        if "per task" in data:
            if "value" in data:
                raise Wrong("value and per task exclude each other: write one", at=("per task",), on_key=True)
            data["value"], data["per_task"] = value_of(signal, data.pop("per task"), "per task"), True
        elif "value" in data:
            data["value"] = value_of(signal, data["value"], "value")
        elif "per_task" not in data:
            raise Wrong("missing: write value or per task", at=("value",), about=[("per task",)])
        return data

    @model_validator(mode="after")
    def _sane(self) -> Self:
        key = "per task" if self.per_task else "value"
        wrongs = []
        if self.value <= 0:
            wrongs.append(Wrong("must be more than 0", at=(key,)))
        if self.signal in TOTALS and not self.per_task:
            message = f"{self.signal} counts all tasks together and does not fall when tasks are added"
            suggestion = "write 'per task' in place of value"
            wrongs.append(Wrong(message, at=(key,), about=[("per task",)], on_key=True, suggestion=suggestion))
        if self.signal in ("latency", "errors", "cpu", "memory") and self.per_task:
            message = f"{self.signal} is not shared out among tasks"
            wrongs.append(Wrong(message, at=(key,), on_key=True, suggestion="write 'value' in place of per task"))
        raise_if_any(wrongs)
        return self
