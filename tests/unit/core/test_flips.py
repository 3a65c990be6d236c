"""What would flip a decision: the level it names does it, the level beside it does not, and nothing is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fleetfoot.core.flips import SOON, Flip, Flips, Held, flips
from fleetfoot.core.model import State
from fleetfoot.core.policies import Backlog, Default, Schedule, Slo, Step, Thresholds
from fleetfoot.core.policies.base import Policy
from fleetfoot.core.policies.step import CHANGE
from fleetfoot.core.schedule import Window
from fleetfoot.core.settings import GuardSettings
from fleetfoot.core.words import LANGUAGES
from fleetfoot.spec.when import WhenForm
from tests.unit.core.build import CPU, OPEN, Service

CALM: dict[str, Any] = {
    "requests": 60.0, "completed": 60.0, "latency": 80.0, "cpu": 0.5, "in_flight": 3.0, "queue": 0.0, "errors": 0.0,
}  # fmt: skip


def asked(service: Service, **shown: Any) -> Flips:
    assert service.decision is not None
    return flips(service.settings, service.memory.to_json(), service.see(**shown), service.decision)


def calm(*policies: Policy, **changes: Any) -> Service:
    """Five minutes of the same."""
    service = Service(*policies, tasks=10, **{"minimum": 1, "maximum": 50, **changes})
    service.run(300, **CALM)
    return service


def of(rows: tuple[Flip | Held, ...], signal: str) -> Flip | Held:
    return next(row for row in rows if row.signal == signal)


def test_target_tracking_flips_at_the_ends_of_its_tolerance() -> None:
    """10 tasks at 50 % for 50 %: more than 55 % grows to 12, less than 45 % shrinks to 9."""
    found = asked(calm(CPU), **CALM)
    up, down = of(found.grows, "cpu"), of(found.shrinks, "cpu")
    assert isinstance(up, Flip)
    assert isinstance(down, Flip)
    assert up.value == pytest.approx(0.55, rel=0.01)
    assert up.tasks == 12
    assert down.value == pytest.approx(0.45, rel=0.01)
    assert down.tasks == 9


def test_a_share_is_looked_for_no_further_than_all_of_it() -> None:
    found = of(asked(calm(replace(CPU, value=0.95, tolerance=0.2)), **CALM).grows, "cpu")
    assert isinstance(found, Held)
    assert found.reason.data["value"] == 1.0


def test_a_step_flips_at_its_threshold() -> None:
    service = calm(Step("step", "in_flight", 40.0, True, CHANGE, ((0.0, None, 2.0),), period=1000))
    found = of(asked(service, **CALM).grows, "in_flight")
    assert isinstance(found, Flip)
    assert found.value == pytest.approx(40.0, rel=0.02)
    assert found.tasks == 12


def test_a_signal_that_nobody_votes_on_moves_nothing_and_the_reason_is_told() -> None:
    found = of(asked(calm(CPU), **CALM).grows, "requests")
    assert (type(found), found.reason.code if isinstance(found, Held) else "") == (Held, "within_tolerance")


def test_at_the_maximum_no_level_grows_and_the_maximum_is_why() -> None:
    found = of(asked(calm(CPU, maximum=10), **CALM).grows, "cpu")
    assert isinstance(found, Held)
    assert found.reason.code == "above_maximum"


def test_a_hold_that_runs_out_is_told_with_the_time_until_it_does() -> None:
    """Wanted lower since this moment, held for two minutes by stabilisation."""
    service = calm(CPU, guards=replace(OPEN, stabilise_in=120_000), seeing=60_000)
    low = {**CALM, "cpu": 0.2}
    assert service.tick(**low).desired == 10
    found = asked(service, **low)
    began = service.now
    first = next(decision for decision in service.ticks(300, **low) if decision.desired < 10)
    assert found.now is not None
    assert found.now.tasks == first.desired
    assert found.now.after == pytest.approx(first.now - began, abs=1_000)
    assert found.now.after == pytest.approx(120_000, abs=3_000)


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(Default(), id="default"),
        pytest.param(Slo(), id="slo"),
        pytest.param(CPU, id="target"),
        pytest.param(Thresholds("any", (("cpu", 0.8),), (("cpu", 0.3),), window=1000), id="thresholds"),
    ],
)
def test_the_level_it_names_makes_the_engine_grow_and_nine_tenths_of_the_way_there_does_not(policy: Policy) -> None:
    service = calm(policy, guards=GuardSettings())
    before = json.dumps(service.memory.to_json())
    found = next(row for row in asked(service, **CALM).grows if isinstance(row, Flip))
    assert json.dumps(service.memory.to_json()) == before, "asking is not deciding"
    for level, grows in ((found.value, True), (found.value - 0.1 * (found.value - CALM[found.signal]), False)):
        again = calm(policy, guards=GuardSettings())
        count = again.tasks
        shown = {**CALM, found.signal: level}
        if found.signal == "requests":
            shown["completed"] = level
        ordered = {decision.desired for decision in again.ticks(SOON // 1000, **shown)}
        assert (max(ordered) > count) is grows


def test_three_languages_are_told_by_three_frames() -> None:
    from fleetfoot.core.whole import FRAMES, flip_lines

    assert set(FRAMES) == set(LANGUAGES)
    found = asked(calm(CPU), **CALM)
    texts = ["\n".join(flip_lines(found, lang)) for lang in LANGUAGES]
    assert len(set(texts)) == len(LANGUAGES)
    for lang in LANGUAGES:
        assert set(FRAMES[lang]) == set(FRAMES["en"])
        assert "?" not in "\n".join(flip_lines(found, lang))
        assert flip_lines(None, lang)
    assert "grows to 12 when cpu is 55" in texts[0]


def test_a_signal_that_is_not_seen_is_not_played_with() -> None:
    service = calm(CPU)
    without = {name: value for name, value in CALM.items() if name != "cpu"}
    for unseen in (without, {**CALM, "cpu": {"value": 0.5, "state": State.MISSING}}):
        service.tick(**unseen)
        assert [row.signal for row in asked(service, **unseen).grows] == ["requests"]


def test_a_schedule_that_opens_by_then_is_told_with_the_time_until_it_does() -> None:
    """22:18:20 and all is calm; the floor is ordered a second before 22:25."""
    rush = Window("rush", "UTC", (WhenForm().read("daily 22:25-23:00"),), minimum=12)
    service = calm(CPU, Schedule("schedule", (rush,)))
    found = asked(service, **CALM).now
    assert found is not None
    assert found.tasks == 12
    assert found.after == pytest.approx(399_000, abs=SOON // 60)


@pytest.mark.parametrize(
    ("rules", "seeing", "span"),
    [
        pytest.param(OPEN, 0, 600_000, id="ten minutes at least"),
        pytest.param(replace(OPEN, stabilise_in=400_000), 0, 800_000, id="twice the longest window"),
        pytest.param(replace(OPEN, cooldown_in=400_000), 500_000, 1_000_000, id="whichever that is"),
        pytest.param(
            replace(OPEN, incident=True, incident_hold=900_000), 0, 1_500_000, id="and the hold of an incident"
        ),
        pytest.param(replace(OPEN, stabilise_in=3_000_000), 0, 3_600_000, id="an hour at most"),
    ],
)
def test_it_looks_ahead_until_every_hold_has_passed(rules: GuardSettings, seeing: int, span: int) -> None:
    service = Service(CPU, guards=rules, seeing=seeing)
    service.tick(**CALM)
    assert asked(service, **CALM).span == span


def test_a_signal_at_nothing_has_its_flip_point_where_the_first_growth_is() -> None:
    """No message waits for no worker: the very first one starts one, and half of one would as well."""
    service = Service(Backlog("backlog", "jobs", 10.0), tasks=0, minimum=0, maximum=50)
    service.run(60, jobs=0.0)
    found = of(asked(service, jobs=0.0).grows, "jobs")
    assert isinstance(found, Flip)
    assert found.value < 0.01


def test_tasks_that_are_still_leaving_are_not_taken_for_some_that_are_coming() -> None:
    """Five of ten were let go and all ten still serve: a queue of two seconds' work grows the count all the same."""
    service = calm(Default())
    assert service.decision is not None
    service.decision = service.decision._replace(desired=5, current=5)
    found = asked(service, **{**CALM, "queue": 300.0, "latency": 900.0}).now
    assert found is not None
    assert found.tasks > 5
    assert found.after == pytest.approx(11_000, abs=1_000)
