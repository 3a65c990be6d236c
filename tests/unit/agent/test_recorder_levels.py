"""Gauges, counts and the queue that an app tells its recorder."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleetfoot_agent.recorder import MAX_SERIES, Recorder


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
