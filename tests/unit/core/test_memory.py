"""Memory is one value: it survives a restart, and a new controller starts careful."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from fleetfoot.core.learn import FIRST_TRY, LEAST, STARTS_KEPT, Learnt
from fleetfoot.core.memory import VERSION, Memory
from fleetfoot.core.model import Action, Start
from fleetfoot.core.policies import Default, Target
from fleetfoot.core.settings import GuardSettings
from tests.unit.core.build import OPEN, Service, settings
from tests.unit.core.scenes import CALM


def lived() -> Service:
    """A life with a surge, an order, starts and a shrink in it."""
    service = Service(Default(), Target("cpu", "cpu", 0.5), tasks=4, guards=GuardSettings(), startup=5_000)
    shown: dict[str, Any] = {**CALM, "cpu": 0.4}
    service.run(90, requests=40.0, **shown)
    service.run(10, requests=300.0, fleet={"starts": (Start(1, "", 5_000, True),)}, **shown)
    service.run(300, requests=20.0, **{**shown, "cpu": 0.1})
    return service


def test_a_memory_comes_back_from_text_exactly() -> None:
    memory = lived().memory
    text = json.dumps(memory.to_json())
    assert json.dumps(Memory.from_json(json.loads(text)).to_json()) == text


def test_what_was_kept_does_not_change_while_the_service_goes_on() -> None:
    service = lived()
    kept = service.memory.to_json()
    text = json.dumps(kept)
    service.run(30, requests=400.0, **CALM)
    assert json.dumps(kept) == text


def test_a_service_goes_on_from_its_kept_memory_as_if_nothing_had_been() -> None:
    one = lived()
    other = deepcopy(one)
    other.memory = Memory.from_json(json.loads(json.dumps(one.memory.to_json())))
    for rate in (20.0, 400.0, 400.0, 30.0, 30.0):
        assert one.tick(requests=rate, cpu=0.5, **CALM) == other.tick(requests=rate, cpu=0.5, **CALM)


def test_a_memory_that_a_later_version_kept_more_in_is_read_all_the_same() -> None:
    kept = lived().memory.to_json()
    for learnt in kept["learnt"].values():
        learnt["of a later version"] = 1
    assert Memory.from_json(kept).to_json() == lived().memory.to_json()


def test_a_slice_belongs_to_its_owner_and_is_there_when_asked_again() -> None:
    memory = Memory()
    memory.slice("a")["x"] = 1
    assert (memory.slice("a"), memory.slice("b")) == ({"x": 1}, {})


@pytest.mark.parametrize("version", [pytest.param(VERSION + 1, id="a later one"), pytest.param(None, id="none")])
def test_a_memory_of_another_version_is_refused_by_its_number(version: int | None) -> None:
    with pytest.raises(ValueError, match=str(version)):
        Memory.from_json({**Memory().to_json(), "version": version})


def test_a_restarted_controller_shrinks_nothing_until_its_windows_are_full_and_grows_at_once() -> None:
    service = Service(Target("cpu", "cpu", 0.5, window=1000), tasks=10, seeing=60_000)
    service.run(100, cpu=0.5)
    service.memory = Memory.from_json(service.memory.to_json()).restarted()
    assert all(decision.action is Action.HOLD for decision in service.ticks(60, cpu=0.1))
    assert service.tick(cpu=0.1).action is Action.SHRINK
    service.memory.restarted()
    assert service.tick(cpu=0.9).action is Action.GROW


def test_what_was_learnt_outlives_a_restart() -> None:
    memory = lived().memory
    before = deepcopy(memory.learnt)
    assert memory.restarted().learnt == before


# -- what is learnt


def test_start_up_times_are_learnt_from_the_last_fifty_starts() -> None:
    learnt = Learnt()
    for span in [9_999] * 10 + list(range(1_000, 1_000 + STARTS_KEPT)):
        learnt.started(span)
    assert (len(learnt.starts), learnt.startup_p50, learnt.startup_p95) == (50, 1_024, 1_047)


def test_a_single_start_is_both_median_and_p95() -> None:
    learnt = Learnt()
    learnt.started(700)
    assert (learnt.startup_p50, learnt.startup_p95) == (700, 700)


WELL, SATURATED = Learnt.carried, Learnt.saturated
MINUTE, HOUR = 60_000, 3_600_000


@pytest.mark.parametrize(
    ("declared", "seen", "throughput"),
    [
        pytest.param(20.0, [(WELL, 30.0)], 20.0, id="declared: never more than that"),
        pytest.param(20.0, [(WELL, 5.0)], 20.0, id="declared: idling teaches nothing"),
        pytest.param(20.0, [(SATURATED, 10.0)], 19.5, id="declared: saturation pulls it down"),
        pytest.param(20.0, [(SATURATED, 10.0), (WELL, 15.0)], 19.5, id="less inside the objective"),
        pytest.param(20.0, [(SATURATED, 0.0)] * 500, 5.0, id="declared: not below a quarter"),
        pytest.param(None, [(WELL, 25.0)], 25.0, id="undeclared: the most seen inside the objective"),
        pytest.param(None, [(WELL, 25.0), (WELL, 9.0)], 25.0, id="undeclared: idling teaches nothing"),
        pytest.param(None, [(SATURATED, 0.0)] * 20_000, LEAST, id="undeclared: a hung fleet does not teach zero"),
    ],
)
def test_throughput_is_learnt(declared: float | None, seen: list[tuple[Any, float]], throughput: float) -> None:
    learnt = Learnt(declared=declared)
    for lesson, completed in seen:
        lesson(learnt, completed, 0)
    assert learnt.throughput == pytest.approx(throughput)


def test_after_another_figure_in_the_file_a_fall_is_no_failed_try() -> None:
    learnt = fallen()
    learnt.carried(8.0, learnt.wait)
    assert learnt.trying
    learnt.declare(30.0)
    learnt.saturated(10.0, HOUR)
    assert (learnt.wait, learnt.trying) == (FIRST_TRY, False)


def fallen(declared: float | None = 20.0) -> Learnt:
    """To 8 requests/s a task at 0 ms, after 20."""
    learnt = Learnt(declared=declared)
    learnt.carried(20.0, 0)
    for _ in range(100):
        learnt.saturated(8.0, 0)
    assert learnt.throughput == pytest.approx(8.0, rel=0.02)
    return learnt


def test_a_throughput_that_fell_rises_again_with_what_is_carried_inside_the_objective() -> None:
    learnt = fallen()
    learnt.carried(14.0, 1000)
    assert learnt.throughput == 14.0


@pytest.mark.parametrize("declared", [20.0, None])
def test_a_throughput_that_fell_is_tried_upward_by_a_tenth_every_ten_minutes_until_it_is_back(
    declared: float | None,
) -> None:
    learnt = fallen(declared)
    learnt.carried(3.0, 10 * MINUTE - 1)
    assert learnt.throughput == pytest.approx(8.0, rel=0.02)
    for minute in range(10, 200):
        before = learnt.throughput
        learnt.carried(3.0, minute * MINUTE)
        assert before is not None
        assert learnt.throughput is not None
        assert learnt.throughput <= before * 1.1 + 1e-9
    assert learnt.throughput == 20.0


def test_a_try_that_saturates_is_taken_back_and_the_next_one_waits_twice_as_long() -> None:
    learnt, tries = fallen(), []
    for minute in range(24 * 60):
        before = learnt.throughput
        learnt.carried(5.0, minute * MINUTE)
        if learnt.throughput != before:
            tries.append(minute)
            for _ in range(60):
                learnt.saturated(8.0, minute * MINUTE)
    assert tries == [10, 30, 70, 150, 310, 630, 1270]
    assert learnt.throughput == pytest.approx(8.0, rel=0.05)


def test_a_newly_declared_throughput_begins_anew_and_start_up_times_stay() -> None:
    service = Service(Default())
    service.run(30, requests=40.0, fleet={"starts": (Start(1, "", 900, True),)}, **CALM)
    learnt = service.memory.learnt[""]
    learnt.throughput = 6.0
    service.settings = settings(Default(), throughput=40.0)
    service.tick(requests=40.0, **CALM)
    assert (learnt.declared, learnt.throughput, learnt.startup_p50) == (40.0, 40.0, 900)


def test_a_saturated_fleet_teaches_although_the_data_plane_wakes_the_loop_five_times_a_second() -> None:
    service = Service(Default(), guards=OPEN, maximum=4)
    service.run(30, requests=40.0, **CALM)
    service.run(60, ms=200, requests=200.0, **{**CALM, "completed": 40.0, "latency": 9_000.0, "queue": 900.0})
    assert service.memory.learnt[""].throughput == pytest.approx(10.0, rel=0.2)


def test_each_revision_learns_for_itself_and_the_old_ones_are_forgotten() -> None:
    service = Service(Default())
    for number in range(8):
        start = Start(number, f"r{number}", 1_000 + number, True)
        service.tick(requests=1.0, fleet={"revision": f"r{number}", "starts": (start,)})
    assert list(service.memory.learnt) == ["r4", "r5", "r6", "r7"]
    assert service.memory.learnt["r7"].startup_p95 == 1_007


def test_a_failed_start_teaches_no_start_up_time() -> None:
    service = Service(Default())
    service.tick(requests=1.0, fleet={"starts": (Start(1, "", 0, False, "exited with code 1"),)})
    assert service.memory.learnt[""].starts == []


def test_the_learnt_start_up_replaces_the_declared_one() -> None:
    service = Service(Default())
    service.run(90, requests=40.0, **CALM)
    starts = tuple(Start(i, "", 7_000, True) for i in range(3))
    decision = service.tick(requests=400.0, fleet={"starts": starts}, **CALM)
    assert decision.reasons[0].data["startup"] == 7_000


def test_warming_tasks_teach_no_throughput() -> None:
    service = Service(Default(), throughput=None)
    service.run(30, requests=100.0, fleet={"warming": 1}, **{**CALM, "completed": 100.0})
    assert service.memory.learnt[""].throughput is None
