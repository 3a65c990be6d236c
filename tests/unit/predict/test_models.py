"""Models: what they say of a known season, and that none of them knows the future."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetfoot.predict.calendar import calendar
from fleetfoot.predict.models import AS_NOW, KINDS, Kind, available
from fleetfoot.predict.models.naive import Seasonal, Usual
from tests.unit.predict.made import MONDAY, daily, history, seen

ALL = [pytest.param(kind, id=kind.name) for kind in (*KINDS, AS_NOW)]


def test_three_models_need_no_library() -> None:
    assert [kind.name for kind in KINDS if not kind.extra] == ["yesterday", "last week", "usual day"]


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in KINDS])
def test_a_clean_season_is_forecast_within_a_few_percent(kind: Kind) -> None:
    if not available(kind):
        pytest.skip(f"{kind.extra} is not installed")
    past = seen(16)
    model = kind.fit(past, past.known)
    places = [past.known + ahead for ahead in (3, 36, 144, 287)]
    came = [daily(MONDAY + 16 * 86_400 + (place - past.known) * 300) for place in places]
    assert model.predict(past, past.known, places) == pytest.approx(came, rel=0.05)


@pytest.mark.parametrize("kind", ALL)
def test_no_model_looks_at_what_comes_after_the_moment_it_is_asked_at(kind: Kind) -> None:
    if not available(kind):
        pytest.skip(f"{kind.extra} is not installed")
    past = seen(10, noise=0.1)
    origin = past.known - past.per_day
    changed = replace(past, values=[v if i < origin else 9_999.0 for i, v in enumerate(past.values)])
    places = [origin, origin + 5, origin + 200]
    before = kind.fit(past, origin).predict(past, origin, places)
    assert kind.fit(changed, origin).predict(changed, origin, places) == before


def test_yesterday_says_what_came_at_the_same_local_hour() -> None:
    past = seen(3)
    assert Seasonal(1).predict(past, past.known, [past.known + 50]) == [past.values[past.known - 288 + 50]]


def test_last_week_says_what_came_on_the_same_weekday() -> None:
    past = seen(9)
    assert Seasonal(7).predict(past, past.known, [past.known + 5]) == [past.values[past.known - 7 * 288 + 5]]


def test_a_holiday_is_passed_over_for_the_day_before_it() -> None:
    past = calendar(history(4))
    strange = replace(past, odd=frozenset({3}))
    assert Seasonal(1).predict(strange, past.known, [past.known + 5]) == [past.values[past.known - 2 * 288 + 5]]


def test_the_usual_day_stands_at_the_level_of_now_and_comes_back_to_the_usual() -> None:
    past = seen(10)
    high = replace(past, values=[v * (2.0 if i >= past.known - 12 else 1.0) for i, v in enumerate(past.values)])
    soon, later = Usual().predict(high, past.known, [past.known + 1, past.known + 270])
    usual = Usual().predict(past, past.known, [past.known + 1, past.known + 270])
    assert soon / usual[0] == pytest.approx(2.0, rel=0.07)
    assert later / usual[1] == pytest.approx(1.0, rel=0.05)
