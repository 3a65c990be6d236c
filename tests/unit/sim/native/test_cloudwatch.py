"""An alarm by CloudWatch's published rules: which points count, what missing ones mean, how often it asks."""

from __future__ import annotations

import pytest

from fleetfoot.sim.native.cloudwatch import ALARM, INSUFFICIENT, OK, Metric, MetricAlarm, Shown, metric_of
from tests.unit.sim.rivals.feeds import HandFeed


def alarm(need: int = 1, of: int = 1, missing: str = "notBreaching", period: int = 10_000) -> MetricAlarm:
    return MetricAlarm("a", Metric("requests", period, 5_000), "GreaterThanThreshold", 100.0, need, of, missing)


@pytest.mark.parametrize(
    ("points", "need", "of", "state"),
    [
        pytest.param([0, 0, 101.0], 1, 1, ALARM, id="one-of-one"),
        pytest.param([0, 0, 100.0], 1, 1, OK, id="the-threshold-itself-is-not-above-it"),
        pytest.param([0, 0, 200, 50, 200], 2, 3, ALARM, id="two-of-three"),
        pytest.param([200, 200, 50, 50, 200], 2, 3, OK, id="only-the-newest-three-count"),
        pytest.param([200, 200, None, None, 200], 3, 3, ALARM, id="a-gap-is-looked-past-while-three-are-real"),
    ],
)
def test_the_state_is_m_of_the_newest_n(points: list[float | None], need: int, of: int, state: str) -> None:
    assert alarm(need, of).judge(points) == state


@pytest.mark.parametrize(
    ("missing", "from_ok", "from_alarm"),
    [
        ("notBreaching", OK, OK),
        ("breaching", ALARM, ALARM),
        ("ignore", OK, ALARM),
        ("missing", INSUFFICIENT, INSUFFICIENT),
    ],
)
def test_missing_data_means_what_the_alarm_says(missing: str, from_ok: str, from_alarm: str) -> None:
    for before, after in ((OK, from_ok), (ALARM, from_alarm)):
        one = alarm(missing=missing)
        one.state = before
        assert one.judge([None, None, None]) == after


def asked(one: MetricAlarm, rate: float, seconds: int, lost: int | None = None) -> list[int]:
    """The seconds in which the alarm asks its scaling action, under a steady rate from 0 on."""
    feed = HandFeed({"requests": lambda _: rate, "serving": lambda _: 4.0})
    found = []
    for second in range(0, seconds, 10):
        feed.now = 1000 * second
        if one.look(feed.now, Shown(feed, feed.now, lost)) is not None:
            found.append(second)
    return found


def test_an_alarm_asks_at_its_change_and_then_once_a_minute() -> None:
    assert asked(alarm(), 200.0, 200) == [20, 80, 140]


def test_a_period_of_a_minute_is_looked_at_once_a_minute() -> None:
    assert asked(alarm(period=60_000), 200.0, 300) == [120, 180, 240]


def test_what_breaks_off_clears_the_alarm_and_asks_nothing_more() -> None:
    """The evaluation range is three periods: the last real point counts until it leaves it."""
    one = alarm()
    assert asked(one, 200.0, 300, lost=30_000) == [20]
    assert one.state == OK


def test_a_sum_whose_metric_breaks_off_in_the_middle_ends_with_a_part() -> None:
    feed = HandFeed({"requests": lambda _: 100.0}, now=35_000)
    summed = Metric("requests", 10_000, 5_000, summed=5_000)
    assert summed.points(Shown(feed, 35_000, lost=25_000), 3) == [200.0, 200.0, 100.0]
    assert summed.points(Shown(feed, 35_000, lost=20_000), 3) == [200.0, 200.0, None]


@pytest.mark.parametrize(
    ("namespace", "name", "statistic", "value"),
    [
        ("Fleetfoot/orders", "RequestsPerSecond", "Sum", 160.0),  # 80/s, published twice in 10 s
        ("MyApp/Performance", "RequestsPerSecond", "Average", 20.0),  # what each of four tasks publishes
        ("AWS/ApplicationELB", "RequestCount", "Sum", 800.0),
        ("AWS/ApplicationELB", "RequestCountPerTarget", "Sum", 200.0),
    ],
)
def test_a_metric_is_in_the_unit_its_publisher_gives(namespace: str, name: str, statistic: str, value: float) -> None:
    feed = HandFeed({"requests": lambda _: 80.0, "serving": lambda _: 4.0}, now=120_000)
    metric = metric_of(namespace, name, statistic, 10_000)
    assert metric.points(Shown(feed, 120_000), 1) == [value]


def test_a_metric_the_world_does_not_measure_is_named() -> None:
    with pytest.raises(ValueError, match="no Average of AWS/SQS ApproximateNumberOfMessagesVisible"):
        metric_of("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Average", 60_000)
