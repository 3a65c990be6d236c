"""Signals: what the engine sees. Built-in ones come by themselves; others are declared here.

The table ``UNITS`` gives each built-in signal the unit its thresholds are written in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import Field

from fleetfoot.spec.errors import Wrong, did_you_mean, shown
from fleetfoot.spec.forms import ChoiceForm, Form, NumberForm, TextForm
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
SOURCES = ("balancer", "agent")
SOURCES_LATER = ("cloudwatch", "file", "postgres", "prometheus", "redis", "sqs")


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


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]{0,79}", text):
        raise Wrong(f"{shown(text)} is not allowed: write letters, digits, '_' and '.', such as app.jobs")
    return text


class SignalSpec(Part):
    """One signal of the user's own, as a plain number in the source's own unit."""

    example: ClassVar[str] = "{from: agent, metric: app.jobs, period: 1s}"

    source: Annotated[str, ChoiceForm(SOURCES, SOURCES_LATER)] = Field(alias="from")
    """Where it comes from: the balancer in front of the tasks, or the agent inside them. Required."""
    metric: Annotated[str, TextForm("the name of a metric", "app.jobs", _name)] | None = None
    """The source's own name for it. Default: the signal's name."""
    period: Annotated[int, DurationForm(low=100, high=3_600_000)] = 1000
    """How often a new value is expected; older than three periods counts as stale. Default 1s: one tick."""
    absent: Annotated[str, ChoiceForm(("hold", "ignore"))] = "hold"
    """When it does not come: hold refuses to shrink, ignore goes on without it. Default hold:
    what cannot be seen is not small."""
