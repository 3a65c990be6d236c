"""A recorder over a fork."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fleetfoot_agent.recorder import Recorder

MS = 1_000_000
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def in_a_child(work: Callable[[], object]) -> Any:
    """What ``work`` returns in a forked child, by way of JSON."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(write, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    answer = os.read(read, 4096)
    os.close(read)
    os.waitpid(pid, 0)
    return json.loads(answer)


def test_a_request_that_is_open_over_a_fork_is_counted_by_the_parent_only() -> None:
    recorder = Recorder()
    life = recorder.begin()

    def come_back_through_the_same_middleware() -> object:
        life.end(MS, 200)
        counts = recorder.take()
        return [counts.requests, counts.in_flight, counts.latency.total]

    assert in_a_child(come_back_through_the_same_middleware) == [0, 0, 0]
    life.end(MS, 200)
    assert (recorder.take().requests, recorder.take().in_flight) == (1, 0)


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

    def record() -> object:
        before = list(woken)
        recorder.begin()
        recorder.end(1, 200)
        counts = recorder.take()
        told = [recorder.incarnation, before, len(woken), counts.requests, counts.in_flight]
        return [*told, counts.gauges, counts.counts]

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)  # the fork happens while another thread holds the lock: the child must not inherit that
    incarnation, before, woken_after, requests, in_flight, gauges, counts = in_a_child(record)
    go.set()
    holder.join()
    assert incarnation != recorder.incarnation
    assert (before, woken_after) == ([], 1)
    assert (requests, in_flight) == (1, 0)
    assert (gauges, counts) == ({"asked": 2}, {})
    assert recorder.take().requests == 1
    assert woken == []
