"""A schedule on the virtual clock: the day begins when one says, and the floor serves at the start of the window."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from fleetfoot.core.words import why
from fleetfoot.sim.service import plan_of
from fleetfoot.sim.simulate import simulate
from fleetfoot.spec import Service, loads

FILE = """\
services:
  orders:
    run: x $PORT
    capacity: {min: 2, max: 30}
    task: {throughput: 20/s, startup: 30s}
    policies:
      - default
      - schedule: {rush: {when: daily 09:00-09:10, zone: Asia/Seoul, min: 14, max: 20}}
"""
START = round(datetime(2024, 11, 28, 23, 50, tzinfo=UTC).timestamp() * 1000)  # 08:50 on the 29th in Seoul


def service() -> Service:
    return loads(FILE).services["orders"]


def test_the_floor_serves_when_the_window_opens_and_is_given_back_after_it() -> None:
    rates = np.full(1500, 20.0)
    found = simulate(service(), rates, plan_of(service()).setup, start=START)
    serving = found.run.tasks(lambda change: change.serving)
    assert serving[540] == 2
    assert set(serving[602:1199]) == {14}
    assert serving[-1] < 14
    first = found.decisions[0]
    assert found.second(first) == 570, "one start-up before"
    assert "the schedule rush opens at 09:00 Asia/Seoul with 14: 14 by now" in why(first)[-1]


def test_a_rush_that_was_foreseen_is_over_its_objective_for_no_second() -> None:
    rates = np.concatenate([np.full(600, 20.0), np.full(600, 240.0)])
    foreseen = simulate(service(), rates, plan_of(service()).setup, start=START)
    surprised = simulate(service(), rates, plan_of(service()).setup, start=START + 3_600_000)
    assert foreseen.score.seconds_over == 0
    assert surprised.score.seconds_over > 20
