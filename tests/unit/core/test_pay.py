"""A growth that brought nothing is the last for a while."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.core.build import CALM, OPEN, Service, guarded, told


def late(latency: float = 9_000.0, completed: float = 40.0) -> dict[str, Any]:
    return {**CALM, "latency": latency, "completed": completed, "in_flight": 100.0}


def grown(**rules: Any) -> Service:
    """A calm minute, then late requests, and one growth by cpu."""
    paying = guarded(tasks=4, pay=True, **rules)
    paying.run(60, cpu=0.5, requests=40.0, **CALM)
    paying.run(15, cpu=0.5, requests=40.0, **late())
    assert paying.tick(cpu=0.75, requests=40.0, **late()).desired == 6
    return paying


@pytest.mark.parametrize(
    ("after", "rate", "desired"),
    [
        pytest.param(late(), 40.0, 6, id="nothing changed: held"),
        pytest.param(late(completed=41.0), 40.0, 6, id="a little more completed is noise: held"),
        pytest.param(late(latency=8_800.0), 40.0, 6, id="a little faster is noise: held"),
        pytest.param(late(completed=44.0), 40.0, 12, id="more completed"),
        pytest.param(late(latency=8_000.0), 40.0, 12, id="latency fell"),
        pytest.param(late(), 50.0, 12, id="more arrived"),
        pytest.param(late(latency=900.0), 40.0, 12, id="inside the objective"),
    ],
)
def test_pay_a_growth_that_brought_nothing_is_the_last(after: dict[str, Any], rate: float, desired: int) -> None:
    paying = grown()
    paying.run(30, cpu=0.5, requests=rate, **after)
    assert paying.tick(cpu=1.0, requests=rate, **after).desired == desired


def test_pay_judges_only_after_a_start_up_and_two_windows() -> None:
    paying = grown()
    paying.run(19, cpu=0.5, requests=40.0, **late())
    assert paying.tick(cpu=0.75, requests=40.0, **late()).desired == 9
    judged = grown()
    judged.run(20, cpu=0.5, requests=40.0, **late())
    assert judged.tick(cpu=0.75, requests=40.0, **late()).desired == 6


def test_pay_judges_a_growth_once() -> None:
    paying = grown()
    paying.run(30, cpu=0.5, requests=40.0, **late(completed=44.0))  # it has paid
    paying.run(60, cpu=0.5, requests=40.0, **late())
    assert paying.tick(cpu=1.0, requests=40.0, **late()).desired == 12


def test_pay_gives_tasks_that_came_early_all_of_a_start_up_too() -> None:
    paying = grown()
    paying.settings = replace(paying.settings, startup=30_000)
    paying.run(48, cpu=0.5, requests=40.0, **late())
    assert paying.tick(cpu=0.75, requests=40.0, **late()).desired == 9


def held_by_pay() -> Service:
    paying = grown()
    paying.run(30, cpu=0.5, requests=40.0, **late())
    assert told(paying.tick(cpu=1.0, requests=40.0, **late())) >= {"capacity_does_not_help"}
    return paying


@pytest.mark.parametrize(
    ("shown", "rate"),
    [
        pytest.param(late(latency=900.0), 40.0, id="latency is back inside the objective"),
        pytest.param(late(), 60.0, id="half as much again arrives"),
    ],
)
def test_pay_lets_go_when_the_world_changed(shown: dict[str, Any], rate: float) -> None:
    paying = held_by_pay()
    paying.run(11, cpu=0.5, requests=rate, **shown)
    assert paying.tick(cpu=1.0, requests=rate, **shown).desired == 12


def test_pay_says_nothing_while_too_few_serve_for_what_arrives() -> None:
    """Six tasks of 20/s under 150/s: all of them drown, and the next one is no worse for it."""
    paying = guarded(tasks=4, pay=True)
    paying.run(60, cpu=0.5, requests=40.0, **CALM)
    paying.run(15, cpu=0.5, requests=150.0, **late())
    assert paying.tick(cpu=0.75, requests=150.0, **late()).desired == 6
    paying.run(30, cpu=0.5, requests=150.0, **late(latency=10_000.0, completed=0.0))
    assert paying.tick(cpu=1.0, requests=150.0, **late(latency=10_000.0, completed=0.0)).desired == 12


def test_pay_tries_one_task_every_five_minutes() -> None:
    paying = held_by_pay()
    grows = [d for d in paying.ticks(620, cpu=1.0, requests=40.0, **late()) if d.action == "grow"]
    assert [d.desired for d in grows] == [7, 8]
    assert grows[1].now - grows[0].now == 300_000


def test_pay_switched_off_holds_nothing() -> None:
    paying = grown()
    paying.settings = replace(paying.settings, guards=OPEN)
    paying.run(30, cpu=0.5, requests=40.0, **late())
    assert paying.tick(cpu=1.0, requests=40.0, **late()).desired == 12
