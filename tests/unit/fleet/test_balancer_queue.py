"""Queue, rates, shedding, pressure: numbers in, numbers out."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.fleet.balancer.peer import Peer
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


def test_clients_take_turns() -> None:
    queue: Queue[str] = Queue(20)
    for name in ("a1", "a2", "a3", "b1", "a4", "c1", "b2"):
        queue.push(name, 0.0, name[0])
    queue.push("again", 5.0, "a", first=True)
    assert [queue.pop() for _ in range(4)] == ["again", "a1", "b1", "c1"]
    queue.push("c2", 6.0, "c")  # it had its turn
    assert [queue.pop() for _ in range(6)] == ["a2", "b2", "c2", "a3", "a4", None]


def test_a_full_queue_takes_one_in_place_of_the_newest_of_who_fills_it() -> None:
    queue: Queue[str] = Queue(4)
    for name in ("a1", "b1", "a2", "a3"):
        assert queue.displaced("a") is None
        queue.push(name, 0.0, name[0])
    assert queue.displaced("a") is None
    assert queue.displaced("c") == "a3"
    queue.push("c1", 1.0, "c")
    assert queue.displaced("b") is None  # two to one is fair enough
    assert queue.displaced("d") == "a2"
    queue.push("d1", 1.0, "d")
    assert queue.displaced("e") is None
    assert sorted(queue.waiting) == ["a1", "b1", "c1", "d1"]


class Simple:
    """What the queue should do, written as plainly as possible. An item is its time of arrival."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, object]] = []  # in order of arrival
        self.turns: list[object] = []

    def leave(self, item: int) -> None:
        client = next(client for its, client in self.waiting if its == item)
        self.waiting.remove((item, client))
        if all(other != client for _, other in self.waiting):
            self.turns.remove(client)

    def push(self, item: int, client: object, first: bool) -> None:
        self.waiting.append((item, client))
        if client not in self.turns:
            self.turns.insert(0 if first else len(self.turns), client)

    def pop(self) -> int | None:
        if not self.waiting:
            return None
        client = self.turns[0]
        item = next(item for item, its in self.waiting if its == client)
        self.leave(item)
        if client in self.turns:
            self.turns.append(self.turns.pop(0))
        return item

    def longest(self) -> int:
        return max(Counter(client for _, client in self.waiting).values(), default=0)


def push_both(queue: Queue[int], simple: Simple, now: int, client: object, first: bool) -> None:
    displaced = queue.displaced(client)
    mine = sum(its == client for _, its in simple.waiting)
    assert (displaced is not None) is (len(simple.waiting) == 6 and simple.longest() > mine + 1)
    if displaced is not None:
        its = next(its for item, its in simple.waiting if item == displaced)
        assert [item for item, other in simple.waiting if other == its][-1] == displaced
        assert sum(other == its for _, other in simple.waiting) == simple.longest()
        simple.leave(displaced)
    room = len(simple.waiting) < 6
    assert queue.push(now, now, client, first=first) is room
    if room:
        simple.push(now, client, first)


STEPS = st.tuples(st.sampled_from(["push", "push", "first", "pop", "discard", "expire"]), st.integers(0, 4))


@given(st.lists(STEPS, max_size=80))
def test_the_queue_agrees_with_a_simple_one(steps: list[tuple[str, int]]) -> None:
    queue: Queue[int] = Queue(6)
    simple = Simple()
    for now, (step, number) in enumerate(steps):
        if step == "push":
            push_both(queue, simple, now, f"client {number}", first=False)
        elif step == "first":
            push_both(queue, simple, now, now, first=True)
        elif step == "pop":
            assert queue.pop() == simple.pop()
        elif step == "discard" and simple.waiting:
            item = simple.waiting[number % len(simple.waiting)][0]
            assert queue.discard(item)
            simple.leave(item)
        elif step == "expire":
            late = queue.expired(now, 20)
            assert late == [item for item, _ in simple.waiting if now - item > 20]
            for item in late:
                simple.leave(item)
        assert (list(queue.waiting), queue._longest) == ([item for item, _ in simple.waiting], simple.longest())


@pytest.mark.parametrize(
    ("address", "chain", "client"),
    [
        pytest.param("8.8.8.8", "9.9.9.9, ", "8.8.8.8", id="a-stranger-is-not-believed"),
        pytest.param("10.0.0.1", "", "10.0.0.1", id="no-proxy"),
        pytest.param("10.0.0.1", "9.9.9.9, ", "9.9.9.9", id="a-proxy-near-by"),
        pytest.param("10.0.0.1", "1.2.3.4, 9.9.9.9,192.168.0.7, ", "9.9.9.9", id="two-proxies-and-a-forged-address"),
        pytest.param("127.0.0.1", "10.1.1.1, 10.0.0.2, ", "10.1.1.1", id="everybody-near-by"),
        pytest.param("127.0.0.1", "2001:4860::1, ", "2001:4860::1", id="version-6"),
        pytest.param("127.0.0.1", "x" * 999 + ", ", "x" * 64, id="rubbish-is-kept-short"),
    ],
)
def test_whose_a_request_is(address: str, chain: str, client: str) -> None:
    tail = f"\r\nX-Forwarded-For: {chain}{address}\r\nX-Forwarded-Proto: http\r\n\r\n"
    assert Peer(address, "a").client(f"GET / HTTP/1.1\r\nHost: a{tail}".encode()) == client.encode()


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
