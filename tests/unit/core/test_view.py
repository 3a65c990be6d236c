"""Observe: what is believed, what is remembered, and the ledger of our own open order."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.listen import ABSURD, judge
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Signal, State
from fleetfoot.core.policies import Target
from fleetfoot.core.view import SETTLE, View, look
from tests.unit.core.build import START, Service, settings, signal

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        pytest.param({}, State.FRESH, id="just measured"),
        pytest.param({"end": START - 3_000}, State.FRESH, id="three periods old"),
        pytest.param({"end": START - 3_001}, State.STALE, id="older than three periods"),
        pytest.param({"end": START - 14_000, "period": 5_000}, State.FRESH, id="three periods of its own"),
        pytest.param({"end": START - 15_001, "period": 5_000}, State.STALE, id="older than three of its own"),
        pytest.param({"received": START - 60_000}, State.FRESH, id="the interval's end counts, not its arrival"),
        pytest.param({"end": START + 3_000}, State.FRESH, id="a clock a little ahead"),
        pytest.param({"end": START + 3_001}, State.ABSURD, id="measured in the future"),
        pytest.param({"end": START + 3_001, "period": 60_000}, State.ABSURD, id="its period excuses no future"),
        pytest.param({"value": NAN}, State.ABSURD, id="not a number"),
        pytest.param({"value": INF}, State.ABSURD, id="infinite"),
        pytest.param({"value": -0.001}, State.ABSURD, id="negative"),
        pytest.param({"value": ABSURD * 1.01}, State.ABSURD, id="beyond what can be"),
        pytest.param({"value": ABSURD}, State.FRESH, id="as much as can be"),
        pytest.param({"coverage": NAN}, State.ABSURD, id="a share that is no number"),
        pytest.param({"coverage": -0.1}, State.ABSURD, id="a negative share"),
        pytest.param({"coverage": 0.2}, State.FRESH, id="poor coverage is judged by who votes"),
        pytest.param({"state": State.MISSING}, State.MISSING, id="missing"),
        pytest.param({"state": State.MISSING, "value": NAN}, State.MISSING, id="missing and no number"),
        pytest.param({"state": State.EMPTY}, State.EMPTY, id="empty"),
        pytest.param({"state": State.EMPTY, "value": NAN}, State.EMPTY, id="empty has no value to judge"),
        pytest.param({"state": State.EMPTY, "end": START - 3_001}, State.STALE, id="an old empty answer"),
        pytest.param({"state": State.CENSORED}, State.CENSORED, id="a lower bound"),
        pytest.param({"state": State.CENSORED, "end": START - 3_001}, State.STALE, id="an old lower bound"),
        pytest.param({"state": State.STALE}, State.STALE, id="what the source itself calls stale"),
    ],
)
def test_a_signal_is_judged(changes: dict[str, Any], state: State) -> None:
    assert judge(signal("x", **{"value": 5.0, "at": START, **changes}), START) is state


def watched(*signals: Signal, memory: Memory | None = None, **changes: Any) -> View:
    service = Service(Target("t", "x", 1.0), **changes)
    if memory is not None:
        service.memory = memory
    shown: dict[str, Any] = {each.name: each for each in signals}
    return look(service.settings, service.memory, service.see(**shown))


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        pytest.param(State.FRESH, 1, id="fresh"),
        pytest.param(State.EMPTY, 1, id="empty"),
        pytest.param(State.CENSORED, 1, id="censored"),
        pytest.param(State.MISSING, 0, id="missing"),
        pytest.param(State.STALE, 0, id="stale"),
        pytest.param(State.ABSURD, 0, id="absurd"),
    ],
)
def test_only_what_may_support_growth_enters_the_past(state: State, kept: int) -> None:
    view = watched(signal("x", 5.0, START, state=state))
    assert len(view.window("x")) == kept
    assert view.usable("x") is bool(kept)


def test_an_empty_answer_counts_as_zero_whatever_value_came_with_it() -> None:
    view = watched(signal("x", NAN, START, state=State.EMPTY), signal("queue", NAN, START, state=State.EMPTY))
    assert (view.window("x").rate(1000), view.value("x"), view.outstanding) == (0.0, 0.0, 0.0)


def test_a_signal_nobody_reads_is_judged_and_not_kept() -> None:
    view = watched(signal("other", 5.0, START))
    assert view.usable("other")
    assert "other" not in view.memory.windows


def test_a_signal_that_is_not_there_is_missing() -> None:
    assert watched().state("x") is State.MISSING
    assert not watched().usable("x")


@pytest.mark.parametrize(
    ("name", "coverage", "kept"),
    [
        pytest.param("requests", 0.5, 20.0, id="a total is scaled up by what is missing"),
        pytest.param("requests", 1.0, 10.0, id="a whole total is not"),
        pytest.param("requests", 1.5, 10.0, id="more reporters than tasks: a task has just gone"),
        pytest.param("x", 0.5, 20.0, id="so is one of the user's own"),
        pytest.param("latency", 0.5, 10.0, id="a latency is not a total"),
        pytest.param("requests", 0.0, 10.0, id="nobody: there is nothing to scale by"),
        pytest.param("requests", 1e-300, ABSURD, id="hardly anybody: bounded"),
    ],
)
def test_coverage_scales_totals(name: str, coverage: float, kept: float) -> None:
    view = watched(signal(name, 10.0, START, coverage=coverage))
    assert view.window(name).rate(1000) == pytest.approx(kept)


def test_outstanding_is_what_is_in_flight_and_queued_as_far_as_it_can_be_seen() -> None:
    both = [signal("in_flight", 7.0, START), signal("queue", 5.0, START)]
    assert watched(*both).outstanding == 12.0
    assert watched(both[0], both[1]._replace(state=State.MISSING)).outstanding == 7.0
    assert watched(both[0]._replace(value=NAN)).outstanding == 0.0
    assert watched(*both, tasks=3).pressure(3) == pytest.approx(0.2)
    assert watched(*both, tasks=0).pressure(0) == pytest.approx(0.6)


# -- time


def test_time_never_goes_backward() -> None:
    memory = Memory(now=START + 5_000, since=START)
    assert watched(memory=memory).now == START + 5_000


def test_windows_are_full_after_their_time_and_not_before() -> None:
    service = Service(Target("t", "x", 1.0), seeing=10_000)
    service.tick(x=1.0)
    service.now += 9_999
    assert not look(service.settings, service.memory, service.see()).full()
    service.now += 1
    assert look(service.settings, service.memory, service.see()).full()


# -- our own open order


def test_an_open_order_counts_while_the_fleet_still_shows_the_old_count() -> None:
    service = Service(Target("t", "cpu", 0.5, window=1000), tasks=4)
    service.follows = False
    assert service.tick(cpu=1.0).desired == 8
    for _ in range(SETTLE // 1000):
        assert service.tick(cpu=0.5).current == 8


def test_an_order_the_fleet_never_shows_is_given_up_and_given_again() -> None:
    service = Service(Target("t", "cpu", 0.5, window=1000), tasks=4)
    service.follows = False
    service.tick(cpu=1.0)
    currents = [service.tick(cpu=1.0) for _ in range(8)]
    assert [d.current for d in currents] == [8] * 5 + [4] + [8] * 2
    assert currents[5].desired == 8


def test_once_the_fleet_shows_the_order_its_own_count_is_believed() -> None:
    service = Service(Target("t", "cpu", 0.5, window=1000), tasks=4)
    service.tick(cpu=1.0)
    assert service.tick(cpu=0.5).current == 8
    service.set(6)  # somebody else
    assert service.tick(cpu=0.5).current == 6


def test_an_unseen_fleet_leaves_the_order_open() -> None:
    service = Service(Target("t", "cpu", 0.5, window=1000), tasks=4)
    service.follows = False
    service.tick(cpu=1.0)
    assert service.run(60, cpu=0.5, fleet={"state": State.STALE}).current == 8
    assert service.run(60, cpu=0.5, fleet={"at": START}).current == 8  # an old picture says nothing new
    assert service.tick(cpu=0.5).current == 4


def test_tasks_that_come_are_those_starting_warming_or_ordered() -> None:
    service = Service(Target("t", "cpu", 0.5, window=1000), tasks=4)
    view = look(service.settings, service.memory, service.see(fleet={"starting": 2, "warming": 1}))
    assert view.coming() == 3
    service.memory.ordered, service.memory.ordered_at = 9, START
    view = look(service.settings, service.memory, service.see())
    assert (view.current, view.coming()) == (9, 5)


@pytest.mark.parametrize(
    ("rate", "needed"),
    [
        pytest.param(0.0, 0, id="nothing"),
        pytest.param(20.0, 1, id="one task's worth"),
        pytest.param(20.1, 2, id="a hair more"),
        pytest.param(None, 0, id="unknown"),
    ],
)
def test_what_present_demand_needs_is_counted_at_full_throughput(rate: float | None, needed: int) -> None:
    given = [] if rate is None else [signal("requests", rate, START)]
    assert watched(*given).needed() == needed


def test_signals_are_kept_as_long_as_the_longest_policy_looks_back() -> None:
    given = settings(Target("a", "cpu", 0.5, window=600_000), Target("b", "cpu", 0.7, window=1_000))
    assert given.windows["cpu"] >= 600_000
    assert given.windows["requests"] >= 120_000
    assert "queue" not in given.windows


def test_a_longer_look_back_after_a_change_of_settings_is_kept_from_then_on() -> None:
    service = Service(Target("t", "cpu", 0.5, window=10_000))
    service.run(5, cpu=0.5)
    service.settings = settings(Target("t", "cpu", 0.5, window=900_000))
    service.tick(cpu=0.5)
    assert service.memory.windows["cpu"].keep >= 900_000


def test_a_controller_that_slept_longer_than_its_windows_is_as_careful_as_a_new_one() -> None:
    service = Service(Target("t", "cpu", 0.5, window=1000), tasks=10, seeing=60_000)
    service.run(120, cpu=0.5)
    service.now += 59_001  # and a tick of a second
    assert {decision.desired for decision in service.ticks(60, cpu=0.1)} == {10}
    assert service.tick(cpu=0.1).desired == 2
    rested = Service(Target("t", "cpu", 0.5, window=1000), tasks=10, seeing=60_000)
    rested.run(120, cpu=0.5)
    rested.now += 59_000  # just as long as the windows
    assert rested.tick(cpu=0.1).desired == 2


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [
        pytest.param("app.jobs", 8, id="the sum of a gauge: half of it is missing"),
        pytest.param("app.jobs.mean", 4, id="a mean is whole"),
        pytest.param("app.latency", 4, id="a latency too"),
        pytest.param("cpu", 4, id="a share too"),
    ],
)
@pytest.mark.parametrize("alias", [False, True])
def test_what_half_of_the_tasks_report_is_half_of_a_total(metric: str, wanted: int, alias: bool) -> None:
    name = "mine" if alias else metric
    policy = Target("t", name, 10.0, per_task=True, window=1000)
    service = Service(policy, tasks=2, metrics={"mine": metric})
    shown: dict[str, Any] = {name: {"value": 40.0, "coverage": 0.5}}
    assert service.tick(**shown).desired == wanted
