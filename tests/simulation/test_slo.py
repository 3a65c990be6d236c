"""The policy `slo` at the measuring plant: two hours of every traffic, shedding at the objective.

The whole windows of 48 h are ``python bench/compare.py --policies slo,rivals``, which is in ``make soak``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleetfoot.sim import runs
from fleetfoot.sim.compare import Comparison, Row, compare, jobs_of
from fleetfoot.sim.contenders import measured
from fleetfoot.sim.measuring import friendly
from fleetfoot.sim.scenes import recorded, synthetic

TRACES = Path(__file__).parents[3] / "shared" / "traces"
SETUP = replace(friendly(), shed=1000.0)
RIVALS = ("kpa concurrency", "hpa requests", "aws target tracking 20 s")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def found() -> Comparison:
    """The synthetic set, and the traces where they are."""
    scenes = synthetic(SETUP, seconds=7200) + (recorded(TRACES, SETUP, seconds=7200) if TRACES.is_dir() else [])
    jobs = jobs_of(["slo", *RIVALS], scenes, lambda _: SETUP, measured(SETUP))
    with runs.processes(min(2, runs.cores())) as executor:
        return compare([job for job in jobs if job.name != "reactive limit"], executor)


def row(found: Comparison, name: str = "slo") -> Row:
    return next(row for row in found.rows if row.name == name)


def test_two_hours_of_every_traffic_hold_the_bars(found: Comparison) -> None:
    """Seen: 0.53 % of seconds over, 0.59 % of requests bad, 1.25 times the clairvoyant's cost. A surge or two is a
    larger part of two hours than of two days, for which the bars on seconds, cost and the worst trace, 0.4 %, 1.30 and
    2 %, were written: two hours hold that on cost, and those on seconds with some slack."""
    seen = row(found)
    assert seen.over <= 0.0070
    assert seen.bad <= 0.0080
    assert seen.cost <= 1.30


def test_no_traffic_is_bad_beyond_a_twentieth_of_its_seconds(found: Comparison) -> None:
    """Seen: 2.8 % of seconds and 3.5 % of requests on the worst trace; 1.80 times the cost on the dearest."""
    assert row(found).worst_over <= 0.035
    assert row(found).worst_bad <= 0.050
    assert row(found).worst_cost <= 2.1


@pytest.mark.parametrize("rival", ["hpa requests", "aws target tracking 20 s"])
def test_it_is_better_than_the_rivals_on_both_axes(found: Comparison, rival: str) -> None:
    other = row(found, rival)
    assert row(found).over < other.over
    assert row(found).bad < other.bad
    assert row(found).cost < other.cost


def test_who_keeps_as_many_seconds_with_shedding_pays_half_as_much_again(found: Comparison) -> None:
    """Seen: scaling on concurrency has 0.57 % of seconds over at 1.97 times the clairvoyant's cost."""
    other = row(found, "kpa concurrency")
    assert row(found).over <= 1.1 * other.over
    assert 1.4 * row(found).cost < other.cost


def test_traffic_that_turns_slowly_and_traffic_that_keeps_a_period_have_no_second_over(found: Comparison) -> None:
    over = {line.scene: line.score.share_over for line in found.lines if line.name == "slo"}
    assert max(over[name] for name in ("ramp", "black friday", "sawtooth")) <= 0.002
