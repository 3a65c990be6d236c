"""``thresholds``: grow when any is above, shrink when all are below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any, shown
from fleetfoot.spec.policies.base import Cooldown, Policy, Window, value_of
from fleetfoot.spec.signals import unit_of
from fleetfoot.spec.units import AtLeastOne

_THRESHOLDS_SCHEMA = {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "number"]}}


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
    cooldown: Cooldown = 300_000
    """Rest after a change before the same policy's next one. Default 5m, as AWS has it."""
    window: Window = 10_000
    """The span the signals are averaged over. Default 10s: one noisy second is no reason."""

    @property
    def grows(self) -> bool:
        return bool(self.out_any)

    @property
    def shrinks(self) -> bool:
        return bool(self.in_all)

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

    def signals(self) -> list[tuple[tuple[str | int, ...], str]]:
        found: list[tuple[tuple[str | int, ...], str]] = [(("out when any", signal), signal) for signal in self.out_any]
        return found + [(("in when all", signal), signal) for signal in self.in_all]
