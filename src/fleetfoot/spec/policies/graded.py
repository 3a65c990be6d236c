"""``graded``: phases, each with its own step and its own patience."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import Field, model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any, shown
from fleetfoot.spec.forms import NUMBER, ChoiceForm, Form, plain
from fleetfoot.spec.policies.base import Policy, SignalName, Value, Window, value_of
from fleetfoot.spec.signals import unit_of
from fleetfoot.spec.units import DurationForm

LEVELS = ("off", "conservative", "moderate", "aggressive", "by urgency")
_HOLD = DurationForm(high=86_400_000)


class Phase(NamedTuple):
    """Grow by ``percent`` of the count (None: double it, whatever the level allows) after ``hold`` ms at it."""

    percent: float | None
    hold: int


class PhaseForm(Form):
    """``20% after 5m``, ``emergency after 30s``."""

    noun = "a step and how long it waits"
    examples = "20% after 5m or emergency after 30s"

    def parse(self, text: str) -> Phase:
        match = re.fullmatch(rf"(?:\+?({NUMBER}) ?%|(emergency)) +after +(.+)", text)
        if match is None:
            raise self.refuse(text)
        if match[1] is not None and not 0 < float(match[1]) <= 900:
            raise Wrong(f"{shown(text)} is out of range: write more than 0% and at most 900%")
        return Phase(None if match[2] else float(match[1]), int(_HOLD.read(match[3])))

    def python(self, value: Any) -> Phase:
        raise self.refuse(value)

    def read(self, value: Any) -> Any:
        return value if isinstance(value, Phase) else super().read(value)

    def show(self, value: Any) -> str:
        step = "emergency" if value.percent is None else f"{plain(value.percent)}%"
        return f"{step} after {_HOLD.show(value.hold)}"


#: The design notes': a share of cpu or memory -> step and patience.
SOURCE = {
    0.70: Phase(20.0, 300_000), 0.80: Phase(50.0, 180_000), 0.90: Phase(100.0, 60_000), 0.95: Phase(None, 30_000),
}  # fmt: skip


class GradedPolicy(Policy):
    """Phases: the fuller the tasks, the larger the step and the shorter the wait for it."""

    kind: ClassVar[str] = "graded"
    shapes: ClassVar[dict[str, dict[str, Any]]] = {
        "phases": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}}
    }
    example: ClassVar[str] = "{signal: cpu, level: moderate, below: 30%}"

    signal: SignalName = "cpu"
    """The signal to watch. Default cpu: the phases of the source are shares of it."""
    phases: dict[float, Annotated[Phase, PhaseForm()]] = Field(default={})
    """Value -> step and how long the signal must have been there, such as {70%: 20% after 5m, 95%: emergency after
    30s}. An emergency doubles the count, up to twice the need. Default, for cpu and memory: 70% 20% after 5m, 80% 50%
    after 3m, 90% 100% after 1m, 95% emergency after 30s."""
    level: Annotated[str, ChoiceForm(LEVELS)] = "off"
    """Bounds of one step in tasks: conservative 1 to 2, moderate 2 to 5, aggressive 4 to 10; by urgency picks one of
    them. An emergency passes them. Default off: the phases alone say."""
    below: Value | None = None
    """Shrink below this, in the signal's unit, by 1 task, or 2 where the level is aggressive. Default: it never
    shrinks."""
    calm: Annotated[int, DurationForm(high=86_400_000)] = 300_000
    """How long it must have been below, and the rest after each. Default 5m."""
    window: Window = 10_000
    """The span the signal is averaged over. Default 10s: one noisy second is no reason."""

    @property
    def shrinks(self) -> bool:
        return self.below is not None

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        signal = data.get("signal", "cpu")
        if not isinstance(signal, str):
            raise Wrong(f"must be the name of a signal, not {shown(signal)}", at=("signal",))
        wrongs: list[Wrong] = []
        try:
            if "below" in data:
                data["below"] = value_of(signal, data["below"], "below")
        except Wrong as wrong:
            wrongs.append(wrong)
        phases = data.get("phases")
        if isinstance(phases, Mapping) and phases:
            data["phases"] = _phases(signal, phases, wrongs)
        elif phases:
            wrongs.append(
                Wrong(f"must be a mapping such as {{70%: 20% after 5m}}, not {shown(phases)}", at=("phases",))
            )
        elif signal in ("cpu", "memory"):
            data["phases"] = SOURCE
        else:
            wrongs.append(Wrong(f"missing: write the phases of {signal}, value: step after time", at=("phases",)))
        raise_if_any(wrongs)
        return data

    @model_validator(mode="after")
    def _rules(self) -> Self:
        first = min(self.phases)
        if self.below is not None and not self.below < first:
            show = unit_of(self.signal).show
            raise Wrong(f"{show(self.below)} must be under the first phase, {show(first)}", at=("below",))
        return self


def _phases(signal: str, phases: Mapping[Any, Any], wrongs: list[Wrong]) -> dict[float, Phase]:
    found: dict[float, Phase] = {}
    for key, text in phases.items():
        try:
            value = value_of(signal, key, "phases", key) if isinstance(key, str) else float(key)
            if value in found:
                raise Wrong(f"{shown(key)} is there twice", at=("phases", key), on_key=True)
            found[value] = PhaseForm().read(text)
        except Wrong as wrong:
            wrongs.append(wrong if wrong.at else wrong.under("phases", key))
    return dict(sorted(found.items()))
