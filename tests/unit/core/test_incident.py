"""A fall of the traffic that looks like an outage lets nothing go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetfoot.core.policies import Target
from tests.unit.core.build import CALM, CPU, OPEN, Service, told


def watched(**rules: Any) -> Service:
    holding = Service(
        Target("rate", "requests", 16.0, per_task=True, window=1000), guards=replace(OPEN, incident=True, **rules)
    )
    holding.set(10)
    holding.run(120, requests=160.0, **CALM)
    return holding


@pytest.mark.parametrize(
    ("rate", "shown", "held"),
    [
        pytest.param(100.0, {"errors": 0.3}, True, id="demand fell while errors rose"),
        pytest.param(100.0, {"latency": 3_000.0}, True, id="while latency rose"),
        pytest.param(100.0, {"in_flight": 90.0}, True, id="while requests in flight rose"),
        pytest.param(130.0, {"errors": 0.3}, False, id="demand hardly fell"),
        pytest.param(100.0, {}, False, id="nothing else looks bad: a lull"),
        pytest.param(100.0, {"errors": 0.009}, False, id="errors rose and stay inside the objective"),
        pytest.param(100.0, {"latency": 1_000.0}, False, id="latency rose and stays inside the objective"),
    ],
)
def test_incident_a_fall_with_a_bad_sign_is_held(rate: float, shown: dict[str, float], held: bool) -> None:
    holding = watched()
    for _ in range(8):  # the fall is seen before the first scale-in has been decided
        holding.follows = False
        decision = holding.tick(requests=rate, **{**CALM, **shown})
    holding.memory.ordered = None
    decision = holding.tick(requests=rate, **{**CALM, **shown})
    assert ("incident_hold" in told(decision)) is held


@pytest.mark.parametrize(
    ("before", "rate", "held"),
    [
        pytest.param((160.0, 600), 64.0, True, id="two fifths of the least in ten minutes"),
        pytest.param((160.0, 600), 96.0, False, id="three fifths"),
        pytest.param((160.0, 400), 64.0, False, id="nothing is known of so short a time"),
        pytest.param((100.0, 600), 64.0, False, id="the night was not much more"),
    ],
)
def test_incident_a_fall_far_below_the_least_ever_seen_needs_no_other_sign(
    before: tuple[float, int], rate: float, held: bool
) -> None:
    holding, (usual, seconds) = watched(), before
    holding.run(seconds, requests=usual, **CALM)
    holding.run(60, requests=160.0, **CALM)
    codes = [told(decision) for decision in holding.ticks(20, requests=rate, **CALM)]
    assert any("incident_hold" in code for code in codes) is held


def test_incident_a_rise_that_was_there_before_is_no_sign() -> None:
    holding = Service(Target("rate", "requests", 16.0, per_task=True, window=1000), guards=replace(OPEN, incident=True))
    holding.set(10)
    holding.run(120, requests=160.0, **{**CALM, "errors": 0.3})
    assert holding.run(120, requests=80.0, **{**CALM, "errors": 0.3}).desired == 5


def test_incident_a_hold_is_over_at_the_very_moment_it_was_said_to_be() -> None:
    holding = watched(incident_hold=60_000)
    bad = {**CALM, "errors": 0.5}
    held = next(d for d in holding.ticks(60, requests=32.0, **bad) if "incident_hold" in told(d))
    left = next(trail.reason.data["left"] for trail in held.trail if trail.guard == "incident")
    over = next(d for d in holding.ticks(90, requests=32.0, **bad) if "incident_release" in told(d))
    assert over.now - held.now == left


def test_incident_a_crowd_that_is_back_ends_the_hold() -> None:
    holding = watched()
    assert "incident_hold" in told(holding.run(20, requests=64.0, **{**CALM, "errors": 0.5}))
    holding.run(20, requests=160.0, **CALM)
    assert holding.run(120, requests=64.0, **CALM).desired == 4


def test_incident_hardly_any_traffic_is_noise() -> None:
    holding = Service(CPU, tasks=10, guards=replace(OPEN, incident=True))
    holding.run(120, cpu=0.5, requests=0.9, **CALM)
    assert holding.run(10, cpu=0.1, requests=0.1, **{**CALM, "errors": 0.9}).desired < 10


def test_incident_growth_is_never_held() -> None:
    holding = watched()
    holding.run(20, requests=64.0, **{**CALM, "errors": 0.5})
    assert holding.tick(requests=400.0, **CALM).desired == 25


def test_incident_switched_off_holds_nothing() -> None:
    holding = watched()
    holding.settings = replace(holding.settings, guards=OPEN)
    assert holding.run(150, requests=32.0, **{**CALM, "errors": 0.5}).desired == 2


def test_incident_four_fifths_of_the_crowd_are_back_enough() -> None:
    holding = watched()
    bad = {**CALM, "errors": 0.5}
    assert "incident_hold" in told(holding.run(20, requests=64.0, **bad))
    holding.run(20, requests=127.0, **bad)
    assert "incident_hold" in told(holding.run(2, requests=64.0, **bad))
    holding.run(20, requests=128.0, **CALM)
    assert holding.memory.slices["incident"]["until"] is None


def test_incident_the_least_ever_seen_is_forgotten_within_days() -> None:
    """Once 100/s, then 200/s for a day: two thirds of the way up, and 75/s is less than half of that."""
    for days, held in ((0, False), (1, True)):
        holding = watched()
        holding.run(600, requests=100.0, **CALM)
        holding.run(60 + days * 86_400, ms=60_000, requests=200.0, **CALM)
        holding.run(130, requests=200.0, **CALM)
        codes = [told(decision) for decision in holding.ticks(20, requests=75.0, **CALM)]
        assert any("incident_hold" in code for code in codes) is held
