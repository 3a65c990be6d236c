"""Far over its budget a fleet is taken down, the least important first; a permit lets one overrun."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fleetfoot.core.engine import settle_all, step, wish
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Operator, Reason
from fleetfoot.core.pack import observation_from_json, observation_to_json
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import Budget, Shared
from tests.unit.core.budget import HOURLY, MIDNIGHT, service, spend
from tests.unit.core.build import OPEN, Service, together, wants

# -- an emergency


def fleet_of_four() -> dict[str, Service]:
    """160 USD an hour at a limit of 100; each needs five of its tasks now."""
    shared = Shared(budget=Budget("USD", HOURLY))
    ranks = {"checkout": 0, "web": 1, "search": 2, "analytics": 3}
    return {name: service(40, 40, shared=shared, priority=rank, minimum=2) for name, rank in ranks.items()}


def played(services: dict[str, Service], seconds: int) -> None:
    for _ in range(seconds):
        together(services)


def test_at_150_percent_the_least_important_go_down_first_and_only_until_the_emergency_is_over() -> None:
    services = fleet_of_four()
    played(services, 600)
    counts = {name: one.tasks for name, one in services.items()}
    assert counts == {"checkout": 40, "web": 40, "search": 40, "analytics": 28}  # 148 USD: no emergency any more


def test_the_next_in_importance_goes_down_when_the_least_has_given_all_it_has() -> None:
    services = fleet_of_four()
    services["checkout"].set(90)
    wants(services["checkout"], 90)
    seen = set()
    for _ in range(900):
        together(services)
        seen.add((services["search"].tasks < 40, services["analytics"].tasks > 2))
    assert (True, True) not in seen
    counts = {name: one.tasks for name, one in services.items()}
    assert counts["analytics"] == 2
    assert counts["checkout"] == 90
    assert counts["web"] == 40
    assert 2 < counts["search"] < 40


def test_of_two_as_unimportant_one_goes_down_where_that_is_money_enough() -> None:
    """Two of 40 tasks at 2 USD an hour are 160 of 100: thirty of one are all that is too much."""
    limits = Shared(budget=Budget("USD", HOURLY, 1.5))
    both = {name: service(40, 40, shared=limits, price=2.0, priority=3) for name in ("a", "b")}
    played(both, 1200)
    assert {name: one.tasks for name, one in both.items()} == {"a": 32, "b": 40}


def test_an_emergency_goes_down_in_steps_of_a_tenth() -> None:
    services = fleet_of_four()
    counts = []
    for _ in range(25):
        together(services)
        counts.append(services["analytics"].tasks)
    assert counts[0] == 36
    assert counts[9] == 36
    assert counts[10] == 32


@pytest.mark.parametrize(("tasks", "left"), [(149, 149), (150, 135)])
def test_an_emergency_begins_at_150_percent(tasks: int, left: int) -> None:
    assert service(tasks, tasks, priority=3).tick().desired == left


def test_a_small_fleet_goes_down_by_single_tasks() -> None:
    assert service(8, 8, (("hour", None, 2.0),), priority=3).tick().desired == 7


def test_tasks_that_cost_nothing_are_not_taken_down() -> None:
    shared = Shared(budget=Budget("USD", HOURLY))
    free, dear = service(40, 40, shared=shared, priority=3, price=0.0), service(160, 160, shared=shared, priority=2)
    played({"free": free, "dear": dear}, 30)
    assert (free.tasks, dear.tasks < 160) == (40, True)


def test_in_an_emergency_only_a_critical_service_grows_where_the_limit_is_soft() -> None:
    shared = Shared(budget=Budget("USD", (("hour", 100.0, None),)))
    for priority, tasks in ((0, 170), (1, 160)):
        one = service(160, 170, shared=shared, priority=priority)
        assert one.tick(requests=170 * 20.0).desired == tasks


def test_an_emergency_keeps_what_present_demand_needs_unless_told_otherwise() -> None:
    limit = (("day", None, 10.0),)
    for hard, least in ((False, 30), (True, 2)):
        one = service(40, 40, limit, priority=3, minimum=2, guards=replace(OPEN, hard=hard))
        one.now = MIDNIGHT
        spend(one, 4, requests=600.0)
        assert one.tasks == least


def test_a_critical_service_is_never_taken_down() -> None:
    one = service(40, 40, (("day", None, 10.0),), priority=0)
    one.now = MIDNIGHT
    spend(one, 4)
    assert one.tasks == 40


# -- a permit


def test_a_permit_lets_one_service_overrun_until_it_ends() -> None:
    one = service(100, 140)
    one.operator = Operator(who="ana", permit=one.now + 5_000)
    decision = one.tick()
    assert decision.desired == 140
    assert Reason(Code.BUDGET_PERMIT, {"left": 4_000, "who": "ana"}) in decision.reasons
    one.run(10)
    wants(one, 149)
    assert one.tick().desired == 140


def test_a_permit_is_over_at_its_very_end() -> None:
    one = service(100, 140)
    one.operator = Operator(who="ana", permit=one.now + 1_000)
    assert one.tick().desired == 100


def test_what_a_budget_denied_is_denied_again_from_its_own_observation() -> None:
    """The grants of the tick are enough to decide it again, alert and all."""
    services = fleet_of_four()
    wants(services["web"], 70)
    for _ in range(30):
        kept = {name: Memory.from_json(one.memory.to_json()) for name, one in services.items()}
        for one in services.values():
            one.now += 1000
        settled = settle_all({name: wish(one.settings, one.memory, one.see()) for name, one in services.items()})
        for name, (decision, grant) in settled.items():
            one = services[name]
            seen = json.loads(json.dumps(observation_to_json(one.see()._replace(grant=grant))))
            assert step(one.settings, kept[name], observation_from_json(seen)) == decision
            assert kept[name].to_json() == one.memory.to_json()
            one.set(decision.desired)
