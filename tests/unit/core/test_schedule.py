"""Windows that hold bounds: the rule for overlaps, ramps, nights on which clocks change, and a worked week."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fleetfoot.core.model import Abstain, Blind, Want
from fleetfoot.core.pack import observation_from_json, observation_to_json
from fleetfoot.core.policies import Schedule
from fleetfoot.core.schedule import Held, Window, hold
from fleetfoot.core.words import sentence, why
from fleetfoot.spec.when import WhenForm
from fleetfoot.spec.zones import Zones
from tests.unit.core.build import CPU, Service, told


def at(text: str) -> int:
    """ms of a UTC time."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def window(name: str, when: str, least: int | None = None, most: int | None = None, **more: Any) -> Window:
    zone = more.pop("zone", "Asia/Seoul")
    return Window(name, zone, tuple(WhenForm().read(one) for one in when.split("; ")), least, most, **more)


def held(wall: int | str, *windows: Window, lead: int = 0, minimum: int = 2, maximum: int = 14) -> Held:
    wall = at(wall) if isinstance(wall, str) else wall
    zones = Zones(one.zone for one in windows)
    return hold(windows, wall, zones.at(wall), lead, minimum, maximum)


def floor(wall: int | str, *windows: Window, **more: int) -> int:
    return held(wall, *windows, **more).minimum


BLACK_FRIDAY = window("black friday", "day after the fourth Thursday of November 08:00-24:00", 10)


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2024-11-22T03:00", 2),  # the fourth Friday, noon in Seoul
        ("2024-11-28T22:59:59.999", 2),  # 07:59:59.999 on the day
        ("2024-11-28T23:00", 10),  # 08:00 in Seoul is 23:00 UTC of the day before
        ("2024-11-29T14:59:59.999", 10),
        ("2024-11-29T15:00", 2),  # midnight: the earlier bounds are back
    ],
)
def test_black_friday_is_the_day_after_the_fourth_thursday(utc: str, expected: int) -> None:
    assert floor(utc, BLACK_FRIDAY) == expected


def test_the_decision_says_which_schedule_holds_it_and_until_when() -> None:
    found = held("2024-11-29T03:00", BLACK_FRIDAY)
    assert found.floor is not None
    assert sentence(found.floor) == "the schedule black friday holds 10 until 24:00 Asia/Seoul"


NOON = "2024-11-27T03:00"  # a Wednesday, noon in Seoul


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        pytest.param([(4, None), (7, None)], (7, 14), id="the highest min"),
        pytest.param([(None, 12), (None, 9)], (2, 9), id="the lowest max"),
        pytest.param([(None, 30)], (2, 30), id="a max stands in place of capacity.max, above it too"),
        pytest.param([(None, 30), (None, 20)], (2, 20), id="the lowest of those above it"),
        pytest.param([(10, None), (None, 5)], (10, 10), id="min beats max"),
        pytest.param([(1, None)], (2, 14), id="capacity.min stays the least"),
        pytest.param([(20, 30), (3, None)], (20, 30), id="each counts for itself"),
    ],
)
def test_of_overlapping_windows_the_highest_min_and_the_lowest_max_count(
    bounds: list[tuple[int | None, int | None]], expected: tuple[int, int]
) -> None:
    windows = [window(f"w{i}", "daily", *pair) for i, pair in enumerate(bounds)]
    for order in (windows, windows[::-1]):
        found = held(NOON, *order)
        assert (found.minimum, found.maximum) == expected


def test_a_window_past_midnight_belongs_to_the_day_it_starts_on() -> None:
    night = window("night", "Fri 22:00-06:00", 5, zone="UTC")
    assert [floor(f"2026-11-{day}", night) for day in ("27T21:59", "27T22:00", "28T05:59", "28T06:00", "28T22:00")] == [
        2, 5, 5, 2, 2,
    ]  # fmt: skip


def test_windows_that_touch_are_one() -> None:
    weekend = held("2026-11-28T12:00", window("weekend", "Sat Sun", 5, zone="UTC"))
    assert weekend.floor is not None
    assert weekend.floor.data["at"] == "2026-11-30 00:00"


def test_a_floor_is_ordered_a_start_up_before_the_window_and_ends_with_it() -> None:
    rush = window("rush", "daily 12:00-13:00", 8)
    times = ("02:59:29.999", "02:59:30", "03:59:59.999", "04:00")
    assert [floor(f"2024-11-27T{time}", rush, lead=30_000) for time in times] == [2, 8, 8, 2]


def test_a_ramp_raises_the_floor_in_ten_steps_that_stand_at_the_start() -> None:
    """From 2 to 12 over 10 min, ordered 30 s ahead: a task a minute from 11:49:30 on, all of them at 11:58:30."""
    rush = window("rush", "daily 12:00-13:00", 12, ramp=600_000)
    risen = [floor(f"2024-11-27T02:{minute}:30", rush, lead=30_000) for minute in range(48, 60)]
    assert risen == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12]
    reason = held("2024-11-27T02:51:30", rush, lead=30_000).floor
    assert reason is not None
    assert sentence(reason) == "the schedule rush opens at 12:00 Asia/Seoul with 12: 5 by now"


def test_a_ramp_begins_at_what_other_windows_hold() -> None:
    """From 15 to 25 over 10 min, not from the minimum."""
    work, lunch = window("work", "daily 08:00-11:30", 15), window("lunch", "daily 11:30-14:00", 25, ramp=600_000)
    assert [floor(f"2024-11-27T02:{minute}", work, lunch, maximum=50) for minute in (19, 20, 24, 29)] == [
        15, 16, 20, 25,
    ]  # fmt: skip


def test_a_start_that_does_not_exist_is_the_first_moment_that_does() -> None:
    """Berlin, 31 March 2024: 02:00 is followed by 03:00, which is 01:00 UTC."""
    early = window("early", "daily 02:30-04:00", 8, zone="Europe/Berlin")
    times = ("00:59:59.999", "01:00", "01:59:59.999", "02:00")
    assert [floor(f"2024-03-31T{time}", early) for time in times] == [2, 8, 8, 2]
    assert floor("2024-03-31T00:59:29", early, lead=30_000) == 2
    assert floor("2024-03-31T00:59:30", early, lead=30_000) == 8, "also that start is known a start-up before"


def test_a_window_inside_the_hour_that_does_not_exist_stays_closed() -> None:
    gone = window("gone", "daily 02:10-02:50", 8, zone="Europe/Berlin")
    assert {floor(at("2024-03-31T00:00") + 60_000 * i, gone) for i in range(180)} == {2}


def test_an_hour_that_comes_twice_counts_both_times() -> None:
    """Berlin, 27 October 2024: 02:00 to 03:00 is 00:00 to 01:00 UTC, and again 01:00 to 02:00 UTC."""
    twice = window("twice", "daily 02:15-02:45", 8, zone="Europe/Berlin")
    times = ("00:14", "00:15", "00:44", "00:45", "01:14", "01:15", "01:44", "01:45", "02:15")
    assert [floor(f"2024-10-27T{time}", twice) for time in times] == [2, 8, 8, 2, 2, 8, 8, 2, 2]


def test_a_start_after_the_clocks_went_back_is_known_a_start_up_before() -> None:
    """03:00 in Berlin that day is 02:00 UTC, three hours and not two after midnight UTC+2."""
    late = window("late", "daily 03:00-04:00", 8, zone="Europe/Berlin", ramp=3_600_000)
    times = ("00:59", "01:00", "01:54", "02:00", "02:59", "03:00")
    assert [floor(f"2024-10-27T{time}", late) for time in times] == [2, 3, 8, 8, 8, 2]


def test_holidays_switch_a_window_off_or_lend_it_another_day() -> None:
    christmas = frozenset({datetime(2026, 12, 25, tzinfo=UTC).toordinal()})  # a Friday
    noon = "2026-12-25T12:00"
    assert floor(noon, window("work", "weekdays", 8, zone="UTC")) == 8
    assert floor(noon, window("work", "weekdays", 8, zone="UTC", holidays=christmas, on_holidays=False)) == 2
    assert floor(noon, window("work", "weekdays", 8, zone="UTC", holidays=christmas, like=6)) == 2
    assert floor(noon, window("rest", "Sunday", 5, zone="UTC", holidays=christmas, like=6)) == 5
    assert floor("2026-12-24T12:00", window("rest", "Sunday", 5, zone="UTC", holidays=christmas, like=6)) == 2


#: The design notes' week, with the zone they leave out. A weekend lasts from Saturday 09:00 to Monday 08:00.
WEEK = Schedule(
    "schedule",
    tuple(
        window(name, when, least, zone="America/New_York")
        for name, when, least in (
            ("work", "weekdays 08:00-11:30", 15),
            ("lunch", "weekdays 11:30-19:00", 25),
            ("evening", "weekdays 19:00-23:00", 8),
            ("night", "Mon-Thu 23:00-08:00; Fri 23:00 - Sat 09:00", 3),
            ("weekend", "Sat 09:00 - Mon 08:00", 5),
            ("black friday", "day after the fourth Thursday of November", 100),
            ("product launch", "2024-10-31 10:00-12:00", 75),
        )
    ),
    alone=True,
)


def week_of(begin: str, days: float, startup: int = 30_000) -> list[tuple[str, int]]:
    """(UTC time, count) of every change over ``days`` from ``begin`` on, a step each half minute."""
    service = Service(WEEK, tasks=5, startup=startup, minimum=1)
    service.settings = replace(service.settings, startup=startup)
    service.now = at(begin) - 30_000
    found = []
    for decision in service.ticks(days * 86_400, 30_000):
        if decision.desired != decision.current:
            when = datetime.fromtimestamp(decision.now / 1000, UTC)
            found.append((when.strftime("%a %d %H:%M:%S"), decision.desired))
    return found


def test_the_schedule_of_the_source_over_a_week_in_which_the_clocks_go_back() -> None:
    """New York, Monday 28 October 2024 00:00 (04:00 UTC) to Tuesday. It is UTC-4 until Sunday 3 November, 02:00 local
    (06:00 UTC), and UTC-5 from then on. A rise is ordered half a minute, one start-up, before."""
    days = ("Mon 28", "Tue 29", "Wed 30", "Thu 31", "Fri 01")
    nights = ("Tue 29", "Wed 30", "Thu 31", "Fri 01", "Sat 02")
    expected: list[tuple[str, int]] = []
    for day, night in zip(days, nights, strict=True):
        noon = [(f"{day} 15:29:30", 25)]
        if day == "Thu 31":  # the launch's 75 is above it from 10:00 to 12:00
            noon = [("Thu 31 13:59:30", 75), ("Thu 31 16:00:00", 25)]
        expected += [(f"{day} 11:59:30", 15), *noon, (f"{day} 23:00:00", 8), (f"{night} 03:00:00", 3)]
    expected += [("Sat 02 12:59:30", 5), ("Mon 04 12:59:30", 15), ("Mon 04 16:29:30", 25)]
    assert week_of("2024-10-28T04:00", 7.75) == expected


def test_the_schedule_of_the_source_on_black_friday() -> None:
    """From Thursday 28 November 2024 00:00 in New York (05:00 UTC, UTC-5) to Saturday: 100 all of Friday."""
    assert week_of("2024-11-28T05:00", 3) == [
        ("Thu 28 05:00:00", 3),  # the night of Wednesday
        ("Thu 28 12:59:30", 15),
        ("Thu 28 16:29:30", 25),
        ("Fri 29 00:00:00", 8),
        ("Fri 29 04:00:00", 3),
        ("Fri 29 04:59:30", 100),
        ("Sat 30 05:00:00", 3),
        ("Sat 30 13:59:30", 5),
    ]


RUSH = Schedule("schedule", (window("rush", "daily 12:00-13:00", 8, 9),))


def noon(*policies: Any, tasks: int = 4) -> Service:
    service = Service(*policies, tasks=tasks, minimum=2, maximum=14)
    service.now = at(NOON)
    return service


def test_while_it_is_open_the_floor_beats_what_the_policies_want() -> None:
    service = noon(CPU, RUSH)
    decision = service.tick(cpu=0.1)
    assert (decision.wanted, decision.desired) == (1, 8)
    assert "the schedule rush holds 8 until 13:00 Asia/Seoul" in why(decision)[-1]
    assert isinstance(decision.votes[1][1], Abstain)


def test_while_it_is_open_the_ceiling_stops_growth() -> None:
    decision = noon(CPU, RUSH, tasks=9).tick(cpu=1.0)
    assert (decision.wanted, decision.desired) == (18, 9)
    assert "the schedule rush allows 9 at most until 13:00 Asia/Seoul" in why(decision)[-1]


def test_after_it_the_earlier_bounds_are_back_and_the_policies_decide() -> None:
    service = noon(CPU, RUSH)
    service.tick(cpu=0.1)
    service.now += 3_600_000
    assert [service.tick(cpu=0.1).desired for _ in range(2)] == [2, 2]
    assert service.tick(cpu=1.0).desired == 4


def test_beside_another_policy_a_closed_schedule_asks_for_nothing() -> None:
    service = noon(CPU, RUSH)
    service.now += 7_200_000
    decision = service.tick()
    assert decision.desired == 4, "cpu is missing, so nothing shrinks, and the schedule is no reason to"


def test_alone_it_goes_to_the_floor_and_back() -> None:
    service = noon(Schedule("schedule", RUSH.calendar, alone=True))
    assert service.tick().desired == 8
    assert isinstance(service.vote, Want)
    service.now += 3_600_000
    decision = service.tick()
    assert decision.desired == 2
    assert "schedule_closed" in told(decision)


def test_a_zone_whose_offset_is_not_known_is_blind_and_changes_no_bound() -> None:
    service = noon(CPU, RUSH)
    service.zones = Zones(())
    decision = service.tick(cpu=0.1)
    assert isinstance(decision.votes[1][1], Blind)
    assert decision.desired == 4


def test_offsets_survive_the_journal_and_a_journal_without_them_is_read() -> None:
    seen = noon(CPU, RUSH).see(cpu=0.5)
    row = observation_to_json(seen)
    assert row["offsets"] == {"Asia/Seoul": [32_400_000, 0, 0]}
    assert observation_from_json(row) == seen
    del row["offsets"]
    assert observation_from_json(row) == seen._replace(offsets={})
    assert "offsets" not in observation_to_json(seen._replace(offsets={}))


def test_offsets_are_told_with_the_change_that_comes() -> None:
    """Berlin goes from UTC+1 to UTC+2 on 31 March 2024 at 01:00 UTC."""
    zones = Zones(["Europe/Berlin", "UTC"])
    change = at("2024-03-31T01:00")
    assert zones.at(change - 3_600_000)["Europe/Berlin"] == (3_600_000, change, 7_200_000)
    assert zones.at(change - 1)["Europe/Berlin"][0] == 3_600_000
    assert zones.at(change)["Europe/Berlin"] == (7_200_000, 0, 0)
    assert zones.at(change)["UTC"] == (0, 0, 0)
