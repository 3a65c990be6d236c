from __future__ import annotations

import sys
import threading
import tracemalloc
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


def test_a_sleeping_recorder_wakes_its_sender_once_at_the_first_event() -> None:
    recorder = Recorder()
    woken: list[int] = []
    recorder.sleep(lambda: woken.append(1))
    recorder.begin()
    recorder.begin()
    recorder.gauge("x", 1)
    assert woken == [1]
