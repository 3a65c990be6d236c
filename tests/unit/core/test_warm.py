"""The size of the warm pool: what it follows, how it fades, and what bounds it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fleetfoot.core import warm
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Operator, Reason
from fleetfoot.core.policies import Default
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import WarmSettings
from tests.unit.core.build import START, Service

HOUR = 3_600_000
CALM: dict[str, Any] = {"latency": 80.0, "errors": 0.0, "in_flight": 2.0, "queue": 0.0}


class Pooled(Service):
    """20 requests/s a task at 70 %: 14/s each; a start takes 10 s."""

    def __init__(self, low: int = 0, high: int = 50, **changes: Any) -> None:
        changes = {"maximum": 100, "startup": 1000, **changes}
        super().__init__(Default(), warm=WarmSettings(low, high), **changes)
        self.settings = replace(self.settings, startup=10_000)

    def at(self, rate: float, seconds: int = 60) -> warm.Pool:
        """The pool after ``seconds`` of a rate."""
        pool = None
        for _ in range(seconds):
            decision = self.tick(requests=rate, completed=rate, **CALM)
            pool = warm.size(self.settings, self.memory, self.see(), decision.desired)
        assert pool is not None
        return pool


def test_a_fixed_number_of_warm_tasks_is_nobodys_decision() -> None:
    service = Service(Default())
    service.tick(requests=40.0)
    assert warm.size(service.settings, service.memory, service.see(), 4) is None
    assert warm.SLICE not in service.memory.slices


def test_a_rise_keeps_as_many_tasks_warm_as_it_needed() -> None:
    service = Pooled()
    assert service.at(28.0) == warm.Pool(0, service.at(28.0).reason)
    pool = service.at(168.0, 30)  # 140/s more at 14/s a task
    assert pool.reason.code == Code.WARM_RISE
    assert pool.tasks == 10
    assert pool.reason.data["rise"] == pytest.approx(140, abs=1)


def test_what_the_serving_tasks_have_to_spare_is_not_kept_warm_too() -> None:
    service = Pooled()
    service.at(28.0)
    service.at(168.0, 30)
    service.operator = Operator(fixed=17)  # 70/s more than the rate needs
    service.memory.slice(warm.SLICE)["size"] = 0.0
    assert service.at(168.0, 10).tasks == 5


def test_before_any_request_was_seen_all_tasks_are_spare_and_nothing_rose() -> None:
    service = Pooled()
    pool = warm.size(service.settings, service.memory, service.see(), 4)
    assert pool is not None
    assert pool.reason.data == {"rise": 0.0, "spare": 56.0, "per_task": 14.0, "span": 10_000, "minimum": 0}


@pytest.mark.parametrize(("unseen", "tasks"), [(1, 10), (2, 0)])
def test_a_rate_is_known_by_four_seconds_of_five_and_not_by_three(unseen: int, tasks: int) -> None:
    """The newest five seconds of 168/s after 28/s, the second of them or two unseen: ten tasks for the rise."""
    service = Pooled()
    service.at(28.0)
    service.tick(requests=168.0, completed=168.0, **CALM)
    service.run(unseen, **CALM)
    assert service.at(168.0, 4 - unseen).tasks == tasks


def test_growth_that_takes_longer_than_a_start_up_is_no_rise() -> None:
    service = Pooled()
    for rate in range(28, 168, 2):
        pool = service.at(float(rate), 10)
    assert pool.tasks <= 2


def test_steady_noise_is_no_rise() -> None:
    service = Pooled()
    noisy = [service.at(rate, 1).tasks for rate in (140.0, 165.0, 120.0, 150.0, 128.0) * 60]
    assert max(noisy) == 0


def test_the_pool_grows_at_once_and_halves_in_an_hour() -> None:
    service = Pooled()
    service.at(28.0)
    assert service.at(168.0, 11).tasks == 10
    sizes = []
    for _ in range(4):
        service.now += HOUR // 2
        sizes.append(service.at(168.0, 20).tasks)
    assert sizes == [8, 5, 4, 3]


def test_it_never_shrinks_and_grows_again_while_the_rate_only_wavers() -> None:
    service = Pooled()
    service.at(28.0)
    sizes = [service.at(rate, 1).tasks for rate in (168.0, 172.0, 160.0, 175.0) * 60]
    grown = sizes[sizes.index(max(sizes)) :]
    assert grown == sorted(grown, reverse=True)


@pytest.mark.parametrize(
    ("low", "high", "maximum", "tasks", "code"),
    [
        (0, 4, 100, 4, Code.WARM_MAXIMUM),
        (15, 20, 100, 15, Code.WARM_MINIMUM),
        (0, 50, 18, 6, Code.WARM_NO_ROOM),  # 12 are ordered for 168/s
        (0, 50, 12, 0, Code.WARM_NO_ROOM),
    ],
)
def test_its_own_bounds_and_what_capacity_leaves_hold(low: int, high: int, maximum: int, tasks: int, code: str) -> None:
    service = Pooled(low, high, maximum=maximum)
    service.at(28.0)
    pool = service.at(168.0, 30)
    assert (pool.tasks, pool.reason.code) == (tasks, code)


def test_without_a_throughput_it_stays_at_its_minimum_and_says_so() -> None:
    service = Pooled(2, 6, throughput=None)
    decision = service.tick(requests=100.0)
    assert warm.size(service.settings, service.memory, service.see(), decision.desired) == warm.Pool(
        2, Reason(Code.WARM_UNKNOWN)
    )


def test_what_nobody_could_size_is_remembered_as_nothing() -> None:
    service = Pooled(throughput=None)
    service.at(200.0, seconds=2)
    assert service.memory.slices[warm.SLICE]["size"] == 0.0


def test_what_was_learnt_of_rises_survives_a_restart_as_json() -> None:
    service = Pooled()
    service.at(28.0)
    before = service.at(168.0, 30)
    service.memory = Memory.from_json(json.loads(json.dumps(service.memory.to_json()))).restarted()
    found = warm.last(service.memory.slices)
    assert found is not None
    assert (found.tasks, str(found.reason.code)) == (before.tasks, str(before.reason.code))
    assert service.at(168.0, 1).tasks == before.tasks


def test_a_controller_that_slept_a_day_starts_with_a_small_pool() -> None:
    service = Pooled()
    service.at(28.0)
    assert service.at(168.0, 30).tasks == 10
    service.now += 24 * HOUR
    assert service.at(168.0, 3).tasks <= 1
    assert service.now > START


def test_of_requests_that_were_never_seen_nothing_is_kept_warm() -> None:
    service = Pooled()
    service.tick(cpu=0.5)
    pool = warm.size(service.settings, service.memory, service.see(), 0)
    assert pool is not None
    assert (pool.tasks, pool.reason.data["rise"]) == (0, 0.0)
