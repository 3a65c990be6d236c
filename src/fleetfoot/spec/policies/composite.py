"""``composite``: several signals weighed into one score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import Field, model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any, shown
from fleetfoot.spec.policies.base import Cooldown, Policy, Window, value_of
from fleetfoot.spec.signals import unit_of
from fleetfoot.spec.units import AtLeastOne, ShareForm


class Weighed(NamedTuple):
    """A signal, its weight, and the values above and under which it speaks, in its unit."""

    signal: str
    weight: float
    up: float
    down: float


DEFAULTS = (
    Weighed("cpu", 0.25, 0.7, 0.3),
    Weighed("memory", 0.15, 0.8, 0.4),
    Weighed("latency", 0.30, 2000.0, 500.0),
    Weighed("errors", 0.15, 0.05, 0.01),
    Weighed("queue", 0.10, 100.0, 10.0),
    Weighed("app.users", 0.05, 1000.0, 200.0),
)
_NUMBERS = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
_KEYS = ("weights", "up", "down")


class CompositePolicy(Policy):
    """Signals weighed into one score for more tasks and one for fewer. Without a word: cpu 25%, memory 15%, latency
    30%, errors 15%, queue 10% and the users the app counts 5%, those of them that the service gives.
    """

    kind: ClassVar[str] = "composite"
    shapes: ClassVar[dict[str, dict[str, Any]]] = dict.fromkeys(_KEYS, _NUMBERS)
    example: ClassVar[str] = "{weights: {latency: 50%, memory: 0}, up: {latency: 1s}, down: {latency: 200ms}}"

    weights: dict[str, float] = Field(default={})
    """Signal -> its weight, beside those above; 0 leaves it out. They need not add up: what is seen is the whole."""
    up: dict[str, float] = Field(default={})
    """Signal -> the value above which it speaks for more, in its unit. Default: cpu 70%, memory 80%, latency 2s,
    errors 5%, queue 100, app.users 1000."""
    down: dict[str, float] = Field(default={})
    """Signal -> the value under which it speaks for fewer. Default: cpu 30%, memory 40%, latency 500ms, errors 1%,
    queue 10, app.users 200."""
    medium: Annotated[float, ShareForm(above=0, high=10)] = 0.2
    """Growth at a score over 0.3, as a share of the count, one task at the least. Default 20%: the gentlest phase."""
    high: Annotated[float, ShareForm(above=0, high=10)] = 0.5
    """Growth at a score over 0.6. Default 50%: the phase after it."""
    remove: AtLeastOne = 1
    """Tasks to remove at a score for fewer over 0.5. Default 1: the gentlest step."""
    cooldown: Cooldown = 300_000
    """Rest after a change before the same policy's next one. Default 5m, as AWS has it."""
    window: Window = 10_000
    """The span the signals are averaged over. Default 10s: one noisy second is no reason."""

    @property
    def rows(self) -> tuple[Weighed, ...]:
        """What is weighed: the defaults with what is written in their place, then the rest that is written."""
        known = {row.signal: row for row in DEFAULTS}
        found = [
            Weighed(name, self.weights.get(name, known[name].weight if name in known else 0.0), *bounds)
            for name in dict.fromkeys([*known, *self.weights])
            if (bounds := self._bounds(name, known.get(name))) is not None
        ]
        return tuple(row for row in found if row.weight > 0)

    def _bounds(self, name: str, known: Weighed | None) -> tuple[float, float] | None:
        up = self.up.get(name, known.up if known else None)
        down = self.down.get(name, known.down if known else None)
        return None if up is None or down is None else (up, down)

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        wrongs: list[Wrong] = []
        for key in _KEYS:
            if data.get(key) is None:
                continue
            if not isinstance(data[key], Mapping):
                wrongs.append(Wrong(f"must be a mapping such as {{cpu: 50%}}, not {shown(data[key])}", at=(key,)))
                continue
            values = {}
            for signal, value in data[key].items():
                try:
                    bound = "" if value is None else value
                    share = key == "weights"
                    values[signal] = ShareForm().read(value) if share else value_of(signal, bound, key, signal)
                except Wrong as wrong:
                    wrongs.append(wrong if wrong.at else wrong.under(key, signal))
            data[key] = values
        raise_if_any(wrongs)
        return data

    @model_validator(mode="after")
    def _rules(self) -> Self:
        known = {row.signal for row in DEFAULTS}
        wrongs = []
        for key in ("up", "down"):
            for signal, value in getattr(self, key).items():
                if signal not in known and signal not in self.weights:
                    wrongs.append(
                        Wrong(f"{signal} has no weight: write it under weights", at=(key, signal), on_key=True)
                    )
                if value <= 0:
                    wrongs.append(Wrong("must be more than 0", at=(key, signal)))
        for signal, weight in self.weights.items():
            lacking = [key for key in ("up", "down") if signal not in known and signal not in getattr(self, key)]
            if lacking and weight > 0:
                wrongs.append(Wrong(f"missing: write {' and '.join(lacking)} for {signal}", at=("weights", signal)))
        for row in self.rows:
            if not row.down < row.up:
                show = unit_of(row.signal).show
                key = "down" if row.signal in self.down else "up"
                message = f"{row.signal}: down {show(row.down)} must be under up {show(row.up)}"
                wrongs.append(Wrong(message, at=(key, row.signal)))
        if not wrongs and not self.rows:
            wrongs.append(Wrong("leaves nothing to weigh: give one signal a weight", at=("weights",)))
        raise_if_any(wrongs)
        return self

    def signals(self) -> list[tuple[tuple[str | int, ...], str]]:
        written = [(("weights", name), name) for name in self.weights]
        return [*written, *(((), row.signal) for row in self.rows if row.signal not in self.weights)]
