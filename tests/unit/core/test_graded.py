"""Graded steps: phases and how long each waits, levels, the emergency, and the way down. Counts worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.model import Vote
from fleetfoot.core.policies import Graded
from fleetfoot.core.policies.graded import LEVELS, Phase
from fleetfoot.spec import SpecErrors, loads
from fleetfoot.spec.explain import explain
from tests.unit.core.build import UNUSABLE, Service, Shown, outcome, told

#: The design notes'.
SOURCE = (Phase(0.7, 20.0, 300_000), Phase(0.8, 50.0, 180_000), Phase(0.9, 100.0, 60_000), Phase(0.95, None, 30_000))


def living(tasks: int = 10, startup: int = 0, **changes: Any) -> Service:
    return Service(
        Graded("graded", "cpu", **{"phases": SOURCE, "window": 1000, **changes}), tasks=tasks, startup=startup
    )


def first(service: Service, seconds: int, **shown: Any) -> tuple[int, int] | None:
    """(second, count) of the first order within ``seconds`` of the same."""
    for second, decision in enumerate(service.ticks(seconds, **shown)):
        if decision.desired != decision.current:
            return second, decision.desired
    return None


@pytest.mark.parametrize(
    ("cpu", "expected"),
    [
        pytest.param(0.69, None, id="under the first phase"),
        pytest.param(0.70, (300, 12), id="on 70 %: +20 % of 10 after 300 s"),
        pytest.param(0.79, (300, 12), id="under 80 %"),
        pytest.param(0.80, (180, 15), id="80 %: +50 % after 180 s"),
        pytest.param(0.90, (60, 20), id="90 %: +100 % after 60 s"),
        pytest.param(0.95, (30, 20), id="95 %: an emergency after 30 s doubles"),
    ],
)
def test_each_phase_waits_its_time_and_takes_its_step(cpu: float, expected: tuple[int, int] | None) -> None:
    assert first(living(), 400, cpu=cpu) == expected


def test_a_small_fleet_grows_by_as_few_as_one() -> None:
    assert first(living(4), 400, cpu=0.75) == (300, 5)


def test_a_window_must_be_measured_before_anything_is_said() -> None:
    assert outcome(voted(living(window=10_000), cpu=0.99)) == "abstain"


def voted(service: Service, **shown: Any) -> Vote:
    service.tick(**shown)
    return service.vote


def test_the_last_task_may_go_where_none_need_be_there() -> None:
    found = living(1, below=0.3, calm=2_000)
    assert found.run(10, cpu=0.1).desired == 0


@pytest.mark.parametrize(
    ("level", "counts"),
    [
        pytest.param("off", [12, 15, 20, 20], id="the phases alone: 2, 5, 10, double"),
        pytest.param("conservative", [12, 12, 12, 20], id="2 at the most"),
        pytest.param("moderate", [12, 15, 15, 20], id="5 at the most"),
        pytest.param("aggressive", [14, 15, 20, 20], id="4 at the least, 10 at the most"),
        pytest.param("by urgency", [12, 12, 12, 20], id="cpu alone is conservative up to 90 %"),
    ],
)
def test_a_level_bounds_a_step_in_tasks_and_no_emergency(level: str, counts: list[int]) -> None:
    found = [first(living(level=level), 400, cpu=cpu) for cpu in (0.75, 0.85, 0.9, 0.97)]
    assert [one[1] for one in found if one is not None] == counts


@pytest.mark.parametrize(
    ("shown", "count"),
    [
        pytest.param({"errors": 0.0}, 12, id="urgency 1: conservative, 2"),
        pytest.param({"errors": 0.06}, 15, id="urgency 2.5: moderate, 5"),
        pytest.param({"errors": 0.12}, 15, id="urgency 4: aggressive, and +50 % are 5"),
        pytest.param({"errors": 0.12, "tasks": 40}, 50, id="urgency 4: aggressive, 10 of 20"),
    ],
)
def test_by_urgency_the_level_follows_the_moment(shown: dict[str, float], count: int) -> None:
    """cpu of 85 % scores 1, errors over 5 % 1.5 and over 10 % 3."""
    tasks = int(shown.pop("tasks", 10))
    found = first(living(tasks, level="by urgency"), 400, cpu=0.85, **shown)
    assert found == (180, count)


@pytest.mark.parametrize(
    ("errors", "count"),
    [
        pytest.param(0.06, 45, id="1.5 is moderate: 5 of 8"),
        pytest.param(0.12, 48, id="3 is aggressive: all 8"),
    ],
)
def test_an_urgency_on_the_bound_of_two_levels_is_of_the_higher(errors: float, count: int) -> None:
    assert first(living(40, level="by urgency"), 400, cpu=0.75, errors=errors) == (300, count)


def test_the_levels_are_those_of_the_source() -> None:
    assert {name: tuple(level) for name, level in LEVELS.items()} == {
        "conservative": (1, 2, 1), "moderate": (2, 5, 1), "aggressive": (4, 10, 2),
    }  # fmt: skip


def test_a_moment_under_the_threshold_begins_the_wait_anew() -> None:
    service = living()
    service.run(250, cpu=0.75)
    service.tick(cpu=0.6)
    assert first(service, 400, cpu=0.75) == (300, 12)


def test_while_its_tasks_start_only_a_higher_phase_adds_the_difference() -> None:
    service = living(startup=600_000)
    assert first(service, 400, cpu=0.75) == (300, 12)
    assert first(service, 200, cpu=0.75) is None, "the step is taken"
    assert first(service, 100, cpu=0.92) == (60, 20), "100 % of the 10 at which it began, not of 12"


def test_a_phase_takes_its_next_step_when_its_tasks_serve_and_its_time_is_over_again() -> None:
    service = living()
    assert first(service, 400, cpu=0.75) == (300, 12)
    assert first(service, 400, cpu=0.75) == (300, 15), "20 % of 12 are 2.4: 3"


def test_an_emergency_is_urgent_and_says_so() -> None:
    service = living()
    decision = service.run(31, cpu=0.99)
    assert decision.urgent
    assert decision.reasons[0].data["level"] == "emergency"


@pytest.mark.parametrize(
    ("rate", "count"),
    [
        pytest.param(100.0, 11, id="5 are needed, 10 are there: one more at a time"),
        pytest.param(240.0, 20, id="12 are needed, 24 are enough: doubles"),
        pytest.param(160.0, 16, id="8 are needed, 16 are enough"),
        pytest.param(40.0, 11, id="2 are needed and 10 are full of something else: one at a time"),
    ],
)
def test_an_emergency_ends_at_twice_what_the_requests_need(rate: float, count: int) -> None:
    """A task carries 20/s, by declaration."""
    assert first(living(), 40, cpu=0.99, requests=rate) == (30, count)


def test_a_step_answers_the_phases_below_it_until_its_tasks_serve() -> None:
    """Full for a minute while the tasks of the emergency start; then the load falls through 90 %."""
    service = living(startup=60_000)
    assert first(service, 40, cpu=0.97) == (30, 20)
    assert first(service, 59, cpu=0.97) is None
    assert first(service, 100, cpu=0.92) == (59, 40), "the minute of the phase of 90 % begins here"


def test_it_shrinks_after_a_calm_time_and_rests_as_long_after_each() -> None:
    service = living(below=0.3, calm=60_000)
    assert first(service, 100, cpu=0.2) == (60, 9)
    assert first(service, 100, cpu=0.2) == (60, 8)
    service.tick(cpu=0.5)
    assert first(service, 100, cpu=0.2) == (60, 7), "a busy moment begins the calm anew"
    service = living(below=0.3, calm=60_000, level="aggressive")
    assert first(service, 100, cpu=0.2) == (60, 8)


def test_while_it_waits_the_decision_says_how_long() -> None:
    decision = living().run(101, cpu=0.75)
    assert "phase_waits" in told(decision)
    assert decision.reasons[0].data["left"] == 200_000


@pytest.mark.parametrize("shown", UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_seen_is_blind_and_no_time_at_the_threshold(shown: Shown) -> None:
    service = living()
    service.run(250, cpu=0.75)
    service.tick(cpu=shown)
    assert outcome(service.vote) == "blind"
    assert first(service, 100, cpu=0.75) is None


FILE = "services: {{orders: {{run: x $PORT, policies: [graded: {}]}}}}"


def test_in_a_file_the_phases_of_the_source_are_the_default() -> None:
    policy = compile_service(loads(FILE.format("{below: 30%}")).services["orders"]).policies[0]
    assert isinstance(policy, Graded)
    assert (policy.signal, policy.phases, policy.below) == ("cpu", SOURCE, 0.3)


def test_phases_of_ones_own_may_stand_in_any_order() -> None:
    body = "{signal: queue, phases: {100: emergency after 5s, 20: 25% after 1m}}"
    policy = compile_service(loads(FILE.format(body)).services["orders"]).policies[0]
    assert isinstance(policy, Graded)
    assert policy.phases == (Phase(20.0, 25.0, 60_000), Phase(100.0, None, 5_000))
    lines = explain(loads(FILE.format(body)))
    assert [line for line in lines if "by queue: at 20 25% after 1m, at 100 emergency after 5s" in line]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{signal: queue}", "missing: write the phases of queue"),
        ("{phases: {70%: 20%}}", "'20%' is not a step and how long it waits"),
        ("{phases: {70%: 0% after 1m}}", "more than 0%"),
        ("{phases: {70/s: 20% after 1m}}", "the unit of cpu"),
        ("{phases: {70%: 20% after 1m, 0.7: 30% after 1m}}", "is there twice"),
        ("{level: bold}", "'bold' is not allowed"),
        ("{below: 80%}", "must be under the first phase, 70%"),
    ],
)
def test_what_is_no_phase_is_told(body: str, message: str) -> None:
    with pytest.raises(SpecErrors) as errors:
        loads(FILE.format(body))
    assert message in str(errors.value)


@pytest.mark.parametrize(
    ("phases", "level", "monotone"),
    [
        pytest.param(SOURCE, "moderate", True, id="each phase steps further than the one before"),
        pytest.param(SOURCE, "by urgency", False, id="the urgency of several signals"),
        pytest.param((Phase(0.7, 50.0, 1_000), Phase(0.9, 20.0, 1_000)), "off", False, id="a later phase steps less"),
    ],
)
def test_it_declares_itself_exempt_where_more_load_may_want_fewer(
    phases: tuple[Phase, ...], level: str, monotone: bool
) -> None:
    assert Graded("graded", "cpu", phases, level=level).monotone is monotone
