"""What HAProxy is told over its socket."""

from __future__ import annotations

from fleetfoot.fleet.haproxy.orders import Orders
from fleetfoot.fleet.haproxy.tasks import Task, Wanted


def a_task() -> Task:
    return Task("orders-1", "t1", 9001)


def test_a_new_server_has_its_pool_set_and_is_enabled_only_when_wanted() -> None:
    orders, task = Orders(), a_task()
    waits = orders.to([(task, Wanted("maint", 100, 0))])
    added = [command for command in waits if command.startswith("add server")]
    assert [command.split()[2] for command in added] == ["fleet/t1", "streams/t1"]
    assert all("pool-max-conn -1 pool-purge-delay" in command for command in added)
    assert not any("state ready" in command for command in waits)
    assert orders.to([(task, Wanted("ready", 100, 0))]) == [
        "set server fleet/t1 state ready",
        "set server streams/t1 state ready",
    ]


def test_only_differences_are_told() -> None:
    orders, task = Orders(), a_task()
    orders.to([(task, Wanted("ready", 10, 2))])
    assert orders.to([(task, Wanted("ready", 10, 2))]) == []
    assert orders.to([(task, Wanted("ready", 50, 4))]) == [
        "set server fleet/t1 weight 50",
        "set server streams/t1 weight 50",
        "set maxconn server fleet/t1 4",
    ]


def test_in_doubt_everything_is_told_again() -> None:
    orders, task = Orders(), a_task()
    first = orders.to([(task, Wanted("ready", 100, 3))])
    orders.doubt()
    assert orders.to([(task, Wanted("ready", 100, 3))]) == first


def test_deleting_is_asked_for_again_until_it_is_done() -> None:
    orders, task = Orders(), a_task()
    orders.to([(task, Wanted("ready", 100, 0))])
    orders.forget("t1")
    ((server, commands),) = orders.deletions()
    assert server == "t1"
    assert commands[:3] == [
        "set server fleet/t1 state maint",
        "shutdown sessions server fleet/t1",
        "del server fleet/t1",
    ]
    assert orders.deletions()
    orders.deleted("t1")
    assert orders.deletions() == []
