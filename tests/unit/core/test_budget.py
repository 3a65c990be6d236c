"""What all tasks together may cost: an hour, a day, a month."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core.guards.budget import Calendar, calendar
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, Data, Reason
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import Budget, Launch, Shared
from tests.unit.core.budget import DAILY, HOURLY, MIDNIGHT, service, spend
from tests.unit.core.build import Service, together, told, want, wants


def alerts(one: Service, hours: float) -> list[int]:
    steps = [one.tick(60_000) for _ in range(round(hours * 60))]
    return [int(r.data["percent"]) for step in steps for r in step.reasons if r.code == "budget_alert"]


# -- limits


def test_growth_is_denied_where_the_hour_would_cost_more_than_its_limit() -> None:
    grows = service(90, 150)
    decision = grows.tick()
    (denied,) = [trail.reason for trail in decision.trail]
    figures: Data = {"budget": "hour", "spent": 90.0, "limit": 100.0, "currency": "USD"}
    assert (decision.desired, denied) == (100, Reason(Code.BUDGET_HARD, {"wish": 150, "allowed": 100, **figures}))
    assert grows.tick().action is Action.HOLD


def test_tasks_that_drain_are_money_the_hour_does_not_have() -> None:
    assert service(90, 150).tick(fleet={"draining": 4}).desired == 96


def test_what_is_left_of_the_hour_is_shared_by_what_each_wishes_beyond_what_it_has() -> None:
    limits = Shared(budget=Budget("USD", (("hour", None, 60.0),)))
    both = {"small": service(10, 20, shared=limits), "large": service(40, 50, shared=limits)}
    together(both)
    assert {name: one.tasks for name, one in both.items()} == {"small": 15, "large": 45}


def test_of_several_limits_the_tightest_counts_whichever_comes_first() -> None:
    one = service(10, 10, (("day", None, 10.0), ("hour", None, 12.0)))
    one.now = MIDNIGHT
    spend(one, 1.1)
    wants(one, 30)
    assert one.tick(60_000).desired == 10


def test_a_day_that_is_spent_limits_growth_to_what_demand_needs() -> None:
    """50 tasks at 1 USD: 1,000 USD are gone after 20 of the day's hours."""
    one = service(50, 50, DAILY)
    one.now = MIDNIGHT
    assert "budget_soft" not in spend(one, 19)
    wants(one, 90)
    assert one.tick(60_000, requests=1200.0).desired == 90
    one.set(50)
    wants(one, 50)
    spend(one, 1.5)
    wants(one, 90)
    decision = one.run(5, requests=1200.0)  # which needs 60 tasks of 20/s
    assert (decision.desired, "budget_soft" in told(decision)) == (60, True)


def test_a_day_of_which_just_everything_is_spent_is_spent() -> None:
    one = service(10, 10, (("day", None, 10.0),))
    one.now = MIDNIGHT
    one.tick()
    one.tick(3_600_000)
    wants(one, 11)
    assert one.tick().desired == 10


def test_a_limit_of_money_takes_nothing_off_a_limit_of_starts() -> None:
    both = Shared(Launch(30, 1.0), budget=Budget("USD", HOURLY))
    assert service(10, 90, shared=both).tick().desired == 40
    assert service(90, 120, shared=both).tick().desired == 100


def test_every_grant_tells_the_limit_that_is_nearest() -> None:
    shared = Shared(budget=Budget("USD", (("day", None, 1e6), ("hour", None, 100.0), ("month", None, 1e6))))
    for grant in together({"large": service(30, 30, shared=shared), "small": service(20, 20, shared=shared)}).values():
        assert grant is not None
        assert (grant.span, grant.spent, grant.limit) == ("hour", 50.0, 100.0)


def test_the_next_day_begins_anew() -> None:
    one = service(60, 60, (("day", None, 1000.0),))
    one.now = MIDNIGHT
    spend(one, 20)
    wants(one, 70)
    assert one.tick(60_000).desired == 60
    spend(one, 4)
    assert one.tick(60_000).desired == 70


def test_spend_is_counted_from_task_seconds_and_survives_a_restart() -> None:
    """12 tasks for 90 minutes at 0.05 an hour: 0.90."""
    one = service(12, 12, DAILY, price=0.05)
    one.now = MIDNIGHT
    one.tick(1000)
    spend(one, 0.75)
    one.memory = Memory.from_json(json.loads(json.dumps(one.memory.to_json()))).restarted()
    spend(one, 0.75)
    assert one.memory.slices["budget"]["day"][1] == pytest.approx(0.90)


def test_tasks_that_start_drain_or_wait_warm_cost_money_too() -> None:
    one = service(10, 10, DAILY)
    one.follows = False
    running = {"serving": 8, "warming": 2, "draining": 5, "warm": 3, "starting": 2}
    one.tick(fleet=running)
    one.tick(3_600_000, fleet=running)
    assert one.memory.slices["budget"]["day"][1] == pytest.approx(20.0)


def test_a_controller_that_was_away_reckons_with_the_smaller_count() -> None:
    """Nobody knows when the other tasks came, and bookkeeping never stops growth."""
    one = service(10, 10, DAILY)
    one.tick()
    one.set(40)
    one.tick(3_600_000)
    assert one.memory.slices["budget"]["day"][1] == pytest.approx(10.0)


def test_an_unknown_price_is_said_and_holds_nothing() -> None:
    one = service(10, 500, price=None)
    decision = one.tick()
    assert (decision.desired, "price_unknown" in told(decision)) == (500, True)
    assert "price_unknown" not in told(service(10, 10, price=None).tick())


def test_the_minimum_beats_the_budget() -> None:
    assert service(90, 150, minimum=120).tick().desired == 120


# -- alerts


def test_each_alert_is_told_once_in_its_day() -> None:
    one = service(50, 50, DAILY)
    one.now = MIDNIGHT
    assert alerts(one, 23.9) == [50, 80, 90, 100]
    assert alerts(one, 12.2) == [50]


def test_an_alert_is_told_at_its_very_percent_with_all_figures() -> None:
    assert service(49, 49).tick().reasons == (want(49).reason,)
    _, alert = service(50, 50).tick().reasons
    figures: Data = {"percent": 50, "budget": "hour", "spent": 50.0, "limit": 100.0, "currency": "USD"}
    assert alert == Reason(Code.BUDGET_ALERT, figures)


def test_one_of_several_services_tells_it_the_one_that_spends_most() -> None:
    shared = Shared(budget=Budget("USD", HOURLY))
    both = {"web": service(60, 60, shared=shared), "api": service(20, 20, shared=shared)}
    together(both)
    told_by = {name: "budget_alert" in told(one.decision) for name, one in both.items() if one.decision}
    assert told_by == {"web": True, "api": False}
    together(both)
    assert not any("budget_alert" in told(one.decision) for one in both.values() if one.decision)


# -- several services


def test_the_money_goes_to_the_most_important_first_and_nobody_loses_a_task() -> None:
    shared = Shared(budget=Budget("USD", HOURLY))
    web, batch = service(40, 90, shared=shared, priority=0), service(40, 90, shared=shared, priority=3)
    together({"web": web, "batch": batch})
    assert (web.tasks, batch.tasks) == (60, 40)


def test_dear_tasks_take_more_of_the_money() -> None:
    shared = Shared(budget=Budget("USD", HOURLY))
    small, large = service(0, 60, shared=shared), service(0, 60, shared=shared, price=4.0)
    together({"small": small, "large": large})
    assert small.tasks + 4 * large.tasks == 100
    assert (small.tasks, large.tasks) == (20, 20)


# -- its promises


def test_the_calendar_is_the_civil_one() -> None:
    """From 1996 to 2038, which has leap days and the change of a century."""
    known = calendar(0).month
    for days in range(9_500, 25_000):
        day, begins = date(1970, 1, 1) + timedelta(days), days * 86_400_000
        months = 12 * (day.year - 1970) + day.month - 1
        assert calendar(begins) == Calendar(24 * days, days, known + months)
        assert calendar(begins + 86_399_999) == Calendar(24 * days + 23, days, known + months)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=20),
    st.sampled_from([0.5, 1.0, 3.0]),
    st.integers(10, 120),
)
def test_growth_never_takes_the_hour_past_its_limit(life: list[tuple[int, int, int]], price: float, limit: int) -> None:
    shared = Shared(budget=Budget("USD", (("hour", None, float(limit)),)))
    prices = {"a": price, "b": 1.0, "c": 0.25}
    services = {
        name: service(0, 0, shared=shared, priority=rank, price=prices[name]) for rank, name in enumerate("abc")
    }
    for wishes in life:
        before = sum(one.tasks * prices[name] for name, one in services.items())
        for one, wish in zip(services.values(), wishes, strict=True):
            wants(one, wish)
        together(services)
        after = sum(one.tasks * prices[name] for name, one in services.items())
        assert after <= max(limit, before) + 1e-6
