"""The policy ``forecast`` in the simulated world: before the ramp where the past has one, in nobody's way where not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from fleetfoot.sim.service import plan_of
from fleetfoot.sim.simulate import Simulated, simulate
from fleetfoot.spec import loads

BEGIN = int(datetime(2026, 3, 9, 7, 30, tzinfo=UTC).timestamp())  # a Monday
RAMP = 1800  # s after that: eight in the morning


def rate(at: float) -> float:
    """40/s by night and 240/s from eight to six, at once."""
    return 240.0 if 8 * 3600 <= at % 86_400 < 18 * 3600 else 40.0


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five such days."""
    file = tmp_path_factory.mktemp("past") / "past.csv"
    times = range(BEGIN - 5 * 86_400, BEGIN, 300)
    file.write_text("timestamp,value\n" + "\n".join(f"{at},{rate(at)}" for at in times))
    return file


def run(policies: str, quiet: bool = False, maximum: int = 40) -> Simulated:
    text = f"""
services:
  shop:
    run: x
    target: dryrun
    capacity: {{min: 2, max: {maximum}}}
    task: {{throughput: 20/s, startup: 4m}}
    policies: [{policies}]
"""
    service = loads(text).services["shop"]
    rates = np.array([40.0 if quiet else rate(BEGIN + second) for second in range(3600)])
    return simulate(service, rates, plan_of(service).setup, start=BEGIN * 1000)


def foreseen(past: Path, mode: str = "forecast and scale") -> str:
    return f"default, {{forecast: {{mode: {mode}, history: {past}}}}}"


def first_growth(found: Simulated) -> int:
    return next(found.second(decision) for decision in found.decisions if decision.desired > decision.current)


def test_tasks_serve_before_the_ramp_that_every_day_had(past: Path) -> None:
    without, with_it = run("default"), run(foreseen(past))
    assert first_growth(without) >= RAMP
    assert first_growth(with_it) < RAMP - 240 - 300  # start-up, and most of the buffer
    assert without.score.seconds_over > 200
    assert with_it.score.seconds_over == 0


def test_forecast_only_changes_nothing(past: Path) -> None:
    told, without = run(foreseen(past, "forecast only")), run("default")
    assert [d.desired for d in told.decisions] == [d.desired for d in without.decisions]


def test_a_morning_without_the_ramp_costs_tasks_and_no_requests_and_ends(past: Path) -> None:
    found = run(foreseen(past), quiet=True)
    assert found.score.seconds_over == 0
    assert found.run.tasks(lambda change: change.desired).max() > 10
    assert found.decisions[-1].desired < 10


def test_a_breach_orders_more_than_the_maximum_only_where_that_may_be_raised(past: Path) -> None:
    tight = "forecast: {mode: forecast and scale, history: %s, on breach: %s}"
    held, raised = (run("default, {" + tight % (past, word) + "}", maximum=15) for word in ("hold", "raise"))
    assert max(d.desired for d in held.decisions) == 15
    assert 15 < max(d.desired for d in raised.decisions) <= 30
