"""What holds for every schedule, in any zone and at any moment."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core import words
from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.pack import decision_to_json, observation_from_json, observation_to_json
from fleetfoot.core.policies import Default, Schedule
from fleetfoot.core.schedule import Timetable, Window, hold
from fleetfoot.face.schedules import intervals
from fleetfoot.spec.when import WhenForm
from fleetfoot.spec.zones import Zones, change_after, offset_at, zone_named
from tests.properties.services import all_settings
from tests.properties.worlds import wild_observations
from tests.unit.core.build import START

ZONES = ["UTC", "Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]
TEXTS = ["daily 22:00-23:00", "weekdays 01:30-02:30", "Sat Sun", "Fri 23:00 - Sun 03:00", "last Sunday of every month",
         "day after the fourth Thursday of November 08:00-24:00", "30 Dec to 2 Jan 22:13-06:00"]  # fmt: skip

bounds = st.tuples(st.none() | st.integers(0, 40), st.none() | st.integers(1, 90))
windows = st.builds(
    lambda name, zone, text, pair, ramp: Window(name, zone, (WhenForm().read(text),), pair[0], pair[1], ramp),
    st.sampled_from(["rush", "night"]), st.sampled_from(ZONES), st.sampled_from(TEXTS), bounds,
    st.sampled_from([0, 60_000, 86_400_000]),
)  # fmt: skip
calendars = st.lists(windows, min_size=1, max_size=4).map(tuple)
BEGIN, END = (round(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000) for year in (2020, 2030))
instants = st.integers(BEGIN, END)
wild_offsets = st.dictionaries(
    st.sampled_from(ZONES), st.tuples(st.integers(-(10**9), 10**9), st.integers(-(10**15), 10**15), st.integers())
)


@given(st.data(), calendars, st.booleans())
def test_a_step_never_raises_and_keeps_to_the_bounds_the_windows_hold(
    data: st.DataObject, calendar: tuple[Window, ...], alone: bool
) -> None:
    policies: Any = (Schedule("schedule", calendar, alone),) if alone else (Default(), Schedule("schedule", calendar))
    known = data.draw(all_settings(st.just(policies)))
    memory, now = Memory(), START
    for _ in range(4):
        now += 1_000
        seen = data.draw(wild_observations(now))._replace(offsets=data.draw(wild_offsets))
        seen = observation_from_json(json.loads(json.dumps(observation_to_json(seen))))
        decision = step(known, memory, seen)
        assert decision.desired >= known.minimum
        json.dumps(decision_to_json(decision))
        assert words.tell(decision)
        memory = Memory.from_json(json.loads(json.dumps(memory.to_json())))


@given(calendars, instants, st.integers(0, 600_000), st.integers(0, 5), st.integers(5, 60))
def test_the_floor_is_never_over_the_ceiling_nor_under_the_services_own(
    calendar: tuple[Window, ...], wall: int, lead: int, minimum: int, maximum: int
) -> None:
    zones = Zones(window.zone for window in calendar)
    found = hold(calendar, wall, zones.at(wall), lead, minimum, maximum)
    assert minimum <= found.minimum <= found.maximum
    raised = [window.maximum for window in calendar if window.maximum is not None]
    assert found.maximum <= max([maximum, *raised, *(window.minimum or 0 for window in calendar)])


@given(
    calendars, instants, st.lists(st.tuples(st.integers(-(10**6), 10**8), st.sampled_from([0, 30_000])), max_size=30)
)
def test_what_is_remembered_of_a_timetable_is_what_would_be_worked_out_anew(
    calendar: tuple[Window, ...], wall: int, moves: list[tuple[int, int]]
) -> None:
    zones, table = Zones(window.zone for window in calendar), Timetable(calendar)
    for move, lead in [(0, 0), *moves]:
        wall += move
        asked = (wall, zones.at(wall), lead, 2, 14)
        assert table.held(*asked) == hold(calendar, *asked)


@given(windows, instants)
def test_check_and_the_engine_agree_on_when_a_window_is_open(window: Window, wall: int) -> None:
    zones = Zones([window.zone])
    local = wall + zones.at(wall)[window.zone][0]
    is_open = any(start <= local < end for start, end in window.spans(local // 86_400_000))
    day = 86_400_000
    assert any(low <= wall < high for low, high in intervals(window, wall - day, wall + day)) is is_open


@given(st.sampled_from(ZONES), instants)
def test_a_change_of_the_offset_is_the_first_one(zone: str, wall: int) -> None:
    found = change_after(zone_named(zone), wall)
    if found is None:
        assert offset_at(zone_named(zone), wall) == offset_at(zone_named(zone), wall + 3 * 86_400_000)
        return
    at, then = found
    assert offset_at(zone_named(zone), at - 1) == offset_at(zone_named(zone), wall) != then
    assert offset_at(zone_named(zone), at) == then
