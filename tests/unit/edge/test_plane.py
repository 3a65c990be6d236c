from __future__ import annotations

import asyncio

import pytest

from fleetfoot.core.model import Fleet, State
from fleetfoot.edge.base import Reading, SourceError
from fleetfoot.edge.sources.plane import PlaneFeed, PlaneSource
from tests.planes import FakePlane

NOW = 1_000_000


class Bench:
    """A plane whose monotonic time the test sets, and a source that reads it."""

    def __init__(self, restarted: bool = False, cpu: float = 1.0, memory: int | None = None) -> None:
        self.plane = FakePlane("orders")
        self.plane.mono = 10_000.0
        feed = PlaneFeed(self.plane, lambda: self.now, share=-1)
        self.source = PlaneSource(
            feed,
            "orders",
            0.95,
            1000,
            at_mono=lambda mono: NOW + int(mono) - 10_000,
            cpu=cpu,
            memory=memory,
            restarted=restarted,
        )

    @property
    def now(self) -> int:
        assert self.plane.mono is not None
        return NOW + int(self.plane.mono) - 10_000

    def read(self, after: float = 1000.0) -> Reading:
        assert self.plane.mono is not None
        self.plane.mono += after
        return asyncio.run(self.source.read(self.now))


def test_the_first_reading_shows_the_fleet_and_levels_but_no_rates() -> None:
    bench = Bench()
    bench.plane.raw["orders"]["queue"] = 7
    reading = bench.read()
    assert reading.fleet is not None
    assert reading.fleet.serving == 2
    assert reading.signals["queue"].value == 7
    assert "requests" not in reading.signals


def test_rates_are_differences_over_the_planes_own_time() -> None:
    bench = Bench()
    bench.read()
    bench.plane.serve("orders", 100)
    signal = bench.read(after=500).signals["requests"]
    assert signal.value == pytest.approx(200.0)
    assert signal.span == 500
    assert signal.end == bench.now


def test_a_new_incarnation_counts_from_zero_and_is_a_lower_bound() -> None:
    bench = Bench()
    bench.plane.serve("orders", 1000)
    bench.read()
    bench.plane.serve("orders", 100)
    bench.read()
    bench.plane.restart()
    bench.plane.serve("orders", 30)
    first = bench.read().signals
    assert first["requests"].value == pytest.approx(30.0)
    assert first["requests"].state is State.CENSORED
    bench.plane.serve("orders", 40)
    second = bench.read().signals
    assert second["requests"].value == pytest.approx(40.0)
    assert second["requests"].state is State.FRESH


def test_counters_that_fall_within_one_incarnation_are_absurd() -> None:
    bench = Bench()
    bench.plane.serve("orders", 100)
    bench.read()
    bench.plane.raw["orders"]["offered"] = 5
    assert bench.read().signals["requests"].state is State.ABSURD


def test_latency_is_the_percentile_of_the_interval_only() -> None:
    bench = Bench()
    bench.plane.serve("orders", 100, ms=2000)
    bench.read()
    bench.plane.serve("orders", 100, ms=20)
    assert bench.read().signals["latency"].value == pytest.approx(20, rel=0.07)


def test_open_requests_past_the_objective_count_as_late_although_nothing_ended() -> None:
    bench = Bench()
    bench.read()
    bench.plane.raw["orders"].update(open_over=3, oldest_ms=5000)
    latency = bench.read().signals["latency"]
    assert latency.state is State.FRESH
    assert latency.value > 1000


def test_an_interval_in_which_nothing_ended_has_an_empty_latency_and_a_rate_of_zero() -> None:
    bench = Bench()
    bench.read()
    signals = bench.read().signals
    assert signals["latency"].state is State.EMPTY
    assert signals["errors"].state is State.EMPTY
    assert signals["requests"].value == 0
    assert signals["requests"].state is State.FRESH


def test_answers_of_5xx_are_no_completed_requests() -> None:
    bench = Bench()
    bench.read()
    bench.plane.serve("orders", 100)
    bench.plane.raw["orders"]["errors"] = 30
    signals = bench.read().signals
    assert signals["completed"].value == pytest.approx(70.0)
    assert signals["errors"].value == pytest.approx(0.3)


def test_shed_and_timed_out_requests_are_errors() -> None:
    bench = Bench()
    bench.read()
    bench.plane.serve("orders", 90)
    raw = bench.plane.raw["orders"]
    raw["shed"], raw["timed_out"], raw["errors"] = raw["shed"] + 6, raw["timed_out"] + 4, raw["errors"] + 5
    assert bench.read().signals["errors"].value == pytest.approx(0.15)


def test_each_finished_start_is_passed_on_once() -> None:
    bench = Bench()
    starts = bench.plane.raw["orders"]["starts"]
    starts.append([0, "r1", 900, True, ""])
    assert [s.number for s in fleet(bench.read()).starts] == [0]
    starts.append([1, "r1", 0, False, "exit 1"])
    second = fleet(bench.read()).starts
    assert [(s.number, s.ok, s.why) for s in second] == [(1, False, "exit 1")]
    assert fleet(bench.read()).starts == ()


def test_a_restarted_controller_does_not_learn_old_starts_again() -> None:
    bench = Bench(restarted=True)
    starts = bench.plane.raw["orders"]["starts"]
    starts += [[0, "r1", 900, True, ""], [1, "r1", 900, True, ""]]
    assert fleet(bench.read()).starts == ()
    starts.append([2, "r1", 900, True, ""])
    assert [s.number for s in fleet(bench.read()).starts] == [2]


def test_a_new_incarnation_numbers_its_starts_anew() -> None:
    bench = Bench()
    bench.plane.raw["orders"]["starts"] += [[n, "r1", 900, True, ""] for n in range(5)]
    bench.read()
    bench.plane.restart()
    bench.plane.raw["orders"]["starts"].append([0, "r1", 700, True, ""])
    assert [s.span for s in fleet(bench.read()).starts] == [700]


def test_a_reading_too_short_for_a_rate_keeps_the_rates_of_the_one_before() -> None:
    bench = Bench()
    bench.read()
    bench.plane.serve("orders", 100)
    bench.read()
    bench.plane.serve("orders", 1)
    again = bench.read(after=10)
    assert again.signals["requests"].value == pytest.approx(100.0)
    assert bench.read(after=490).signals["requests"].value == pytest.approx(2.0)


def test_services_read_at_the_same_time_share_one_question_to_the_plane() -> None:
    plane = FakePlane("orders", "mail")
    feed = PlaneFeed(plane, lambda: NOW)
    sources = [PlaneSource(feed, name, 0.95, 1000, at_mono=lambda mono: NOW) for name in ("orders", "mail")]

    async def run() -> None:
        await asyncio.gather(*(source.read(NOW) for source in sources))

    asyncio.run(run())
    assert plane.calls == 1


def test_a_failed_question_is_asked_again_at_the_next_reading() -> None:
    bench = Bench()
    bench.plane.fail = "gone"
    with pytest.raises(SourceError, match="gone"):
        bench.read()
    bench.plane.fail = ""
    assert bench.read().fleet is not None


def test_an_answer_of_another_form_is_a_source_error() -> None:
    bench = Bench()
    bench.plane.raw["orders"]["offered"] = "many"
    with pytest.raises(SourceError, match="form"):
        bench.read()


def test_processor_and_memory_are_shares_of_what_a_task_may_use_over_the_tasks_that_serve() -> None:
    bench = Bench(cpu=0.5, memory=1000)
    row = {"id": "1", "age_ms": 5}
    bench.plane.raw["orders"]["tasks"] = [
        {**row, "state": "serving", "cpu": 0.2, "memory": 300},
        {**row, "state": "warming", "cpu": 0.4, "memory": 500},
        {**row, "state": "draining", "cpu": 9.0, "memory": 9000},
    ]
    signals = bench.read().signals
    assert signals["cpu"].value == pytest.approx(0.6)
    assert signals["memory"].value == pytest.approx(0.4)


def test_a_task_from_the_warm_pool_is_seen_as_started_when_it_was_promoted_and_ready_when_it_served_after() -> None:
    bench = Bench()
    aged = {"age_ms": 90_000, "ready_ms": 400}
    bench.plane.raw["orders"]["tasks"] = [
        {"id": "1", "state": "serving", **aged, "promoted_ms": None, "woken_ms": None},
        {"id": "2", "state": "serving", **aged, "promoted_ms": 30, "woken_ms": 0},
        {"id": "3", "state": "starting", **aged, "promoted_ms": 30, "woken_ms": None},
    ]
    old, promoted, woken = bench.read().tasks
    assert old.ready - old.started == 400
    assert promoted.started - old.started == 90_000 - 30
    assert promoted.ready == promoted.started
    assert (woken.started, woken.ready) == (promoted.started, 0)


def test_without_a_serving_task_processor_use_is_empty_and_memory_nobody_bounds_is_not_told() -> None:
    signals = Bench().read().signals
    assert signals["cpu"].state is State.EMPTY
    assert "memory" not in signals


def fleet(reading: Reading) -> Fleet:
    assert reading.fleet is not None
    return reading.fleet
