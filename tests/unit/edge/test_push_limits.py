"""What the receiver refuses, what it bounds, and what it tells the sender."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.model import State
from fleetfoot.edge.sources.push import Limits, Refused
from tests.pushes import Task, World, tick


@pytest.mark.parametrize("change", [{"requests": 5}, {"errors": 0}, {"end": 900, "length": 900.0}, {"status": {}}])
def test_counts_that_fall_within_one_incarnation_are_refused(world: World, task: Task, change: dict[str, Any]) -> None:
    tick(world, task, ended=10, errors=1)
    world.now += 1000
    push = task.serve(10).make()._replace(**change)
    with pytest.raises(Refused, match="fell") as refused:
        world.receiver.take(push)
    assert refused.value.status == 400
    assert world.value("requests") == 10


def test_an_unknown_service_is_refused(world: World) -> None:
    world.now += 1000
    with pytest.raises(Refused, match="'other'") as refused:
        world.receiver.take(Task(world, ran=1000).make()._replace(service="other"))
    assert refused.value.status == 404
    with pytest.raises(KeyError):
        world.receiver.signals("other", world.now, 1)


def test_more_pushes_than_allowed_are_refused_and_the_task_recovers(world: World, task: Task) -> None:
    for _ in range(10):
        tick(world, task, ended=1, ms=10)
    with pytest.raises(Refused, match="5 pushes a second") as refused:
        tick(world, task, ended=1, ms=10)
    assert (refused.value.status, refused.value.retry_after) == (429, 1)
    tick(world, task, ended=10)
    assert world.signals()["app.requests"].state is State.FRESH


def test_the_number_of_tasks_is_bounded_and_the_silent_make_room() -> None:
    world = World(Limits(incarnations=3))
    tasks = [Task(world, f"t{i}", f"{i:08}") for i in range(4)]
    tick(world, *tasks[:3])
    with pytest.raises(Refused, match="3 tasks") as refused:
        tick(world, tasks[3])
    assert refused.value.status == 429
    tasks[0].serve().send(final=True)
    tasks[3].serve().send()
    fifth = Task(world, "t5", "00000005")
    for _ in range(40):
        tick(world, *tasks[2:])
    tick(world, fifth)
    assert sorted(world.receiver.snapshot("orders", world.now, 3).tasks) == ["t2", "t3", "t5"]  # type: ignore[union-attr]


def test_the_names_of_gauges_and_counts_are_bounded_over_all_tasks() -> None:
    world = World(Limits(series=3))
    a, b = Task(world, "a"), Task(world, "b", "00000002")
    tick(world, a, gauges={"g1": 1.0, "g2": 2.0})
    tick(world, b, counts={"c1": 5, "c2": 5, "g1": 5}, gauges={"g2": 1.0})
    names = {name for name in world.signals(2) if name not in ("app.requests", "app.errors", "app.latency")}
    assert names == {"app.in_flight", "app.g1", "app.g1.mean", "app.g2", "app.g2.mean", "app.c1"}
    assert world.receiver.told["series left out"] == 2


def test_the_sender_is_told_what_the_controller_says() -> None:
    world = World(answer={"tasks": 8, "pool": 12, "interval_ms": 2000})
    task = Task(world)
    world.now += 2000
    assert task.send() == {"v": 1, "tasks": 8, "pool": 12, "interval_ms": 2000}
    assert world.signals()["app.requests"].period == 2000
    world.now += 5900
    assert world.signals()["app.requests"].state is State.FRESH


def test_last_seen_is_kept_for_every_task(world: World) -> None:
    a, b = Task(world, "a"), Task(world, "b", "00000002")
    tick(world, a, b)
    tick(world, a)
    shot = world.receiver.snapshot("orders", world.now, 2)
    assert shot is not None
    assert shot.tasks == {"a": world.now, "b": world.now - 1000}


def test_history_is_bounded(world: World, task: Task) -> None:
    for _ in range(40):
        tick(world, task, ended=9, ms=60_000)
    assert len(world.receiver.history("orders")) <= 902
