"""``hpa``: Kubernetes' HorizontalPodAutoscaler, rule for rule."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any
from fleetfoot.spec.forms import ChoiceForm
from fleetfoot.spec.part import Part
from fleetfoot.spec.policies.base import Policy, SignalName, Value, Window, signal_first, value_of
from fleetfoot.spec.signals import TOTALS
from fleetfoot.spec.units import Allowance, AllowanceForm, DurationForm, ShareForm

FORMS = ("utilisation", "each", "per task", "value")
SHARES = ("cpu", "memory")

_Tolerance = Annotated[float, ShareForm(low=0, high=0.5)]
_Stabilisation = Annotated[int, DurationForm(high=3_600_000)]
_Rates = tuple[Annotated[Allowance, AllowanceForm()], ...]
_Select = Annotated[str, ChoiceForm(("max", "min", "off"))]


class HpaMetric(Part):
    """One metric of `hpa`: the signal, and exactly one of the four kinds of target an HPA knows."""

    shape_rules: ClassVar[dict[str, Any]] = {"oneOf": [{"required": [key]} for key in FORMS]}
    example: ClassVar[str] = "{signal: cpu, utilisation: 60%}"

    signal: SignalName
    """The signal to watch. Required."""
    utilisation: Annotated[float, ShareForm(low=0.01, high=10)] | None = None
    """Resource metric, Utilization: the share of cpu or memory each task should use."""
    each: Value | None = None
    """Pods or resource metric, AverageValue: what each serving task should show by itself, such as 14/s."""
    per_task: Value | None = None
    """Object or external metric, AverageValue: the share of a total each task should carry, such as 14/s."""
    value: Value | None = None
    """Object or external metric, Value: what the signal should be, whatever the count."""
    window: Window = 30_000
    """The span a sample stands for. Default 30s: between the 15s and 60s of metrics-server."""

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        signal = signal_first(data)
        wrongs: list[Wrong] = []
        for key in ("each", "per task", "value"):
            try:
                if key in data:
                    data[key] = value_of(signal, data[key], key)
            except Wrong as wrong:
                wrongs.append(wrong)
        raise_if_any(wrongs)
        return data

    @property
    def form(self) -> str:
        """Which of ``FORMS`` is written."""
        found = dict(zip(FORMS, (self.utilisation, self.each, self.per_task, self.value), strict=True))
        return next(form for form, value in found.items() if value is not None)

    @property
    def target(self) -> float:
        """What is written for ``form``, in the signal's unit."""
        written = (self.utilisation, self.each, self.per_task, self.value)
        return next(value for value in written if value is not None)

    @model_validator(mode="after")
    def _rules(self) -> Self:
        values = (self.utilisation, self.each, self.per_task, self.value)
        written = [form for form, value in zip(FORMS, values, strict=True) if value is not None]
        if len(written) != 1:
            about = [(form,) for form in written]
            raise Wrong("write exactly one of utilisation, each, per task and value", at=("signal",), about=about)
        wrongs = []
        if written[0] == "utilisation" and self.signal not in SHARES:
            wrongs.append(Wrong("is for cpu and memory: write each, per task or value", at=(written[0],), on_key=True))
        if written[0] == "per task" and self.signal not in TOTALS and self.signal in (*SHARES, "latency", "errors"):
            wrongs.append(Wrong(f"{self.signal} is not shared out among tasks: write each", at=("per task",)))
        if round(1000 * self.target) < 1:
            wrongs.append(Wrong("must be at least 0.001: an HPA reckons in thousandths", at=(written[0],)))
        raise_if_any(wrongs)
        return self


class HpaRules(Part):
    """One direction of an HPA's behavior."""

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        if isinstance(data.get("rates"), str):
            data["rates"] = [data["rates"]]
        if isinstance(data.get("rates"), list) and not data["rates"]:
            raise Wrong("is empty: write at least one rate, such as 4 per 15s", at=("rates",))
        return data


class HpaOut(HpaRules):
    """Scale-out: the scaleUp of an HPA's behavior."""

    example: ClassVar[str] = "{stabilisation: 0s, rates: [4 per 15s, 100% per 15s], select: max}"

    stabilisation: _Stabilisation = 0
    """stabilizationWindowSeconds: the lowest wish of this long counts. Default 0, as Kubernetes has it."""
    rates: _Rates = (Allowance(4, "tasks", 15_000), Allowance(100, "percent", 15_000))
    """policies: how many may be added. Default 4 or 100% within 15s, as Kubernetes has it."""
    select: _Select = "max"
    """selectPolicy: which of the rates counts; off adds none. Default max, as Kubernetes has it."""
    tolerance: _Tolerance = 0.1
    """How far above its target a metric changes nothing. Default 10%, as Kubernetes has it."""


class HpaIn(HpaRules):
    """Scale-in: the scaleDown of an HPA's behavior."""

    example: ClassVar[str] = "{stabilisation: 5m, rates: 100% per 15s, select: max}"

    stabilisation: _Stabilisation = 300_000
    """stabilizationWindowSeconds: the highest wish of this long counts. Default 5m, as Kubernetes has it."""
    rates: _Rates = (Allowance(100, "percent", 15_000),)
    """policies: how many may be removed. Default 100% within 15s, as Kubernetes has it."""
    select: _Select = "max"
    """selectPolicy: which of the rates counts; off removes none. Default max, as Kubernetes has it."""
    tolerance: _Tolerance = 0.1
    """How far under its target a metric changes nothing. Default 10%, as Kubernetes has it."""


class HpaPolicy(Policy):
    """`hpa`: Kubernetes' HorizontalPodAutoscaler, rule for rule."""

    kind: ClassVar[str] = "hpa"
    example: ClassVar[str] = "{metrics: [{signal: cpu, utilisation: 60%}]}"

    metrics: tuple[HpaMetric, ...]
    """What it looks at; the metric that wants most tasks wins. Required."""
    out: HpaOut | None = None
    """Scale-out rules. With neither out nor in it does as an HPA without behavior: at most doubled a sync, or 4."""
    in_: HpaIn | None = None
    """Scale-in rules. Default with out written: those of Kubernetes."""
    sync: Annotated[int, DurationForm(low=1000, high=3_600_000)] = 15_000
    """How often it decides. Default 15s, as Kubernetes has it; between two it holds to what it said."""

    @property
    def grows(self) -> bool:
        return self.out is None or self.out.select != "off"

    @property
    def shrinks(self) -> bool:
        return self.in_ is None or self.in_.select != "off"

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        if isinstance(data.get("metrics"), (list, tuple)) and not data["metrics"]:
            raise Wrong(f"is empty: write at least one metric, such as {HpaMetric.example}", at=("metrics",))
        return data

    def signals(self) -> list[tuple[tuple[str | int, ...], str]]:
        return [(("metrics", number, "signal"), metric.signal) for number, metric in enumerate(self.metrics)]
