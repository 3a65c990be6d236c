from __future__ import annotations

from fleetfoot.core.model import Fleet, Receipt
from fleetfoot.edge.base import Order, TaskSeen
from fleetfoot.run.stamps import Stages

T = 1_000_000


def order(before: int = 2, count: int = 4, onset: int | None = T - 800) -> Order:
    return Order(f"orders@{T}", "orders", before, count, T, T, sampled=T - 30, received=T - 20, onset=onset)


def followed(one: Order) -> Stages:
    stages = Stages(600_000)
    stages.ordered(one, Receipt(one.id, "orders", one.count, True, T + 10), recorded=T + 4)
    return stages


def task(name: str, started: int, ready: int = 0, served: int = 0) -> TaskSeen:
    return TaskSeen(name, "serving" if ready else "starting", started, ready, served)


OLD = task("old", T - 99_000, T - 98_000, 500)


def test_stages_are_those_of_the_tasks_the_order_added() -> None:
    stages = followed(order())
    fleet = Fleet(T, 4, serving=1)
    assert stages.look("orders", T + 500, fleet, [OLD, task("a", T + 20)]) == [(order().id, {"first_starting": T + 20})]
    tasks = [OLD, task("a", T + 20, T + 900), task("b", T + 30)]
    assert stages.look("orders", T + 1000, fleet, tasks) == [
        (order().id, {"last_starting": T + 30, "first_ready": T + 900})
    ]
    tasks = [OLD, task("a", T + 20, T + 900, served=3), task("b", T + 30, T + 1200)]
    assert stages.look("orders", T + 2000, fleet, tasks) == [
        (order().id, {"last_ready": T + 1200, "first_request": T + 2000})
    ]


def test_what_refills_the_warm_pool_is_not_taken_for_a_task_of_the_order() -> None:
    stages = followed(order())
    refill = TaskSeen("refill", "preparing", T + 12)
    assert stages.look("orders", T + 500, Fleet(T, 4), [OLD, refill]) == []
    tasks = [OLD, refill._replace(state="warm", ready=T + 700), task("a", T + 8, T + 11), task("b", T + 15, T + 900)]
    ((_, stamps),) = stages.look("orders", T + 1000, Fleet(T, 4), tasks)
    assert stamps == {
        "first_starting": T + 8, "last_starting": T + 15, "first_ready": T + 11, "last_ready": T + 900,
    }  # fmt: skip


def test_a_target_without_tasks_is_followed_by_its_counts() -> None:
    stages = followed(order())
    (first,) = stages.look("orders", T + 1000, Fleet(T + 990, 4, serving=2, starting=2), ())
    assert first[1] == {"first_starting": T + 990, "last_starting": T + 990}
    (second,) = stages.look("orders", T + 2000, Fleet(T + 1990, 4, serving=4), ())
    assert second[1] == {"first_ready": T + 1990, "last_ready": T + 1990}


def test_calm_is_the_first_of_five_seconds_in_a_row_not_over() -> None:
    stages = followed(order())
    pattern = [True, False, False, True, False, False, False, False, False, False]
    for second, over in enumerate(pattern):
        stages.second("orders", T + second * 1000, over)
    ((_, stamps),) = stages.look("orders", T + 10_000, Fleet(T, 4), ())
    assert stamps["back"] == T + 4000


def test_stage_spans_are_summed_up_over_orders() -> None:
    stages = followed(order())
    summary = stages.summary()
    assert summary["record"] == {"orders": 1, "p50": 4, "p95": 4}
    assert summary["onset to command (clock 2, estimated)"]["p50"] == 810
    assert "last ready" not in summary
    stages.look("orders", T + 2000, Fleet(T, 4), [task("a", T + 20, T + 900, 1), task("b", T + 30, T + 1200)])
    assert stages.summary()["last ready"]["p50"] == 1190
    assert stages.summary()["onset to serving (clock 3, estimated)"]["p50"] == 2000


def test_a_refused_order_is_not_followed() -> None:
    stages = Stages(600_000)
    stages.ordered(order(), Receipt(order().id, "orders", 4, False, T, "no"))
    assert stages.look("orders", T + 1000, Fleet(T, 4, serving=4), ()) == []
    assert stages.summary() == {}


def test_an_order_is_followed_no_longer_than_patience() -> None:
    stages = Stages(1000)
    stages.ordered(order(), Receipt(order().id, "orders", 4, True, T))
    stages.look("orders", T + 1001, Fleet(T, 4), ())
    assert stages.look("orders", T + 1002, Fleet(T, 4, serving=4), ()) == []
