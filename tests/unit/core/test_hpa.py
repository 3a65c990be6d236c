"""The HPA as a policy: the worked cases of its publication through the engine, and what the engine adds."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from fleetfoot.core.hpa.behavior import Behavior, Policy, Rules
from fleetfoot.core.hpa.replicas import EACH, SHARED, UTILISATION, VALUE, by_average
from fleetfoot.core.hpa.sync import moved, sync
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Want
from fleetfoot.core.policies.hpa import Metric
from tests.unit.core.build import START, Service, outcome
from tests.unit.core.hpa import CPU, DEFAULT, FREE, LOAD, hpa, seen


@pytest.mark.parametrize(
    ("metric", "tasks", "shown", "want"),
    [
        # 300/500/700 m of 1000 m are 50 %: 50/30 x 3 = 5
        pytest.param(Metric("cpu", UTILISATION, 30, 1000), 3, {"cpu": 0.5}, 5, id="3 at 50 % for 30 %"),
        pytest.param(Metric("cpu", UTILISATION, 30, 1000), 3, {"cpu": 0.32}, 3, id="1.067 is inside the tolerance"),
        # one of four does not report: r 0.4; filled at 100 % it is 160/4 = 40 %, r 0.8; 3.2 rounds up to 4
        pytest.param(
            Metric("cpu", UTILISATION, 50, 1000), 4, {"cpu": {"value": 0.2, "coverage": 0.75}}, 4,
            id="a silent task speaks against a shrink",
        ),
        # three at 100 %, the silent one at nothing: 300/4 = 75 %, r 1.5; 6
        pytest.param(
            Metric("cpu", UTILISATION, 50, 1000), 4, {"cpu": {"value": 1.0, "coverage": 0.75}}, 6,
            id="a silent task speaks against a growth",
        ),
        # one ready at 100 % and two that start: r 2, with them at nothing 33 %, r 0.66: the other side
        pytest.param(
            Metric("cpu", UTILISATION, 50, 1000), 3,
            {"cpu": 1.0, "fleet": {"desired": 3, "serving": 1, "starting": 2}}, 3,
            id="starting tasks that turn the verdict hold",
        ),
        pytest.param(Metric("load", VALUE, 100_000, 1000), 5, {"load": 150.0}, 8, id="Value: 1.5 x 5 is 8"),
        pytest.param(Metric("load", SHARED, 20_000, 1000), 5, {"load": 150.0}, 8, id="AverageValue: 150 / 20 is 8"),
        pytest.param(Metric("load", EACH, 20_000, 1000), 5, {"load": 150.0}, 8, id="each: 30 against 20, 1.5 x 5"),
        pytest.param(Metric("latency", EACH, 200_000, 1000), 4, {"latency": 300.0}, 6, id="each of what is no total"),
        pytest.param(Metric("cpu", UTILISATION, 50, 1000), 10, {"cpu": 0.85}, 17, id="10 at 85 % for 50 %"),
    ],
)  # fmt: skip
def test_the_published_worked_case_comes_out_of_the_engine(
    metric: Metric, tasks: int, shown: dict[str, Any], want: int
) -> None:
    assert seen(hpa(metric, behavior=FREE), tasks, **shown) == str(want)


@pytest.mark.parametrize(
    ("behavior", "ladder"),
    [
        pytest.param(DEFAULT, [6, 12, 24, 48, 96, 100], id="4 or 100 % in 15 s"),
        pytest.param(None, [4, 8, 16, 32, 64, 100], id="without behavior"),
    ],
)
def test_the_ladder_from_2_to_100_takes_the_published_steps_15_s_apart(
    behavior: Behavior | None, ladder: list[int]
) -> None:
    # 1400/s at 14/s are 100 tasks; the tolerance is 0, or 96 would be near enough
    service = Service(hpa(LOAD, behavior=behavior, up=0.0), tasks=2)
    told = [(decision.now, decision.desired) for decision in service.ticks(90, load=1400.0) if decision.trail == ()]
    changes = [(at, count) for (_, before), (at, count) in zip([(0, 2), *told], told, strict=False) if count != before]
    assert [count for _, count in changes] == ladder
    assert [at - changes[0][0] for at, _ in changes] == [0, 15_000, 30_000, 45_000, 60_000, 75_000]


@pytest.mark.parametrize(
    ("tasks", "value", "want"), [pytest.param(5, 100.0, 6, id="5.5 up to 6"), pytest.param(5, 1.0, 4, id="4.5 to 4")]
)
def test_ten_percent_rounds_up_growing_and_is_cut_shrinking(tasks: int, value: float, want: int) -> None:
    tenth = (Policy("percent", 10, 60_000),)
    assert seen(hpa(LOAD, behavior=Behavior(Rules(tenth), Rules(tenth))), tasks, load=value) == str(want)


def test_a_shrink_waits_for_five_minutes_of_lower_wishes_and_then_goes_to_the_highest_of_them() -> None:
    service = Service(hpa(LOAD), tasks=10)
    service.run(60, load=140.0)
    low = service.now
    first = next(decision for decision in service.ticks(400, load=70.0) if decision.desired < 10)
    assert 285_000 <= first.now - low <= 315_000
    assert first.desired == 5


def test_what_came_within_the_period_counts_against_the_rate() -> None:
    slow = Behavior(Rules((Policy("pods", 2, 60_000),)), DEFAULT.down)
    service = Service(hpa(LOAD, behavior=slow), tasks=4)
    counts = [decision.desired for decision in service.ticks(61, load=280.0)]
    assert counts == [6] * 60 + [8]


def test_a_rate_counts_what_really_moved_and_not_what_a_guard_refused() -> None:
    slow = Behavior(Rules((Policy("pods", 2, 60_000),)), DEFAULT.down)
    service = Service(hpa(LOAD, behavior=slow), tasks=4)
    service.follows = False
    service.settings = Service(hpa(LOAD, behavior=slow), tasks=4, maximum=4).settings
    service.run(10, load=56.0)
    assert "added" not in service.memory.slice("hpa")


@pytest.mark.parametrize(
    ("select", "want"),
    [
        pytest.param("max", 14, id="100 % of 7 is more than 4"),
        pytest.param("min", 11, id="the least"),
        pytest.param("disabled", 7, id="off"),
    ],
)
def test_select_says_which_rate_counts(select: str, want: int) -> None:
    behavior = Behavior(Rules(DEFAULT.up.policies, select), DEFAULT.down)
    assert seen(hpa(LOAD, behavior=behavior), 7, load=1400.0) == str(want)


def test_between_two_syncs_it_holds_to_what_it_said() -> None:
    service = Service(hpa(LOAD), tasks=4)
    assert service.tick(load=56.0).desired == 4
    assert {decision.desired for decision in service.ticks(14, load=500.0)} == {4}
    assert service.tick(load=500.0).desired == 8


def test_of_two_metrics_the_one_that_wants_more_wins() -> None:
    assert seen(hpa(LOAD, CPU), 10, load=140.0, cpu=0.9) == "15"


@pytest.mark.parametrize(
    ("shown", "want"),
    [
        pytest.param({"cpu": 0.9}, "15", id="growth is allowed"),
        pytest.param({"cpu": 0.1}, "blind", id="a shrink is not"),
        pytest.param({}, "blind", id="nothing is known"),
    ],
)
def test_with_a_metric_that_cannot_be_read(shown: dict[str, float], want: str) -> None:
    assert seen(hpa(LOAD, CPU, behavior=FREE), 10, **shown) == want


def test_a_shrink_that_was_said_is_taken_back_when_its_metric_is_lost_before_it_happens() -> None:
    service = Service(hpa(LOAD, behavior=FREE), tasks=10)
    service.tick(load=28.0, fleet={"deploying": True})
    assert outcome(service.vote) == "2"
    service.tick(load=None)
    assert outcome(service.vote) == "blind"


def test_tasks_younger_than_a_sample_count_as_idle_for_cpu() -> None:
    """Six serve from the beginning, four more since a moment: 6 x 90 % / 10 are 54 % against 60 %."""
    service = Service(hpa(Metric("cpu", UTILISATION, 60, 30_000)), tasks=6)
    service.run(45, cpu=0.6)
    service.set(10)
    service.run(15, cpu=0.9)
    assert outcome(service.vote) == "10"


@pytest.mark.parametrize(
    ("metrics", "minimum", "want"),
    [
        pytest.param((LOAD,), 0, "3", id="a total brings it back"),
        pytest.param((CPU,), 0, "abstain", id="no task has a cpu"),
        pytest.param((CPU, LOAD), 0, "3", id="a total beside it brings it back all the same"),
        pytest.param((LOAD,), 1, "abstain", id="switched off by hand"),
    ],
)
def test_at_no_task(metrics: tuple[Metric, ...], minimum: int, want: str) -> None:
    service = Service(hpa(*metrics), tasks=0, minimum=minimum)
    service.tick(load=42.0, cpu=0.0)
    assert outcome(service.vote) == want


@pytest.mark.parametrize(
    ("tasks", "code"),
    [pytest.param(9, "above_maximum", id="over the maximum"), pytest.param(1, "below_minimum", id="under the minimum")],
)
def test_outside_its_bounds_it_wants_the_bound_without_a_look_at_the_metrics(tasks: int, code: str) -> None:
    service = Service(hpa(LOAD), tasks=tasks, minimum=3, maximum=8)
    service.tick(load=5 * 14.0)
    assert isinstance(service.vote, Want)
    assert (service.vote.tasks, service.vote.reason.code) == (8 if tasks == 9 else 3, code)


def test_a_memory_read_back_goes_on_where_it_was() -> None:
    one, other = (Service(hpa(LOAD), tasks=4) for _ in range(2))
    one.run(40, load=200.0)
    other.run(20, load=200.0)
    other.memory = Memory.from_json(other.memory.to_json())
    other.run(20, load=200.0)
    assert (one.tasks, one.memory.to_json()) == (other.tasks, other.memory.to_json())
    assert one.now == START + 40_000


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "behavior",
    [
        pytest.param(DEFAULT, id="the defaults"),
        pytest.param(None, id="without behavior"),
        pytest.param(
            Behavior(
                Rules((Policy("pods", 5, 60_000), Policy("percent", 100, 60_000)), window=60_000),
                Rules((Policy("percent", 10, 60_000),), "min", 120_000),
            ),
            id="windows and rates both ways",
        ),
    ],
)
def test_half_an_hour_of_wild_load_is_answered_exactly_as_the_rival_answers_it(
    seed: int, behavior: Behavior | None
) -> None:
    """The rival is the algorithm as published, on a fleet of its own: every count of every sync must be the same."""
    random = Random(seed)
    service = Service(hpa(LOAD, behavior=behavior), tasks=4, minimum=1, maximum=60)
    past: dict[str, Any] = {}
    theirs, load = 4, 60.0
    for second in range(1800):
        if second % 40 == 0:
            load = random.choice([5.0, 30.0, 60.0, 62.0, 150.0, 400.0, 900.0]) * random.uniform(0.9, 1.1)
        if second % 15 == 0:
            now, wish = START + 1000 * (second + 1), by_average(theirs, round(1000 * load), 14_000)
            found = sync(past, now, theirs, 1, 60, behavior, [wish].copy)
            assert found.replicas is not None
            moved(past, now, theirs, found.replicas)
            theirs = found.replicas
        assert service.tick(load=load).desired == theirs, f"second {second}"
