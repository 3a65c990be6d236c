from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from fleetfoot.core.model import Signal, State
from fleetfoot.edge.sources.push import Limits, PushSource, Receiver, Refused, push_app
from fleetfoot_agent.histogram import Histogram
from fleetfoot_agent.wire import MAX_BODY, Push, encode

START = 1_000_000  # ms: the receiver's clock when a test begins


class World:
    """A receiver with a clock the test moves, and tasks that push when told."""

    def __init__(self, limits: Limits | None = None, answer: dict[str, int] | None = None) -> None:
        self.now = START
        self.answer: dict[str, int] = answer or {}
        self.receiver = Receiver(["orders"], lambda: self.now, lambda service: self.answer, limits or Limits())

    def signals(
        self, serving: int = 1, tasks: list[str] | None = None, percentile: float = 0.95
    ) -> Mapping[str, Signal]:
        return self.receiver.signals("orders", self.now, serving, percentile, tasks)

    def value(self, name: str, serving: int = 1) -> float:
        return self.signals(serving)[f"app.{name}"].value


class Task:
    """A task whose incarnation begins when it is made."""

    def __init__(self, world: World, name: str = "a", incarnation: str = "00000001", ran: int = 0) -> None:
        """``ran``: ms for which it has been running before the world began to look."""
        self.world = world
        self.born = world.now - ran
        self.at = self.born  # end of its last interval, by the receiver's clock
        self.push = Push("orders", name, "r1", incarnation, 0, 0, 0, 0.0, 0, 0, {}, Histogram(), 0, 0)

    def serve(self, ended: int = 0, ms: float = 50, errors: int = 0, open_: int = 0, **more: Any) -> Task:
        """So many requests ended since, of which so many failed; ``open_`` are in flight now."""
        latency = self.push.latency.copy()
        for _ in range(ended):
            latency.record_ms(ms)
        status = {
            "2xx": self.push.status.get("2xx", 0) + ended - errors,
            "5xx": self.push.status.get("5xx", 0) + errors,
        }
        self.push = self.push._replace(
            requests=sum(status.values()) + open_,
            errors=self.push.errors + errors,
            status=status,
            latency=latency,
            in_flight=open_,
            in_flight_max=max(open_, self.push.in_flight),
            **more,
        )
        return self

    def make(self, final: bool = False) -> Push:
        """The push of the interval that ends now."""
        start, end = self.at - self.born, self.world.now - self.born
        self.at = self.world.now
        self.push = self.push._replace(
            sequence=self.push.sequence + 1, start=start, end=end, length=float(end - start), final=final
        )
        return self.push

    def send(self, final: bool = False) -> dict[str, Any]:
        return self.world.receiver.take(self.make(final))


def tick(world: World, *tasks: Task, ended: int = 0, ms: int = 1000, **more: Any) -> None:
    """``ms`` later every task has served so many requests and pushes."""
    world.now += ms
    for task in tasks:
        task.serve(ended, **more).send()


def test_what_was_never_received_is_not_there() -> None:
    assert World().signals() == {}


def test_rates_come_from_the_growth_of_cumulative_counts() -> None:
    world = World()
    task = Task(world)
    tick(world, task, ended=20)
    tick(world, task, ended=30, errors=3)
    found = world.signals()
    assert found["app.requests"] == Signal("app.requests", 30.0, world.now, world.now, 1000, 1000, 1.0, State.FRESH)
    assert found["app.errors"].value == pytest.approx(0.1)
    assert 50 <= found["app.latency"].value <= 54
    assert found["app.in_flight"].value == 0
    assert "app.queue" not in found


def test_a_request_counts_as_demand_when_it_begins() -> None:
    world = World()
    task = Task(world)
    tick(world, task, ended=10)
    tick(world, task, ended=10, open_=15)
    assert world.value("requests") == 25


def test_the_measured_length_of_the_interval_is_used() -> None:
    world = World()
    task = Task(world)
    tick(world, task, ended=10)
    tick(world, task, ended=30, ms=1500)
    found = world.signals()["app.requests"]
    assert (found.value, found.span) == (20.0, 1500)


def test_tasks_are_added_up_and_their_histograms_merged() -> None:
    world = World()
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


def test_a_new_incarnation_starts_at_zero_so_its_first_push_is_already_a_rate() -> None:
    world = World()
    tick(world, Task(world), ended=40)
    assert world.value("requests") == 40


def test_a_restarted_task_is_never_a_negative_rate() -> None:
    world = World()
    old = Task(world)
    for _ in range(5):
        tick(world, old, ended=100)
    new = Task(world, "a", "00000002")
    tick(world, new, ended=10)
    assert world.value("requests") >= 10
    for _ in range(4):
        tick(world, new, ended=10)
    assert world.value("requests") == 10


def test_a_task_met_long_after_its_start_is_a_baseline_and_not_a_surge() -> None:
    world = World()
    task = Task(world, ran=3_600_000).serve(1_000_000, ms=20, open_=3)
    task.send()
    assert "app.requests" not in world.signals()
    assert world.value("in_flight") == 3
    assert world.receiver.history("orders") == []
    tick(world, task, ended=20, open_=3)
    assert world.value("requests") == 20


def test_a_lost_push_loses_nothing() -> None:
    world = World()
    task = Task(world)
    tick(world, task, ended=10)
    world.now += 1000
    task.serve(20).make()  # lost on its way
    tick(world, task, ended=40)
    found = world.signals()["app.requests"]
    assert (found.value, found.span) == (30.0, 2000)
    assert sum(second.requests for second in world.receiver.history("orders")) == pytest.approx(70)


def test_a_repeated_push_counts_once() -> None:
    world = World()
    task = Task(world)
    tick(world, task, ended=10)
    world.now += 1000
    push = task.serve(20).make()
    world.receiver.take(push)
    world.receiver.take(push)
    assert world.value("requests") == 20
    assert world.receiver.told["repeated"] == 1
    assert sum(second.requests for second in world.receiver.history("orders")) == pytest.approx(30)


def test_a_push_overtaken_by_its_successor_is_ignored_and_nothing_is_lost() -> None:
    world = World()
    task = Task(world)
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


def test_a_late_interval_fills_history_and_never_the_present_rate() -> None:
    world = World()
    task = Task(world)
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


def test_a_task_whose_clock_is_far_off_is_not_late() -> None:
    world = World()
    task = Task(world, ran=86_400_000)
    for _ in range(5):
        tick(world, task, ended=10)
    assert world.value("requests") == 10
    assert world.signals()["app.requests"].end == world.now


def test_a_task_whose_clock_was_stopped_is_believed_again_after_a_minute() -> None:
    world = World()
    task = Task(world)
    for _ in range(5):
        tick(world, task, ended=10)
    task.born += 600_000  # the machine slept for ten minutes; its monotonic clock did not see them
    task.at += 600_000
    world.now += 600_000
    for _ in range(70):
        tick(world, task, ended=10)
    assert world.signals()["app.requests"].state is State.FRESH
    assert world.value("requests") == 10


def test_a_long_interval_is_history_and_only_its_levels_are_the_present() -> None:
    world = World()
    task = Task(world)
    tick(world, task, ended=10)
    tick(world, task, ended=3000, ms=30_000, open_=4)
    found = world.signals()
    assert "app.requests" not in found
    assert found["app.in_flight"].value == 4
    assert sum(second.requests for second in world.receiver.history("orders")) == pytest.approx(3014)
    tick(world, task, ended=10, open_=4)
    assert world.value("requests") == 10


def test_a_very_short_interval_is_joined_to_the_next() -> None:
    world = World()
    task = Task(world)
    tick(world, task, ended=10)
    tick(world, task, ended=1, ms=3)
    assert world.value("requests") == 10
    tick(world, task, ended=20, ms=997)
    assert world.value("requests") == 21


def test_when_half_of_the_tasks_fall_silent_the_coverage_says_so() -> None:
    world = World()
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


def test_coverage_counts_only_the_tasks_that_are_expected_when_they_are_named() -> None:
    world = World()
    draining, serving = Task(world, "old"), Task(world, "new", "00000002")
    tick(world, draining, serving)
    for _ in range(4):
        tick(world, draining)
    assert world.signals(1)["app.in_flight"].coverage == 1.0  # a bare number cannot know better
    assert world.signals(1, ["new"])["app.in_flight"].coverage == 0.0


def test_a_silent_worker_of_a_task_lowers_its_coverage_for_half_a_minute() -> None:
    world = World()
    workers = [Task(world, "a", f"{i:08}") for i in range(4)]
    tick(world, *workers, ended=5)
    assert (world.value("requests"), world.signals()["app.requests"].coverage) == (20, 1.0)
    for _ in range(5):
        tick(world, workers[0], ended=5)
    assert world.signals()["app.requests"].coverage == 0.25
    for _ in range(30):
        tick(world, workers[0], ended=5)
    assert world.signals()["app.requests"].coverage == 1.0


def test_when_all_are_silent_the_last_values_stay_with_their_age() -> None:
    world = World()
    task = Task(world)
    tick(world, task, ended=10)
    last = world.now
    world.now += 20_000
    found = world.signals()["app.requests"]
    assert (found.value, found.end, found.state, found.coverage) == (10, last, State.STALE, 0.0)


def test_a_task_that_said_goodbye_leaves_levels_and_coverage_and_its_last_requests_count() -> None:
    world = World()
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


def test_a_measured_silence_of_traffic_is_a_fresh_zero_and_its_latency_is_empty() -> None:
    world = World()
    task = Task(world)
    tick(world, task)
    found = world.signals()
    assert (found["app.requests"].value, found["app.requests"].state) == (0, State.FRESH)
    assert found["app.latency"].state is found["app.errors"].state is State.EMPTY


def test_requests_that_hang_are_slow_and_never_absent() -> None:
    world = World()
    task = Task(world)
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


def test_the_age_of_an_interval_is_by_our_clock() -> None:
    world = World()
    task = Task(world)
    tick(world, task, ended=10)
    world.now += 1000
    push = task.serve(10).make()
    world.now += 700
    world.receiver.take(push)
    found = world.signals()["app.requests"]
    assert (found.end, found.received) == (world.now - 700, world.now)


@pytest.mark.parametrize("change", [{"requests": 5}, {"errors": 0}, {"end": 900, "length": 900.0}, {"status": {}}])
def test_counts_that_fall_within_one_incarnation_are_refused(change: dict[str, Any]) -> None:
    world = World()
    task = Task(world)
    tick(world, task, ended=10, errors=1)
    world.now += 1000
    push = task.serve(10).make()._replace(**change)
    with pytest.raises(Refused, match="fell") as refused:
        world.receiver.take(push)
    assert refused.value.status == 400
    assert world.value("requests") == 10


def test_an_unknown_service_is_refused() -> None:
    world = World()
    world.now += 1000
    with pytest.raises(Refused, match="'other'") as refused:
        world.receiver.take(Task(world, ran=1000).make()._replace(service="other"))
    assert refused.value.status == 404
    with pytest.raises(KeyError):
        world.receiver.signals("other", world.now, 1)


def test_more_pushes_than_allowed_are_refused_and_the_task_recovers() -> None:
    world = World()
    task = Task(world)
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


def test_last_seen_is_kept_for_every_task() -> None:
    world = World()
    a, b = Task(world, "a"), Task(world, "b", "00000002")
    tick(world, a, b)
    tick(world, a)
    shot = world.receiver.snapshot("orders", world.now, 2)
    assert shot is not None
    assert shot.tasks == {"a": world.now, "b": world.now - 1000}


def test_history_is_bounded() -> None:
    world = World()
    task = Task(world)
    for _ in range(40):
        tick(world, task, ended=9, ms=60_000)
    assert len(world.receiver.history("orders")) <= 902


def test_a_source_of_the_loop_reads_the_receiver() -> None:
    world = World()
    tick(world, Task(world), ended=10)
    reading = asyncio.run(PushSource(world.receiver, "orders", lambda: 2, 0.95).read(world.now))
    assert reading.signals["app.requests"].coverage == 0.5
    assert reading.fleet is None


# --- over HTTP ---


def request(
    world: World, *parts: bytes, method: str = "POST", token: str = "secret", headers: tuple[Any, ...] = ()
) -> tuple[int, dict[str, Any], dict[bytes, bytes]]:
    """What ``push_app`` answers: status, body, headers."""
    waiting = [{"type": "http.request", "body": p, "more_body": i < len(parts) - 1} for i, p in enumerate(parts)]
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "headers": [(b"authorization", f"Bearer {token}".encode()), *headers]}
    asyncio.run(_run(push_app(world.receiver, "secret"), scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"]), dict(sent[0]["headers"])


async def _run(app: Any, *args: Any) -> None:
    await app(*args)


def one_push() -> tuple[World, bytes]:
    world = World(answer={"tasks": 3})
    task = Task(world)
    world.now += 1000
    return world, encode(task.serve(10).make())


def test_a_push_is_taken_in_however_many_pieces_it_comes() -> None:
    world, body = one_push()
    status, answer, _ = request(world, body[:10], b"", body[10:])
    assert (status, answer) == (200, {"v": 1, "tasks": 3})
    assert world.value("requests") == 10


@pytest.mark.parametrize("token", ["", "Secret", "secret2", "secre", "sécret"])
def test_a_push_without_the_token_is_refused_unread(token: str) -> None:
    world, body = one_push()
    status, answer, _ = request(world, body, token=token)
    assert status == 401
    assert "token" in answer["error"]
    assert world.signals() == {}


def test_a_receiver_without_a_token_is_not_made() -> None:
    with pytest.raises(ValueError, match="token"):
        push_app(World().receiver, "")


@pytest.mark.parametrize(
    ("parts", "more", "status"),
    [
        pytest.param([b"x" * 40_000, b"x" * 40_000], {}, 413, id="too long in pieces"),
        pytest.param(
            [b""], {"headers": ((b"content-length", str(MAX_BODY + 1).encode()),)}, 413, id="too long, announced"
        ),
        pytest.param([b""], {"headers": ((b"content-length", b"9" * 5000),)}, 413, id="absurdly long, announced"),
        pytest.param([], {}, 400, id="a sender that goes away"),
        pytest.param([b"{"], {}, 400, id="not JSON"),
        pytest.param([b""], {"method": "GET"}, 405, id="not a POST"),
    ],
)
def test_a_bad_request_gets_a_clear_answer(parts: list[bytes], more: dict[str, Any], status: int) -> None:
    world, _ = one_push()
    found, answer, _ = request(world, *parts, **more)
    assert found == status
    assert answer["error"]
    assert world.signals() == {}


def test_a_refusal_for_the_time_being_says_when_to_come_back() -> None:
    world, body = one_push()
    answers = [request(world, body) for _ in range(12)]
    assert [status for status, _, _ in answers] == [200] * 10 + [429] * 2
    assert answers[-1][2][b"retry-after"] == b"1"
