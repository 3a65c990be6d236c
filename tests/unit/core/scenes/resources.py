"""What is shared or costs money: connections, the budget, launches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fleetfoot.core.engine import settle, wish
from fleetfoot.core.model import Decision, Grant, Operator
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import Budget, Database, Launch, Pool, Replicas, Shared
from tests.unit.core.build import START, Service
from tests.unit.core.scenes.table import CPU, scene


def on_database(tasks: int, low: int, high: int, **changes: Any) -> Service:
    """Each task opens a pool to a database of 1,000 connections, 15 of them reserved."""
    replicas = Replicas("read_load")
    return Service(CPU, tasks=tasks, pool=Pool(Database("main", 985, replicas=replicas, **changes), low, high))


@scene(Code.POOL_FIRST)
def pools_are_too_large_for_more_tasks() -> Iterable[Decision]:
    yield from on_database(45, 5, 20).ticks(3, cpu=0.9)


@scene(Code.CONNECTIONS_PACED)
def many_tasks_at_once() -> Iterable[Decision]:
    yield from on_database(4, 20, 20, growth=50.0).ticks(3, cpu=1.0)


@scene(Code.CONNECTIONS)
def the_database_is_full() -> Iterable[Decision]:
    yield from on_database(48, 20, 20).ticks(3, cpu=0.9)


@scene(Code.REPLICA_WANTED)
def many_tasks_read_much() -> Iterable[Decision]:
    yield from on_database(20, 20, 20).ticks(70, cpu=0.5, read_load=0.8)


def on_budget(tasks: int, soft: float | None, hard: float | None, **changes: Any) -> Service:
    """A dollar a task and hour, and one limit an hour for all tasks at once."""
    limits = Budget("USD", (("hour", soft, hard),))
    return Service(CPU, tasks=tasks, shared=Shared(budget=limits), **{"price": 1.0, **changes})


@scene(Code.BUDGET_SOFT)
def more_than_demand_needs() -> Iterable[Decision]:
    yield from on_budget(10, 11.0, None).ticks(2, cpu=0.9)


@scene(Code.BUDGET_HARD)
def the_money_is_used_up() -> Iterable[Decision]:
    yield from on_budget(10, None, 12.0).ticks(3, cpu=0.9)


@scene(Code.BUDGET_EMERGENCY)
def far_more_than_the_budget() -> Iterable[Decision]:
    yield from on_budget(30, None, 20.0).ticks(2, cpu=0.5)


@scene(Code.BUDGET_PERMIT)
def a_declared_breach() -> Iterable[Decision]:
    service = on_budget(12, None, 12.0)
    service.operator = Operator(who="ana", permit=START + 60_000)
    yield from service.ticks(2, cpu=0.9)


@scene(Code.BUDGET_ALERT)
def half_of_the_budget() -> Iterable[Decision]:
    yield from on_budget(10, None, 20.0).ticks(2, cpu=0.5)


@scene(Code.PRICE_UNKNOWN)
def nobody_knows_the_price() -> Iterable[Decision]:
    yield from on_budget(10, None, 12.0, price=None).ticks(2, cpu=0.9)


@scene(Code.GRANT)
def others_need_it_more() -> Iterable[Decision]:
    service = Service(CPU, tasks=10, shared=Shared(Launch(100, 20.0, 6.0)), cpu=0.5)
    service.now += 1000
    yield settle(wish(service.settings, service.memory, service.see(cpu=0.9)), Grant(12, 100))


@scene(Code.LAUNCH_RATE)
def the_platform_starts_no_more_at_once() -> Iterable[Decision]:
    yield from Service(CPU, tasks=30, launch=Launch(10, 2.0)).ticks(3, cpu=1.0)
