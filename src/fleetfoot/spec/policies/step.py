"""``step``: so many tasks by how far a signal is past a threshold."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any
from fleetfoot.spec.forms import ChoiceForm, WholeForm
from fleetfoot.spec.policies.base import Cooldown, Policy, SignalName, Value, Window, signal_first, value_of
from fleetfoot.spec.steps import ADJUSTMENTS, STEPS_SCHEMA, StepRange, read_steps, step_ranges, step_wrongs
from fleetfoot.spec.units import AtLeastOne


class StepPolicy(Policy):
    """Step scaling: by how much the signal is beyond the threshold, so many tasks more or less."""

    kind: ClassVar[str] = "step"
    shapes: ClassVar[dict[str, dict[str, Any]]] = dict.fromkeys(ADJUSTMENTS, STEPS_SCHEMA)
    shape_rules: ClassVar[dict[str, Any]] = {
        "allOf": [
            {"oneOf": [{"required": ["above"]}, {"required": ["below"]}]},
            {"oneOf": [{"required": [key]} for key in ADJUSTMENTS]},
        ]
    }
    example: ClassVar[str] = "{signal: requests, above: 100/s, add: {0: 1, 50: 2, 100: 4}}"

    signal: SignalName
    """The signal to watch. Required."""
    above: Value | None = None
    """The threshold of a policy that grows, in the signal's unit. Exactly one of above and below."""
    below: Value | None = None
    """The threshold of a policy that shrinks, in the signal's unit. Exactly one of above and below."""
    add: dict[float, float] | None = None
    """With above: distance beyond the threshold -> tasks to add. A single number is the step at 0."""
    remove: dict[float, float] | None = None
    """With below: distance under the threshold -> tasks to remove."""
    percent: dict[float, float] | None = None
    """Distance -> percent of the present count; negative with below."""
    exact: dict[float, float] | None = None
    """Distance -> the exact number of tasks."""
    at_least: AtLeastOne = 1
    """With percent: the smallest change in tasks. Default 1: a percentage of a small count is not lost."""
    cooldown: Cooldown = 300_000
    """After a step, only the difference to a larger step is added. Default 5m, as AWS has it; 10s suits fast tasks."""
    period: Window = 10_000
    """The span of one datapoint. Default 10s: one noisy second is no reason."""
    datapoints: Annotated[int, WholeForm(low=1, high=100)] = 1
    """Datapoints in a row that must be beyond the threshold. Default 1: the period already smooths."""
    statistic: Annotated[str, ChoiceForm(("mean", "max", "min"))] = "mean"
    """What a datapoint says of its period. Default mean."""

    @property
    def kind_of_change(self) -> Literal["change", "percent", "exact"]:
        """How ``steps`` adjust: tasks, percent of the count at the breach, or the exact count."""
        return "percent" if self.percent is not None else "exact" if self.exact is not None else "change"

    @property
    def steps(self) -> tuple[StepRange, ...]:
        """(lower, upper, adjustment) in distance from the threshold, ascending; None is without end."""
        return step_ranges(self)

    @property
    def grows(self) -> bool:
        return self.exact is not None or self.above is not None

    @property
    def shrinks(self) -> bool:
        return self.exact is not None or self.below is not None

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        signal = signal_first(data)
        wrongs: list[Wrong] = []
        for key in ("above", "below"):
            try:
                if key in data:
                    data[key] = value_of(signal, data[key], key)
            except Wrong as wrong:
                wrongs.append(wrong)
        for key in ADJUSTMENTS:
            if data.get(key) is not None:
                data[key] = read_steps(key, data[key], signal, wrongs)
        raise_if_any(wrongs)
        return data

    @model_validator(mode="after")
    def _rules(self) -> Self:
        raise_if_any(step_wrongs(self))
        return self
