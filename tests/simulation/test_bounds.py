"""The bounds' plans in the simulated world: they cost what they say, and the clairvoyant's keeps the objective."""

from __future__ import annotations

import numpy as np
import pytest

from fleetfoot.sim.bounds import Plan, Scheduled, Terms, clairvoyant, floor, needed, reactive
from fleetfoot.sim.measuring import FRIENDLY, prepared
from fleetfoot.sim.stationary import carries
from fleetfoot.sim.world import Run, run
from fleetfoot.traffic.made import black_friday
from fleetfoot.traffic.shape import Shape
from fleetfoot.traffic.shapes import Flash, onoff

TERMS = Terms(FRIENDLY.lead / 1000, FRIENDLY.drain / 1000, FRIENDLY.minimum, FRIENDLY.maximum)
CARRIED = np.array([carries(tasks, FRIENDLY) for tasks in range(1, 61)])
TRAFFIC = [
    pytest.param(black_friday(20, 200, seconds=3600), id="a sale's day in an hour"),
    pytest.param(onoff(300, 50, 400, 400, times=5), id="on and off"),
    pytest.param(Flash(60, 300, at=900, half=300, seconds=3600), id="flash"),
]


def tried(plan: Plan, rates: np.ndarray) -> Run:
    first = int(plan.serving[0])
    return run(rates, FRIENDLY, Scheduled("plan", plan), initial=first, judged_from=0)


@pytest.mark.parametrize("shape", TRAFFIC)
def test_a_plan_costs_and_serves_in_the_world_what_it_says(shape: Shape) -> None:
    rates = prepared(shape, seconds=3600)
    need = needed(rates, CARRIED)
    for plan in (clairvoyant(need, TERMS), reactive(need, TERMS)):
        found = tried(plan, rates)
        assert found.score.task_hours * 3600 == pytest.approx(plan.cost)
        assert found.tasks(lambda change: change.serving).tolist() == plan.serving.tolist()


@pytest.mark.parametrize("shape", TRAFFIC)
def test_the_clairvoyant_keeps_the_objective_where_reacting_does_not(shape: Shape) -> None:
    rates = prepared(shape, seconds=3600)
    need = needed(rates, CARRIED)
    best, late = tried(clairvoyant(need, TERMS), rates).score, tried(reactive(need, TERMS), rates).score
    assert best.share_over < 0.02
    assert late.share_over > best.share_over
    assert floor(rates, FRIENDLY.throughput, TERMS) < best.task_hours * 3600
