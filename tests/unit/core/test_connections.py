"""Tasks times pool stays within the connections of the database."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core import warm
from fleetfoot.core.memory import Memory
from fleetfoot.core.settings import Database, Pool, Replicas, WarmSettings
from tests.unit.core.build import START, Says, Service, together, told, want, wants

MAIN = Database("main", 1000)


def service(
    tasks: int, wants: int, low: int = 20, high: int = 20, database: Database = MAIN, **changes: Any
) -> Service:
    return Service(Says("p", want(wants)), tasks=tasks, pool=Pool(database, low, high), **changes)


def pool(one: Service) -> int:
    return int(one.memory.slices["connections"]["pool"])


def test_fifty_tasks_of_twenty_fill_a_database_of_a_thousand() -> None:
    """The figures of the design notes: 20 a task, 1,000 in all."""
    grows = service(40, 200)
    assert grows.run(30).desired == 50
    assert grows.decision is not None
    assert "connections" in told(grows.decision)


def test_more_tasks_than_that_come_with_smaller_pools() -> None:
    """100 tasks of 1,000 connections: 1000 // 100 = 10 each, as the design notes reckon."""
    grows = service(50, 100, 5, 20)
    first = grows.tick()
    assert (first.desired, pool(grows), told(first)) == (50, 10, {"step", "pool_first"})
    assert all(decision.desired == 50 for decision in grows.ticks(4))
    assert grows.tick().desired == 100


def test_pools_shrink_no_further_than_they_may() -> None:
    grows = service(50, 500, 8, 20)
    assert grows.run(30).desired == 125
    assert pool(grows) == 8


def test_pools_grow_again_when_there_has_been_room_for_a_minute() -> None:
    one = service(50, 100, 5, 20)
    one.run(10)
    wants(one, 20)
    one.run(60)
    assert pool(one) == 10
    one.run(5)
    assert pool(one) == 20


@pytest.mark.parametrize(
    ("fleet", "most"),
    [
        pytest.param({}, 50, id="nothing else"),
        pytest.param({"draining": 5}, 45, id="tasks that drain"),
        pytest.param({"warm": 3}, 47, id="tasks kept warm"),
        pytest.param({"starting": 4}, 46, id="tasks that start in place of others"),
        pytest.param({"serving": 44}, 46, id="both revisions of a rollout"),
        pytest.param({"deploying": True}, 40, id="the wave of a rollout that is still to come: a quarter of 40"),
    ],
)
def test_whatever_holds_a_pool_is_counted(fleet: dict[str, Any], most: int) -> None:
    grows = service(40, 200)
    grows.follows = False
    assert grows.tick(fleet=fleet).desired == most


def test_what_drains_and_is_warm_is_there_beside_the_wave_of_a_rollout_that_is_still_to_come() -> None:
    """20 tasks, 2 that drain, 3 warm and a wave of a quarter: 10 beside the desired, and 40 of 50 are left."""
    grows = service(20, 200)
    assert grows.tick(fleet={"deploying": True, "draining": 2, "warm": 3}).desired == 40


def test_a_database_with_just_the_smallest_pools_to_give_gives_those() -> None:
    one = service(1, 1, 20, 40, Database("main", 20))
    one.tick()
    assert pool(one) == 20


def test_a_full_database_takes_no_task_away() -> None:
    assert service(80, 90).run(20).desired == 80


def test_the_minimum_beats_the_database() -> None:
    assert service(40, 60, minimum=55).tick().desired == 55


def test_connections_are_opened_no_faster_than_the_database_bears() -> None:
    """50 a second and 20 a task: five tasks in two seconds, after a bucket of 50 + 20."""
    grows = service(0, 30, database=Database("main", 1000, growth=50.0))
    counts = [grows.tick().desired for _ in range(6)]
    assert counts == [3, 6, 8, 11, 13, 16]
    assert grows.decision is not None
    assert "connections_paced" in told(grows.decision)


def test_two_services_share_the_pace() -> None:
    database = Database("main", 1000, growth=40.0)
    both = {name: service(0, 20, database=database) for name in ("a", "b")}
    for second in range(1, 11):
        together(both)
        assert sum(one.tasks for one in both.values()) == 2 * second + 1


def test_who_is_more_important_is_given_the_connections_first() -> None:
    web, batch = service(20, 45, priority=0), service(20, 45, priority=3)
    together({"web": web, "batch": batch})
    assert (web.tasks, batch.tasks) == (30, 20)


def test_who_is_more_important_and_content_opens_nothing() -> None:
    """A pace of 40 a second lets three tasks of 20 come at first: all three are the other's."""
    database = Database("main", 1000, growth=40.0)
    content, grows = service(5, 5, database=database, priority=0), service(5, 25, database=database, priority=3)
    together({"content": content, "grows": grows})
    assert (content.tasks, grows.tasks) == (5, 8)


def test_a_neighbour_shrinks_its_pools_for_one_who_needs_tasks() -> None:
    large, small = service(40, 40, 5, 20), service(10, 40, 5, 20)
    both = {"large": large, "small": small}
    together(both)
    assert (small.tasks, pool(large), pool(small)) == (10, 12, 12)  # 1000 // 80
    for _ in range(6):
        together(both)
    assert (small.tasks, large.tasks) == (40, 40)


def test_databases_of_different_names_do_not_share() -> None:
    one, other = service(45, 60), service(45, 60, database=Database("other", 2000))
    together({"one": one, "other": other})
    assert (one.tasks, other.tasks) == (50, 60)


def test_a_restarted_controller_does_not_believe_in_small_pools() -> None:
    """Without its memory nobody knows what the tasks hold: as much as they may, for as long as they need to follow."""
    one = service(60, 80, 5, 20)
    assert one.tick().desired == 60
    one.memory = Memory()
    assert all(decision.desired == 60 for decision in one.ticks(5))
    assert one.tick().desired == 80


@pytest.mark.parametrize(
    ("wanted", "warmed"),
    [pytest.param(46, 4, id="beside what serves and grows"), pytest.param(45, 5, id="all that is left")],
)
def test_warm_tasks_are_kept_only_as_far_as_their_pools_fit(wanted: int, warmed: int) -> None:
    one = service(45, wanted, warm=WarmSettings(20, 20))
    decision = one.tick(requests=10.0)
    size = warm.size(one.settings, one.memory, one.see(), decision.desired)
    assert size is not None
    assert (decision.desired, size.tasks) == (wanted, warmed)


# -- replicas


def replica_told(one: Service, load: float, seconds: int) -> list[int]:
    return [
        int(reason.data["replicas"])
        for decision in one.ticks(seconds, read_load=load)
        for reason in decision.reasons
        if reason.code == "replica_wanted"
    ]


def test_a_replica_is_asked_for_over_ten_tasks_at_seventy_percent_and_no_more_than_three() -> None:
    one = service(20, 20, database=Database("main", 1000, replicas=Replicas("read_load")))
    assert replica_told(one, 0.69, 120) == []
    assert replica_told(one, 0.75, 59) == []
    assert replica_told(one, 0.75, 2) == [1]
    assert replica_told(one, 0.75, 3600) == [2, 3]


def test_ten_tasks_need_no_replica() -> None:
    one = service(10, 10, database=Database("main", 1000, replicas=Replicas("read_load")))
    assert replica_told(one, 0.9, 300) == []


def test_a_replica_is_asked_for_a_minute_after_the_load_is_reached_and_each_next_one_ten_minutes_later() -> None:
    one = service(20, 20, database=Database("main", 1000, replicas=Replicas("read_load")))
    asked = [decision.now for decision in one.ticks(1300, read_load=0.7) if "replica_wanted" in told(decision)]
    assert asked == [START + 61_000, START + 661_000, START + 1_261_000]


# -- its promise


@given(
    st.lists(st.tuples(st.integers(1, 15), st.integers(0, 120), st.integers(0, 120)), min_size=1, max_size=12),
    st.integers(1, 10),
    st.integers(0, 15),
    st.integers(50, 900),
)
def test_tasks_times_pool_never_passes_the_limit_while_tasks_follow_within_the_time_they_have(
    life: list[tuple[int, int, int]], low: int, more: int, limit: int
) -> None:
    database = Database("main", limit)
    both = {name: service(0, 0, low, low + more, database, priority=rank) for rank, name in enumerate(("a", "b"))}
    told_at: dict[str, list[int]] = {name: [] for name in both}  # the pool each was told, second by second
    born: dict[str, list[int]] = {name: [] for name in both}  # of every task, the second
    for seconds, first, other in life:
        wants(both["a"], first)
        wants(both["b"], other)
        for _ in range(seconds):
            together(both)
            holds = 0
            for name, one in both.items():
                told_at[name].append(pool(one))
                second = len(told_at[name])
                born[name] = (born[name] + [second - 1] * one.tasks)[: one.tasks]
                holds += sum(max(told_at[name][max(began, second - 5) :]) for began in born[name])
            assert holds <= limit
