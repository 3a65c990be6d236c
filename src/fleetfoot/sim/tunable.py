"""What may be tuned, in one table: the numbers of a policy, and the guards that decide how fast it lets go.

A range is where searching makes sense; the bounds of the spec hold besides. Signals' own thresholds are searched
around what is written, because only their author knows their unit.
"""

from __future__ import annotations

from math import exp, log
from typing import Any, NamedTuple

from fleetfoot.spec import Service
from fleetfoot.spec.forms import Form, WholeForm
from fleetfoot.spec.part import Part

AROUND = 4.0  # times less and more than what is written, where the range is relative


class Range(NamedTuple):
    """Where a number is searched; ``low`` and ``high`` None: around what is written. ``log``: by its logarithm."""

    low: float | None = None
    high: float | None = None
    log: bool = True


WINDOW = Range(1_000, 120_000)
SHARE = Range(0.3, 0.95, log=False)

#: policy kind -> field -> range
POLICIES: dict[str, dict[str, Range]] = {
    "default": {"utilisation": SHARE},
    "slo": {"spare": Range(0, 4, log=False)},
    "target": {"value": Range(), "window": WINDOW, "tolerance": Range(0.01, 0.3, log=False)},
    "step": {"above": Range(), "below": Range(), "cooldown": Range(1_000, 600_000), "period": WINDOW},
    "graded": {"below": Range(), "calm": Range(30_000, 900_000), "window": WINDOW},
    "adaptive": {"add": Range(1, 8, log=False), "cooldown": Range(1_000, 600_000), "window": WINDOW},
    "thresholds": {"add": Range(1, 8, log=False), "cooldown": Range(1_000, 600_000), "window": WINDOW},
    "composite": {
        "medium": Range(0.05, 1),
        "high": Range(0.1, 2),
        "remove": Range(1, 8, log=False),
        "cooldown": Range(1_000, 600_000),
        "window": WINDOW,
    },
    "backlog": {"per_task": Range(), "drain": Range(), "age": Range(), "activation": Range(0, 100, log=False)},
    "forecast": {"buffer": Range(60_000, 3_600_000), "utilisation": SHARE},
    "hpa": {},  # it is what another scaler does: a better one is another policy
}
#: part of ``guards`` -> field -> range
GUARDS: dict[str, dict[str, Range]] = {
    "stabilisation": {"in_": Range(5_000, 900_000)},
    "cooldown": {"in_": Range(1_000, 300_000)},
}

Settings = dict[str, float]


class Key(NamedTuple):
    """One number of a service: ``policies.0.utilisation`` or ``guards.stabilisation.in``."""

    path: str
    form: Form
    low: float
    high: float
    log: bool
    present: float

    def at(self, share: float) -> float:
        """The value at ``share`` 0..1 of the range, as the spec reads it."""
        if self.log:
            value = exp(log(self.low) + share * (log(self.high) - log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        return self.read(value)

    def read(self, value: float) -> float:
        """``value`` rounded as a person would write it, within range and bounds."""
        value = min(max(float(f"{value:.2g}"), self.low), self.high)
        if isinstance(self.form, WholeForm) or self.low >= 1_000:
            value = round(value)
        return float(self.form.read(value))

    def share(self, value: float) -> float:
        """The inverse of ``at``; outside the range its nearest end."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return (log(value) - log(self.low)) / (log(self.high) - log(self.low))
        return (value - self.low) / (self.high - self.low)

    def show(self, value: float) -> str:
        """As it is written in a file."""
        return self.form.show(int(value) if value == int(value) else value)


def keys_of(service: Service) -> tuple[Key, ...]:
    """The numbers of ``service`` that may be tuned."""
    found: list[Key] = []
    for number, policy in enumerate(service.policies):
        for name, within in POLICIES.get(policy.kind, {}).items():
            found += _key(policy, name, f"policies.{number}", within)
    for part, fields in GUARDS.items():
        for name, within in fields.items():
            found += _key(getattr(service.guards, part), name, f"guards.{part}", within)
    return tuple(found)


def _key(part: Part, name: str, where: str, within: Range) -> list[Key]:
    present = getattr(part, name)
    if present is None:
        return []
    field = type(part).model_fields[name]
    form = form_of(field)
    low = present / AROUND if within.low is None else within.low
    high = present * AROUND if within.high is None else within.high
    low = max(low, form.low) if form.low is not None else low
    high = min(high, form.high) if form.high is not None else high
    path = f"{where}.{field.alias or name}"
    return [Key(path, form, low, high, within.log and low > 0, float(present))] if low < high else []


def form_of(field: Any) -> Form:
    """How the value of a model's field is read and shown."""
    inner = [m for arg in getattr(field.annotation, "__args__", ()) for m in getattr(arg, "__metadata__", ())]
    return next(m for m in [*field.metadata, *inner] if isinstance(m, Form))


def changed(service: Service, settings: Settings) -> Service:
    """``service`` with other numbers, by path."""
    policies, guards = list(service.policies), service.guards
    for path, value in settings.items():
        where, name, key = path.split(".", 2)
        if where == "policies":
            policies[int(name)] = _with(policies[int(name)], key, value)
        else:
            guards = guards.model_copy(update={name: _with(getattr(guards, name), key, value)})
    return service.model_copy(update={"policies": tuple(policies), "guards": guards})


def _with(part: Any, key: str, value: float) -> Any:
    fields = type(part).keys()
    name = fields.get(key, key)
    whole = isinstance(getattr(part, name), int) and not isinstance(getattr(part, name), bool)
    return part.model_copy(update={name: round(value) if whole else value})
