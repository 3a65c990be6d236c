"""Step adjustments, AWS form: ranges of the distance from the threshold, without gap or overlap.

In a file a step is written by its lower bound: ``{0: 1, 50: 2}`` adds 1 from the threshold on and 2
from 50 beyond it. For ``below`` the distances count downward.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fleetfoot.spec.errors import Wrong, listed, shown
from fleetfoot.spec.forms import Form, NumberForm, plain
from fleetfoot.spec.signals import unit_of
from fleetfoot.spec.units import RateForm

if TYPE_CHECKING:
    from fleetfoot.spec.policies.step import StepPolicy

ADJUSTMENTS = ("add", "remove", "percent", "exact")
STEPS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": ["number", "string"]},
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["number", "string"]}},
    ]
}
StepRange = tuple[float | None, float | None, float]
_EXAMPLE = {"add": "{0: 1, 50: 2}", "remove": "{0: 1}", "percent": "{0: 10, 50: 30}", "exact": "{0: 4, 50: 8}"}


def _distance_form(signal: str) -> Form:
    unit = unit_of(signal)
    return RateForm(bare=True) if isinstance(unit, RateForm) else unit


def read_steps(key: str, value: Any, signal: str, wrongs: list[Wrong]) -> Any:
    """``{distance: adjustment}`` as numbers; errors are appended to ``wrongs``."""
    if isinstance(value, (str, int, float)):
        value, alone = {"0": value}, True
    else:
        alone = False
    if not isinstance(value, Mapping) or not value:
        wrongs.append(Wrong(f"must be a mapping such as {_EXAMPLE[key]}, not {shown(value)}", at=(key,)))
        return None
    steps: dict[float, float] = {}
    for distance, adjustment in value.items():
        at = (key,) if alone else (key, distance)
        try:
            bound = float(_distance_form(signal).read(distance))
        except Wrong as wrong:
            wrongs.append(Wrong(f"{wrong.message} (a distance from the threshold)", at=at, on_key=True))
            continue
        if bound in steps:
            wrongs.append(Wrong(f"overlap: a step at {shown(distance)} is there already", at=at, on_key=True))
            continue
        try:
            steps[bound] = _adjustment(key, adjustment)
        except Wrong as wrong:
            wrongs.append(wrong.under(*at))
    return steps


def _adjustment(key: str, value: Any) -> float:
    if key == "percent" and isinstance(value, str):
        value = value.strip().removesuffix("%").rstrip()
    number = float(NumberForm().read("" if value is None else value))
    if key == "percent":
        return number
    if number != int(number) or number < 0:
        raise Wrong(f"{shown(value)} is not a number of tasks: write a whole number from 0")
    return number


def step_wrongs(policy: StepPolicy) -> list[Wrong]:
    """Everything wrong with a step policy whose single values are right."""
    wrongs = _exclusive(policy)
    given = [key for key in ADJUSTMENTS if getattr(policy, key) is not None]
    if wrongs or len(given) != 1:
        return wrongs
    key, steps = given[0], getattr(policy, given[0])
    direction = "above" if policy.above is not None else "below"
    if (key, direction) in (("add", "below"), ("remove", "above")):
        other = "remove" if key == "add" else "add"
        message = f"{key} does not go with {direction}"
        wrongs.append(Wrong(message, at=(key,), on_key=True, suggestion=f"write '{other}'"))
    if key != "percent" and "at_least" in policy.model_fields_set:
        wrongs.append(Wrong("at least goes with percent only", at=("at least",), on_key=True))
    if key == "percent":
        wrongs += [
            Wrong(
                f"{plain(value)} is the wrong way: {direction} {'grows' if direction == 'above' else 'shrinks'}",
                at=(key,),
                suggestion=f"write {plain(-value)}",
            )
            for value in steps.values()
            if (value < 0) == (direction == "above") and value != 0
        ]
    first = min(steps)
    if first > 0:
        show = _distance_form(policy.signal).show(first)
        message = f"gap: nothing is said of distances from 0 to {show}; let the first step begin at 0"
        wrongs.append(Wrong(message, at=(key,)))
    elif first < 0:
        wrongs.append(Wrong("a distance is not negative: the threshold itself is 0", at=(key,)))
    return wrongs


def _exclusive(policy: StepPolicy) -> list[Wrong]:
    wrongs = []
    if policy.above is None and policy.below is None:
        wrongs.append(Wrong("missing: write above or below", at=("above",), about=[("below",)]))
    if policy.above is not None and policy.below is not None:
        wrongs.append(Wrong("above and below exclude each other: write two policies", at=("below",), on_key=True))
    given = [key for key in ADJUSTMENTS if getattr(policy, key) is not None]
    if not given:
        about = [(key,) for key in ADJUSTMENTS]
        wrongs.append(Wrong(f"missing: write one of {listed(ADJUSTMENTS)}", at=("add",), about=about))
    for key in given[1:]:
        message = f"{given[0]} and {key} exclude each other: write one"
        wrongs.append(Wrong(message, at=(key,), on_key=True))
    return wrongs


def step_ranges(policy: StepPolicy) -> tuple[StepRange, ...]:
    """The steps in the AWS form, ascending."""
    steps = next((s for s in (policy.add, policy.remove, policy.percent, policy.exact) if s is not None), {})
    sign = -1.0 if policy.remove is not None else 1.0
    bounds: list[float | None] = [*sorted(steps), None]
    ranges = [(low, high, sign * steps[low]) for low, high in pairwise(bounds) if low is not None]
    if policy.below is None:
        return tuple(ranges)
    return tuple((None if high is None else -high, -low or 0.0, a) for low, high, a in reversed(ranges))
