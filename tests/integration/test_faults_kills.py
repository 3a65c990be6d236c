"""kill -9 of task, data plane, controller and keeper in every order, under load: what is lost, and no more."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import permutations

import pytest

from tests.faults import PARTS, Fleet, Kill, kill, unexplained
from tests.shots import Load
from tests.support import processes_of, wait_until

pytestmark = [pytest.mark.network, pytest.mark.slow]

FLEETS = [order for order in permutations(PARTS, 2) if "keeper" not in order]
KEEPERS = [order for order in permutations(PARTS, 2) if "keeper" in order]
TRIPLES = [("controller", "task", "plane"), ("plane", "task", "task")]


def at_once(fleet: Fleet, order: tuple[str, ...]) -> list[Kill]:
    """Kill in this order, each before anybody can have done anything about the one before."""
    tasks = iter(fleet.pids())
    victims = [(part, next(tasks) if part == "task" else fleet.pid_of(part)) for part in order]
    assert all(pid for _, pid in victims)
    return [kill(part, pid) for part, pid in victims]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """One for each test: a part that has died often is started later and later. When it stops, nothing is left."""
    with Fleet() as made:
        made.whole()
        yield made
        made.stop()
        assert not processes_of(made.folder)


@pytest.mark.parametrize("order", [*FLEETS, ("task", "task"), *TRIPLES], ids="-".join)
def test_only_what_the_dead_plane_had_in_hand_and_what_was_unsafe_on_the_dead_task_is_lost(
    fleet: Fleet, order: tuple[str, ...]
) -> None:
    load = Load(fleet.port, 150, prefix="-".join(order))
    with load.going():
        load.more(40)
        kills = at_once(fleet, order)
        load.more(60)
        fleet.whole()
        load.more(20)
    assert unexplained(load.shots, kills, fleet.folder) == []
    in_hand = sum(shot.during(kills[0].at, kills[-1].at) for shot in load.shots)  # three, on a machine with time
    assert len(load.failed()) <= 12 + in_hand, load.words()


@pytest.mark.parametrize("part", ["plane", "controller"])
def test_a_part_killed_again_as_soon_as_it_is_back_costs_no_more_than_what_it_had_in_hand(
    fleet: Fleet, part: str
) -> None:
    load = Load(fleet.port, 150, prefix=f"{part}-thrice")
    kills: list[Kill] = []
    with load.going():
        load.more(40)
        for _ in range(3):
            kills.append(kill(part, fleet.await_pid(part, kills[-1].pid if kills else 0)))
        fleet.whole()
        load.more(40)
    assert unexplained(load.shots, kills, fleet.folder) == []
    if part == "controller":
        assert not load.failed(), load.words()
    assert not {one.pid for one in kills} & set(processes_of(fleet.folder))


@pytest.mark.parametrize("order", KEEPERS, ids="-".join)
def test_without_its_keeper_a_fleet_loses_the_next_part_for_good_until_the_next_start_which_leaves_nothing_of_it(
    fleet: Fleet, order: tuple[str, ...]
) -> None:
    """Task: replaced by the plane that lives on. Controller: missed by no request. Plane: nobody answers any more."""
    load = Load(fleet.port, 100, prefix="-".join(order))
    with load.going():
        load.more(30)
        before = set(processes_of(fleet.folder))
        kills = at_once(fleet, order)
        if "plane" in order:
            wait_until(load.failed, what="a request that fails")
            kills[order.index("plane")].until = math.inf
        else:
            load.more(60)
    if "task" in order:
        wait_until(lambda: len(fleet.pids()) == 2 and kills[order.index("task")].pid not in fleet.pids())
    assert unexplained(load.shots, kills, fleet.folder) == []
    fleet.stop()
    fleet.start()
    fleet.whole()
    assert not before & set(processes_of(fleet.folder))
    again = Load(fleet.port, 100, prefix="-".join((*order, "again")))
    with again.going():
        again.more(20)
    assert not again.failed()
