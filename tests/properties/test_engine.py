"""What holds for every service, every life and every moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from math import ceil, trunc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from fleetfoot.core import warm, words
from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Decision, State
from fleetfoot.core.pack import decision_to_json, observation_from_json, observation_to_json
from fleetfoot.core.policies import Adaptive, Default, Target
from fleetfoot.core.settings import PERCENT, TASKS, GuardSettings, Rate, Settings, WarmSettings
from fleetfoot.sim.harness import Loop, Plant
from tests.properties.worlds import (
    DISTURBANCES,
    LOADS,
    Stretch,
    actor,
    all_settings,
    any_policy,
    defaults,
    lives,
    several,
    stretches,
    targets,
    wild_gaps,
    wild_observations,
)
from tests.unit.core.build import OPEN, START, Service, told

counts = st.integers(0, 60)
startups = st.sampled_from([0, 4_000])
fewer = settings(max_examples=max(20, settings.default.max_examples // 3))  # type: ignore[union-attr]
DAY = 86_400_000  # ms
HARMLESS = {"deploying": False, "state": State.FRESH, "revision": ""}


def text(decision: Decision) -> str:
    return json.dumps(decision_to_json(decision), ensure_ascii=False)


def inside(given: Settings, tasks: int) -> int:
    """``tasks`` brought inside the bounds."""
    return min(max(tasks, given.minimum), given.maximum)


# -- every decision


@given(all_settings(), counts, startups, lives)
def test_the_result_is_within_the_bounds_or_coming_down_to_them(
    known: Settings, tasks: int, startup: int, life: list[Stretch]
) -> None:
    for decision in actor(known, tasks, startup).play(life):
        assert known.minimum <= decision.desired <= max(known.maximum, decision.current)


@given(all_settings(several(any_policy, least=0)), counts, lives)
def test_a_decision_always_has_a_reason_and_every_change_of_its_number_too(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    for decision in actor(known, tasks).play(life):
        assert decision.reasons
        number = decision.wanted
        for trail in decision.trail:
            assert (trail.before, trail.after != trail.before) == (number, True)
            number = trail.after
        assert number == decision.desired
        for lang in words.LANGUAGES:
            assert "?" not in words.tell(decision, lang)


@given(all_settings(), counts, lives)
def test_the_action_says_which_way_the_number_goes(known: Settings, tasks: int, life: list[Stretch]) -> None:
    for decision in actor(known, tasks).play(life):
        way = (decision.desired > decision.current) - (decision.desired < decision.current)
        assert decision.action is {1: Action.GROW, -1: Action.SHRINK, 0: Action.HOLD}[way]


@given(all_settings(), counts, startups, lives)
def test_a_guard_only_ever_brings_the_number_nearer_to_the_present_count(
    known: Settings, tasks: int, startup: int, life: list[Stretch]
) -> None:
    """Refusing, holding, cutting. Only the bounds may do more, and what never served is taken back."""
    for decision in actor(known, tasks, startup).play(life):
        for trail in decision.trail:
            if trail.guard not in ("bounds", "last good"):
                low, high = sorted((trail.before, decision.current))
                assert low <= trail.after <= high


# -- sameness


@given(all_settings(), counts, startups, lives)
def test_the_same_inputs_give_byte_identical_decisions(
    known: Settings, tasks: int, startup: int, life: list[Stretch]
) -> None:
    one, other = (actor(known, tasks, startup).play(life) for _ in range(2))
    assert [text(d) for d in one] == [text(d) for d in other]


def test_decisions_do_not_depend_on_the_seed_of_hashes() -> None:
    code = (
        "from hashlib import sha256\n"
        "from tests.unit.core.scenes import SCENES\n"
        "from tests.properties.test_engine import text\n"
        "print(sha256(''.join(text(d) for play in SCENES.values() for d in play()).encode()).hexdigest())"
    )
    root = Path(__file__).parents[2]
    found = set()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(root), str(root / "src")])}
        run = subprocess.run(
            [sys.executable, "-c", code], env=env, cwd=root, capture_output=True, text=True, check=True
        )
        found.add(run.stdout)
    assert len(found) == 1


@given(all_settings(), counts, lives, st.sampled_from([-START, -START + 1, 1, DAY, 11_574_074 * DAY]))
def test_shifting_all_times_changes_nothing(known: Settings, tasks: int, life: list[Stretch], by: int) -> None:
    """What knows the time of day (`adaptive`) is shifted by whole days."""
    if any(isinstance(policy, Adaptive) for policy in known.policies):
        by = int(by / DAY) * DAY
    for here, there in zip(
        actor(known, tasks).play(life), actor(known, tasks, start=START + by).play(life), strict=True
    ):
        assert there.now == here.now + by
        moved = {name: getattr(here, name) + by for name in ("now", "wall", "sampled", "received")}
        assert there == here._replace(**moved, onset=None if here.onset is None else here.onset + by)


@given(all_settings(), counts, lives, st.randoms(use_true_random=False))
def test_the_order_of_the_signals_is_irrelevant(known: Settings, tasks: int, life: list[Stretch], rnd: Any) -> None:
    mixed = []
    for part in life:
        names = list(part.shown)
        rnd.shuffle(names)
        mixed.append(replace(part, shown={name: part.shown[name] for name in names}))
    for one, other in zip(actor(known, tasks).play(life), actor(known, tasks).play(mixed), strict=True):
        assert text(one) == text(other)


@given(all_settings(), counts, startups, lives, st.integers(0, 100))
def test_memory_survives_json_at_any_moment(
    known: Settings, tasks: int, startup: int, life: list[Stretch], moment: int
) -> None:
    plain, kept = actor(known, tasks, startup), actor(known, tasks, startup)
    for i, (one, other) in enumerate(zip(plain.play(life), kept.play(life), strict=True)):
        assert text(one) == text(other)
        if i % (moment + 1) == moment:
            kept.service.memory = Memory.from_json(json.loads(json.dumps(kept.service.memory.to_json())))


@given(st.data())
def test_an_observation_read_back_from_the_journal_decides_the_same(data: st.DataObject) -> None:
    known = data.draw(all_settings())
    one, other = Memory(), Memory()
    for i in range(data.draw(st.integers(1, 5))):
        seen = data.draw(wild_observations(START + 1_000 * i))
        again = observation_from_json(json.loads(json.dumps(observation_to_json(seen))))
        assert text(step(known, one, seen)) == text(step(known, other, again))


# -- anything at all


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_a_step_never_raises_whatever_it_is_shown(data: st.DataObject) -> None:
    known = data.draw(all_settings(several(any_policy, least=0)))
    memory, now = Memory(), data.draw(st.sampled_from([0, START, -5_000]))
    for _ in range(data.draw(st.integers(1, 12))):
        now += data.draw(wild_gaps)
        seen = data.draw(wild_observations(now))
        decision = step(known, memory, seen)
        assert decision.desired >= min(known.minimum, decision.desired + 1)
        assert known.minimum <= decision.desired <= max(known.maximum, decision.current)
        text(decision)
        words.tell(decision)
        memory = Memory.from_json(json.loads(json.dumps(memory.to_json())))


@given(all_settings(), counts, lives, st.data())
def test_after_any_nonsense_a_normal_hour_is_decided_normally_again(
    known: Settings, tasks: int, life: list[Stretch], data: st.DataObject
) -> None:
    """No sample of nonsense poisons a window for ever: two minutes later the means are right."""
    playing = actor(known, tasks)
    service = playing.service
    service.follows = False
    for _ in range(data.draw(st.integers(1, 3))):
        service.now += 1_000
        step(known, service.memory, data.draw(wild_observations(service.now)))
    assume(service.memory.now is not None and service.memory.now <= service.now)
    calm = dict.fromkeys(("requests", "cpu", "load", "completed"), 30.0)
    service.run(400, **calm)  # type: ignore[arg-type]
    for name, window in service.memory.windows.items():
        if name in calm:
            mean, covered = window.mean(120_000)
            assert mean == pytest.approx(30.0)
            assert covered == pytest.approx(120_000)


# -- load


monotone = any_policy.filter(lambda policy: policy.monotone)


@given(all_settings(several(monotone)), counts, startups, lives, stretches(), st.data())
def test_more_load_never_wants_fewer(
    known: Settings, tasks: int, startup: int, life: list[Stretch], last: Stretch, data: st.DataObject
) -> None:
    """Exact steps, falling steps and steps below a threshold declare themselves exempt."""
    less = actor(known, tasks, startup)
    for _ in less.play(life):
        pass
    more = deepcopy(less)
    last = replace(last, ticks=1, disturbance=data.draw(st.sampled_from(["nothing", "half of the tasks silent"])))
    grown = dict(last.shown)
    for name in (*LOADS, "latency", "in_flight", "queue"):
        grown[name] += data.draw(st.sampled_from([0.0, 1.0, 25.0, 400.0, 1e5]))
    (small,) = less.play([last])
    (large,) = more.play([replace(last, shown=grown)])
    assert large.wanted >= small.wanted


@fewer
@given(st.floats(0.5, 120.0), st.integers(0, 10**6), st.sampled_from([1.0, 3.0]), st.sampled_from([0.5, 0.7, 0.9]))
def test_steady_load_settles_and_stays(rate: float, seed: int, dispersion: float, utilisation: float) -> None:
    """Ten minutes of one rate: growth, if any, in the beginning; a fleet that may shrink shrinks; then peace."""
    quick = GuardSettings(stabilise_in=15_000, cooldown_in=10_000)
    known = Settings("orders", 1, 60, (Default(utilisation),), quick, throughput=20.0, startup=2_000)
    right = ceil(rate / 20.0 / utilisation)
    loop = Loop(known, Plant(20.0, 2_000, right + 3), lambda _: rate, seed, dispersion=dispersion)
    made = [decision for _, _, decision in loop.run(600)]
    assert all(decision.action is not Action.GROW for decision in made)
    assert {decision.action for decision in made[450:]} == {Action.HOLD}
    assert right <= made[-1].desired <= right + 3


@given(st.floats(1.0, 500.0), st.integers(1, 40), st.sampled_from([0, 3_000]))
def test_steady_load_under_target_tracking_settles_in_one_order_and_stays(
    rate: float, tasks: int, startup: int
) -> None:
    service = Service(Target("target", "requests", 14.0, per_task=True, window=1_000), tasks=tasks, startup=startup)
    counts = [decision.desired for decision in service.ticks(60, requests=rate)]
    assert len(set(counts)) == 1
    assert counts[0] == tasks if 0.9 <= rate / 14.0 / tasks <= 1.1 else counts[0] == ceil(rate / 14.0 - 1e-9)


# -- sight

UNSEEN = [name for name in sorted(DISTURBANCES) if name not in ("nothing", "empty")]


@given(all_settings(), counts, lives, st.sampled_from(UNSEEN), stretches(), st.data())
def test_what_is_unseen_never_shrinks(
    known: Settings, tasks: int, life: list[Stretch], loss: str, dark: Stretch, data: st.DataObject
) -> None:
    """Stale, missing, absurd, censored or reported by too few: when one policy's signals are, nothing shrinks."""
    playing = actor(known, inside(known, tasks))
    for _ in playing.play(life):
        pass
    assume(playing.service.tasks <= known.maximum)
    policy = data.draw(st.sampled_from(known.policies))
    dark = replace(dark, disturbed=policy.reads, disturbance=loss)
    before = playing.service.tasks
    for decision in playing.play([dark]):
        assert decision.action is not Action.SHRINK
        assert decision.desired >= before


@given(all_settings(), counts, lives, stretches(), st.sampled_from([s for s in State if s is not State.FRESH]))
def test_an_unseen_fleet_is_never_shrunk(
    known: Settings, tasks: int, life: list[Stretch], dark: Stretch, state: State
) -> None:
    playing = actor(known, inside(known, tasks))
    for _ in playing.play(life):
        pass
    assume(playing.service.tasks <= known.maximum)
    for decision in playing.play([replace(dark, fleet={**dark.fleet, "state": state})]):
        assert decision.action is not Action.SHRINK


@given(all_settings(), counts, lives, stretches())
def test_a_deployment_is_never_shrunk(known: Settings, tasks: int, life: list[Stretch], roll: Stretch) -> None:
    playing = actor(known, inside(known, tasks))
    for _ in playing.play(life):
        pass
    assume(playing.service.tasks <= known.maximum)
    for decision in playing.play([replace(roll, fleet={**HARMLESS, "deploying": True})]):
        assert decision.action is not Action.SHRINK


# -- each guard's own promise


def alone(**rules: Any) -> st.SearchStrategy[Settings]:
    """Any policies under one guard."""
    return all_settings(rules=st.just(replace(OPEN, **rules)))


@given(
    all_settings(
        several(st.one_of(defaults, targets)), st.just(replace(OPEN, launches_slow_after=2, launches_stop_after=4))
    ),
    lives,
)
def test_launches_while_starts_fail_growth_is_one_task_a_minute_at_most(known: Settings, life: list[Stretch]) -> None:
    known = replace(known, minimum=0)
    playing = actor(known, min(4, known.maximum))
    failing = [replace(part, starts="bad", fleet=HARMLESS) for part in life]
    grown: list[int] = []
    for number, decision in enumerate(playing.play(failing)):
        if number >= 4 and decision.action is Action.GROW:
            assert decision.desired == decision.current + 1
            grown.append(decision.now)
    assert all(later - earlier >= 60_000 for earlier, later in pairwise(grown[1:]))


@fewer
@given(st.integers(1, 8), st.floats(20.0, 400.0), st.sampled_from([0.3, 0.9, 1.5]))
def test_pay_growth_that_brings_nothing_ends(tasks: int, rate: float, fullness: float) -> None:
    """Whatever is ordered, the same is completed, as late: somebody else is slow."""
    guards = GuardSettings(rate_out=(Rate(4, TASKS, 30_000),))
    known = Settings("orders", 1, 1000, (Default(),), guards, throughput=20.0, startup=1_000)
    playing = Service()
    playing.settings = known
    playing.set(tasks)
    stuck: dict[str, Any] = {"completed": rate * 0.9, "latency": 9_000.0, "errors": 0.0, "queue": rate * 10 * fullness}
    made = list(playing.ticks(900, requests=rate, in_flight=10.0, **stuck))
    late = [decision for decision in made[300:] if decision.action is Action.GROW]
    assert len(late) <= 3  # probes, one in five minutes
    assert all(decision.desired == decision.current + 1 for decision in late)
    if late:
        assert "capacity_does_not_help" in {code for decision in made for code in told(decision)}


@given(
    st.integers(5, 60), st.floats(20.0, 500.0), st.floats(0.0, 0.6), st.sampled_from(["errors", "latency", "in_flight"])
)
def test_incident_a_fall_of_demand_while_something_rises_is_held(
    tasks: int, rate: float, left: float, rising: str
) -> None:
    known = Settings(
        "orders", 1, 100, (Target("t", "requests", 14.0, per_task=True, window=1_000),),
        replace(OPEN, incident=True, incident_hold=600_000), seeing=0,
    )  # fmt: skip
    service = Service(tasks=tasks)
    service.settings = known
    calm: dict[str, Any] = {"completed": rate, "latency": 80.0, "errors": 0.0, "in_flight": 2.0, "queue": 0.0}
    service.run(120, requests=rate, **calm)
    bad = {**calm, "errors": 0.5, "latency": 8_000.0, "in_flight": 5_000.0}
    worse = {**calm, rising: bad[rising]}
    service.run(2, requests=rate, **worse)  # the first sign is not later than the fall
    before = service.tasks
    for decision in service.ticks(60, requests=rate * left, **worse):
        if "incident_hold" in told(decision):
            break
    for decision in service.ticks(500, requests=rate * left, **worse):
        assert decision.action is not Action.SHRINK
    assert service.tasks <= before


@given(alone(stabilise_in=20_000), counts, lives)
def test_stabilisation_nothing_is_let_go_that_was_wanted_inside_the_window(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    wished: list[tuple[int, int]] = []
    for decision in actor(known, inside(known, tasks)).play(life):
        wished.append((decision.now, max(decision.wanted, min(known.minimum, decision.current))))
        if decision.action is Action.SHRINK and decision.current <= known.maximum:
            inside_window = [count for at, count in wished if at >= decision.now - 20_000]
            assert decision.desired >= min(max(inside_window), known.maximum)


@given(alone(stabilise_out=20_000), counts, lives)
def test_stabilisation_nothing_is_grown_that_was_not_wanted_all_of_the_window(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    first = inside(known, tasks)
    wished: list[tuple[int, int]] = []
    for decision in actor(known, first).play(life):
        if not wished:
            wished.append((decision.now, first))
        wished.append((decision.now, decision.wanted))
        if decision.action is Action.GROW and decision.desired > known.minimum:
            assert decision.desired <= min(count for at, count in wished if at >= decision.now - 20_000)


@given(alone(stabilise_out=20_000), counts, lives)
def test_stabilisation_what_was_wanted_all_of_the_window_is_grown(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    first = inside(known, tasks)
    wished: list[tuple[int, int]] = []
    for decision in actor(known, first).play(life):
        if not wished:
            wished.append((decision.now, first))
        wished.append((decision.now, decision.wanted))
        least = min(count for at, count in wished if at >= decision.now - 20_000)
        if least > decision.current:
            assert decision.desired == min(least, known.maximum)


@given(all_settings(), counts, lives)
def test_nothing_shrinks_before_the_windows_are_full_nor_within_a_start_up_of_a_surge(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    known = replace(known, seeing=30_000)
    playing = actor(known, inside(known, tasks))
    surge = None
    for decision in playing.play(life):
        if decision.action is Action.SHRINK and decision.current <= known.maximum:
            assert decision.now - START >= 30_000
            assert surge is None or decision.now - surge >= min(900, known.startup)
        if decision.urgent:
            surge = decision.now


@given(alone(cooldown_in=30_000, cooldown_out=10_000), counts, lives)
def test_cooldown_after_any_change_no_shrink_and_only_a_larger_growth(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    changed, by, before = None, 0, None
    for decision in actor(known, inside(known, tasks)).play(life):
        if before is not None and decision.current != before:
            changed, by = decision.now, decision.current - before
        before = decision.current
        if changed is None or decision.current > known.maximum:
            continue
        if decision.action is Action.SHRINK:
            assert decision.now - changed >= 30_000
        if decision.action is Action.GROW and decision.now - changed < 10_000 and decision.desired > known.minimum:
            assert by <= 0 or decision.wanted - decision.current > by


def allowed(rule: Rate, start: int, sign: int) -> int:
    if rule.unit == PERCENT:
        exact = round(start * (1 + sign * rule.value / 100), 9)
        return ceil(exact) if sign > 0 else trunc(exact)
    return int(start + sign * rule.value)


@given(
    alone(
        rate_out=(Rate(50, PERCENT, 20_000), Rate(2, TASKS, 5_000)),
        rate_in=(Rate(25, PERCENT, 20_000), Rate(1, TASKS, 9_000)),
    ),
    counts,
    lives,
)
def test_rate_the_count_moves_no_further_within_a_period_than_the_largest_rule_allows(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    past: list[tuple[int, int]] = []

    def began(period: int, now: int) -> int:
        return next((count for at, count in reversed(past) if at <= now - period), past[0][1])

    for decision in actor(known, inside(known, tasks)).play(life):
        past.append((decision.now, decision.current))
        if decision.current > known.maximum:
            continue
        if decision.action is Action.GROW and decision.desired > known.minimum:
            assert decision.desired <= max(allowed(r, began(r.period, decision.now), 1) for r in known.guards.rate_out)
        if decision.action is Action.SHRINK:
            assert decision.desired >= min(allowed(r, began(r.period, decision.now), -1) for r in known.guards.rate_in)


@given(all_settings(), st.integers(0, 200), lives)
@example(known=Settings("orders", 0, 3, (Target("t", "cpu", 0.5),), OPEN, seeing=0), tasks=200, life=[])
def test_bounds_a_fleet_above_its_maximum_comes_down_by_a_tenth_in_ten_seconds_at_most(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    """A policy that wants a smaller fleet may go faster; this is what the maximum does of itself."""
    stepped = None
    for decision in actor(known, tasks).play(life):
        by_itself = decision.current > known.maximum and decision.wanted >= decision.current
        if by_itself and decision.action is Action.SHRINK:
            assert decision.current - decision.desired <= max(1, ceil(decision.current * 0.1))
            assert stepped is None or decision.now - stepped >= 10_000
            stepped = decision.now


# -- the warm pool


@given(all_settings(), counts, lives, st.integers(0, 9), st.integers(0, 9))
def test_the_warm_pool_is_within_its_bounds_and_what_capacity_leaves(
    known: Settings, tasks: int, life: list[Stretch], low: int, more: int
) -> None:
    known = replace(known, warm=WarmSettings(low, low + more))
    player = actor(known, tasks)
    service = player.service
    for decision in player.play(life):
        pool = warm.size(service.settings, service.memory, service.see(), decision.desired)
        assert pool is not None
        left = max(known.maximum - decision.desired, 0)
        assert min(low, left) <= pool.tasks <= min(low + more, left)
        assert warm.last(json.loads(json.dumps(service.memory.to_json()))["slices"]) is not None
        for lang in words.LANGUAGES:
            assert "?" not in words.pool(pool, lang)
