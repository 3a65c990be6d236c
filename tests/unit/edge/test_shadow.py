"""The book of a shadow: the fleet it would have, from orders that nobody carries out."""

from __future__ import annotations

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.model import Fleet, Signal, Start, State
from fleetfoot.edge.targets.shadow import ShadowFleet
from fleetfoot.spec import loads

SPEC = """
services:
  orders:
    target: dryrun
    objective: {p95: 1s}
    capacity: {min: 1, max: 20}
    task: {throughput: 20/s, startup: 5s, drain: 10s}
"""
SETTINGS = compile_service(loads(SPEC).services["orders"])
T = 1_700_000_000_000


def signals(now: int, requests: float, latency: float = 50.0, queue: float = 0.0) -> dict[str, Signal]:
    values = {"requests": requests, "completed": requests, "latency": latency, "bad": 3.0, "queue": queue,
              "in_flight": 2.0, "errors": 0.2, "cpu": 0.8, "memory": 0.3}  # fmt: skip
    return {name: Signal(name, value, now, now) for name, value in values.items()}


class Watching:
    """A book and the second it is at; the real fleet has four tasks."""

    def __init__(self) -> None:
        self.book = ShadowFleet(SETTINGS, drain=10_000, patience=30_000)
        self.now = T
        self.real = Fleet(T, 4, 4, revision="r1")

    def second(
        self, requests: float = 30.0, latency: float = 50.0, queue: float = 0.0, starts: tuple[Start, ...] = ()
    ) -> tuple[dict[str, Signal], Fleet]:
        self.now += 1000
        real = self.real._replace(at=self.now, starts=starts)
        return self.book.see(self.now, signals(self.now, requests, latency, queue), real)


@pytest.fixture
def watching() -> Watching:
    made = Watching()
    made.second()
    return made


def test_it_begins_with_the_count_there_is(watching: Watching) -> None:
    _, fleet = watching.second()
    assert (fleet.desired, fleet.serving) == (4, 4)


def test_an_order_shows_at_once_and_serves_after_the_start_up(watching: Watching) -> None:
    watching.book.order(6, watching.now)
    _, fleet = watching.second()
    assert (fleet.desired, fleet.serving, fleet.starting) == (6, 4, 2)
    for _ in range(4):
        _, fleet = watching.second()
    assert (fleet.serving, fleet.starting) == (6, 0)
    assert [(start.span, start.ok, start.revision) for start in fleet.starts] == [(5000, True, "r1")] * 2


def test_the_start_up_is_the_one_learnt_of_the_real_tasks(watching: Watching) -> None:
    watching.second(starts=tuple(Start(n, "r1", 2000, True) for n in range(5)))
    watching.book.order(5, watching.now)
    watching.second()
    _, fleet = watching.second()
    assert fleet.serving == 5


def test_what_is_stopped_drains_and_what_does_not_serve_yet_goes_first(watching: Watching) -> None:
    watching.book.order(6, watching.now)
    watching.book.order(3, watching.now)
    _, fleet = watching.second()
    assert (fleet.desired, fleet.serving, fleet.starting, fleet.draining) == (3, 3, 0, 1)
    for _ in range(10):
        _, fleet = watching.second()
    assert fleet.draining == 0


def test_the_present_scalers_backlog_is_not_the_shadows(watching: Watching) -> None:
    watching.book.order(10, watching.now)
    for _ in range(6):
        watching.second()
    shown, _ = watching.second(requests=150.0, latency=9000.0, queue=700.0)
    assert shown["queue"].value == 0.0
    assert shown["latency"].value == 50.0  # as it was while the real fleet kept up
    assert shown["errors"].value == 0.0
    assert shown["completed"].value == 150.0


def test_what_the_shadows_tasks_cannot_carry_waits(watching: Watching) -> None:
    for second in range(1, 4):
        shown, _ = watching.second(requests=100.0)
        assert shown["completed"].value == 80.0
        assert shown["queue"].value == pytest.approx(20.0 * second)
    assert shown["latency"].value == pytest.approx(50.0 + 1000 * 60 / 80)


def test_an_early_step_without_a_new_interval_lets_nothing_flow_twice(watching: Watching) -> None:
    watching.second(requests=100.0)
    before = watching.book.backlog
    real = watching.real._replace(at=watching.now)
    watching.book.see(watching.now + 200, signals(watching.now, 100.0), real)
    assert watching.book.backlog == before


def test_cpu_is_the_same_work_on_the_shadows_tasks(watching: Watching) -> None:
    watching.book.order(8, watching.now)
    for _ in range(6):
        shown, _ = watching.second()
    assert shown["cpu"].value == pytest.approx(0.4)
    assert shown["memory"].value == 0.3


def test_what_the_present_scaler_has_stands_beside(watching: Watching) -> None:
    watching.book.order(9, watching.now)
    shown, _ = watching.second()
    assert shown["present.desired"].value == 4.0
    assert shown["present.bad"].value == 3.0
    assert shown["present.throughput"].value == 20.0
    assert "bad" not in shown  # the shadow served nobody


def test_a_fleet_that_is_not_seen_stays_not_seen(watching: Watching) -> None:
    watching.real = watching.real._replace(state=State.STALE)
    _, fleet = watching.second()
    assert fleet.state is State.STALE
