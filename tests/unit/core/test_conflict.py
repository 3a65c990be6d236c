"""Another writer of the count is noticed, named, and met by a rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Decision
from fleetfoot.core.settings import HOLD, REASSERT, YIELD
from tests.unit.core.build import OPEN, Says, Service, told, want, wants


def service(wants: int, rule: str = HOLD, tasks: int = 10, **changes: Any) -> Service:
    rules = replace(OPEN, conflict=rule, conflict_for=60_000)
    one = Service(Says("p", want(wants)), tasks=tasks, guards=rules, **changes)
    one.run(5)
    return one


def conflicts(decisions: list[Decision]) -> list[tuple[object, ...]]:
    return [
        (r.data["from"], r.data["to"], r.data["writer"]) for d in decisions for r in d.reasons if r.code == "conflict"
    ]


def test_a_count_nobody_here_ordered_is_told_once() -> None:
    one = service(10)
    one.set(25)
    assert conflicts(list(one.ticks(30))) == [(10, 25, "somebody else")]


def test_who_wrote_it_is_named_where_the_target_knows() -> None:
    one = service(10)
    one.set(25)
    assert conflicts([one.tick(fleet={"writer": "autoscaling.amazonaws.com"})]) == [
        (10, 25, "autoscaling.amazonaws.com")
    ]


@pytest.mark.parametrize(
    ("rule", "fewer", "more"),
    [
        pytest.param(HOLD, 25, 40, id="hold: growth goes on, nothing is let go"),
        pytest.param(YIELD, 25, 25, id="yield: the count is the other's"),
        pytest.param(REASSERT, 10, 40, id="reassert: as if nothing had been"),
    ],
)
def test_the_rule_is_followed(rule: str, fewer: int, more: int) -> None:
    one = service(10, rule)
    one.set(25)
    assert one.run(5).desired == fewer
    other = service(10, rule)
    other.set(25)
    assert wants(other, 40).run(5).desired == more


def test_the_rule_ends_when_its_time_is_over_and_begins_anew_with_every_change() -> None:
    one = service(10)
    one.set(25)
    assert one.run(40).desired == 25
    one.set(30)
    assert one.run(59).desired == 30
    assert one.run(3).desired == 10


def test_our_own_orders_are_nobody_elses() -> None:
    one = service(10)
    seen = [wants(one, count).tick() for count in (12, 30, 8, 14, 14, 9)]
    assert conflicts([*seen, *one.ticks(5)]) == []


def test_an_order_that_shows_late_and_after_the_next_one_is_ours_too() -> None:
    one = service(10)
    one.follows = False
    wants(one, 20).tick()
    wants(one, 30).tick()
    one.set(20)
    first = one.tick()
    one.set(30)
    assert conflicts([first, *one.ticks(10)]) == []


def test_a_deployment_is_expected_to_write_the_count() -> None:
    one = service(10)
    one.set(13)
    during = list(one.ticks(20, fleet={"deploying": True, "desired": 13}))
    one.set(10)
    assert conflicts([*during, *one.ticks(10)]) == []


def test_a_controller_that_was_away_takes_the_count_as_it_finds_it() -> None:
    one = service(10)
    one.memory = Memory.from_json(one.memory.to_json()).restarted()
    one.set(25)
    one.now += 120_000
    assert conflicts(list(one.ticks(5))) == []


def test_a_change_during_a_quick_restart_is_noticed() -> None:
    one = service(10)
    one.memory = Memory.from_json(one.memory.to_json()).restarted()
    one.set(25)
    assert conflicts(list(one.ticks(5))) == [(10, 25, "somebody else")]


def test_the_maximum_is_held_against_another_writer_too() -> None:
    one = service(10, YIELD, maximum=20)
    one.set(25)
    assert one.run(60).desired <= 20


def test_what_is_held_says_so() -> None:
    one = service(10)
    one.set(25)
    assert "conflict_hold" in told(one.run(3))


def test_the_rule_is_followed_to_its_last_millisecond() -> None:
    one = service(10, YIELD)
    one.set(25)
    one.tick()
    one.tick(59_999)
    assert "conflict_hold" in told(one.tick(0))
    assert one.tick(1).desired == 10
