"""What the receiver makes of pushes that are late, silent or of strange clocks."""

from __future__ import annotations

import pytest

from fleetfoot.core.model import State
from tests.pushes import Task, World, tick


def test_a_late_interval_fills_history_and_never_the_present_rate(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    tick(world, task, ended=10)
    world.now += 1000
    held_up = task.serve(500).make()
    ended = world.now
    world.now += 2500
    world.receiver.take(held_up)
    assert world.value("requests") == 10
    assert world.receiver.told["late"] == 1
    [second] = [second for second in world.receiver.history("orders") if second.start == ended - 1000]
    assert second.requests == pytest.approx(500)
    tick(world, task, ended=35, ms=1000)
    assert world.value("requests") == 10  # 35 in the 3.5 s since the late one


def test_a_task_whose_clock_is_far_off_is_not_late(world: World) -> None:
    task = Task(world, ran=86_400_000)
    for _ in range(5):
        tick(world, task, ended=10)
    assert world.value("requests") == 10
    assert world.signals()["app.requests"].end == world.now


def test_a_task_whose_clock_was_stopped_is_believed_again_after_a_minute(world: World, task: Task) -> None:
    for _ in range(5):
        tick(world, task, ended=10)
    task.born += 600_000  # the machine slept for ten minutes; its monotonic clock did not see them
    task.at += 600_000
    world.now += 600_000
    for _ in range(70):
        tick(world, task, ended=10)
    assert world.signals()["app.requests"].state is State.FRESH
    assert world.value("requests") == 10


def test_a_long_interval_is_history_and_only_its_levels_are_the_present(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    tick(world, task, ended=3000, ms=30_000, open_=4)
    found = world.signals()
    assert "app.requests" not in found
    assert found["app.in_flight"].value == 4
    assert sum(second.requests for second in world.receiver.history("orders")) == pytest.approx(3014)
    tick(world, task, ended=10, open_=4)
    assert world.value("requests") == 10


def test_a_very_short_interval_is_joined_to_the_next(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    tick(world, task, ended=1, ms=3)
    assert world.value("requests") == 10
    tick(world, task, ended=20, ms=997)
    assert world.value("requests") == 21


def test_when_half_of_the_tasks_fall_silent_the_coverage_says_so(world: World) -> None:
    tasks = [Task(world, f"t{i}", f"{i:08}") for i in range(4)]
    for _ in range(3):
        tick(world, *tasks, ended=10)
    assert (world.value("requests", 4), world.signals(4)["app.requests"].coverage) == (40, 1.0)
    for _ in range(4):
        tick(world, *tasks[:2], ended=10)
    for serving in (world.signals(4), world.signals(0, [f"t{i}" for i in range(4)])):
        assert serving["app.requests"].value == 20
        assert serving["app.requests"].coverage == 0.5
        assert serving["app.in_flight"].coverage == 0.5
        assert serving["app.requests"].state is State.FRESH


def test_coverage_counts_only_the_tasks_that_are_expected_when_they_are_named(world: World) -> None:
    draining, serving = Task(world, "old"), Task(world, "new", "00000002")
    tick(world, draining, serving)
    for _ in range(4):
        tick(world, draining)
    assert world.signals(1)["app.in_flight"].coverage == 1.0  # a bare number cannot know better
    assert world.signals(1, ["new"])["app.in_flight"].coverage == 0.0


def test_a_silent_worker_of_a_task_lowers_its_coverage_for_half_a_minute(world: World) -> None:
    workers = [Task(world, "a", f"{i:08}") for i in range(4)]
    tick(world, *workers, ended=5)
    assert (world.value("requests"), world.signals()["app.requests"].coverage) == (20, 1.0)
    for _ in range(5):
        tick(world, workers[0], ended=5)
    assert world.signals()["app.requests"].coverage == 0.25
    for _ in range(30):
        tick(world, workers[0], ended=5)
    assert world.signals()["app.requests"].coverage == 1.0


def test_when_all_are_silent_the_last_values_stay_with_their_age(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    last = world.now
    world.now += 20_000
    found = world.signals()["app.requests"]
    assert (found.value, found.end, found.state, found.coverage) == (10, last, State.STALE, 0.0)


def test_a_task_that_said_goodbye_leaves_levels_and_coverage_and_its_last_requests_count(world: World) -> None:
    stays, leaves = Task(world, "a"), Task(world, "b", "00000002")
    tick(world, stays, leaves, ended=10, open_=1)
    world.now += 300
    leaves.serve(5).send(final=True)
    found = world.signals(serving=1)
    assert (found["app.in_flight"].value, found["app.requests"].coverage) == (1, 1.0)
    assert sum(second.requests for second in world.receiver.history("orders")) == pytest.approx(26)
    world.now += 700
    stays.serve(10).send()
    assert world.signals(serving=1)["app.requests"].value == 9


def test_the_age_of_an_interval_is_by_our_clock(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    world.now += 1000
    push = task.serve(10).make()
    world.now += 700
    world.receiver.take(push)
    found = world.signals()["app.requests"]
    assert (found.end, found.received) == (world.now - 700, world.now)
