"""Replacing as a sum: who starts, who may go, and that never fewer than desired serve."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.fleet.replace import LIFETIME, UPDATE, ZONE, Member, overdue, step, surge_of, uneven


def tasks(*states: str) -> list[Member]:
    """``serving``, or ``serving!update`` for one that leaves because of an update."""
    why = {"zone": ZONE, "update": UPDATE, "life": LIFETIME, "": ""}
    return [
        Member(f"t{n}", "a", state.partition("!")[0], why[state.partition("!")[2]]) for n, state in enumerate(states)
    ]


def test_without_anybody_leaving_it_is_the_difference_to_the_desired_count() -> None:
    assert step(tasks("serving", "serving"), 5, 1, 0, 0).start == 2
    assert step(tasks("serving", "serving", "serving"), 1, 0, 0, 0).surplus == 2


def test_a_lost_zone_is_started_elsewhere_before_its_tasks_go() -> None:
    before = step(tasks("serving!zone", "serving!zone", "serving"), 3, 0, 0, 0)
    assert (before.start, before.relieve) == (2, 0)
    after = step(tasks("serving!zone", "serving!zone", "serving", "serving", "starting"), 3, 0, 0, 0)
    assert (after.start, after.relieve, after.relieved) == (0, 1, ("t0", "t1"))


def test_an_update_has_at_most_its_surge_beside_the_desired_count() -> None:
    assert step(tasks(*["serving!update"] * 8), 8, 0, 2, 2).start == 2
    assert step(tasks(*["serving!update"] * 8, "starting", "starting"), 8, 0, 2, 2).start == 0


def test_the_last_tasks_of_the_old_version_stay_until_the_new_one_is_proved() -> None:
    both = tasks("serving!update", "serving!update", *["serving"] * 8)
    assert step(both, 8, 0, 2, 2).relieve == 0
    assert step(both, 8, 0, 10, 0).relieve == 2


def test_a_leaving_task_that_does_not_serve_yet_goes_at_once() -> None:
    assert step(tasks("serving", "starting!zone"), 2, 0, 0, 0).unused == ("t1",)


def test_a_leaving_task_that_lost_its_readiness_goes_when_its_place_is_taken() -> None:
    assert step(tasks("failed!zone", "serving"), 2, 0, 0, 0).unused == ()
    assert step(tasks("failed!zone", "serving", "serving"), 2, 0, 0, 0).unused == ("t0",)


def test_an_order_for_fewer_in_the_middle_lets_the_leaving_ones_go_first() -> None:
    due = step(tasks(*["serving!update"] * 4, "serving"), 2, 0, 1, 1)
    assert (due.start, due.surplus, due.relieve) == (0, 0, 3)


def test_the_surge_is_a_share_of_the_desired_count_and_at_least_one() -> None:
    assert [surge_of(0.25, n) for n in (0, 1, 4, 7, 8, 20)] == [1, 1, 1, 1, 2, 5]


MEMBER = st.builds(
    Member,
    st.uuids().map(str),
    st.sampled_from("ab"),
    st.sampled_from(["starting", "warming", "serving", "failed"]),
    st.sampled_from(["", "", UPDATE, ZONE, LIFETIME]),
)


@given(st.lists(MEMBER, max_size=20), st.integers(0, 12), st.integers(0, 3), st.integers(1, 4), st.booleans())
def test_no_step_lets_fewer_than_desired_serve_or_goes_beyond_its_bounds(
    members: list[Member], desired: int, coming: int, surge: int, kept: bool
) -> None:
    due = step(members, desired, coming, surge, surge if kept else 0)
    serving = sum(one.state == "serving" for one in members)
    leaving = [one for one in members if one.leaving]
    assert due.relieve <= max(0, serving - desired)
    assert not (due.start and due.surplus)
    after = len(members) + coming + due.start
    assert not due.start or after <= desired + len(leaving)
    states = {one.id: one.state for one in leaving}
    assert all(states[name] == "serving" for name in due.relieved)
    assert all(states[name] != "serving" for name in due.unused)


def test_tasks_started_together_end_apart_and_the_same_in_every_plane() -> None:
    ages = [(f"orders-{n}", 0) for n in range(1, 21)]
    ends = []
    for now in range(101):
        due = overdue([(name, now) for name, _ in ages], 100, len(ages))
        ends.append(len(due))
    assert ends[79] == 0
    assert ends[100] == 20
    assert max(after - before for before, after in itertools.pairwise(ends)) <= 5
    assert overdue(ages, 100, 20) == overdue(list(reversed(ages)), 100, 20)


def test_the_most_overdue_goes_first_and_only_as_many_as_there_is_room() -> None:
    ages = [("a", 1000), ("b", 5000), ("c", 3000)]
    assert overdue(ages, 100, 2) == ["b", "c"]
    assert overdue(ages, 100, -1) == []


def test_a_zone_with_two_tasks_more_than_another_is_uneven() -> None:
    assert uneven(["a", "b"], ["a", "a", "b"]) is None
    assert uneven(["a", "b"], ["a", "a"]) == "a"
    assert uneven(["a", "b"], ["c", "c", "a"]) is None
