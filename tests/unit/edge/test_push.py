"""What the receiver makes of pushes: rates, levels, and the counts of tasks that come and go."""

from __future__ import annotations

import asyncio
import random

import pytest

from fleetfoot.core.model import Signal, State
from fleetfoot.edge.sources.push import interval_for
from fleetfoot.edge.sources.pushed import PushSource
from fleetfoot_agent.wire import Push
from tests.pushes import Task, World, tick


def test_what_was_never_received_is_not_there() -> None:
    assert World().signals() == {}


def test_rates_come_from_the_growth_of_cumulative_counts(world: World, task: Task) -> None:
    tick(world, task, ended=20)
    tick(world, task, ended=30, errors=3)
    found = world.signals()
    assert found["app.requests"] == Signal("app.requests", 30.0, world.now, world.now, 1000, 1000, 1.0, State.FRESH)
    assert found["app.errors"].value == pytest.approx(0.1)
    assert 50 <= found["app.latency"].value <= 54
    assert found["app.in_flight"].value == 0
    assert "app.queue" not in found


def test_a_request_counts_as_demand_when_it_begins(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    tick(world, task, ended=10, open_=15)
    assert world.value("requests") == 25


def test_the_measured_length_of_the_interval_is_used(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    tick(world, task, ended=30, ms=1500)
    found = world.signals()["app.requests"]
    assert (found.value, found.span) == (20.0, 1500)


def test_tasks_are_added_up_and_their_histograms_merged(world: World) -> None:
    fast, slow = Task(world, "a"), Task(world, "b", "00000002")
    tick(world, fast, slow)
    world.now += 1000
    fast.serve(90, ms=10, open_=2, queue=1, gauges={"users": 10.0}, counts={"orders": 5}).send()
    slow.serve(10, ms=2000, open_=5, queue=4, gauges={"users": 30.0}, counts={"orders": 1}).send()
    found = world.signals(serving=2)
    values = {name: signal.value for name, signal in found.items()}
    assert values["app.requests"] == 107
    assert values["app.latency"] > 1900
    assert world.signals(2, percentile=0.9)["app.latency"].value < 11
    assert values["app.in_flight"] == 7
    assert values["app.queue"] == 5
    assert (values["app.users"], values["app.users.mean"]) == (40, 20)
    assert values["app.orders"] == 6
    assert {signal.coverage for signal in found.values()} == {1.0}


def test_a_new_incarnation_starts_at_zero_so_its_first_push_is_already_a_rate(world: World) -> None:
    tick(world, Task(world), ended=40)
    assert world.value("requests") == 40


def test_a_restarted_task_is_never_a_negative_rate(world: World) -> None:
    old = Task(world)
    for _ in range(5):
        tick(world, old, ended=100)
    new = Task(world, "a", "00000002")
    tick(world, new, ended=10)
    assert world.value("requests") >= 10
    for _ in range(4):
        tick(world, new, ended=10)
    assert world.value("requests") == 10


def test_a_task_met_long_after_its_start_is_a_baseline_and_not_a_surge(world: World) -> None:
    task = Task(world, ran=3_600_000).serve(1_000_000, ms=20, open_=3)
    task.send()
    assert "app.requests" not in world.signals()
    assert world.value("in_flight") == 3
    assert world.receiver.history("orders") == []
    tick(world, task, ended=20, open_=3)
    assert world.value("requests") == 20


def test_a_lost_push_loses_nothing(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    world.now += 1000
    task.serve(20).make()  # lost on its way
    tick(world, task, ended=40)
    found = world.signals()["app.requests"]
    assert (found.value, found.span) == (30.0, 2000)
    assert sum(second.requests for second in world.receiver.history("orders")) == pytest.approx(70)


def test_a_repeated_push_counts_once(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    world.now += 1000
    push = task.serve(20).make()
    world.receiver.take(push)
    world.receiver.take(push)
    assert world.value("requests") == 20
    assert world.receiver.told["repeated"] == 1
    assert sum(second.requests for second in world.receiver.history("orders")) == pytest.approx(30)


def test_a_push_overtaken_by_its_successor_is_ignored_and_nothing_is_lost(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    world.now += 1000
    slow = task.serve(20).make()
    tick(world, task, ended=30)
    world.receiver.take(slow)
    assert world.value("requests") == 25
    assert sum(second.requests for second in world.receiver.history("orders")) == pytest.approx(60)


def test_counts_add_up_whatever_is_lost_repeated_or_swapped() -> None:
    random_ = random.Random(7)
    world = World()
    task = Task(world)
    sent: list[Push] = []
    total = 0
    for _ in range(300):
        n = random_.randrange(50)
        total += n
        world.now += 1000
        sent.append(task.serve(n).make())
        if random_.random() < 0.7:
            for push in random_.sample(sent[-3:], min(len(sent), random_.randrange(1, 4))):
                world.receiver.take(push)
    world.now += 1000
    world.receiver.take(task.serve(0).make())
    assert sum(second.requests for second in world.receiver.history("orders")) == pytest.approx(total)


def test_a_measured_silence_of_traffic_is_a_fresh_zero_and_its_latency_is_empty(world: World, task: Task) -> None:
    tick(world, task)
    found = world.signals()
    assert (found["app.requests"].value, found["app.requests"].state) == (0, State.FRESH)
    assert found["app.latency"].state is found["app.errors"].state is State.EMPTY


def test_requests_that_hang_are_slow_and_never_absent(world: World, task: Task) -> None:
    tick(world, task, ended=10)
    tick(world, task, open_=8)
    assert world.signals()["app.latency"].state is State.CENSORED
    assert world.signals()["app.errors"].state is State.CENSORED
    for seconds in (1, 2, 3):
        tick(world, task, open_=8)
        assert world.value("latency") >= seconds * 1000
    assert world.signals()["app.latency"].state is State.FRESH
    tick(world, task, ended=8, ms=1000)
    assert world.value("latency") < 4000


def test_a_source_of_the_loop_reads_the_receiver(world: World) -> None:
    tick(world, Task(world), ended=10)
    reading = asyncio.run(PushSource(world.receiver, "orders", lambda: 2, 0.95).read(world.now))
    assert reading.signals["app.requests"].coverage == 0.5
    assert reading.fleet is None


def test_where_no_balancer_stands_the_tasks_figures_are_the_services_own(world: World) -> None:
    a, b = Task(world, "a", "00000001"), Task(world, "b", "00000002")
    tick(world, a, b, ended=0)
    world.now += 1000
    a.serve(40, ms=50).send()
    b.serve(20, ms=2500, errors=5, open_=3).send()
    source = PushSource(world.receiver, "orders", lambda: 2, 0.95, objective=1000)
    signals = asyncio.run(source.read(world.now)).signals
    assert signals["requests"].value == signals["app.requests"].value == 63
    assert signals["completed"].value == 55
    assert signals["bad"].value == 25  # 20 were late; 5 of the 60 failed, and may be among them
    assert signals["in_flight"].value == 3
    assert signals["errors"].value == pytest.approx(5 / 60)
    assert signals["latency"].value > 2000


@pytest.mark.parametrize(("tasks", "ms"), [(0, 1000), (1000, 1000), (1001, 2000), (50_000, 50_000), (10**6, 60_000)])
def test_the_more_tasks_push_the_longer_is_the_time_between_their_pushes(tasks: int, ms: int) -> None:
    assert interval_for(tasks) == ms
