"""KEDA: fallback (facts of kedacore/keda `pkg/fallback/fallback_test.go`) and activation."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.core.hpa.replicas import by_average
from fleetfoot.sim.rivals.hpa_scaler import Average
from fleetfoot.sim.rivals.keda import Activation, Fallback, Health, Keda
from tests.unit.sim.rivals.feeds import HandFeed, Run, fleet, step

TEN = Fallback(replicas=10, threshold=3)


@pytest.mark.parametrize(
    ("failures", "value", "target", "fallback", "told", "after"),
    [
        pytest.param(0, 5.0, 3, None, 5.0, 0, id="the metric when fallback is disabled"),
        pytest.param(5, 6.0, 3, TEN, 6.0, 0, id="reset when metrics are available"),
        pytest.param(0, None, 3, None, None, 1, id="the error when fallback is disabled"),
        pytest.param(0, None, 10, TEN, None, 1, id="bump the number of failures"),
        pytest.param(3, None, 10, TEN, 100.0, 4, id="a normalised metric beyond the threshold"),
        pytest.param(3, None, 10, Fallback(10, -3), None, 4, id="the error with an invalid parameter"),
        pytest.param(3, None, 5, TEN, 50.0, 4, id="n = 10, target 5 reports 50"),
    ],
)
def test_a_failed_read_is_reported_as_published(
    failures: int, value: float | None, target: float, fallback: Fallback | None, told: float | None, after: int
) -> None:
    health = Health(failures)
    assert health.read(value, target, fallback, current=7) == told
    assert health.failures == after


def test_a_value_target_is_divided_by_the_ready_pods() -> None:
    assert Health(3).read(None, 5, TEN, current=7, ready=4) == 12.5


@pytest.mark.parametrize(
    ("behavior", "current", "count"),
    [
        pytest.param("static", 7, 10, id="static"),
        pytest.param("currentReplicas", 7, 7, id="current"),
        pytest.param("currentReplicasIfHigher", 7, 10, id="if higher, it is lower"),
        pytest.param("currentReplicasIfHigher", 12, 12, id="if higher, it is"),
        pytest.param("currentReplicasIfLower", 7, 7, id="if lower, it is"),
        pytest.param("currentReplicasIfLower", 12, 10, id="if lower, it is higher"),
    ],
)
def test_a_fallback_counts_by_its_behavior(behavior: str, current: int, count: int) -> None:
    assert Fallback(10, 3, behavior).count(current) == count


def test_forty_visible_and_seven_in_flight_at_five_each_are_ten_replicas() -> None:
    assert by_average(1, 47_000, 5_000) == 10


@pytest.mark.parametrize(
    ("current", "value", "result", "given"),
    [
        pytest.param(0, 1.0, 1, {}, id="awake from zero"),
        pytest.param(0, 1.0, 3, {"minimum": 3}, id="to the minimum"),
        pytest.param(1, 1.0, 4, {"minimum": 4, "idle": 1}, id="from idle to the minimum"),
        pytest.param(0, 0.0, None, {}, id="zero is not above the threshold"),
        pytest.param(0, 5.0, None, {"threshold": 5.0}, id="strictly above it"),
        pytest.param(4, 9.0, None, {}, id="the rest is the HPA's"),
        pytest.param(0, None, 10, {"fallback": TEN}, id="an error with a fallback does not stay at zero"),
        pytest.param(0, None, None, {}, id="an error without one holds"),
    ],
)
def test_activation_judges_every_poll(current: int, value: float | None, result: int | None, given: Any) -> None:
    activation = Activation(given.get("threshold", 0.0), given.get("idle"))
    assert activation.judge(30_000, value, current, given.get("minimum", 0), given.get("fallback")) == result


@pytest.mark.parametrize(
    ("idle", "minimum", "result"),
    [pytest.param(None, 0, 0, id="to zero"), pytest.param(1, 3, 1, id="to idle"),
     pytest.param(None, 3, None, id="never under a minimum")],
)  # fmt: skip
def test_five_quiet_minutes_put_the_fleet_to_sleep(idle: int | None, minimum: int, result: int | None) -> None:
    activation = Activation(idle=idle)
    assert activation.judge(0, 1.0, 3, minimum, None) is None
    assert activation.judge(300_000, 0.0, 3, minimum, None) is None
    assert activation.judge(330_000, 0.0, 3, minimum, None) == result


def test_a_fleet_at_zero_is_woken_within_a_poll_and_grown_by_the_hpa() -> None:
    run = Run(Keda("keda", Average("requests", 14.0)), {"requests": step(0.0, 140.0, 100)}, desired=0, minimum=0)
    orders = run.until(180)
    assert orders[0] == (120.0, 1)
    assert next(at for at, count in orders if count == 10) <= 165


def test_one_to_many_grows_within_a_sync_of_a_scrape_that_shows_it() -> None:
    run = Run(Keda("keda", Average("requests", 14.0)), {"requests": step(140.0, 420.0, 300)}, desired=10)
    first, *_ = run.until(400)
    assert 300 < first[0] <= 330


def test_a_source_that_stays_away_reports_the_fallback_after_three_syncs() -> None:
    class Lost(HandFeed):
        def points(self, name: str, period: int, delay: int, count: int) -> list[float]:
            return []

    scaler = Keda("keda", Average("requests", 14.0), Fallback(20))
    feed = Lost({})
    told = [scaler.decide(now, fleet(4), feed) for now in range(15_000, 90_000, 15_000)]
    assert told[:3] == [None, None, None]
    assert told[3] == 8, "20 wanted, doubled at most in a sync"
