"""Who gets the next request, with numbers and no sockets."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.fleet.balancer.choose import SHUN_MS, Fleet
from fleetfoot.fleet.balancer.stats import idlest
from fleetfoot.fleet.balancer.tasks import EVIDENCE, Task


def fleet(*names: str, concurrency: int | None = None) -> Fleet:
    made = Fleet(concurrency)
    for name in names:
        made.ready(made.add(name, 1, "a", "r"), 0.0, 0.0)
    return made


def chosen(made: Fleet, count: int) -> Counter[str]:
    """Requests one after the other, each over before the next."""
    return Counter(task.name for task in (made.choose() for _ in range(count)) if task is not None)


def test_nobody_is_chosen_from_nobody() -> None:
    assert fleet().choose() is None


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_nobody_with_more_open_requests_than_another_is_chosen(loads: list[int]) -> None:
    made = fleet(*(str(number) for number in range(len(loads))))
    for task, load in zip(made.tasks.values(), loads, strict=True):
        task.in_flight = load
    best = made.choose()
    assert best is not None
    assert best.in_flight == min(loads)


def test_ties_go_round_and_a_task_that_was_long_away_does_not_catch_up() -> None:
    made = fleet("a", "b", "c")
    made.tasks["c"].in_flight = 5
    assert chosen(made, 100) == {"a": 50, "b": 50}
    made.tasks["c"].in_flight = 0
    assert chosen(made, 30) == {"a": 10, "b": 10, "c": 10}


@pytest.mark.parametrize("concurrency", [1, 3])
def test_nobody_is_chosen_beyond_the_limit(concurrency: int) -> None:
    made = fleet("a", "b", concurrency=concurrency)
    for _ in range(2 * concurrency):
        task = made.choose()
        assert task is not None
        task.in_flight += 1
    assert made.choose() is None
    assert [task.in_flight for task in made.tasks.values()] == [concurrency] * 2


def warming(concurrency: int | None = None) -> tuple[Fleet, Task]:
    made = fleet("old", concurrency=concurrency)
    made.tasks["old"].timed(50_000_000, True)
    new = made.add("new", 2, "a", "r")
    made.ready(new, 0.0, 1000.0)
    assert new.warming
    return made, new


def test_the_share_of_a_warming_task_rises_with_time() -> None:
    made, _ = warming()
    shares = []
    for now in (0.0, 250.0, 500.0, 900.0):
        made.tick(now)
        shares.append(chosen(made, 400)["new"])
    assert shares == sorted(shares)
    assert shares[0] < 60 < 120 < shares[-1] < 220


def test_a_warming_task_carries_load_in_proportion_to_its_weight() -> None:
    made, new = warming()
    made.tasks["old"].in_flight = 20
    made.tick(500.0)
    while (task := made.choose()) is new:
        new.in_flight += 1
    assert 9 <= new.in_flight <= 11
    assert task is made.tasks["old"]


def test_the_limit_of_a_warming_task_rises_too_and_is_never_zero() -> None:
    made, new = warming(concurrency=8)
    assert new.limit == 1
    made.tick(500.0)
    assert new.limit == 4
    made.tick(1000.0)
    assert (new.limit, new.warming) == (8, False)


@pytest.mark.parametrize(
    ("service_ms", "good", "answers", "is_warm"),
    [
        pytest.param(60, True, EVIDENCE, True, id="like-its-peers"),
        pytest.param(60, True, EVIDENCE - 1, False, id="too-few-to-say"),
        pytest.param(200, True, EVIDENCE, False, id="slower-than-its-peers"),
        pytest.param(1, False, 100, False, id="quick-errors-are-no-evidence"),
    ],
)
def test_when_a_task_is_warm_before_its_time(service_ms: int, good: bool, answers: int, is_warm: bool) -> None:
    made, new = warming()
    for _ in range(answers):
        new.timed(service_ms * 1_000_000, good)
    made.tick(100.0)
    assert new.warming is not is_warm


def test_the_first_task_of_all_serves_at_once() -> None:
    made = Fleet(None)
    first = made.add("first", 1, "a", "r")
    made.ready(first, 0.0, 5000.0)
    assert not first.warming


def test_a_shunned_task_comes_back_after_a_second_and_at_once_when_it_is_the_only_one() -> None:
    made = fleet("a", "b")
    made.shun(made.tasks["a"], 0.0)
    assert chosen(made, 10) == {"b": 10}
    assert not made.tick(SHUN_MS / 2)
    assert made.tick(SHUN_MS)
    assert chosen(made, 10) == {"a": 5, "b": 5}
    alone = fleet("a")
    alone.shun(alone.tasks["a"], 0.0)
    assert chosen(alone, 3) == {"a": 3}


def test_another_task_is_chosen_for_a_request_that_others_lost() -> None:
    made = fleet("a", "b", "c", concurrency=1)
    a, b, c = made.tasks.values()
    assert {made.choose_other([a]) for _ in range(4)} == {b, c}
    assert made.choose_other([a, b, a]) is c
    c.in_flight = 1
    assert made.choose_other([a, b]) is None  # it waits rather than ask the same again
    assert (a.limit, b.limit) == (1, 1)
    alone = fleet("a")
    assert alone.choose_other([alone.tasks["a"]]) is alone.tasks["a"]


@pytest.mark.parametrize(
    ("ready", "routed", "open_"),
    [
        pytest.param("abcd", "abcd", False, id="all"),
        pytest.param("ab", "ab", False, id="exactly-half"),
        pytest.param("a", "abcd", True, id="a-quarter"),
        pytest.param("", "abcd", True, id="none"),
    ],
)
def test_above_half_unready_the_check_is_doubted(ready: str, routed: str, open_: bool) -> None:
    made = fleet(*"abcd")
    made.add("starting", 1, "a", "r")
    for name, task in made.tasks.items():
        task.ready = name in ready
    made.rebuild(0.0)
    assert "".join(task.name for task in made.routed) == routed
    assert made.failing_open is open_


def test_the_idlest_is_the_last_of_those_with_the_fewest() -> None:
    load = {"a": 1, "b": 0, "c": 0}.__getitem__
    assert idlest(["a", "b", "c"], load) == "c"
    assert idlest(["c", "b", "a"], load) == "b"
    with pytest.raises(ValueError, match="no tasks"):
        idlest([], load)
