"""Percentiles merge across tasks without error, whatever the tasks saw and however often they pushed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.edge.sources.push import Receiver
from fleetfoot_agent import Histogram, Recorder
from fleetfoot_agent.wire import decode, encode, push_of

latencies = st.lists(st.integers(min_value=0, max_value=7_200_000_000_000), max_size=30)


@given(st.lists(latencies, min_size=1, max_size=6), st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999, 1.0]))
def test_the_percentile_of_all_tasks_is_that_of_one_histogram_that_saw_every_request(
    tasks: list[list[int]], percentile: float
) -> None:
    receiver = Receiver(["orders"], lambda: 1000, lambda service: {})
    every = Histogram()
    for number, seen in enumerate(tasks):
        recorder = Recorder()
        for ns in seen:
            recorder.begin()
            recorder.end(ns, 200)
            every.record_ns(ns)
        push = push_of(recorder.take(), ("orders", f"orders-{number}", ""), 1)
        receiver.take(decode(encode(push._replace(start=0, end=1000, length=1000.0))))
    found = receiver.signals("orders", 1000, len(tasks), percentile)["app.latency"]
    assert found.value == every.quantile_ms(percentile)


@given(latencies, st.integers(min_value=1, max_value=5))
def test_pushes_that_are_lost_cost_no_request(seen: list[int], kept: int) -> None:
    """Only every ``kept``-th push arrives, and the last one."""
    recorder, every, merged = Recorder(), Histogram(), Histogram()
    older = Histogram()
    for number, ns in enumerate(seen):
        recorder.begin()
        recorder.end(ns, 200)
        every.record_ns(ns)
        newest = recorder.take().latency
        if number % kept == 0 or number == len(seen) - 1:
            merged.merge(newest.minus(older))
            older = newest
    assert merged == every
