"""Queue, rates, shedding, pressure: numbers in, numbers out."""

from __future__ import annotations

import random

import pytest

from fleetfoot.fleet.balancer.pressure import Pressure, beyond_chance
from fleetfoot.fleet.balancer.queue import Queue
from fleetfoot.fleet.balancer.rates import Rates
from fleetfoot.fleet.balancer.settings import BalancerSettings
from fleetfoot.fleet.balancer.shed import hopeless
from fleetfoot.fleet.balancer.sweep import period_ms


def test_first_in_is_first_out_and_a_replay_goes_before_all() -> None:
    queue: Queue[str] = Queue(10)
    for name in "abc":
        queue.push(name, 0.0)
    queue.push("again", 5.0, first=True)
    queue.discard("b")
    assert not queue.discard("b")
    assert [queue.pop() for _ in range(4)] == ["again", "a", "c", None]


def test_a_full_queue_takes_nothing() -> None:
    queue: Queue[str] = Queue(1)
    assert queue.push("a", 0.0)
    assert not queue.push("b", 0.0)
    assert not queue.push("c", 0.0, first=True)
    assert len(queue) == 1
    assert not Queue[str](0).push("a", 0.0)


def test_the_queue_knows_how_long_it_stands() -> None:
    queue: Queue[str] = Queue(10)
    assert queue.filled_for(7.0) == 0.0
    queue.push("a", 10.0)
    queue.push("b", 40.0)
    queue.pop()
    assert queue.filled_for(50.0) == 40.0
    queue.pop()
    queue.push("c", 60.0)
    assert queue.filled_for(65.0) == 5.0


def test_only_those_beyond_the_timeout_expire_even_behind_a_replay() -> None:
    queue: Queue[str] = Queue(10)
    queue.push("old", 0.0)
    queue.push("new", 90.0)
    queue.push("again", 80.0, first=True)
    assert queue.expired(100.0, 100.0) == []
    assert queue.expired(101.0, 100.0) == ["old"]
    assert len(queue) == 2


def test_completions_are_measured_by_ready_task_over_the_last_second() -> None:
    rates = Rates(0.0)
    for slot in range(1, 41):  # 2 s: the first idle, the second at 40/s
        rates.completions += 2 if slot > 20 else 0
        rates.turn(slot * 50.0, 2)
    assert rates.per_task == pytest.approx(20.0)


def test_rates_say_nothing_of_a_window_they_have_not_seen() -> None:
    rates = Rates(0.0)
    rates.turn(0.0, 1)
    assert rates.arrived(500.0) == (0, 0.0)
    rates.arrivals = 7
    rates.turn(300.0, 0)
    assert rates.arrived(500.0) == (0, 0.0)
    assert rates.arrived(300.0) == (7, 300.0)
    assert rates.per_task == 0.0


@pytest.mark.parametrize(
    ("work", "oldest", "ready", "per_task", "hint", "expected"),
    [
        pytest.param(1, 5000, 2, 0.0, 20.0, False, id="some-task-is-free-or-nearly-so"),
        pytest.param(31, 900, 2, 20.0, None, False, id="just-in-time"),
        pytest.param(32, 900, 2, 20.0, None, True, id="too-late"),
        pytest.param(32, 100, 2, 20.0, None, False, id="a-burst-without-a-sign-of-waiting"),
        pytest.param(32, 100, 2, 1.0, 40.0, False, id="a-burst-the-known-capacity-carries"),
        pytest.param(64, 100, 2, 1.0, 40.0, True, id="a-burst-beyond-the-known-capacity"),
        pytest.param(32, 900, 2, 20.0, 400.0, True, id="what-is-measured-beats-a-boast"),
        pytest.param(50, 900, 4, 20.0, None, False, id="new-tasks-count-at-once"),
        pytest.param(9, 300, 2, 0.0, None, True, id="nothing-comes-out"),
        pytest.param(9, 900, 0, 0.0, 20.0, False, id="nobody-serves-yet"),
        pytest.param(9, 1001, 0, 0.0, 20.0, True, id="nobody-serves-and-others-wait-too-long"),
    ],
)
def test_what_is_hopeless_at_an_objective_of_a_second(
    work: int, oldest: float, ready: int, per_task: float, hint: float | None, expected: bool
) -> None:
    assert hopeless(1000, work, oldest, ready, per_task, hint) is expected


def arrivals(rates: Rates, per_second: float, until: float, *, start: float = 0.0) -> None:
    now = start
    while now < until:
        now += 50.0
        rates.arrivals += round(per_second * 0.05)
        rates.turn(now, 2)


def told(hint: float | None, per_second: float) -> list[str]:
    heard: list[str] = []
    pressure, rates = Pressure(heard.append), Rates(0.0)
    pressure.hint = hint
    arrivals(rates, per_second, 1000.0)
    pressure.check(1000.0, 0.0, 0, 2, False, rates)
    return heard


@pytest.mark.parametrize(
    ("hint", "per_second", "expected"),
    [
        pytest.param(20.0, 40, [], id="at-capacity"),
        pytest.param(20.0, 60, [], id="beyond-it-within-chance"),
        pytest.param(20.0, 100, ["arrivals"], id="beyond-chance"),
        pytest.param(None, 1000, [], id="capacity-unknown"),
    ],
)
def test_arrivals_press_when_they_exceed_capacity_beyond_chance(
    hint: float | None, per_second: float, expected: list[str]
) -> None:
    assert told(hint, per_second) == expected


def test_a_night_of_steady_arrivals_at_capacity_does_not_press() -> None:
    source = random.Random(5)
    counts = (sum(source.random() < 0.01 for _ in range(4000)) for _ in range(500))
    exceeded = sum(beyond_chance(count, 40.0) for count in counts)
    assert exceeded == 0


@pytest.mark.parametrize(
    ("queue_ms", "outstanding", "limited", "hint", "expected"),
    [
        pytest.param(99.0, 5, True, None, [], id="a-queue-that-comes-and-goes"),
        pytest.param(100.0, 5, True, None, ["queue"], id="a-queue-that-stands"),
        pytest.param(0.0, 20, False, 20.0, [], id="half-a-second-of-work"),
        pytest.param(0.0, 21, False, 20.0, ["queue"], id="more-than-half-a-second-of-work"),
        pytest.param(0.0, 99, True, 20.0, [], id="with-a-limit-only-the-queue-says-so"),
        pytest.param(0.0, 99, False, None, [], id="work-of-unknown-length"),
    ],
)
def test_the_queue_presses(
    queue_ms: float, outstanding: int, limited: bool, hint: float | None, expected: list[str]
) -> None:
    heard: list[str] = []
    pressure = Pressure(heard.append)
    pressure.hint = hint
    pressure.check(0.0, queue_ms, outstanding, 2, limited, Rates(0.0))
    assert heard == expected


def test_pressure_is_told_at_most_five_times_a_second_for_each_reason() -> None:
    heard: list[str] = []
    pressure, rates = Pressure(heard.append), Rates(0.0)
    pressure.hint = 1.0
    for tick in range(1, 61):  # 3 s
        rates.arrivals = 100
        rates.turn(tick * 50.0, 1)
        pressure.check(tick * 50.0, 500.0, 0, 1, True, rates)
    assert 14 <= heard.count("queue") <= 16
    assert 10 <= heard.count("arrivals") <= 16


def test_the_sweep_is_a_tenth_of_the_shortest_limit_within_bounds() -> None:
    assert period_ms(BalancerSettings()) == 500
    assert period_ms(BalancerSettings(header_timeout_ms=1000)) == 100
    assert period_ms(BalancerSettings(idle_timeout_ms=1)) == 10
