"""Starts that fail slow growth down, then stop it but for a probe."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from fleetfoot.core.model import Start
from tests.unit.core.build import Service, guarded, told


def failed(number: int, revision: str = "") -> dict[str, Any]:
    return {"revision": revision, "starts": (Start(number, revision, 0, False, "exited with code 1"),)}


def broken(times: int) -> Service:
    held = guarded(launches_slow_after=3, launches_stop_after=6)
    held.follows = False  # what is ordered never comes
    for number in range(times):
        held.tick(cpu=0.5, fleet=failed(number))
    return held


@pytest.mark.parametrize(
    ("times", "desired"),
    [pytest.param(2, 18, id="two failures are bad luck"), pytest.param(3, 11, id="three slow it to one task")],
)
def test_launches_failed_starts_in_a_row_slow_growth(times: int, desired: int) -> None:
    assert broken(times).tick(cpu=0.9).desired == desired


def test_launches_each_further_failure_doubles_the_wait() -> None:
    held = broken(4)
    held.follows = True
    grown = [d.now for d in held.ticks(60, cpu=0.9) if d.action == "grow"]
    assert [later - earlier for earlier, later in pairwise(grown)] == [10_000] * (len(grown) - 1)
    assert len(grown) == 6


def test_launches_once_stopped_it_probes_once_a_minute_and_not_while_a_probe_is_under_way() -> None:
    held = broken(6)
    held.follows, held.startup = True, 90_000
    grown = [d.now for d in held.ticks(300, cpu=0.9) if d.action == "grow"]
    assert [later - earlier for earlier, later in pairwise(grown)] == [90_000] * (len(grown) - 1)
    assert len(grown) == 4
    assert "launches_failing" in told(held.tick(cpu=0.9))


@pytest.mark.parametrize(
    "good",
    [
        pytest.param({"starts": (Start(9, "", 900, True),)}, id="a good start"),
        pytest.param({"revision": "r2"}, id="a new revision"),
    ],
)
def test_launches_a_good_start_or_a_new_revision_ends_it(good: dict[str, Any]) -> None:
    held = broken(6)
    held.tick(cpu=0.5, fleet=good)
    assert held.tick(cpu=0.9, fleet={"revision": good.get("revision", "")}).desired == 18


@pytest.mark.parametrize(("starting", "desired"), [(61, 18), (60, 10)])
def test_launches_fewer_failures_than_a_tenth_of_those_under_way_are_no_sign(starting: int, desired: int) -> None:
    """Of a large batch the failures are told first."""
    assert broken(6).tick(cpu=0.9, fleet={"starting": starting}).desired == desired


def test_launches_failures_of_another_revision_do_not_count() -> None:
    held = guarded(launches_slow_after=1, launches_stop_after=2)
    held.tick(cpu=0.5, fleet={"revision": "new", "starts": failed(1, "old")["starts"]})
    assert held.tick(cpu=0.9, fleet={"revision": "new"}).desired == 18


def test_launches_say_nothing_to_a_scale_in() -> None:
    assert broken(6).tick(cpu=0.1).desired == 2
