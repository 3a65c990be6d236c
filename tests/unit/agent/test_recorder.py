from __future__ import annotations

import json
import os
import sys
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from fleetfoot_agent.histogram import LAST
from fleetfoot_agent.life import Life, LockedLife, a_life
from fleetfoot_agent.recorder import MAX_SERIES, Recorder

MS = 1_000_000


def test_requests_are_ended_plus_in_flight() -> None:
    recorder = Recorder()
    for _ in range(5):
        recorder.begin()
    recorder.end(3 * MS, 200)
    recorder.end(4 * MS, 404)
    recorder.end(5 * MS, 503)
    counts = recorder.take()
    assert (counts.requests, counts.in_flight, counts.errors) == (5, 2, 1)
    assert counts.status == {"2xx": 1, "4xx": 1, "5xx": 1}
    assert counts.latency.total == 3


@pytest.mark.parametrize(
    ("status", "failed", "name", "errors"),
    [
        pytest.param(200, True, "2xx", 1, id="raised after the response began"),
        pytest.param(0, False, "none", 0, id="cancelled before it answered"),
        pytest.param(0, True, "none", 1, id="raised without an answer"),
        pytest.param(700, False, "none", 1, id="a status that does not exist"),
        pytest.param(499, False, "4xx", 0, id="the client's fault"),
    ],
)
def test_a_request_counts_as_an_error_by_status_or_exception(status: int, failed: bool, name: str, errors: int) -> None:
    recorder = Recorder()
    recorder.begin()
    recorder.end(MS, status, failed)
    counts = recorder.take()
    assert (counts.status, counts.errors) == ({name: 1}, errors)


def test_the_most_in_flight_is_since_the_counts_were_last_taken() -> None:
    recorder = Recorder()
    for _ in range(3):
        recorder.begin()
    for _ in range(2):
        recorder.end(MS, 200)
    assert recorder.take().in_flight_max == 3
    assert recorder.take().in_flight_max == 1
    recorder.begin()
    assert recorder.take().in_flight_max == 2


def test_intervals_follow_each_other_without_a_gap_from_zero() -> None:
    recorder = Recorder()
    first, second = recorder.take(), recorder.take()
    assert first.start == 0
    assert 0 < first.end == second.start < second.end


@pytest.mark.parametrize("life", [Life, LockedLife])
def test_totals_are_exact_under_eight_threads(life: type[Life]) -> None:
    if life is Life and type(a_life()) is not Life:
        pytest.skip("this Python needs the lock")
    recorder = Recorder(life)
    each, threads = 4000, 8
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads meet inside every statement that is not safe
    try:

        def work() -> None:
            for i in range(each):
                recorder.begin()
                recorder.count("orders")
                recorder.end(i * 1000, 500 if i % 4 == 0 else 200)

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            counts = recorder.take()
            assert counts.requests == sum(counts.status.values()) + counts.in_flight
            assert counts.latency.total == sum(counts.status.values())
    finally:
        sys.setswitchinterval(old)
    counts = recorder.take()
    assert counts.requests == counts.latency.total == counts.counts["orders"] == each * threads
    assert counts.status == {"2xx": each * threads * 3 // 4, "5xx": each * threads // 4}
    assert counts.errors == each * threads // 4
    assert counts.in_flight == 0


def test_a_look_leaves_the_interval_and_the_maximum_to_the_sender() -> None:
    recorder = Recorder()
    recorder.begin()
    recorder.end(MS, 200)
    assert recorder.look().in_flight_max == recorder.look().in_flight_max == 1
    assert recorder.look().start == 0
    counts = recorder.take()
    assert (counts.start, counts.in_flight_max) == (0, 1)


@pytest.mark.parametrize(
    "ns", [-1, 0, 3_600_000_000_001, 10**30], ids=["back in time", "none", "over an hour", "absurd"]
)
@pytest.mark.parametrize("status", [-1, 0, 99, 200, 599, 600, "200", None])
def test_no_latency_and_no_status_is_too_odd_to_be_counted_once(ns: int, status: Any) -> None:
    recorder = Recorder()
    recorder.begin()
    recorder.end(ns, status)
    counts = recorder.take()
    assert (counts.latency.total, sum(counts.status.values()), counts.in_flight) == (1, 1, 0)
    assert counts.latency.counts[LAST if ns > 3_600_000_000_000 else 0] == 1


def test_memory_stays_bounded_over_a_million_requests_and_ten_thousand_names() -> None:
    recorder = Recorder()
    tracemalloc.start()
    try:
        for i in range(10_000):
            recorder.gauge(f"g{i}", i)
            recorder.count(f"c{i}")
        recorder.take()
        before = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert before < 100_000
    assert recorder.dropped == 20_000 - MAX_SERIES
    life, size = recorder.life, sizes(recorder.life)
    for i in range(1_000_000):
        life.begin()
        life.end(i * 4000, 100 + i % 500)
    assert recorder.take().requests == recorder.take().latency.total == 1_000_000
    assert sizes(life) <= size + 12 * LAST * sys.getsizeof(1)  # numbers above 256 are objects of their own


def sizes(life: Life) -> int:
    """Bytes of the tables of a life and of the numbers in them."""
    rows = [*life.rows, *life.failed]
    return sum(sys.getsizeof(row) for row in rows) + sum(sys.getsizeof(n) for row in rows for n in row if n > 256)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_request_that_is_open_over_a_fork_is_counted_by_the_parent_only() -> None:
    recorder = Recorder()
    life = recorder.begin()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            life.end(MS, 200)  # the child comes back through the same middleware
            counts = recorder.take()
            os.write(write, json.dumps([counts.requests, counts.in_flight, counts.latency.total]).encode())
        finally:
            os._exit(0)
    os.close(write)
    answer = os.read(read, 4096)
    os.close(read)
    os.waitpid(pid, 0)
    life.end(MS, 200)
    assert json.loads(answer) == [0, 0, 0]
    assert (recorder.take().requests, recorder.take().in_flight) == (1, 0)


def test_gauges_are_levels_and_counts_add_up() -> None:
    recorder = Recorder()
    recorder.gauge("users", 3)
    recorder.gauge("users", 5.5)
    recorder.gauge("asked", lambda: 7)
    recorder.count("orders")
    recorder.count("orders", 2)
    recorder.queue(4)
    counts = recorder.take()
    assert counts.gauges == {"users": 5.5, "asked": 7}
    assert counts.counts == {"orders": 3}
    assert counts.queue == 4
    recorder.queue(lambda: 9)
    assert recorder.take().queue == 9


def raises() -> float:
    raise RuntimeError("the app's own")


@pytest.mark.parametrize(
    "do",
    [
        pytest.param(lambda r: r.gauge("no name", 1), id="a name with a space"),
        pytest.param(lambda r: r.gauge("requests", 1), id="a name that is taken"),
        pytest.param(lambda r: r.gauge("a" * 65, 1), id="a long name"),
        pytest.param(lambda r: r.gauge(None, 1), id="no name"),
        pytest.param(lambda r: r.gauge([], 1), id="a name that cannot be a key"),
        pytest.param(lambda r: r.gauge("x", float("nan")), id="not a number"),
        pytest.param(lambda r: r.gauge("x", float("inf")), id="infinite"),
        pytest.param(lambda r: r.gauge("x", "12"), id="text"),
        pytest.param(lambda r: r.gauge("x", None), id="None"),
        pytest.param(lambda r: r.gauge("known_count", 1), id="a gauge named like a count"),
        pytest.param(lambda r: r.count("known_gauge"), id="a count named like a gauge"),
        pytest.param(lambda r: r.count("x", -1), id="counting back"),
        pytest.param(lambda r: r.queue("long"), id="a queue of text"),
    ],
)
def test_what_cannot_be_kept_is_dropped_and_counted_and_never_raised(do: Callable[[Recorder], None]) -> None:
    recorder = Recorder()
    recorder.count("known_count")
    recorder.gauge("known_gauge", 1)
    do(recorder)
    counts = recorder.take()
    assert recorder.dropped == 1
    assert (counts.gauges, counts.counts, counts.queue) == ({"known_gauge": 1}, {"known_count": 1}, None)


@pytest.mark.parametrize("level", [raises, lambda: float("nan"), lambda: "3"], ids=["raises", "nan", "text"])
def test_a_callable_that_fails_costs_only_its_own_value(level: Callable[[], float]) -> None:
    recorder = Recorder()
    recorder.gauge("bad", level)
    recorder.gauge("good", 1)
    recorder.queue(level)
    counts = recorder.take()
    assert counts.gauges == {"good": 1}
    assert counts.queue is None
    assert recorder.dropped == 2


def test_a_callable_may_itself_record() -> None:
    recorder = Recorder()

    def asked() -> float:
        recorder.count("asks")
        return 1.0

    recorder.gauge("asked", asked)
    assert recorder.take().counts == {"asks": 1}


def test_the_number_of_gauges_and_counts_is_bounded() -> None:
    recorder = Recorder()
    for i in range(MAX_SERIES + 10):
        recorder.count(f"c{i}") if i % 2 else recorder.gauge(f"g{i}", i)
    counts = recorder.take()
    assert len(counts.gauges) + len(counts.counts) == MAX_SERIES
    assert recorder.dropped == 10


def test_a_sleeping_recorder_wakes_its_sender_once_at_the_first_event() -> None:
    recorder = Recorder()
    woken: list[int] = []
    recorder.sleep(lambda: woken.append(1))
    recorder.begin()
    recorder.begin()
    recorder.gauge("x", 1)
    assert woken == [1]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_a_new_incarnation_that_counts_from_zero_and_wakes_lazily() -> None:
    recorder = Recorder()
    recorder.begin()
    recorder.count("orders")
    recorder.gauge("set", 1)
    recorder.gauge("asked", lambda: 2)
    woken: list[int] = []
    recorder.wake = lambda: woken.append(os.getpid())
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with recorder._lock:
            held.set()
            go.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)  # the fork happens while another thread holds the lock: the child must not inherit that
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            before = list(woken)
            recorder.begin()
            recorder.end(1, 200)
            counts = recorder.take()
            told = [recorder.incarnation, before, len(woken), counts.requests, counts.in_flight]
            os.write(write, json.dumps([*told, counts.gauges, counts.counts]).encode())
        finally:
            os._exit(0)
    go.set()
    holder.join()
    os.close(write)
    answer = os.read(read, 4096)
    os.close(read)
    os.waitpid(pid, 0)
    incarnation, before, woken_after, requests, in_flight, gauges, counts = json.loads(answer)
    assert incarnation != recorder.incarnation
    assert (before, woken_after) == ([], 1)
    assert (requests, in_flight) == (1, 0)
    assert (gauges, counts) == ({"asked": 2}, {})
    assert recorder.take().requests == 1
    assert woken == []
