"""The policy `slo`: what it sees, what it learns, what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import ceil, inf, sin
from random import Random
from typing import Any

import pytest

from fleetfoot.core.forecast import MEMBERS
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Decision, State, Want
from fleetfoot.core.pack import decision_to_json
from fleetfoot.core.policies.slo import FASTER, NOISE, Slo
from fleetfoot.core.queueing import carries
from fleetfoot.core.words import LANGUAGES, tell
from fleetfoot.sim.harness import poisson
from tests.unit.core.build import UNUSABLE, Service, Shown, outcome, told
from tests.unit.core.slo import CALM, LATE, WAIT, fewest, made, played

# -- sight


@pytest.mark.parametrize("shown", [pytest.param(value, id=name) for name, value in UNUSABLE.items()])
def test_without_requests_it_is_blind_and_nothing_goes(shown: Shown) -> None:
    blind = made(tasks=20)
    played(blind, lambda _: 100.0, 30)
    for _ in blind.ticks(200, requests=shown, **CALM):
        pass
    assert outcome(blind.vote) == "blind"
    assert blind.tasks == 20


def test_with_half_of_the_tasks_silent_it_counts_double_for_growth_and_does_not_shrink() -> None:
    dim = made(tasks=20)
    for _ in dim.ticks(300, requests={"value": 50.0, "coverage": 0.5}, **CALM):
        pass
    assert (outcome(dim.vote), dim.tasks) == ("blind", 20)
    dim = made(tasks=4)
    for _ in dim.ticks(300, requests={"value": 50.0, "coverage": 0.5}, **CALM):
        pass
    assert dim.tasks == fewest(100.0)


def test_while_only_a_lower_bound_is_seen_growth_is_multiplied_and_nothing_goes() -> None:
    grown = made(tasks=10)
    played(grown, lambda _: 130.0, 90)
    before = grown.tasks
    decision = grown.tick(requests={"value": 130.0, "state": State.CENSORED}, **CALM)
    assert decision.desired == ceil(before * FASTER)
    assert decision.reasons[0].code == "saturated"
    fallen = made(tasks=10)
    played(fallen, lambda _: 130.0, 90)
    counts = [d.desired for d in fallen.ticks(60, requests={"value": 1.0, "state": State.CENSORED}, **CALM)]
    assert counts == sorted(counts)


def test_half_a_minute_of_history_is_too_little_to_shrink() -> None:
    held = made(tasks=20)
    assert {decision.desired for decision in played(held, lambda _: 40.0, 48)} == {20}


# -- throughput


def test_with_undeclared_throughput_growth_waits_for_a_second_sign() -> None:
    waits = made(tasks=4, throughput=None)
    played(waits, lambda _: 40.0, 90)
    before = waits.tasks
    assert played(waits, lambda _: 200.0, 5, completed=40.0)[-1].desired == before
    assert played(waits, lambda _: 200.0, 3, completed=40.0, latency=700.0)[-1].desired > before
    queued = made(tasks=4, throughput=None)
    played(queued, lambda _: 40.0, 90)
    assert played(queued, lambda _: 200.0, 3, completed=40.0, queue=300.0)[-1].desired > queued.serving


def test_the_first_requests_of_an_undeclared_service_do_not_send_it_to_its_maximum() -> None:
    first = made(tasks=1, throughput=None, minimum=1)
    played(first, lambda _: 0.0, 60)
    assert {decision.desired for decision in played(first, lambda _: 10.0, 600)} == {1}


def test_tasks_that_carry_less_than_declared_are_found_out() -> None:
    """All is late, work waits, and each task completes 10/s where 20 are declared."""
    learns = made(tasks=6, startup=5_000)
    played(learns, lambda _: 100.0, 120)
    for _ in range(600):
        done = min(100.0, 10.0 * learns.serving)
        late = 4_000.0 if done < 100.0 else 80.0
        learns.tick(requests=100.0, completed=done, **{**CALM, "latency": late, "queue": 300.0 * (done < 100.0)})
    assert learns.tasks >= 10
    assert (learns.memory.learnt[""].throughput or inf) < 17.0


# -- memory and words


def test_what_a_request_takes_when_nothing_waits_is_learnt_slowly_upward_and_not_from_a_busy_fleet() -> None:
    learns = made(tasks=8)
    played(learns, lambda _: 100.0, 300, latency=300.0)
    assert learns.memory.slices["slo"]["quick"] == pytest.approx(300.0)
    played(learns, lambda _: 100.0, 60, latency=600.0)
    assert 310.0 < learns.memory.slices["slo"]["quick"] < 360.0
    played(learns, lambda _: 100.0, 300, latency=100.0)
    assert learns.memory.slices["slo"]["quick"] < 110.0
    quick = learns.memory.slices["slo"]["quick"]
    played(learns, lambda _: 100.0, 60, latency=700.0, in_flight=500.0)
    for late in (1_000.0, 1_500.0):  # whatever that is, it is not how long a request takes
        played(learns, lambda _: 100.0, 60, latency=late)
    assert learns.memory.slices["slo"]["quick"] == quick


def test_a_memory_read_back_from_json_midway_decides_the_same() -> None:
    rate: Callable[[float], float] = lambda t: 150.0 + 60.0 * sin(t / 200.0) + 200.0 * (t % 900 > 700)  # noqa: E731
    one, other = made(), made()
    rng = Random(8)
    for second in range(4_000):
        seen = float(poisson(rng, rate(float(second))))
        shown = {**CALM, "completed": seen}
        decisions = [each.tick(requests=seen, **shown) for each in (one, other)]
        assert decision_to_json(decisions[0]) == decision_to_json(decisions[1])
        if second % 701 == 700:
            other.memory = Memory.from_json(json.loads(json.dumps(other.memory.to_json())))


def test_early_wake_ups_teach_nothing_twice() -> None:
    rare, often = made(tasks=8), made(tasks=8)
    played(rare, lambda _: 100.0, 300)
    for _ in often.ticks(300, 250, requests=100.0, completed=100.0, **CALM):
        pass
    counts = [len(each.memory.slices["slo"]["forecasts"]) for each in (rare, often)]
    assert abs(counts[0] - counts[1]) <= 1


def test_it_tells_the_rate_it_looks_ahead_to_and_when_it_would_grow_again() -> None:
    held = made(tasks=10)
    decision = played(held, lambda _: 100.0, 600)[-1]
    reason = decision.reasons[0]
    assert reason.code == "ahead_enough"
    assert decision.flip == pytest.approx(carries(6, 20.0, LATE, WAIT))
    assert reason.data["flip"] == decision.flip
    assert {"rate", "ahead", "lead", "per_task"} <= set(reason.data)
    for lang in LANGUAGES:
        assert "?" not in tell(decision, lang)
    assert isinstance(held.vote, Want)
    assert told(decision) == {"ahead_enough"}


def test_it_grows_at_the_rate_it_told() -> None:
    held = made(tasks=10)
    flip = played(held, lambda _: 100.0, 600)[-1].flip
    assert flip is not None
    assert flip < inf
    assert played(held, lambda _: flip * 1.15, 90)[-1].desired > 6


def test_it_says_what_it_has_learnt() -> None:
    policy, held = Slo(), made(tasks=10)
    assert policy.learnt({}) == {"quick": None, "surges": []}
    played(held, lambda t: 300.0 if t % 1_800 >= 1_500 else 100.0, 7_400, seed=4)
    facts = policy.learnt(held.memory.slices["slo"])
    assert json.loads(json.dumps(facts)) == facts
    assert facts["quick"] == pytest.approx(80.0)
    assert facts["forecast"] in MEMBERS
    assert 0.0 < facts["margin"] < 1.0
    assert facts["surges"][0]["period"] == pytest.approx(1_800_000, rel=0.02)
    assert held.now < facts["surges"][0]["at"] < held.now + 1_800_000


def test_what_rates_nobody_was_ready_for_taught_is_added_for_a_while() -> None:
    rng = Random(2)
    ups = [rng.random() < 0.2 for _ in range(200)]
    burnt = made(tasks=6)
    played(burnt, lambda t: 180.0 if ups[int(t) // 20] else 100.0, 4_000)
    after = played(burnt, lambda _: 100.0, 300)[-1]
    assert after.desired > fewest(100.0)
    assert float(after.reasons[0].data["ahead"]) > 100.0 + NOISE * 10.0 + 2.0


def test_a_fifth_of_the_objective_is_left_for_waiting_however_long_a_request_takes() -> None:
    close = made(tasks=10, objective=100)
    decision = played(close, lambda _: 100.0, 300, latency=97.0)[-1]
    assert decision.flip == pytest.approx(carries(decision.desired, 20.0, LATE, 0.020))


def rise(service: Service, **shown: Any) -> Decision:
    """A second's count 2.8 of its deviations above what the fleet carries."""
    line = carries(service.tasks, 20.0, LATE, WAIT)
    rate = (1.4 + (1.4**2 + line) ** 0.5) ** 2
    return played(service, lambda _: rate, 1, **shown)[-1]


def test_lighter_evidence_is_enough_after_a_surge_answered_and_where_work_piles_up() -> None:
    calm, surging, piling = made(tasks=6), made(tasks=6), made(tasks=6)
    for each in (calm, surging, piling):
        played(each, lambda _: 100.0, 300)
    assert played(surging, lambda _: 400.0, 1)[-1].urgent
    assert rise(surging).urgent
    assert rise(piling, in_flight=70.0).urgent
    assert not rise(calm).urgent
