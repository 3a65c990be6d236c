"""``schedule`` in a file: windows by name, lists of holidays, and what is wrong with them, each at its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fleetfoot.spec import Service, SpecErrors, load, loads
from fleetfoot.spec.explain import explain
from fleetfoot.spec.loader import self_contained
from fleetfoot.spec.policies import SchedulePolicy

FILE = "services: {{orders: {{run: x $PORT, capacity: {{min: 2, max: 14}}, policies: [default, schedule: {}]}}}}"


def schedule(body: str) -> SchedulePolicy:
    policy = service(body).policies[1]
    assert isinstance(policy, SchedulePolicy)
    return policy


def service(body: str) -> Service:
    return loads(FILE.format(body)).services["orders"]


def wrongs(body: str) -> list[str]:
    with pytest.raises(SpecErrors) as errors:
        service(body)
    return [f"{e.key.removeprefix('services.orders.policies[1].schedule')}: {e.message}" for e in errors.value.errors]


def test_a_window_has_the_zone_of_the_schedule_unless_it_has_its_own() -> None:
    found = schedule("{zone: Asia/Seoul, a: {when: Mon, min: 3}, b: {when: Tue, zone: UTC, max: 4}}")
    assert (found.zone, found.windows["a"].zone, found.windows["b"].zone) == ("Asia/Seoul", None, "UTC")
    assert (found.windows["a"].min, found.windows["b"].max) == (3, 4)


def test_every_mistake_of_every_window_is_told_at_once_at_its_place() -> None:
    assert wrongs(
        "{zone: Asia/Soul, a: {when: 25:00-26:00, min: 3}, b: {min: 3}, c: {when: Mon}, d: 5, "
        "e: {when: Mon, min: 4, max: 3}, f: {when: Mon, min: 20}, g: {when: Mon, max: 3, ramp: 5m}, h: {when: []}}"
    ) == [
        ".zone: 'Asia/Soul' is no time zone: write one such as Asia/Seoul",
        ".a.when: '25:00' is no time of day: write 00:00 to 24:00",
        ".b.when: missing: write days and hours, such as weekdays 08:00-19:00",
        ".c.min: missing: write min, max or both",
        ".d: must be a window such as {when: weekdays 08:00-19:00, min: 10}, not '5'",
        ".e.max: 3 is below min 4",
        ".f.min: min 20 is above capacity.max 14: write max: 20 beside it to raise that meanwhile",
        ".g.ramp: raises min, and there is none: write min, or remove it",
        ".h.when: missing: write days and hours, such as weekdays 08:00-19:00",
    ]


def test_a_schedule_without_a_window_is_refused() -> None:
    assert wrongs("{zone: UTC}")[0].startswith(": has no window")


def test_a_window_that_counts_on_holidays_wants_their_list() -> None:
    assert wrongs("{a: {when: holidays, min: 3}}") == [
        ".holidays: missing: write the dates of the holidays, or a file with one date a line"
    ]


def test_a_written_max_raises_what_the_service_may_have() -> None:
    assert service("{a: {when: Mon, min: 20, max: 30}}").most == 30
    assert service("{a: {when: Mon, max: 3}}").most == 14


def test_holidays_stand_in_the_file_or_in_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "days.txt").write_text("# ours\n2026-01-01 New Year's Day\n\n2026-02-17  # Seollal\n", encoding="utf-8")
    file = tmp_path / "fleetfoot.yaml"
    file.write_text(FILE.format("{holidays: days.txt, a: {when: Mon, min: 3}}"), encoding="utf-8")
    policy = load(file).services["orders"].policies[1]
    assert isinstance(policy, SchedulePolicy)
    expected = (date(2026, 1, 1).toordinal(), date(2026, 2, 17).toordinal())
    assert policy.holidays == expected
    assert schedule("{holidays: [2026-01-01, 2026-02-17], a: {when: Mon, min: 3}}").holidays == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        pytest.param(None, "cannot be read: No such file or directory", id="no file"),
        pytest.param(b"2026-01-01\n2026-13-01\n", "days.txt, line 2: '2026-13-01' is no date", id="a wrong line"),
        pytest.param(b"# nothing\n", "'days.txt' holds no date", id="no date"),
        pytest.param(b"\xff\xfe", "it is no text", id="no text"),
    ],
)
def test_a_list_of_holidays_that_cannot_be_used_is_told(tmp_path: Path, written: bytes | None, message: str) -> None:
    if written is not None:
        (tmp_path / "days.txt").write_bytes(written)
    file = tmp_path / "fleetfoot.yaml"
    file.write_text(FILE.format("{holidays: days.txt, a: {when: Mon, min: 3}}"), encoding="utf-8")
    with pytest.raises(SpecErrors) as errors:
        load(file)
    assert [error.key for error in errors.value.errors] == ["services.orders.policies[1].schedule.holidays"]
    assert message in str(errors.value)


def test_the_journals_copy_means_the_same_when_the_list_of_holidays_is_gone(tmp_path: Path) -> None:
    days = tmp_path / "days.txt"
    days.write_text("2026-01-01 New Year's Day\n# and\n2026-02-17\n", encoding="utf-8")
    name = str(tmp_path / "fleetfoot.yaml")
    text = FILE.format("{holidays: days.txt, a: {when: Mon, min: 3}}")
    kept = self_contained(text, name)
    before = loads(text, name)
    days.unlink()
    assert loads(kept, "elsewhere.yaml").services == before.services
    assert self_contained(kept, "elsewhere.yaml") == kept


def test_a_file_that_names_no_other_is_kept_as_it_is() -> None:
    text = FILE.format("{a: {when: Mon, min: 3}}")
    assert self_contained(text, "fleetfoot.yaml") == text


def test_check_says_what_a_schedule_holds() -> None:
    text = FILE.format("{zone: Asia/Seoul, holidays: [2026-01-01], holidays like: Sunday, "
                       "office: {when: weekdays 08:00-19:00, min: 5, ramp: 10m, holidays: off}, "
                       "idle: {when: Sat Sun, min: 1, max: 3}}")  # fmt: skip
    lines = [line.strip() for line in explain(loads(text))]
    office = "office, weekdays 08:00-19:00 Asia/Seoul, not on holidays: min 5, risen over 10m before"
    assert f"schedule: {office}" in lines
    assert "schedule: idle, Sat Sun Asia/Seoul: min 1 and max 3" in lines
    assert "schedule: 1 holidays, like a Sunday" in lines


def test_check_doubts_what_changes_nothing_and_a_schedule_that_is_alone() -> None:
    text = FILE.format("{a: {when: Mon, min: 2}}").replace("default, ", "")
    lines = explain(loads(text))
    assert "  warning: window a: min 2 is no more than capacity.min: it changes nothing" in lines
    assert "  warning: nothing but a schedule decides: traffic that nobody foresaw is not answered" in lines
    assert not [line for line in lines if "no policy grows" in line or "no policy shrinks" in line]
