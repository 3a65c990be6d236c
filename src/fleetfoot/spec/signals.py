"""Signals: what the engine sees. Built-in ones come by themselves; others are declared here.

The table ``UNITS`` gives each built-in signal the unit its thresholds are written in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from fleetfoot.spec.errors import Wrong, did_you_mean, listed, raise_if_any, shown
from fleetfoot.spec.forms import ChoiceForm, Form, NumberForm, TextForm, VerbatimForm, matching
from fleetfoot.spec.formula import Formula, FormulaForm
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import DurationForm, RateForm, ShareForm

UNITS: dict[str, Form] = {
    "requests": RateForm(),
    "completed": RateForm(),
    "latency": DurationForm(),
    "errors": ShareForm(),
    "cpu": ShareForm(high=None),  # a burst may use more than its share
    "memory": ShareForm(high=None),
    "in_flight": NumberForm(low=0),
    "queue": NumberForm(low=0),
}
TOTALS = ("requests", "completed", "in_flight", "queue")
"""Signals that do not fall when tasks are added: target tracking reads them per task."""

_AGENT_UNITS = {f"app.{name}": UNITS[name] for name in ("requests", "errors", "latency", "in_flight", "queue")}
LONGEST_P95 = 600_000
"""ms: a quantile is worked out anew every second."""
SOURCES = ("balancer", "agent", "cloudwatch", "sqs")
SOURCES_LATER = ("file", "postgres", "prometheus", "redis")
SQS_METRICS = ("depth", "visible", "in_flight")
OWN_KEYS = {"cloudwatch": ("namespace", "dimensions", "stat"), "sqs": ("queue",)}
"""What only signals of one source have."""


def unit_of(signal: str) -> Form:
    """The unit thresholds of ``signal`` are written in; a plain number for signals of the user's own."""
    return UNITS.get(signal) or _AGENT_UNITS.get(signal) or NumberForm()


def is_built_in(signal: str) -> bool:
    """Whether ``signal`` comes without being declared."""
    return signal in UNITS or (signal.startswith("app.") and len(signal) > 4)


def unknown_signal(
    signal: str, declared: Iterable[str] = (), *, at: tuple[str | int, ...] = (), on_key: bool = False
) -> Wrong:
    """The error for a policy that names a signal nobody gives."""
    known = [*UNITS, *declared]
    message = f"{shown(signal)} is no signal: built in are {', '.join(UNITS)} and app.NAME; others stand under signals"
    about = [("signals", signal)] if at[:1] == ("policies",) else []
    return Wrong(message, at=at, about=about, on_key=on_key, suggestion=did_you_mean(signal, known))


_name = matching(
    r"[A-Za-z0-9_][A-Za-z0-9_.]{0,79}", "is not allowed: write letters, digits, '_' and '.', such as app.jobs"
)
_namespace = matching(
    r"[A-Za-z0-9_./#:-]{1,255}", "is no namespace of CloudWatch: write AWS/ApplicationELB or MyApp/Performance"
)
_stat = matching(
    r"Average|Sum|Minimum|Maximum|SampleCount|p(100|[0-9]{1,2}(\.[0-9]{1,2})?)",
    "is no statistic of CloudWatch: write Average, Sum, Minimum, Maximum, SampleCount or p95",
)
_queue = matching(
    r"[A-Za-z0-9_-]{1,80}(\.fifo)?", "is no name of a queue: write orders-in or orders-in.fifo, and no URL"
)


CLASSES = {"infrastructure": 60_000, "application": 30_000, "business": 300_000, "external": 60_000}
"""Class of metric -> ms between two of its values, where nobody says another."""
FIRST_PERIODS = {"cloudwatch": 60_000, "sqs": 5000}


class SignalSpec(Part):
    """One signal and its contract: how it is read, and what it may do, whichever policy reads it. A signal of the
    user's own is a plain number in the source's own unit; a built-in one has no `from`, `metric`, `period` or `class`.
    """

    shapes: ClassVar[dict[str, dict[str, Any]]] = {
        "dimensions": {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
    }
    example: ClassVar[str] = "{from: agent, metric: app.jobs, period: 1s}"

    source: Annotated[str, ChoiceForm(SOURCES, SOURCES_LATER)] | None = Field(default=None, alias="from")
    """Where it comes from: the balancer in front of the tasks, the agent inside them, a metric of CloudWatch or the
    depth of an SQS queue. Required, but for a built-in signal and a formula."""
    formula: Annotated[Formula, FormulaForm()] | None = None
    """In place of from: what it is made of, such as `app.failed / app.orders`; it may read the signals above it."""
    metric: Annotated[str, TextForm("the name of a metric", "app.jobs", _name)] | None = None
    """The source's own name for it; of sqs depth (visible and in flight together), visible or in_flight. Default: the
    signal's name; of sqs depth; cloudwatch needs it."""
    namespace: Annotated[str, TextForm("a namespace", "AWS/ApplicationELB", _namespace)] | None = None
    """CloudWatch's namespace of the metric. Required with from: cloudwatch."""
    dimensions: dict[str, Annotated[str, VerbatimForm()]] = Field(default={})
    """CloudWatch's dimensions, all of them: a metric with others is another one. Default: none."""
    stat: Annotated[str, TextForm("a statistic", "Average, Sum or p95", _stat)] = "Average"
    """CloudWatch's own statistic of one period; what is made of several periods is `statistic`. Default Average."""
    queue: Annotated[str, TextForm("the name of a queue", "orders-in", _queue)] | None = None
    """The queue's name. Required with from: sqs."""
    class_: Annotated[str, ChoiceForm(tuple(CLASSES))] | None = None
    """What kind of metric it is, which sets its period: infrastructure 1m, application 30s, business 5m, external 1m.
    Default: none, and so the period's own default."""
    period: Annotated[int, DurationForm(low=100, high=3_600_000)] = 1000
    """How often a new value is expected; older than three periods counts as stale. Default 1s: one tick; 1m of
    cloudwatch, where it is the metric's own period; 5s of sqs."""
    max_age: Annotated[int, DurationForm(low=100, high=86_400_000)] | None = None
    """How old it may be before it is stale, no shorter than its period. Default: three periods."""
    window: Annotated[int, DurationForm(low=1000, high=3_600_000)] | None = None
    """The span its statistic is of, in place of its policies' own. Default: as each policy says."""
    statistic: Annotated[str, ChoiceForm(("mean", "max", "min", "p95"))] = "mean"
    """What is read of that span; p95 of at most 10m. Default mean. `step` has periods and a statistic of its own."""
    tolerance: Annotated[float, ShareForm(low=0, high=0.5)] | None = None
    """How far from its value a `target` does nothing, in place of the policy's own. Default: as each policy says."""
    gain: Annotated[float, NumberForm(low=0.1, high=2)] | None = None
    """How much of the way to what the ratio asks for a `target` goes, from the serving tasks on. Default 1: all."""
    absent: Annotated[str, ChoiceForm(("zero", "hold", "ignore", "fallback"))] = "zero"
    """When it is not there. Gone (missing, stale, absurd), it holds every scale-in, and so does an empty answer with
    hold; ignore goes on without it; fallback puts a value in its place, which may only add tasks. Default zero: an
    empty answer, and nothing else, counts as zero; of cloudwatch hold, which is as silent when nobody publishes."""
    fallback: Annotated[float, NumberForm(low=0)] | None = None
    """The value of absent: fallback, which need not be written beside it."""
    role: Annotated[str, ChoiceForm(("votes", "vetoes", "advises"))] = "votes"
    """What it may do: votes counts as ever; vetoes may only refuse a scale-in; advises is told, and scales nothing.
    Default votes."""

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        if "fallback" in data:
            data.setdefault("absent", "fallback")
        kind = data.get("class", data.get("class_"))
        if kind in CLASSES and "period" not in data:
            data["period"] = CLASSES[kind]
        source = data.get("from", data.get("source"))
        if source in FIRST_PERIODS and not {"formula", "period"} & data.keys():
            data["period"] = FIRST_PERIODS[source]
        if source == "cloudwatch":
            data.setdefault("absent", "hold")
        return data

    @model_validator(mode="after")
    def _rules(self) -> Self:
        wrongs = []
        if (self.absent == "fallback") != (self.fallback is not None):
            text = "missing: write its value, such as fallback: 40"
            unused = f"is not used with absent: {self.absent}"
            wrongs.append(Wrong(text if self.fallback is None else unused, at=("fallback",), about=[("absent",)]))
        if self.max_age is not None and self.max_age < self.period:
            show = DurationForm().show
            message = f"{show(self.max_age)} is shorter than the period {show(self.period)}: it would always grow stale"
            wrongs.append(Wrong(message, at=("max age",), about=[("period",)]))
        if self.statistic == "p95" and (self.window or 0) > LONGEST_P95:
            wrongs.append(Wrong("a p95 is taken over at most 10m: write a shorter window", at=("window",)))
        raise_if_any(wrongs)
        return self

    def misfits(self, name: str) -> list[Wrong]:
        """What is written that does not go with the signal's ``name``; paths from the signal."""
        if not is_built_in(name):
            return self._made_or_from()
        keys = {"source": "from", "formula": "formula", "metric": "metric", "class_": "class", "period": "period"}
        clash = f"{name} is built in and comes by itself: remove it, or choose another name for the signal"
        wrongs = [Wrong(clash, at=(key,), on_key=True) for field, key in keys.items() if field in self.model_fields_set]
        if self.absent == "fallback":
            wrongs.append(Wrong(f"{name} is built in: it has no fallback", at=("fallback",), on_key=True))
        return wrongs

    def _made_or_from(self) -> list[Wrong]:
        if self.formula is None:
            missing = f"missing: write {listed(SOURCES)}, or formula"
            return self._of_source() if self.source else [Wrong(missing, at=("from",), about=[("formula",)])]
        keys = {"source": "from", "metric": "metric", "class_": "class", "period": "period"}
        return [
            Wrong(f"a formula has no {key}: remove it", at=(key,), on_key=True)
            for field, key in keys.items()
            if field in self.model_fields_set
        ]

    def _of_source(self) -> list[Wrong]:
        """What the source it names needs, and what belongs to another one."""
        wrongs = [
            Wrong(f"is used with from: {source} only: remove it", at=(key,), on_key=True)
            for source, keys in OWN_KEYS.items()
            for key in keys
            if source != self.source and key in self.model_fields_set
        ]
        if self.source == "cloudwatch":
            needs = {"metric": "such as CPUUtilization", "namespace": "such as AWS/ApplicationELB"}
            wrongs += [Wrong(f"missing: from: cloudwatch needs it, {such}", at=(key,))
                       for key, such in needs.items() if getattr(self, key) is None]  # fmt: skip
            if self.period not in (1000, 5000, 10_000, 20_000, 30_000) and self.period % 60_000:
                wrongs.append(Wrong("CloudWatch's periods are 1s, 5s, 10s, 20s, 30s and whole minutes", at=("period",)))
        if self.source == "sqs" and self.queue is None:
            wrongs.append(Wrong("missing: from: sqs needs the queue's name, such as orders-in", at=("queue",)))
        if self.source == "sqs" and self.metric not in (None, *SQS_METRICS):
            wrongs.append(Wrong(f"of a queue there are {listed(SQS_METRICS)}", at=("metric",)))
        return wrongs
