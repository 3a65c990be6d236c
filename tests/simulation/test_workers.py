"""The simulated queue of messages, by hand; and the policy backlog in charge of it."""

from __future__ import annotations

import pytest

from fleetfoot.core.policies import Backlog
from fleetfoot.core.settings import GuardSettings, Settings
from fleetfoot.sim.workers import Queue, work
from tests.unit.core.build import OPEN


def settings(guards: GuardSettings = OPEN, **objective: float) -> Settings:
    policy = Backlog("jobs", "oldest" if "age" in objective else "jobs", in_flight="running", **objective)  # type: ignore[arg-type]
    return Settings("w", 0, 20, (policy,), guards, throughput=0.5, startup=5_000, seeing=0)


def test_messages_are_worked_on_in_turn_and_one_at_a_time() -> None:
    queue = Queue(2.0, seed=1, steady=True)
    queue.add(1, 0.0)
    for at in (0.0, 0.5, 5.0):
        queue.come(at)
    # the first is done at 2, the second at 4; the third comes to an idle worker
    assert queue.waits == [0.0, 1.5, 0.0]
    queue.finish(7.0)
    assert (queue.idle, len(queue.busy), len(queue.waiting)) == (1, 0, 0)


def test_a_worker_that_joins_takes_the_oldest_and_one_that_leaves_finishes() -> None:
    queue = Queue(2.0, seed=1, steady=True)
    queue.add(1, 0.0)
    for at in (0.0, 0.25, 0.75):
        queue.come(at)
    queue.add(1, 1.0)  # takes what came at 0.25
    queue.remove(1)  # both are busy: the first to be done goes, at 2
    queue.finish(3.0)  # the other is done at 3 and takes the third
    assert queue.waits == [0.0, 0.75, 2.25]
    assert queue.serving == len(queue.busy) == 1


def test_a_thousand_messages_at_ten_a_worker_are_twenty_workers_and_then_none() -> None:
    done = work(settings(per_task=10.0), [1000.0] + [0.0] * 400, 2.0, steady=True)
    assert max(second.ordered for second in done.seconds) == 20
    assert (done.left, done.seconds[-1].ordered) == (0, 0)
    # 20 workers, 2 s each: ten a second, after a tick and five seconds, until 200 are left and fewer workers do
    assert done.wait(0.75) == pytest.approx(6.0 + 0.75 * len(done.waits) / 10.0, abs=3.0)


def test_a_drain_time_holds_the_wait_near_it_with_fewer_workers_than_a_short_queue() -> None:
    steady = [4.0] * 1800
    drain, short = (
        work(settings(GuardSettings(), **given), steady, 2.0) for given in ({"drain": 60_000}, {"per_task": 2.0})
    )
    assert 30.0 < drain.wait(0.5) < 75.0
    assert short.wait(0.5) < 10.0
    assert drain.worker_hours < short.worker_hours


def test_the_same_seed_is_the_same_life() -> None:
    one, other = (work(settings(age=30.0), [3.0] * 300, 2.0, seed=4) for _ in range(2))
    assert one == other
