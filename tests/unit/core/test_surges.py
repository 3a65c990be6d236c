"""Surges that come back: which jumps are remembered, when a period is believed, and when it no longer is."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from fleetfoot.core.surges import APART, FIRST, KEPT, ROOM, SHORTEST, TRUST, Expected, awaited, expected, watch

MINUTE = 60_000
LEAD = 40_000
BASE = 100.0


class Traffic:
    """A rate second by second, and the memory of who watches it. Times in ms from the beginning."""

    def __init__(self, mine: dict[str, Any] | None = None) -> None:
        self.mine = {} if mine is None else mine
        self.now = 0
        self.rates = [BASE] * 60

    def until(self, at: int, rate: float = BASE, noise: Random | None = None) -> None:
        while self.now < at:
            self.now += 1_000
            self.rates.append(rate if noise is None else noise.gauss(rate, rate**0.5))
            del self.rates[:-60]
            watch(self.mine, self.now, sum(self.rates[-10:]) / 10, sum(self.rates) / 60, 1.0)

    def surge(self, at: int, height: float = 300.0, last: int = 5 * MINUTE) -> None:
        self.until(at)
        self.until(at + last, height)
        self.until(at + last + 3 * MINUTE)

    def look(self, at: int, rate: float = BASE) -> Expected | None:
        """What is expected at ``at``, without the traffic until then."""
        return expected(self.mine, at, LEAD, rate)


def surged(*starts: int, last: int = 5 * MINUTE) -> Traffic:
    """Surges to the triple at so many minutes."""
    traffic = Traffic()
    for start in starts:
        traffic.surge(start * MINUTE, last=last)
    return traffic


def test_a_jump_is_remembered_with_its_time_its_foot_and_its_height() -> None:
    traffic = surged(20)
    (at, before, after, up), (fell, above, below, down) = traffic.mine["jumps"]
    assert (at, fell) == pytest.approx((20 * MINUTE, 25 * MINUTE), abs=10_000)
    assert (before, after) == pytest.approx((BASE, 300.0), rel=0.01)
    assert above == pytest.approx(300.0)
    assert below < 300.0
    assert (up, down) == (1, -1)


def test_a_single_surge_and_two_without_their_falls_promise_nothing() -> None:
    one, stays = surged(20), Traffic()
    assert one.look(40 * MINUTE) is None
    stays.until(20 * MINUTE)
    stays.until(50 * MINUTE, 300.0)
    stays.until(80 * MINUTE, 900.0)
    assert [row[3] for row in stays.mine["jumps"]] == [1, 1]
    assert stays.mine["returns"] == []


def test_two_rises_and_two_falls_a_period_apart_are_enough() -> None:
    traffic = surged(20, 50, 80)
    two = surged(20, 50)
    two.surge(80 * MINUTE)
    assert traffic.mine["returns"] == two.mine["returns"]
    found = traffic.look(110 * MINUTE - LEAD)
    assert found is not None
    assert (found.at, found.period) == pytest.approx((110 * MINUTE, 30 * MINUTE), abs=15_000)


def test_three_rises_a_period_apart_are_enough_however_they_end() -> None:
    traffic = Traffic()
    for start, last in ((20, 4), (50, 9), (80, 14)):
        traffic.until(start * MINUTE)
        traffic.until((start + last) * MINUTE, 300.0)
    found = traffic.look(110 * MINUTE - LEAD)
    assert found is not None
    assert found.period == pytest.approx(30 * MINUTE, abs=15_000)


def test_surges_without_a_period_are_not_expected() -> None:
    traffic = Traffic()
    for start, last in ((20, 4), (41, 9), (80, 14), (137, 12)):
        traffic.until(start * MINUTE)
        traffic.until((start + last) * MINUTE, 300.0)
    traffic.until(160 * MINUTE)
    assert len(traffic.mine["jumps"]) == 8
    assert traffic.mine["returns"] == []


def test_of_one_moment_the_shortest_period_that_leads_there_is_told() -> None:
    """After four surges the double of the period has been kept as well, and is twice as vague."""
    traffic = surged(100, 200, 300, 400)
    found = traffic.look(500 * MINUTE - LEAD)
    assert found is not None
    assert (found.period, found.within) == pytest.approx((100 * MINUTE, MINUTE), rel=0.01)
    assert len({row[0] for row in traffic.mine["returns"]}) == len(traffic.mine["returns"])


def test_it_is_expected_from_a_lead_before_its_earliest_moment_and_no_longer_after_its_latest() -> None:
    traffic = surged(20, 50, 80)
    at, within = traffic.mine["returns"][0][:2]
    early, late = int(at - within - LEAD), int(at + within)
    assert traffic.look(early - 1) is None
    assert traffic.look(early) is not None
    assert traffic.look(late) is not None
    traffic.mine["trust"] = -1  # nothing is waited for again
    assert traffic.look(late + 1) is None


def test_jitter_of_a_hundredth_of_the_period_is_the_same_period_and_of_a_tenth_is_not() -> None:
    jittered = Traffic()
    for start in (100 * MINUTE, 200 * MINUTE + 40_000, 300 * MINUTE - 10_000):
        jittered.surge(start)
    assert jittered.look(400 * MINUTE - LEAD) is not None
    loose = Traffic()
    for start, last in ((100, 5), (200, 9), (310, 14)):
        loose.surge(start * MINUTE, last=last * MINUTE)
    assert loose.mine["returns"] == []


def test_the_height_is_the_last_ones_with_some_room_and_grows_with_the_present_rate_until_there() -> None:
    traffic = surged(20, 50, 80)
    at = 110 * MINUTE - LEAD

    def rate(present: float) -> float | None:
        found = traffic.look(at, present)
        return None if found is None else found.rate

    assert rate(50.0) == pytest.approx(150.0, rel=0.02)
    assert rate(100.0) == pytest.approx(300.0, rel=0.02)
    assert rate(290.0) == pytest.approx(300.0 * ROOM, rel=0.02)
    height = next(row[2] for row in traffic.mine["jumps"] if row[0] == traffic.mine["returns"][0][3])
    assert rate(height - 0.01) == pytest.approx(300.0 * ROOM, rel=0.02)
    assert rate(height) is None  # it is there
    assert rate(310.0) is None


def test_of_several_that_are_due_the_highest_counts_whichever_is_nearer() -> None:
    jumps = [[0, 100.0, 200.0, 1], [10, 100.0, 900.0, 1]]
    returns = [[1_000_000, 10_000, 7_200_000, 0], [1_050_000, 100_000, 7_200_000, 10]]
    mine: dict[str, Any] = {"jumps": jumps, "returns": returns}
    found = expected(mine, 940_000, 20_000, 100.0)  # the first is due in 50 s, the later one any moment
    assert found is not None
    assert found.rate == 900.0


def test_one_that_stays_away_costs_trust_and_its_next_time_is_waited_for() -> None:
    traffic = surged(20, 50)
    assert traffic.look(82 * MINUTE) is None
    assert traffic.mine["trust"] == 0
    again = traffic.look(110 * MINUTE - LEAD)
    assert again is not None
    assert again.at == pytest.approx(110 * MINUTE, abs=15_000)


def test_the_next_time_of_one_that_stayed_away_comes_before_a_later_one() -> None:
    jump = [0.0, 100.0, 300.0, 1]
    short, long = [20.0 * MINUTE, 15_000.0, 10.0 * MINUTE, 0.0], [40.0 * MINUTE, 15_000.0, 60.0 * MINUTE, 0.0]
    mine: dict[str, Any] = {"jumps": [jump], "returns": [short, long], "trust": FIRST}
    expected(mine, 21 * MINUTE, LEAD, BASE)
    assert [one.at // MINUTE for one in awaited(mine)] == [30, 40]


def test_two_that_stay_away_end_the_belief_and_one_that_comes_restores_it() -> None:
    traffic = surged(20, 50)
    traffic.mine["trust"] = 1
    for passed in (112, 142):
        assert traffic.look(passed * MINUTE) is None
    assert traffic.mine["trust"] == -1
    traffic.surge(200 * MINUTE)
    traffic.surge(230 * MINUTE)
    assert traffic.look(260 * MINUTE - LEAD) is None
    traffic.surge(260 * MINUTE)
    assert traffic.mine["trust"] >= 1
    assert traffic.look(290 * MINUTE - LEAD) is not None


def test_trust_grows_by_one_with_each_that_comes_and_has_an_end() -> None:
    assert surged(20, 50, 80).mine["trust"] == FIRST + 1
    traffic = surged(*range(20, 320, 30))
    assert traffic.mine["trust"] == TRUST


def test_what_is_awaited_is_told_next_one_first_and_nothing_without_trust() -> None:
    traffic = surged(20, 50, 80)
    (first, *_) = told = awaited(traffic.mine)
    assert [surge.at for surge in told] == sorted(surge.at for surge in told)
    assert (first.at, first.period) == pytest.approx((110 * MINUTE, 30 * MINUTE), abs=15_000)
    assert first.rate == pytest.approx(300.0)
    traffic.mine["trust"] = -1
    assert awaited(traffic.mine) == awaited({}) == []


def test_a_long_sleep_is_over_at_once() -> None:
    traffic = surged(20, 50, 80)
    assert traffic.look(10**12) is None
    assert traffic.mine["returns"] == []


def test_noise_makes_no_jump_however_long() -> None:
    traffic = Traffic()
    traffic.until(240 * MINUTE, noise=Random(7))
    assert traffic.mine["jumps"] == []


def test_hardly_any_traffic_makes_no_jump() -> None:
    traffic, noise = Traffic(), Random(3)
    while traffic.now < 120 * MINUTE:
        traffic.until(traffic.now + 1_000, float(noise.random() < 0.5))
    assert [row for row in traffic.mine["jumps"] if row[0] > 2 * MINUTE] == []


@pytest.mark.parametrize(
    ("rate", "jumps"),
    [
        pytest.param(135.0, 0, id="a third more"),
        pytest.param(150.0, 1, id="half as much again"),
        pytest.param(75.0, 0, id="a quarter less"),
        pytest.param(60.0, 1, id="two fifths less"),
    ],
)
def test_only_a_change_by_a_factor_is_a_jump(rate: float, jumps: int) -> None:
    traffic = Traffic()
    traffic.rates = [BASE * 100] * 60
    traffic.until(20 * MINUTE, BASE * 100)
    traffic.until(25 * MINUTE, rate * 100)
    assert len(traffic.mine["jumps"]) == jumps


@pytest.mark.parametrize(
    ("before", "rate", "spread", "jumps"),
    [
        pytest.param(10.0, 16.0, 1.0, 0, id="6/s, and 6.6 could be chance"),
        pytest.param(10.0, 17.0, 1.0, 1, id="7/s"),
        pytest.param(100.0, 150.0, 1.0, 1, id="50/s, and 21 could be chance"),
        pytest.param(100.0, 150.0, 9.0, 0, id="of traffic in bursts 62"),
        pytest.param(0.0, 2.0, 1.0, 0, id="two a second out of nothing"),
        pytest.param(0.0, 2.5, 1.0, 1, id="a little more"),
    ],
)
def test_what_counts_make_by_chance_is_no_jump(before: float, rate: float, spread: float, jumps: int) -> None:
    mine: dict[str, Any] = {}
    watch(mine, MINUTE, rate, (50 * before + 10 * rate) / 60, spread)
    assert len(mine["jumps"]) == jumps


def test_a_jump_that_goes_on_rising_is_one_with_its_full_height() -> None:
    traffic = Traffic()
    traffic.until(20 * MINUTE)
    for step in range(1, 7):
        traffic.until(20 * MINUTE + step * 10_000, BASE * (1 + step / 2))
    assert len(traffic.mine["jumps"]) == 1
    assert traffic.mine["jumps"][0][2] == pytest.approx(400.0)


def test_what_comes_back_faster_than_the_shortest_period_is_the_traffic() -> None:
    traffic = Traffic()
    for i in range(30):
        traffic.until(i * 150_000)
        traffic.until(i * 150_000 + 60_000, 300.0)
    assert SHORTEST > 150_000
    assert all(row[2] >= SHORTEST for row in traffic.mine["returns"])
    ats = [row[0] for row in traffic.mine["jumps"]]
    assert min(late - early for early, late in pairwise(ats)) >= APART


def test_its_memory_is_bounded_and_survives_json_at_any_moment() -> None:
    one, other = Traffic(), Traffic()
    for i in range(1, 60):
        for traffic in (one, other):
            traffic.surge(i * 20 * MINUTE, 200.0 + i)
        other.mine = json.loads(json.dumps(other.mine))
        assert other.mine == one.mine
        assert max(len(one.mine["jumps"]), len(one.mine["returns"])) <= KEPT
        at = (i + 1) * 20 * MINUTE - LEAD
        assert one.look(at) == other.look(at)


def test_a_surge_out_of_little_is_as_many_times_the_present_rate_as_the_last_was_of_its_foot() -> None:
    jump, returns = [0.0, 1.5, 90.0, 1], [1_000_000.0, 10_000.0, 7_200_000.0, 0.0]
    found = expected({"jumps": [jump], "returns": [returns]}, 990_000, LEAD, 1.0)
    assert found is not None
    assert found.rate == 60.0


@pytest.mark.parametrize(("off", "kept"), [(36_000, True), (36_001, False)])
def test_a_third_rise_stands_a_hundredth_of_the_period_off_at_the_most(off: int, kept: bool) -> None:
    hour = 60 * MINUTE
    mine: dict[str, Any] = {"jumps": [[float(at), 100.0, 300.0, 1] for at in (-off, hour)]}
    watch(mine, 2 * hour + 5_000, 300.0, 100.0 + 200.0 / 6.0, 1.0)
    assert [row[2] for row in mine["returns"]] == [hour] * kept
