"""The back-test: figures by hand, the honest table, the band, the outlook, and what is heard of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fleetfoot.core.model import State
from fleetfoot.core.policies.forecast import DAYS, ERROR, UPPER
from fleetfoot.predict.backtest import TooShort, around, backtest, pinball, quantile
from fleetfoot.predict.calendar import calendar
from fleetfoot.predict.history import History
from fleetfoot.predict.models import KINDS, Kind
from fleetfoot.predict.outlook import Forecaster, Outlook, Point
from fleetfoot.predict.speaker import Speaker
from tests.unit.predict.made import history, seen

PLAIN = [kind for kind in KINDS if not kind.extra]


@pytest.mark.parametrize(
    ("said", "came", "share", "loss"),
    [(100, 120, 0.95, 19.0), (100, 80, 0.95, 1.0), (100, 80, 0.05, 19.0), (100, 110, 0.5, 5.0)],
    ids=["under an upper end", "over an upper end", "over a lower end", "the median"],
)
def test_pinball_weighs_what_is_above_and_below(said: float, came: float, share: float, loss: float) -> None:
    assert pinball(said, came, share) == pytest.approx(loss)


def test_the_conformal_quantile_leaves_room_for_one_more_error() -> None:
    errors = [i / 100 for i in range(1, 100)]  # 99 of them: the 95th of a hundred places
    assert quantile(errors, 0.95) == 0.95
    assert quantile(errors, 0.05) == 0.05
    assert quantile([0.3, 0.1], 0.95) == 0.3  # of few the extreme


def test_the_band_of_a_span_is_that_of_the_next_longer_one_tested() -> None:
    band = {3: (-0.1, 0.2), 12: (-0.3, 0.5)}
    assert around(100.0, 2, band, 0.0) == pytest.approx((90.0, 120.0))
    assert around(100.0, 4, band, 0.0) == pytest.approx((70.0, 150.0))
    assert around(100.0, 99, band, 0.0) == pytest.approx((70.0, 150.0))


def test_a_noisy_season_is_forecast_with_nine_in_ten_values_inside_the_band() -> None:
    found = backtest(seen(16, noise=0.2), 3, PLAIN)
    best = next(score for score in found.scores if score.name == found.best.name)
    assert found.best.name == "usual day"
    assert 0.85 <= best.inside <= 0.95
    assert best.near == pytest.approx(0.1, abs=0.03)  # uniform noise of 20 %: a mean error of 10 %


def test_the_yardstick_is_in_the_table_and_is_never_chosen() -> None:
    flat = seen(9)
    found = backtest(replace(flat, values=[50.0] * len(flat.values)), 3, PLAIN)
    assert [score.yardstick for score in found.scores] == [False] * len(PLAIN) + [True]
    assert found.best.name != "as now"


def test_every_model_is_judged_by_the_same_days() -> None:
    guesses = {score.guesses for score in backtest(seen(12), 3, PLAIN).scores if not score.why}
    assert len(guesses) == 1


def test_a_model_that_lacks_its_library_or_its_days_says_so() -> None:
    missing = Kind("dream", PLAIN[0].fit, extra="no_such_library")
    scores = {score.name: score for score in backtest(seen(4), 3, [*PLAIN, missing]).scores}
    assert scores["dream"].why == "needs no_such_library: make dev in the clone brings it"
    assert scores["last week"].why == "needs 12 days"


@pytest.mark.parametrize("kind", [kind for kind in PLAIN if kind.days > 1], ids=lambda kind: kind.name)
def test_a_model_has_enough_with_the_days_it_asks_for(kind: Kind) -> None:
    many = int(next(score.why for score in backtest(seen(3), 3, [PLAIN[0], kind]).scores if score.why).split()[1])
    assert not any(score.why for score in backtest(seen(many), 3, [PLAIN[0], kind]).scores)
    assert any(score.why for score in backtest(seen(many - 1), 3, [PLAIN[0], kind]).scores)


def test_less_than_two_seasons_is_too_short_and_said_in_words() -> None:
    with pytest.raises(TooShort, match=r"1.5 days of history are too short: a forecast needs two seasons"):
        backtest(seen(1.5), 3, PLAIN)


def test_two_whole_days_are_enough() -> None:
    assert backtest(seen(2), 3, PLAIN).best in PLAIN


def test_an_outlook_survives_json_and_a_choice_another_process() -> None:
    first = Forecaster(900, kinds=PLAIN)
    told = first.look(history(5))
    second = Forecaster(900, kinds=PLAIN)
    second.resume(json.loads(json.dumps(first.choice())))
    assert second.look(history(5)).points == told.points
    again = Outlook.from_json(json.loads(json.dumps(told.to_json())))
    assert (again.made, again.model, len(again.points)) == (told.made, told.model, 288)


def test_the_models_are_tried_again_after_six_hours_and_not_before() -> None:
    one = Forecaster(900, kinds=PLAIN)
    one.look(history(5))
    one.look(history(5.2))
    assert one.at == history(5).end
    one.look(history(5.25))
    assert one.at == history(5.25).end


def outlook(made: int, past: tuple[float, ...] = (), rate: float = 100.0) -> Outlook:
    points = tuple(Point(made + i * 300, rate + i, rate + i - 10, rate + i + 10) for i in range(24))
    return Outlook(made, 300, "usual day", points, past, (), 5.0)


def test_what_is_heard_is_the_highest_upper_band_until_a_task_ordered_now_serves() -> None:
    one = Speaker(lead=900, bound=0.3)
    one.take(outlook(300_000))
    upper = one.signals(300_000_000, 300_000_000, 10_000)[UPPER]
    assert (upper.value, upper.state) == (113.0, State.FRESH)  # the slot that begins in 900 s is touched


def test_an_outlook_that_nobody_renewed_says_nothing() -> None:
    one = Speaker(lead=900, bound=0.3)
    one.take(outlook(300_000))
    assert one.signals(0, 300_000_000 + 3 * 3_600_000, 10_000)[UPPER].state is State.MISSING


def test_nothing_is_said_before_the_first_outlook() -> None:
    told = Speaker(lead=900, bound=0.3).signals(0, 0, 10_000)
    assert {told[name].state for name in (UPPER, ERROR, DAYS)} == {State.MISSING}


def track(came: float, bound: float = 0.3) -> Speaker:
    """Two hours in which ``came`` came where 100 to 123 was forecast."""
    one = Speaker(lead=900, bound=bound)
    one.take(outlook(0))
    one.take(outlook(7_200, past=(came,) * 24))
    return one


def test_the_error_is_that_of_forecasts_said_before_the_tasks_had_to_be_ordered() -> None:
    one = track(100.0)
    medians = [100.0 + i for i in range(2, 24)]  # the first two slots came too soon to order for
    assert one.error == pytest.approx(sum(m - 100.0 for m in medians) / (100.0 * len(medians)))


def test_a_forecast_whose_error_passes_the_bound_falls_silent_and_speaks_again_when_it_is_good() -> None:
    one = track(20.0)
    told = one.signals(0, 7_200_000, 10_000)
    assert one.notes()["silent"] is True
    assert told[UPPER].state is State.MISSING
    assert told[ERROR].value > 0.3
    one.take(outlook(14_400, past=(110.0,) * 24))
    assert one.notes()["silent"] is False
    assert one.signals(0, 14_400_000, 10_000)[UPPER].state is State.FRESH


def test_a_past_that_nobody_measured_is_no_error() -> None:
    one = track(float("nan"))
    assert one.error is None
    assert not one.silent


def test_history_with_a_gap_is_forecast_from_what_is_known() -> None:
    past = history(6)
    values = tuple(float("nan") if 600 <= i < 900 else v for i, v in enumerate(past.values))
    found = Forecaster(900, kinds=PLAIN).look(History(past.start, values))
    assert found.points[0].median == pytest.approx(past.values[0], rel=0.05)
    assert calendar(History(past.start, values)).known == len(values)
