"""Several services under one file's shared limits: where a guard saves the day, and where it costs."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetfoot.sim.together import Together, simulate_together
from fleetfoot.spec import loads

SECONDS, SURGE = 1200, slice(700, 1000)
FILE = """\
services:
  checkout:
    run: x
    {checkout}
    task: {{throughput: 20/s, startup: 30s, cpu: 0.5, price: 1 USD/h}}
    capacity: {{min: 2, max: 200}}
  reports:
    run: x
    {reports}
    task: {{throughput: 20/s, startup: 30s, cpu: 0.5, price: 1 USD/h}}
    capacity: {{min: 2, max: 200}}
{shared}
"""
IMPORTANT = ("priority: critical", "priority: low")
POOLS = "guards: {connections: {database: main, per task: {min: 5, max: 20}}}"


def flash(base: float, peak: float) -> NDArray[np.float64]:
    """Five minutes of a crowd, the same second for everybody."""
    rates = np.full(SECONDS, base)
    rates[SURGE] = peak
    return rates


@cache
def played(shared: str, ranked: bool = False, pools: bool = False) -> dict[str, Together]:
    """The crowd of checkout needs 45 tasks more, that of reports 75, in the same second."""
    lines = [f"{rank}\n    {POOLS}" if pools else rank for rank in (IMPORTANT if ranked else ("{}", "{}"))]
    lines = [line.replace("{}", "priority: normal") for line in lines]
    text = FILE.format(checkout=lines[0], reports=lines[1], shared=shared)
    return simulate_together(loads(text), {"checkout": flash(60, 500), "reports": flash(60, 800)})


def over(found: dict[str, Together]) -> dict[str, int]:
    return {name: one.run.score.seconds_over for name, one in found.items()}


def codes(one: Together) -> set[str]:
    return {str(trail.reason.code) for decision in one.decisions for trail in decision.trail} | {
        str(reason.code) for decision in one.decisions for reason in decision.reasons
    }


def most(found: dict[str, Together]) -> int:
    """The most tasks both had at once, as ordered."""
    changes = [sorted((c.at, c.desired) for c in one.run.changes) for one in found.values()]
    moments = sorted({at for rows in changes for at, _ in rows})
    return max(sum([count for at, count in rows if at <= moment][-1] for rows in changes) for moment in moments)


LAUNCH = "launch limits: {burst: 10, rate: 1/s}"


def test_a_platform_that_starts_one_task_a_second_serves_the_important_crowd_first() -> None:
    equal, ranked = over(played(LAUNCH)), over(played(LAUNCH, ranked=True))
    assert ranked["checkout"] < equal["checkout"]
    assert ranked["reports"] > equal["reports"]  # what it costs
    assert "launch_rate" in codes(played(LAUNCH, ranked=True)["reports"])


def test_a_budget_is_kept_and_the_important_crowd_does_not_feel_it() -> None:
    free, held = played("", ranked=True), played("budget: {hourly: 60 USD}", ranked=True)
    assert most(free) > 60
    assert most(held) <= 60
    assert over(held)["checkout"] == over(free)["checkout"]
    assert over(held)["reports"] > over(free)["reports"]  # what it costs
    assert {"budget_hard"} <= codes(held["reports"])


def test_a_full_database_is_never_asked_for_more_connections_than_it_has() -> None:
    """400 connections: 80 tasks at the smallest pools of 5. Without the guard more than 100 tasks times 20 come."""
    held = played("databases: {main: {connections: 415}}", ranked=True, pools=True)
    assert most(played("", ranked=True)) * 20 > 2000
    assert most(held) <= 80
    assert {"pool_first", "connections"} <= codes(held["checkout"]) | codes(held["reports"])
    assert over(held)["checkout"] <= over(played("", ranked=True))["checkout"] + 6  # the pools shrink first


def test_limits_that_nobody_reaches_change_nothing() -> None:
    wide = "launch limits: {burst: 500, rate: 100/s, vcpu: 900}\nbudget: {daily: 100000 USD}"
    assert over(played(wide, ranked=True)) == over(played("", ranked=True))


def test_services_of_different_length_are_refused() -> None:
    spec = loads(FILE.format(checkout="priority: high", reports="priority: low", shared=""))
    with pytest.raises(ValueError, match="as long as"):
        simulate_together(spec, {"checkout": flash(1, 2), "reports": flash(1, 2)[:-1]})
