"""While starts fail, the count goes back to the last size at which everything served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fleetfoot.core.model import Decision, Operator, Start, State
from tests.unit.core.build import OPEN, Says, Service, told, want, wants

BRAKE = replace(OPEN, launches_slow_after=2, launches_stop_after=4)


def service(tasks: int = 6) -> Service:
    """Six serve; then twenty are wanted, and what is ordered never becomes ready."""
    one = Service(Says("p", want(tasks)), tasks=tasks, startup=10**9, guards=BRAKE)
    one.run(5)
    wants(one, 20)
    return one


def failing(one: Service, seconds: int, revision: str = "", **fleet: Any) -> Iterator[Decision]:
    for second in range(seconds):
        bad = (Start(second, revision, 0, False, "exited with code 1"),)
        yield one.tick(fleet={"starts": bad, "revision": revision, **fleet})


def test_the_count_returns_to_the_last_size_at_which_all_served_and_asks_for_a_person() -> None:
    one = service()
    assert one.tick().desired == 20
    counts = [decision.desired for decision in failing(one, 3)]
    (back,) = failing(one, 1)
    assert ([*counts, back.desired], "last_good" in told(back)) == ([20, 20, 20, 6], True)


def test_a_large_batch_is_taken_back_only_when_a_tenth_of_it_failed_in_a_row() -> None:
    """Eighty ordered on top of six: seven failures say nothing yet, eight do."""
    one = service()
    wants(one, 86)
    one.tick()
    assert [decision.desired for decision in failing(one, 8)] == [86] * 7 + [6]


def test_one_task_a_minute_still_probes() -> None:
    one = service()
    one.tick()
    counts = [decision.desired for decision in failing(one, 600)]
    assert max(counts[10:]) == 7
    assert counts[10:].count(7) > 300  # the probe is not taken back at once


def test_no_task_that_serves_is_let_go() -> None:
    """Some of what was ordered does serve: the count goes down to what serves and no further."""
    one = service()
    one.tick()
    counts = [decision.desired for decision in failing(one, 10, serving=11, starting=9)]
    assert counts[-1] == 11


def test_what_is_lost_meanwhile_is_not_given_up() -> None:
    """One of the six ended as well: the last size at which all served is six all the same."""
    one = service()
    one.tick()
    assert list(failing(one, 4, serving=5, starting=15))[-1].desired == 6


def test_every_revision_has_a_size_of_its_own() -> None:
    one = service()
    one.run(3, fleet={"revision": "a", "desired": 6})
    wants(one, 20)
    list(failing(one, 8, revision="b"))
    assert one.memory.slices["last good"]["sizes"] == {"": 6, "a": 6}


@pytest.mark.parametrize(
    ("fleet", "operator"),
    [
        pytest.param({"deploying": True}, Operator(), id="a rollout"),
        pytest.param({}, Operator(hold_shrink=True), id="a pause"),
        pytest.param({"state": State.STALE}, Operator(), id="a fleet unseen"),
    ],
)
def test_where_nothing_may_be_let_go_nothing_is_taken_back(fleet: dict[str, Any], operator: Operator) -> None:
    one = service()
    one.operator = operator
    one.tick()
    assert {decision.desired for decision in failing(one, 10, **fleet)} == {20}


def test_when_starts_succeed_again_growth_is_free() -> None:
    one = service()
    one.tick()
    list(failing(one, 10))
    assert one.tick().desired < 20
    assert one.tick(fleet={"starts": (Start(99, "", 900, True),)}).desired == 20
