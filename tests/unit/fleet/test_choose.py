"""Who goes, who is replaced, and where a new task comes to be."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.fleet.choose import Candidate, Hung, Replacement, replace, victims, zone_for


def youngest(among: Collection[str]) -> str:
    return list(among)[-1]


def task(name: str, zone: str = "a", state: str = "serving") -> Candidate:
    return Candidate(name, zone, state)


def test_failed_tasks_go_first_then_starting_ones_then_the_idlest() -> None:
    tasks = [task("old"), task("sick", state="failed"), task("idle"), task("new", state="starting"), task("busy")]
    assert victims(tasks, 4, lambda among: "idle" if "idle" in among else youngest(among)) == [
        "sick",
        "new",
        "idle",
        "busy",
    ]


def test_the_idlest_is_looked_for_in_the_fullest_zone() -> None:
    tasks = [task("a1"), task("a2"), task("a3"), task("b1", "b"), task("b2", "b")]
    asked: list[list[str]] = []

    def idlest(among: Collection[str]) -> str:
        asked.append(list(among))
        return min(among)

    assert victims(tasks, 2, idlest) == ["a1", "a2"]
    assert asked == [["a1", "a2", "a3"], ["a2", "a3", "b1", "b2"]]


def test_more_victims_than_tasks_are_all_of_them() -> None:
    assert victims([task("one")], 5, youngest) == ["one"]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40), st.integers(0, 40), st.randoms())
def test_zones_stay_even_within_one_task_when_they_were(zones: list[str], count: int, rng: random.Random) -> None:
    even = [f"{'abc'[i % 3]}" for i in range(len(zones))]
    tasks = [task(f"t{i}", zone) for i, zone in enumerate(even)]
    gone = set(victims(tasks, count, lambda among: rng.choice(list(among))))
    assert len(gone) == min(count, len(tasks))
    left = Counter(one.zone for one in tasks if one.id not in gone)
    sizes = [left[zone] for zone in sorted(set(even))]
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(1, 60))
def test_new_tasks_fill_the_emptiest_zone(count: int) -> None:
    taken: list[str] = []
    for _ in range(count):
        taken.append(zone_for(("a", "b", "c"), taken))
    sizes = Counter(taken)
    assert max(sizes.values()) - min(sizes[zone] for zone in "abc") <= 1


def hung(*names: str, useful: bool = False) -> list[Hung]:
    return [Hung(name, useful) for name in names]


@pytest.mark.parametrize(
    ("failing", "doubted", "tasks", "in_progress", "over", "expected"),
    [
        pytest.param(hung("x"), 1, 1, 0, False, Replacement(("x",), False), id="the-only-task-is-replaced"),
        pytest.param(
            hung("x"), 1, 1, 0, True, Replacement(("x",), False), id="even-over-the-objective-when-it-does-nothing"
        ),
        pytest.param(hung("x"), 1, 3, 0, False, Replacement(("x",), False), id="one-of-three-is-no-dependency"),
        pytest.param(hung("x", "y"), 2, 6, 0, False, Replacement((), True), id="a-third-together-is-a-dependency"),
        pytest.param(hung("x", "y"), 2, 7, 0, False, Replacement(("x",), False), id="less-than-a-third-one-at-a-time"),
        pytest.param(hung("x", "y"), 2, 7, 1, False, Replacement((), False), id="none-while-one-is-under-way"),
        pytest.param(hung(*"abcd"), 4, 40, 1, False, Replacement(("a", "b", "c"), False), id="ten-percent-at-once"),
        pytest.param(hung("x", useful=True), 1, 9, 0, True, Replacement((), False), id="useful-over-objective-stays"),
        pytest.param(
            hung("x", useful=True), 1, 9, 0, False, Replacement(("x",), False), id="useful-within-objective-goes"
        ),
        pytest.param([], 0, 9, 0, True, Replacement((), False), id="nobody-hangs"),
        pytest.param([], 9, 9, 0, True, Replacement((), False), id="nobody-hangs-yet"),
        pytest.param(hung("x"), 3, 9, 0, False, Replacement((), True), id="the-first-of-many-to-be-found-waits"),
    ],
)
def test_hung_tasks_are_replaced_within_bounds(
    failing: list[Hung], doubted: int, tasks: int, in_progress: int, over: bool, expected: Replacement
) -> None:
    assert replace(failing, doubted, tasks, in_progress, over) == expected


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 5), st.booleans())
def test_never_more_than_a_tenth_or_one_at_once(failing: int, more: int, in_progress: int, over: bool) -> None:
    tasks = failing + more
    found = replace([Hung(f"t{i}", i % 2 == 0) for i in range(failing)], failing, tasks, in_progress, over)
    assert len(found.now) + in_progress <= max(1, tasks // 10, in_progress)
    assert not (found.now and found.dependency_suspected)
