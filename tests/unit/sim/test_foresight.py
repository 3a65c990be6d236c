"""The forecast in simulation: it knows the past of virtual time, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from fleetfoot.core.model import Signal, State
from fleetfoot.sim.feed import Measured
from fleetfoot.sim.foresight import Foresight, foresight_of
from fleetfoot.spec import Service
from fleetfoot.spec.policies import ForecastPolicy
from fleetfoot.spec.units import DurationForm
from tests.unit.predict.made import MONDAY, daily

DAY = 86_400
LEAD = DurationForm().read("10m") // 1000 + 30


class World:
    """What was measured, at any moment."""

    def __init__(self, rate: Callable[[float], float]) -> None:
        self.rate = rate

    def total(self, column: int, begin: int, end: int) -> float:
        return self.rate(MONDAY + begin) * (end - begin)


def made(history: str = "journal") -> Foresight:
    service = Service(name="orders", run="x", policies=(ForecastPolicy(history=history),))
    found = foresight_of(service, MONDAY * 1000)
    assert found is not None
    return found


def heard(one: Foresight, rate: Callable[[float], float], days: float) -> Signal:
    """``forecast.upper`` after so many days."""
    world = cast("Measured", World(rate))
    for second in range(0, round(days * DAY) + 1, 300):
        signals = one.signals(second * 1000, world)
    return signals["forecast.upper"]


def test_nothing_is_forecast_before_two_days_are_over() -> None:
    one = made()
    assert heard(one, daily, 1.9).state is State.MISSING
    assert "a forecast needs two seasons" in one.speaker.why


def test_on_the_third_day_the_morning_is_known_beforehand() -> None:
    upper = heard(made(), daily, 2 + 6 / 24)  # six in the morning, rising
    assert upper.state is State.FRESH
    assert upper.value == pytest.approx(daily(MONDAY + 2 * DAY + 6 * 3600 + LEAD), rel=0.1)


def test_a_service_without_the_policy_has_no_foresight() -> None:
    assert foresight_of(Service(name="orders", run="x"), 0) is None


def test_of_a_history_file_only_what_lies_before_virtual_time_counts(tmp_path: Path) -> None:
    def file(name: str, later: float) -> str:
        rows = [f"{at},{daily(at) if at < MONDAY else later}" for at in range(MONDAY - 3 * DAY, MONDAY + 3 * DAY, 300)]
        path = tmp_path / name
        path.write_text("timestamp,value\n" + "\n".join(rows))
        return str(path)

    quiet, loud = made(file("a.csv", 0.0)), made(file("b.csv", 9_999.0))
    first = heard(quiet, daily, 0.25)
    assert first.state is State.FRESH
    assert heard(loud, daily, 0.25) == first
