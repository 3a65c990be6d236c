"""Tasks that hang, leak, answer 500, answer slowly or close early, behind both balancers and under load."""

from __future__ import annotations

import os
import signal
from functools import partial

import pytest

from tests.faults import Fleet, Kill, seen, unexplained
from tests.shots import Load
from tests.support import wait_until

pytestmark = [pytest.mark.network, pytest.mark.slow]


def doubled(load: Load, fleet: Fleet) -> list[str]:
    """Unsafe requests that reached more than one task."""
    found = seen(fleet.folder)
    return [shot.name for shot in load.shots if shot.unsafe and len(found.get(shot.name, [])) > 1]


def lost(load: Load, count: int) -> bool:
    return len(load.failed()) >= count


def broken_off(fleet: Fleet, load: Load, *words: str) -> None:
    """One task closes early, in one way after the other, until each has cost a request."""
    for word in words:
        wait_until(lambda: not fleet.told().get("ejected"), what="the end of an ejection")
        fleet.fault(word, fleet.told()["tasks"][0]["id"])
        wait_until(partial(lost, load, len(load.failed()) + 1), what=f"a lost request: {word}")
        fleet.fault("")
        load.more(50)


def test_a_task_that_closes_before_its_answer_costs_only_what_must_not_be_sent_twice(kind: str) -> None:
    """On a kept connection HAProxy closes without an answer instead of 502, for the client to try again."""
    with Fleet(balancer=kind) as fleet:
        load = Load(fleet.port)
        with load.going():
            load.more(20)
            broken_off(fleet, load, "before-the-head", "in-the-head")
        statuses = {502} if kind == "embedded" else {502, 0}
        assert all(shot.unsafe and shot.status in statuses for shot in load.failed()), load.words()
        assert doubled(load, fleet) == []
        assert not fleet.told()["exits"]


def test_a_task_that_closes_in_its_answer_costs_what_it_had_begun_and_no_client_takes_a_part_for_the_whole(
    kind: str,
) -> None:
    with Fleet(balancer=kind) as fleet:
        load = Load(fleet.port)
        with load.going():
            load.more(20)
            broken_off(fleet, load, "in-the-body", "in-a-chunk")
        found = seen(fleet.folder)
        assert all(not shot.status and shot.why for shot in load.failed()), load.words()
        assert all(len(found[shot.name]) == 1 for shot in load.failed())
        assert doubled(load, fleet) == []


def test_a_task_that_answers_500_to_everything_costs_its_share_until_it_is_ejected(kind: str) -> None:
    with Fleet(tasks=4, balancer=kind) as fleet:
        load = Load(fleet.port, 150)
        with load.going():
            load.more(20)
            sick = fleet.told()["tasks"][0]["id"]
            fleet.fault("answers-500", sick)
            wait_until(lambda: fleet.told().get("ejected") == 1, what="the ejection")
            begun = len(load.shots)
            load.more(150)
            later = list(load.shots)[begun:]
            fleet.fault("")
            load.more(20)
        assert {shot.status for shot in load.failed()} == {500}, load.words()
        share = sum(not shot.ok for shot in later) / len(later)
        assert share < 0.1, load.words()
        wait_until(lambda: fleet.told()["errors"] == len(load.failed()), what=f"the count of errors: {load.words()}")
        assert not fleet.told()["exits"]


def test_a_task_that_answers_slowly_loses_nothing_and_the_others_take_more(kind: str) -> None:
    with Fleet(balancer=kind) as fleet:
        load = Load(fleet.port)
        with load.going():
            load.more(20)
            slow = fleet.told()["tasks"][0]["id"]
            fleet.fault("is-slow", slow)
            load.more(120)
        assert not load.failed(), load.words()
        wait_until(lambda: sum(task["served"] for task in fleet.told()["tasks"]) >= len(load.shots))
        served = {task["id"]: task["served"] for task in fleet.told()["tasks"]}
        assert served[slow] < sum(served.values()) / 3


def test_a_task_that_hangs_is_replaced_and_costs_the_unsafe_requests_in_flight_on_it() -> None:
    """SIGSTOP: the kernel accepts for it and nobody answers."""
    liveness = "{path: /healthz, interval: 200ms, timeout: 500ms, unhealthy: 2}"
    with Fleet(tasks=3, stop="500ms", drain="500ms", liveness=liveness) as fleet:
        load = Load(fleet.port)
        with load.going():
            load.more(20)
            name, victim = (fleet.told()["tasks"][0][key] for key in ("id", "pid"))
            os.kill(victim, signal.SIGSTOP)
            wait_until(lambda: len(fleet.pids()) == 3 and victim not in fleet.pids(), what="the replacement")
            load.more(50)
        assert all(shot.unsafe and shot.status in (502, 503, 504) for shot in load.failed()), load.words()
        fleet.whole()
        assert doubled(load, fleet) == []
        assert [row[1] for row in fleet.told()["exits"]] == [name]


def test_a_task_that_leaks_dies_of_its_own_limit_is_named_and_costs_the_unsafe_requests_in_flight_on_it() -> None:
    """ulimit -v: Python gets MemoryError, which ends the connection; the process's own handler ends it."""
    with Fleet(before="ulimit -v 300000;") as fleet:
        load = Load(fleet.port)
        with load.going():
            load.more(20)
            fleet.fault("leaks", fleet.told()["tasks"][0]["id"])
            told = wait_until(lambda: list(fleet.told().get("exits", [])), what="the end of the task that leaks")
            fleet.fault("")
            load.more(50)
            fleet.whole()
        assert told[0][3:] == [77, "exited with code 77", True]
        pid = next(int(path.name.rpartition(".")[2]) for path in (fleet.folder / "seen").glob(f"{told[0][1]}.*"))
        assert unexplained(load.shots, [Kill("task", pid, 0.0, float("inf"))], fleet.folder) == []
