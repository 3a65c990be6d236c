"""Knative's autoscaler.

Facts of knative/serving `pkg/autoscaler/scaling/autoscaler_test.go` (ids are the functions' and rows' names) and the
worked cases.
"""

from __future__ import annotations

from math import floor
from typing import Any

import pytest

from fleetfoot.sim.rivals.kpa import Autoscaler, Decider, Kpa, ToZero
from tests.unit.sim.rivals.feeds import HandFeed, Run, fleet, step

NOW = 10_000_000  # ms


def decider(target: float, burst: float, **more: Any) -> Decider:
    """As those tests have it: 75 % of the total, both rates 10."""
    return Decider(target, target / 0.75, burst, up_rate=10.0, **{"down_rate": 10.0, **more})


def burst_left(target: float, burst: float, panic: float, pods: int) -> int:
    return floor(target / 0.75 * pods - burst - panic)


def scaled(scaler: Autoscaler, now: int, stable: float, panic: float, ready: int) -> int:
    scale = scaler.scale(now, stable, panic, ready)
    assert scale is not None
    return scale.pods


PANICKING: dict[str, Any] = {"panic_since": NOW - 5_000, "peak": 5}


@pytest.mark.parametrize(
    ("target", "burst", "stable", "panic", "ready", "pods", "given", "state"),
    [
        pytest.param(10, 100, 0, 0, 1, 0, {}, {}, id="NoDataAtZeroNoAutoscale"),
        pytest.param(10, 100, 0, 0, 1, 0, {}, {}, id="NoDataAtZeroNoAutoscaleWithExplicitEPs"),
        pytest.param(181, -1, 21, 26, 1, 1, {}, {}, id="StableModeUnlimitedTBC"),
        pytest.param(10, 0, 50, 49, 1, 5, {}, {}, id="0TBC"),
        pytest.param(10, 100, 50, 50, 1, 5, {}, {}, id="StableModeNoChange"),
        pytest.param(1, 100, 50, 30, 5, 50, {}, PANICKING, id="PanicStableLargerThanPanic"),
        pytest.param(1, 100, 20, 30, 5, 30, {}, PANICKING, id="PanicStableLessThanPanic"),
        pytest.param(10, 100, 50, 50, 5, 5, {}, {}, id="StableModeNoChangeAlreadyScaled"),
        pytest.param(1, 1982, 3, 3.1, 2, 3, {"up_rate": 1.1}, {}, id="StableModeIncreaseWithSmallScaleUpRate"),
        pytest.param(10, 1982, 1, 1, 100, 90, {"down_rate": 1.1}, {}, id="StableModeDecreaseWithSmallScaleDownRate"),
        pytest.param(
            10, 1982, 1, 1, 100, 1, {"down_rate": 1.1, "reachable": False}, {}, id="StableModeDecreaseNonReachable"
        ),
        pytest.param(10, 84, 50, 100, 1, 10, {}, {}, id="PanicModeDoublePodCount"),
    ],
)
def test_a_scale_reproduces_the_published_row(
    target: float, burst: float, stable: float, panic: float, ready: int, pods: int, given: Any, state: Any
) -> None:
    scale = Autoscaler(decider(target, burst)._replace(**given), **state).scale(NOW, stable, panic, ready)
    assert scale is not None
    assert scale.pods == pods
    expected = burst_left(target, burst, panic, ready) if burst > 0 else burst
    assert scale.excess_burst == pytest.approx(expected, abs=1)  # that test allows one either way


@pytest.mark.parametrize(
    ("stable", "panic", "ready", "pods", "excess"),
    [
        pytest.param(700, 700, 10, 10, 89, id="at the target"),
        pytest.param(800, 1400, 10, 20, -611, id="twice the target in six seconds is a panic"),
        pytest.param(100, 100, 10, 5, 689, id="a fall to 2 is halved to 5"),
    ],
)
def test_the_worked_cases_come_out(stable: float, panic: float, ready: int, pods: int, excess: int) -> None:
    scale = Autoscaler(Decider()).scale(NOW, stable, panic, ready)
    assert scale == (pods, excess)


@pytest.mark.parametrize(
    ("stable", "panic", "ready"),
    [pytest.param(None, 1.0, 1, id="no stable mean"), pytest.param(1.0, None, 1, id="no panic mean"),
     pytest.param(1000.0, 888.0, None, id="CantCountPods")],
)  # fmt: skip
def test_without_data_or_a_pod_count_nothing_changes(
    stable: float | None, panic: float | None, ready: int | None
) -> None:
    assert Autoscaler(decider(10, 100)).scale(NOW, stable, panic, ready) is None


def test_an_autoscaler_begins_in_panic_with_more_than_one_pod() -> None:
    for ready, panicking in ((0, False), (1, False), (2, True)):
        scaler = Autoscaler.begin(Decider(), ready, NOW)
        assert (scaler.panic_since is not None) is panicking
        assert scaler.peak == ready


def test_no_ready_pod_counts_as_one_for_the_rate_limit() -> None:
    assert scaled(Autoscaler(decider(10, 81)), NOW, 1000, 888, 0) == 10


def test_growth_and_shrink_are_limited_tenfold_a_step() -> None:
    up, down = Autoscaler(decider(10, 61)), Autoscaler(decider(10, 61))
    assert [scaled(up, NOW, 1000, 1001, ready) for ready in (1, 10)] == [10, 100]
    assert [scaled(down, NOW, 1, 1, ready) for ready in (100, 10)] == [10, 1]


def test_a_slow_increase_ends_the_panic_after_the_stable_window() -> None:
    scaler = Autoscaler(decider(1, 98))
    assert scaled(scaler, NOW, 11, 25, 10) == 25
    assert scaler.panic_since == NOW
    assert scaled(scaler, NOW + 30_000, 30, 41, 40) == 41
    assert scaler.panic_since == NOW, "41 on 40 pods is no surge: the panic was not extended"
    assert scaled(scaler, NOW + 62_000, 50, 56, 55) == 50
    assert scaler.panic_since is None


def test_a_surge_that_goes_on_extends_the_panic() -> None:
    scaler = Autoscaler(decider(1, 98))
    assert scaled(scaler, NOW, 11, 25, 10) == 25
    assert scaled(scaler, NOW + 30_000, 30, 80, 40) == 80
    assert scaler.panic_since == NOW + 30_000


def test_an_exponential_surge_is_followed_at_every_tick() -> None:
    scaler = Autoscaler(decider(1, 101))
    ready = 1
    for second, load in enumerate((6, 36, 216, 1296)):
        assert scaled(scaler, NOW + 1000 * second, load, load, ready) == load
        assert scaler.panic_since == NOW + 1000 * second
        ready = load
    assert scaled(scaler, NOW + 5_000, 1296, 1296, 1296) == 1296


def test_a_panic_shrinks_nothing_until_it_ends() -> None:
    scaler = Autoscaler(decider(10, 93))
    assert scaled(scaler, NOW, 100, 100, 1) == 10
    assert scaled(scaler, NOW, 100, 1000, 10) == 100
    assert scaled(scaler, NOW + 30_000, 1, 1, 10) == 100
    assert scaled(scaler, NOW + 60_000, 1, 1, 10) == 100
    assert scaled(scaler, NOW + 61_000, 1, 1, 10) == 1


def test_stable_mode_shrinks_when_the_load_halves() -> None:
    scaler = Autoscaler(decider(10, 98))
    assert scaled(scaler, NOW, 100, 100, 8) == 10
    assert scaled(scaler, NOW, 50, 50, 8) == 5


def test_an_activation_scale_lifts_every_want_but_zero() -> None:
    scaler = Autoscaler(decider(10, 75, activation=2))
    assert scaled(scaler, NOW, 0, 0, 1) == 0
    assert scaled(scaler, NOW, 1, 0, 1) == 2


def test_a_new_target_counts_at_once() -> None:
    scaler = Autoscaler(decider(10, 77))
    assert scaled(scaler, NOW, 100, 101, 1) == 10
    scaler.decider = decider(1, 71)
    assert scaled(scaler, NOW, 100, 101, 10) == 100


DELAYED = Decider(10, 10, 0, panic_threshold=100, up_rate=10, down_rate=10, down_delay=300_000)


def test_a_scale_down_delay_keeps_the_highest_want_of_its_span() -> None:
    """TestAutoscalerScaleDownDelay, simple and gradual: minutes and seconds after the beginning."""
    scaler = Autoscaler(DELAYED)
    told = [
        (2, 40, 4), (300, 0, 4), (302, 0, 0),
        (540, 40, 4), (600, 30, 4), (660, 0, 4), (840, 0, 3), (900, 0, 0),
    ]  # fmt: skip
    assert [scaled(scaler, 1000 * second, load, load, 0) for second, load, _ in told] == [want for *_, want in told]


def test_a_scale_down_delay_ends_when_the_revision_is_unreachable() -> None:
    scaler = Autoscaler(DELAYED)
    assert scaled(scaler, 2_000, 40, 40, 0) == 4
    assert scaled(scaler, 60_000, 0, 0, 0) == 4
    scaler.decider = DELAYED._replace(reachable=False)
    assert scaled(scaler, 62_000, 0, 0, 0) == 0


def test_without_a_delay_a_shrink_is_immediate() -> None:
    scaler = Autoscaler(DELAYED._replace(down_delay=0))
    assert scaled(scaler, 0, 40, 40, 0) == 4
    assert scaled(scaler, 500, 20, 20, 0) == 2


@pytest.mark.parametrize(
    ("load", "surge", "seconds"),
    [
        pytest.param(1.0, 2, 6, id="full, 2x"),
        pytest.param(1.0, 3, 3, id="full, 3x"),
        pytest.param(1.0, 5, 2, id="full, 5x"),
        pytest.param(1.0, 10, 1, id="full, 10x"),
        pytest.param(0.7, 2, None, id="70 %, 2x never"),
        pytest.param(0.7, 3, 6, id="70 %, 3x"),
        pytest.param(0.7, 5, 3, id="70 %, 5x"),
        pytest.param(0.7, 10, 2, id="70 %, 10x"),
    ],
)
def test_a_panic_begins_when_six_seconds_show_it(load: float, surge: int, seconds: int | None) -> None:
    """10,000 pods, so that rounding up to whole pods hides nothing."""
    pods, target = 10_000, 70.0
    calm = load * target * pods
    feed = HandFeed({"concurrency": step(calm, surge * calm, 100)})
    panicked = None
    for second in range(101, 200):
        feed.now = 1000 * second
        scaler = Autoscaler(Decider())
        scaler.scale(feed.now, feed.mean("concurrency", 60_000), feed.mean("concurrency", 6_000), pods)
        if scaler.panic_since is not None:
            panicked = second - 100
            break
    assert panicked == seconds


def test_zero_waits_for_activity_of_a_window_and_for_the_grace() -> None:
    gate = ToZero()
    assert gate.apply(0, 3) == 3
    assert gate.apply(40_000, 0) == 1, "not active for a stable window yet"
    assert gate.apply(60_000, 0) == 1, "marked inactive"
    assert gate.apply(88_000, 0) == 1
    assert gate.apply(90_000, 0) == 0
    assert gate.apply(92_000, 2) == 2
    assert gate.apply(94_000, 0) == 1, "active again for two seconds only"


def test_retention_longer_than_the_grace_holds_the_last_pod() -> None:
    gate = ToZero(retention=120_000)
    assert gate.apply(0, 1) == 1
    assert gate.apply(60_000, 0) == 1
    assert gate.apply(178_000, 0) == 1
    assert gate.apply(180_000, 0) == 0


def test_a_threefold_surge_on_a_fleet_at_its_target_is_ordered_in_three_to_nine_seconds() -> None:
    """By arithmetic about 3, 5 and 7 to 9 s; the onset falls anywhere between two ticks."""
    for onset in (200, 201):
        run = Run(Kpa("kpa", Decider(0.7, 1.0)), {"concurrency": step(6.9, 21.0, onset)}, desired=10)
        grown = [at for at, count in run.until(230) if at > onset and count >= 20]
        assert 3 <= grown[0] - onset <= 9


def test_bounds_hold_whatever_is_wanted() -> None:
    scaler = Kpa("kpa", Decider(0.7, 1.0))
    feed = HandFeed({"concurrency": lambda _: 1000.0}, now=60_000)
    assert scaler.decide(60_000, fleet(4, maximum=9), feed) == 9
    assert scaler.decide(62_000, fleet(9, maximum=9), feed) is None


def test_an_idle_fleet_goes_to_zero_after_the_window_and_the_grace() -> None:
    run = Run(Kpa("kpa", Decider(0.7, 1.0)), {"concurrency": step(0.5, 0.0, 200)}, desired=1, minimum=0)
    assert run.until(400) == [(292.0, 0)], "60 s until the mean is 0, a tick, 30 s of grace"
