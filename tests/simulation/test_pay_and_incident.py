"""Growth must pay, and an incident is no lull: in the simulated world, with the guard and without it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetfoot.core.policies import Default, Hpa
from fleetfoot.core.policies.base import Policy
from fleetfoot.core.policies.hpa import Metric
from fleetfoot.core.settings import GuardSettings, Settings
from fleetfoot.sim.live import PUSH, Engine
from fleetfoot.sim.measuring import FRIENDLY, hostile
from fleetfoot.sim.setup import Setup
from fleetfoot.sim.world import Run, run

MINUTE = 60
ALONE = Default()


def played(rates: NDArray[np.float64], setup: Setup, policy: Policy = ALONE, **guards: Any) -> Run:
    settings = Settings(
        "orders", setup.minimum, setup.maximum, (policy,), GuardSettings(**guards), throughput=setup.throughput,
        startup=setup.lead, objective=int(setup.objective),
    )  # fmt: skip
    return run(rates, setup, Engine(settings, PUSH), judged_from=10 * MINUTE)


def most(done: Run) -> int:
    return max(change.desired for change in done.changes)


def crowd(base: float, peak: float) -> NDArray[np.float64]:
    """Twenty minutes of it after twenty of calm."""
    rates = np.full(50 * MINUTE, base)
    rates[20 * MINUTE : 40 * MINUTE] = peak
    return rates


def test_a_database_slowed_by_its_own_clients_is_not_given_more_of_them() -> None:
    """Above eight requests at once each takes longer, and clients ask again: no count of tasks helps."""
    rates = crowd(100.0, 300.0)
    knee = replace(hostile(rates), knee=8.0, knee_slope=1.0)
    held, free = played(rates, knee), played(rates, knee, pay=False)
    assert most(held) <= 80
    assert most(free) >= 120
    assert held.score.task_hours < 0.6 * free.score.task_hours


def test_a_tenfold_crowd_that_tasks_do_help_is_served_as_soon_as_without_the_guard() -> None:
    """Here too completed requests fall at first, and clients ask again."""
    rates = crowd(60.0, 600.0)
    for setup in (hostile(rates), FRIENDLY):
        held, free = played(rates, setup), played(rates, setup, pay=False)
        assert held.score.seconds_over <= free.score.seconds_over + 5


def test_a_policy_of_small_steps_is_not_held_on_its_way_to_what_a_crowd_needs() -> None:
    """Until enough tasks serve each of them drowns, so that none of the steps before seems to help."""
    rates = crowd(40.0, 200.0)
    by_turns = Hpa("hpa", (Metric("cpu", "utilisation", 70),))
    held, free = played(rates, FRIENDLY, by_turns), played(rates, FRIENDLY, by_turns, pay=False)
    assert held.score.seconds_over == free.score.seconds_over


def outage() -> NDArray[np.float64]:
    """Ten minutes in which hardly anybody gets through, and then everybody at once."""
    rates = np.full(60 * MINUTE, 250.0)
    rates[40 * MINUTE : 50 * MINUTE] = 15.0
    rates[50 * MINUTE :] = 300.0
    return rates


def test_a_network_loss_leaves_the_fleet_for_the_stampede_that_follows() -> None:
    rates = outage()
    for setup, gain in ((FRIENDLY, 40), (hostile(rates), 60)):
        held, free = played(rates, setup), played(rates, setup, incident=False)
        assert held.score.seconds_over + gain <= free.score.seconds_over


def test_an_evening_that_ebbs_away_is_not_taken_for_an_incident() -> None:
    rates = np.full(80 * MINUTE, 250.0)
    rates[30 * MINUTE : 60 * MINUTE] = np.linspace(250.0, 30.0, 30 * MINUTE)
    rates[60 * MINUTE :] = 30.0
    held, free = played(rates, FRIENDLY), played(rates, FRIENDLY, incident=False)
    assert held.score.task_hours == free.score.task_hours
