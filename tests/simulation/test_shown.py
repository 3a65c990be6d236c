"""What scalers of the simulated world are shown, and when."""

from __future__ import annotations

import numpy as np
import pytest

from fleetfoot.sim import layout as k
from fleetfoot.sim.clocks import clocks
from fleetfoot.sim.live import SOURCES, engine
from fleetfoot.sim.measuring import friendly, per_second
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.world import run
from fleetfoot.traffic.shapes import step
from tests.simulation.scripts import SERVICE, STEADY, Script


def test_a_scaler_sees_only_whole_periods_that_its_source_has_shown_by_then() -> None:
    rates = np.arange(200.0)
    looked = Script({}, lambda now, feed: feed.points("requests", 20_000, 5_000, 2))
    found = run(rates, Setup(), looked, initial=20)
    seen = looked.shown
    assert seen[24_000] == []
    assert seen[25_000] == pytest.approx([found.arrivals[:20].mean()])
    assert seen[64_000] == pytest.approx([found.arrivals[i : i + 20].mean() for i in (0, 20)])
    assert seen[65_000] == pytest.approx([found.arrivals[i : i + 20].mean() for i in (20, 40)])


def test_means_are_over_what_was_measured_so_far() -> None:
    looked = Script({}, lambda now, feed: {name: feed.mean(name, 60_000, 10_000) for name in NAMES})
    found = run(STEADY, Setup(), looked, initial=4)
    assert looked.shown[10_000] == dict.fromkeys(NAMES)
    shown = looked.shown[100_000]
    assert isinstance(shown, dict)
    rows = found.rows[30:90]
    assert shown["requests"] == pytest.approx(rows[:, k.REQUESTS].mean())
    assert shown["concurrency"] == pytest.approx((rows[:, k.IN_SERVICE] + rows[:, k.QUEUE]).mean())
    assert shown["cpu"] == pytest.approx(rows[:, k.IN_SERVICE].mean() / 4)
    assert shown["latency"] == rows[:, k.LATENCY].max()
    assert shown["serving"] == 4
    assert shown["errors"] == 0


NAMES = ("requests", "completed", "concurrency", "in_flight", "queue", "cpu", "latency", "errors", "serving")


def test_through_a_slow_source_the_engine_learns_of_a_surge_late() -> None:
    rates = per_second(step(60, 300, at=300, seconds=900))
    runs = {name: run(rates, friendly(), engine(SERVICE, SOURCES[name])) for name in ("push", "cloudwatch60")}
    took = {name: clocks(found, 300).command for name, found in runs.items()}
    assert took["push"] is not None
    assert took["push"] <= 2_000
    assert took["cloudwatch60"] is not None
    assert took["cloudwatch60"] >= 60_000


def test_progress_ends_with_the_last_second() -> None:
    told: list[int] = []
    run(np.full(8_000, 5.0), Setup(), Script({}, period=15_000), progress=told.append)
    assert told[-1] == 8_000
    assert told == sorted(set(told))
