"""What the guards promise when the world misbehaves, in closed loop with a small plant."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision, Fleet, Observation, Signal, Start, State
from fleetfoot.core.policies import Default, Target
from fleetfoot.core.settings import GuardSettings, Settings
from fleetfoot.sim.harness import Loop, Plant

START = 1_700_000_000_000
QUICK = GuardSettings(conflict="reassert", stabilise_in=15_000, cooldown_in=10_000)


def settings(**changes: Any) -> Settings:
    base = Settings("orders", 2, 40, (Default(),), QUICK, throughput=20.0, startup=1000)
    return replace(base, **changes)


def codes(decision: Decision) -> set[str]:
    return {str(t.reason.code) for t in decision.trail} | {str(r.code) for r in decision.reasons}


class Service:
    """Hand-made observations, one a second, for what a plant cannot do."""

    def __init__(self, given: Settings, tasks: int = 4) -> None:
        self.settings, self.memory, self.now, self.tasks, self.coming = given, Memory(), START, tasks, 0

    def tick(self, rate: float, seconds: int = 1, follow: bool = True, **other: Any) -> Decision:
        decision: Decision | None = None
        fleet = {k: other.pop(k) for k in ("starts", "deploying", "failed", "state") if k in other}
        coverage = other.pop("coverage", 1.0)
        for _ in range(seconds):
            self.now += 1000
            values: dict[str, Any] = {
                "requests": rate,
                "completed": rate,
                "latency": 80.0,
                "errors": 0.0,
                "in_flight": 2.0,
                "queue": 0.0,
            }
            values |= other
            signals = {
                name: Signal(name, value, self.now, self.now, coverage=coverage)
                for name, value in values.items()
                if value is not None
            }
            seen = Observation(
                self.now,
                self.now,
                signals,
                Fleet(self.now, self.tasks, self.tasks - self.coming, starting=self.coming, **fleet),
            )
            decision = step(self.settings, self.memory, seen)
            if follow:
                self.tasks = decision.desired
        assert decision is not None
        return decision


def test_a_surge_is_answered_and_the_end_of_it_lets_the_tasks_go() -> None:
    loop = Loop(settings(), Plant(20.0, 1000, 2), lambda t: 200.0 if 90 < t < 150 else 20.0, seed=3)
    counts = {elapsed // 1000: decision.desired for elapsed, _, decision in loop.run(300)}
    assert counts[80] == 2
    assert max(counts[s] for s in range(90, 150)) >= 14
    assert counts[299] <= 3


def test_a_dependency_that_slows_every_task_stops_growth_and_says_why() -> None:
    service = Service(settings(), tasks=4)
    service.tick(40.0, 90)
    # every request takes ten seconds whatever the count: completed requests stay, latency stays, work piles up
    slow: dict[str, Any] = {"latency": 10_000.0, "in_flight": 400.0, "completed": 40.0}
    told = set().union(*(codes(service.tick(40.0, **slow)) for _ in range(600)))
    held = service.tasks
    assert "capacity_does_not_help" in told
    assert held < 40
    decision = service.tick(40.0, 60, **slow)
    assert decision.desired <= held + 1
    service.tick(40.0, 300)  # it was the dependency and not the tasks: nothing of it is learnt
    assert service.tasks <= 5


def test_a_fleet_at_its_maximum_is_not_said_to_have_grown_in_vain() -> None:
    service = Service(settings(maximum=4), tasks=4)
    service.tick(40.0, 90)
    for _ in range(300):
        assert "capacity_does_not_help" not in codes(
            service.tick(400.0, completed=80.0, latency=9_000.0, in_flight=700.0)
        )
    service.settings = settings(maximum=40)
    assert service.tick(400.0, completed=80.0, latency=9_000.0, in_flight=700.0).desired > 4


def test_growth_that_pays_is_never_held() -> None:
    loop = Loop(settings(), Plant(20.0, 1000, 2), lambda t: 28.0 + max(0.0, t - 60) * 2, seed=5)
    for _, _, decision in loop.run(300):
        assert "capacity_does_not_help" not in codes(decision)
    assert loop.plant.desired >= 30


def test_traffic_falling_to_a_fifth_with_errors_rising_is_held_as_an_incident() -> None:
    service = Service(settings(), tasks=12)
    service.tick(160.0, 200)
    before = service.tasks
    service.tick(32.0, 10, errors=0.3)
    decision = service.tick(32.0, 120, errors=0.3)
    assert service.tasks == before
    assert "incident_hold" in codes(decision)


def test_the_same_fall_without_any_other_sign_is_a_lull_and_lets_tasks_go() -> None:
    service = Service(settings(), tasks=12)
    service.tick(30.0, 120)
    service.tasks = 12
    service.tick(160.0, 120)
    service.tick(32.0, 300)
    assert service.tasks <= 4


def test_an_incident_hold_ends_when_the_crowd_is_back() -> None:
    service = Service(settings(), tasks=12)
    service.tick(160.0, 200)
    service.tick(32.0, 30, errors=0.3)
    service.tick(160.0, 60)
    decision = service.tick(100.0, 200)
    assert "incident_hold" not in codes(decision)
    assert decision.desired < 12


def test_a_demand_deeper_than_ever_seen_is_held_although_nothing_else_looks_bad() -> None:
    service = Service(settings(), tasks=12)
    service.tick(160.0, 900)
    before = service.tasks
    decision = service.tick(5.0, 200)
    assert service.tasks == before
    assert "incident_hold" in codes(decision)


def test_after_the_hold_the_count_goes_down_in_steps() -> None:
    service = Service(settings(guards=replace(QUICK, incident_hold=60_000)), tasks=12)
    service.tick(160.0, 200)
    service.tick(10.0, 40, errors=0.5)
    counts = [service.tick(10.0).desired for _ in range(400)]
    falls = [a - b for a, b in pairwise(counts) if b < a]
    assert falls
    assert max(falls) <= 3
    assert counts[-1] == 2


def test_an_incident_that_became_the_new_normal_is_over_when_its_steps_are_done() -> None:
    service = Service(settings(guards=replace(QUICK, incident_hold=60_000)), tasks=12)
    service.tick(160.0, 200)
    service.tick(60.0, 40, errors=0.5)
    service.tick(60.0, 900)
    assert service.tasks <= 5
    assert service.memory.slices["incident"]["until"] is None
    before = service.tasks
    decision = service.tick(15.0, 50, errors=0.5)  # and the next one is noticed
    assert service.tasks == before
    assert "incident_hold" in codes(decision)


def test_failing_starts_slow_growth_then_stop_it_and_ask_for_a_person() -> None:
    service = Service(settings(), tasks=2)
    service.tick(28.0, 90, follow=False)
    seen = set()
    for number in range(1, 10):
        failed = (Start(number, "", 0, False, "exited with code 1"),)
        decision = service.tick(200.0, starts=failed, follow=False)
        seen |= codes(decision)
        service.memory.ordered = None
    assert "launches_failing" in seen
    assert decision.desired == 2
    service.tick(200.0, starts=(Start(99, "", 900, True),), follow=False)
    assert service.tick(200.0, follow=False).desired > 3


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param({"coverage": 0.5}, id="half of the tasks fall silent"),
        pytest.param({"requests": None}, id="the source is gone"),
        pytest.param({"requests": float("nan")}, id="the source talks nonsense"),
    ],
)
def test_lost_sight_never_shrinks(lost: dict[str, Any]) -> None:
    service = Service(settings(), tasks=12)
    service.tick(150.0, 200)
    before = service.tasks
    decision = (
        service.tick(lost.pop("requests", 20.0), 300, **lost) if "requests" in lost else service.tick(20.0, 300, **lost)
    )
    assert service.tasks >= before
    assert codes(decision) & {"signal_unusable", "coverage_low", "incident_hold"}


def test_half_coverage_still_grows_scaled_up_by_what_is_missing() -> None:
    service = Service(settings(), tasks=4)
    service.tick(50.0, 90)
    decision = service.tick(60.0, 20, coverage=0.5)
    assert decision.desired >= 8  # 60 seen, 120 in truth


def test_no_scale_in_until_the_windows_of_a_restarted_controller_are_full() -> None:
    service = Service(settings(), tasks=12)
    service.tick(160.0, 200)
    service.memory = Memory.from_json(service.memory.to_json()).restarted()
    for _ in range(59):
        assert service.tick(20.0).action is not Action.SHRINK
    service.tick(20.0, 120)
    assert service.tasks < 12


def test_a_deployment_turns_shrink_off_and_leaves_growth_on() -> None:
    service = Service(settings(), tasks=12)
    service.tick(100.0, 200, deploying=True)
    assert service.tasks == 12
    assert service.tick(400.0, 10, deploying=True).desired > 12


def test_our_own_open_order_is_not_forgotten_while_the_fleet_still_shows_the_old_count() -> None:
    service = Service(settings(), tasks=2)
    service.tick(28.0, 90)
    first = service.tick(200.0, 2, follow=False)
    assert first.desired > 2
    again = service.tick(200.0, follow=False)
    assert again.current == first.desired


def test_a_fleet_whose_state_is_unknown_is_never_shrunk_and_may_grow() -> None:
    service = Service(settings(), tasks=12)
    service.tick(150.0, 200)
    service.tick(20.0, 300, state=State.STALE)
    assert service.tasks >= 11
    assert service.tick(600.0, 5, state=State.STALE).desired > 12


def test_a_fleet_above_its_maximum_comes_down_in_steps_and_not_below_present_need() -> None:
    service = Service(settings(maximum=6), tasks=20)
    counts = [service.tick(200.0).desired for _ in range(120)]
    assert min(counts) >= 10
    assert all(a - b <= 2 for a, b in pairwise(counts))


def test_a_hard_maximum_goes_below_present_need() -> None:
    service = Service(settings(maximum=6, guards=replace(QUICK, hard=True)), tasks=20)
    service.tick(200.0, 200)
    assert service.tasks == 6


def test_steady_load_at_the_target_never_grows() -> None:
    loop = Loop(settings(), Plant(20.0, 1000, 2), lambda _: 28.0, seed=11)
    assert all(decision.desired == 2 for _, _, decision in loop.run(3600))


def test_a_signal_whose_absence_is_to_be_ignored_holds_nothing_when_it_is_gone() -> None:
    quiet = Target("backlog", "backlog", 10.0, per_task=True)
    left = []
    for ignored in (frozenset[str](), frozenset({"backlog"})):
        service = Service(settings(policies=(Default(), quiet), ignored=ignored), tasks=12)
        service.tick(160.0, 90)
        service.tasks = 12
        service.tick(30.0, 300)
        left.append(service.tasks)
    assert left == [12, 3]  # 30/s at 14/s a task


def test_a_signal_that_talks_nonsense_holds_although_its_absence_is_ignored() -> None:
    quiet = Target("backlog", "backlog", 10.0, per_task=True)
    service = Service(settings(policies=(Default(), quiet), ignored=frozenset({"backlog"})), tasks=12)
    service.tick(160.0, 90, backlog=1.0)
    service.tasks = 12
    service.tick(30.0, 300, backlog=-5.0)
    assert service.tasks == 12


def test_tasks_that_were_slow_for_a_while_do_not_leave_a_fleet_too_large_for_ever() -> None:
    plant = Plant(20.0, 1000, 6)
    loop = Loop(settings(), plant, lambda _: 80.0, seed=3)
    counts = {}
    for elapsed, _, decision in loop.run(3 * 3600):
        plant.throughput = 4.0 if 200_000 < elapsed < 400_000 else 20.0
        counts[elapsed // 1000] = decision.desired
    assert max(counts[s] for s in range(300, 400)) >= 20
    assert counts[3 * 3600] <= 7
