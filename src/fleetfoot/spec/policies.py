"""``policies``: how many tasks are wanted. A policy is a bare word or a mapping with one key.

A new policy is one class here and one line in ``KINDS``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, model_validator

from fleetfoot.spec.errors import Many, Wrong, did_you_mean, listed, nearest, raise_if_any, shown
from fleetfoot.spec.forms import ChoiceForm, Form, NumberForm, TextForm, WholeForm
from fleetfoot.spec.part import Part, Sugar
from fleetfoot.spec.signals import TOTALS, UNITS, is_built_in, unit_of, unknown_signal
from fleetfoot.spec.steps import ADJUSTMENTS, STEPS_SCHEMA, StepRange, read_steps, step_ranges, step_wrongs
from fleetfoot.spec.units import AtLeastOne, Count, DurationForm, Flag, ShareForm


class ValueForm(Form):
    """A value in the unit of the policy's signal; ``rewrite`` has read it already."""

    noun = "a value in the signal's unit"
    examples = "100/s, 800ms, 70% or 40"

    def parse(self, text: str) -> float:
        return float(NumberForm().read(text))

    def python(self, value: Any) -> float:
        return float(super().python(value))

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"]}


_THRESHOLDS_SCHEMA = {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "number"]}}


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9 _-]{0,39}", text):
        raise Wrong(f"{shown(text)} is not allowed: a name is 1 to 40 small letters, digits, spaces, '_' and '-'")
    return text


Name = Annotated[str, TextForm("a name", "requests", _name)]
SignalName = Annotated[str, TextForm("the name of a signal", "requests, latency or cpu")]
Value = Annotated[float, ValueForm()]
Window = Annotated[int, DurationForm(low=1000, high=3_600_000)]
_Cooldown = Annotated[int, DurationForm(high=86_400_000)]


def value_of(signal: str, value: Any, *at: str) -> Any:
    """``value`` in the unit of ``signal``; what is no text is left as it is.

    A misspelt built-in signal is told as that: its value cannot be judged.
    """
    if not isinstance(value, str):
        return value
    try:
        return unit_of(signal).read(value)
    except Wrong as wrong:
        if not is_built_in(signal) and nearest(signal, UNITS):
            named = at if at[-1] == signal else ("signal",)
            raise unknown_signal(signal, at=named, on_key=named is at) from None
        raise Wrong(f"{wrong.message} (the unit of {signal})", at=at, suggestion=wrong.suggestion) from None


class Policy(Part):
    """What all policies have."""

    kind: ClassVar[str] = ""

    name: Name = ""
    """Its name in reasons and in memory, unique in the service. Default: its kind; a second one is step-2."""

    def signals(self) -> list[tuple[tuple[str, ...], str]]:
        """The signals it reads, each with the path of the key that names it."""
        signal = getattr(self, "signal", None)
        return [(("signal",), signal)] if signal else []


class DefaultPolicy(Policy):
    """Requests per serving task at a share of what a task carries, sped up by the queue."""

    kind: ClassVar[str] = "default"
    example: ClassVar[str] = "{utilisation: 70%}"

    utilisation: Annotated[float, ShareForm(low=0.05, high=1)] = 0.7
    """How full a task should be, as a share of its throughput. Default 70%: room for a surge while tasks start."""


class SloPolicy(Policy):
    """`slo`: the fewest tasks that keep the objective at the moment a task ordered now would serve, by the queue's
    model: a forecast with the margin its own errors taught, surges that come back, and relief for a backlog.
    """

    kind: ClassVar[str] = "slo"
    example: ClassVar[str] = "{spare: 1}"

    spare: Count = 0
    """Tasks beyond what the model asks for. Default 0: its margin is learnt."""


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

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        signal = _signal_first(data)
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
    cooldown: _Cooldown = 300_000
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

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        signal = _signal_first(data)
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


class ThresholdsPolicy(Policy):
    """Grow when any signal is above its threshold, shrink when all are below theirs."""

    kind: ClassVar[str] = "thresholds"
    shapes: ClassVar[dict[str, dict[str, Any]]] = dict.fromkeys(("out when any", "in when all"), _THRESHOLDS_SCHEMA)
    example: ClassVar[str] = "{out when any: {cpu: 80%, latency: 800ms}, in when all: {cpu: 30%}}"

    out_any: dict[str, float] = Field(default={}, alias="out when any")
    """Signal -> the value above which it grows, in the signal's unit."""
    in_all: dict[str, float] = Field(default={}, alias="in when all")
    """Signal -> the value below which it may shrink; every one of them must be below."""
    add: AtLeastOne = 1
    """Tasks to add. Default 1: the gentlest step."""
    remove: AtLeastOne = 1
    """Tasks to remove. Default 1: the gentlest step."""
    cooldown: _Cooldown = 300_000
    """Rest after a change before the same policy's next one. Default 5m, as AWS has it."""
    window: Window = 10_000
    """The span the signals are averaged over. Default 10s: one noisy second is no reason."""

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        wrongs: list[Wrong] = []
        for key in ("out when any", "in when all"):
            if key not in data:
                continue
            if not isinstance(data[key], Mapping):
                message = f"must be a mapping such as {{cpu: 80%}}, not {shown(data[key])}"
                wrongs.append(Wrong(message, at=(key,)))
                continue
            values = {}
            for signal, value in data[key].items():
                try:
                    values[signal] = value_of(signal, value if value is not None else "", key, signal)
                except Wrong as wrong:
                    wrongs.append(wrong)
            data[key] = values
        raise_if_any(wrongs)
        return data

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if not self.out_any and not self.in_all:
            raise Wrong("missing: write 'out when any', 'in when all' or both", at=("out when any",))
        wrongs = []
        for signal, value in self.in_all.items():
            if signal in self.out_any and not value < self.out_any[signal]:
                show = unit_of(signal).show
                message = f"{show(value)} must be under the {show(self.out_any[signal])} of 'out when any'"
                at = ("in when all", signal)
                wrongs.append(Wrong(message, at=at, about=[("out when any", signal)]))
        raise_if_any(wrongs)
        return self

    def signals(self) -> list[tuple[tuple[str, ...], str]]:
        found: list[tuple[tuple[str, ...], str]] = [(("out when any", signal), signal) for signal in self.out_any]
        return found + [(("in when all", signal), signal) for signal in self.in_all]


KINDS: dict[str, type[Policy]] = {
    p.kind: p for p in (DefaultPolicy, SloPolicy, TargetPolicy, StepPolicy, ThresholdsPolicy)
}
KINDS_LATER = ("schedule", "forecast")


def _signal_first(data: dict[str, Any]) -> str:
    """The signal's name, without which no threshold has a unit."""
    signal = data.get("signal")
    if signal is None:
        raise Wrong("missing: write the signal to watch, such as requests, latency or cpu", at=("signal",))
    if not isinstance(signal, str):
        raise Wrong(f"must be the name of a signal, not {shown(signal)}", at=("signal",))
    return signal.strip()


def read_policy(item: Any) -> Any:
    """A bare word or a one-key mapping -> the policy. Raises ``Wrong`` or ``Many``."""
    if isinstance(item, Policy):
        return item
    kinds = listed(KINDS)
    if isinstance(item, str):
        kind, body = item.strip(), None
    elif isinstance(item, Mapping) and len(item) == 1:
        kind, body = next(iter(item.items()))
    else:
        raise Wrong(f"must be one policy ({kinds}) with its settings, such as - step: {StepPolicy.example}")
    at: tuple[str, ...] = () if isinstance(item, str) else (kind,)
    if kind in KINDS_LATER:
        raise Wrong(f"policy {shown(kind)} is not built yet: allowed is {kinds}", at=at, on_key=True)
    if kind not in KINDS:
        message = f"{shown(kind)} is no policy: allowed is {kinds}"
        raise Wrong(message, at=at, on_key=True, suggestion=did_you_mean(kind, KINDS))
    try:
        return KINDS[kind].model_validate({} if body is None else body)
    except ValidationError as error:
        if isinstance(item, str):
            message = f"policy {kind} needs settings: write {kind}: {KINDS[kind].example}"
            raise Wrong(message) from None
        raise Many(inner=error, prefix=at) from None


PolicySpec = Annotated[SerializeAsAny[Policy], BeforeValidator(read_policy)]


def with_names(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    """Every policy named, uniquely. Raises ``Many`` when a written name is there twice."""
    taken: dict[str, int] = {}
    wrongs = []
    for index, policy in enumerate(policies):
        if policy.name and taken.setdefault(policy.name, index) != index:
            wrongs.append(
                Wrong(f"{shown(policy.name)} is there twice: names are unique", at=(index, policy.kind, "name"))
            )
    raise_if_any(wrongs)
    named, numbers = [], dict.fromkeys(KINDS, 1)
    for policy in policies:
        name = policy.name or policy.kind
        while not policy.name and name in taken:
            numbers[policy.kind] += 1
            name = f"{policy.kind}-{numbers[policy.kind]}"
        taken.setdefault(name, -1)
        named.append(policy.model_copy(update={"name": name}))
    return tuple(named)
