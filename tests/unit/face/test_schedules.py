"""What ``check`` says of a schedule: the next changes, in local time and UTC."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fleetfoot.face.cli import main

EXAMPLE = Path(__file__).parents[3] / "examples/schedule.yaml"
FILE = """\
services:
  orders:
    run: python3 app.py $PORT
    capacity: {min: 2, max: 14}
    policies:
      - default
      - schedule:
          zone: Europe/Berlin
          early: {when: daily 02:30-04:00, min: 8}
          black friday:
            {when: day after the fourth Thursday of November 08:00-24:00, zone: Asia/Seoul, min: 10, max: 20}
"""


def check(folder: Path, *words: str, text: str = FILE, code: int = 0) -> Result:
    (folder / "fleetfoot.yaml").write_text(text, encoding="utf-8")
    found = CliRunner().invoke(main, ["check", "-f", str(folder / "fleetfoot.yaml"), *words])
    assert found.exit_code == code, found.output
    return found


def test_it_prints_the_next_ten_changes_in_local_time_and_utc(tmp_path: Path) -> None:
    result = check(tmp_path, "--from", "2024-03-31T00:00")
    lines = result.output.partition("the schedule's next changes\n")[2].splitlines()
    assert lines[:3] == [
        "  Sun 2024-03-31 03:00 Europe/Berlin  (2024-03-31 01:00 UTC)  min 2 -> 8  early opens",
        "  Sun 2024-03-31 04:00 Europe/Berlin  (2024-03-31 02:00 UTC)  min 8 -> 2  early ends",
        "  Mon 2024-04-01 02:30 Europe/Berlin  (2024-04-01 00:30 UTC)  min 2 -> 8  early opens",
    ]
    assert len(lines) == 10


def test_a_change_of_both_bounds_is_one_change_in_its_own_zone(tmp_path: Path) -> None:
    result = check(tmp_path, "--json", "--from", "2024-11-28T15:00")
    found = json.loads(result.output)["changes"]["orders"]
    assert found[0] == {
        "utc": "2024-11-28T23:00:00+00:00", "local": "2024-11-29T08:00:00+09:00", "zone": "Asia/Seoul",
        "min": 10, "max": 20, "before": {"min": 2, "max": 14}, "opens": ["black friday"], "closes": [],
    }  # fmt: skip
    assert found[1]["local"] == "2024-11-30T00:00:00+09:00"


def test_a_night_that_has_an_hour_twice_opens_twice(tmp_path: Path) -> None:
    text = FILE.replace("02:30-04:00", "02:15-02:45")
    found = json.loads(check(tmp_path, "--json", "--from", "2024-10-27T00:00", text=text).output)["changes"]["orders"]
    assert [change["utc"][11:16] for change in found[:5]] == ["00:15", "00:45", "01:15", "01:45", "01:15"]
    assert [change["min"] for change in found[:5]] == [8, 2, 8, 2, 8]


def test_rare_days_are_found_years_ahead(tmp_path: Path) -> None:
    text = FILE.replace("daily 02:30-04:00", "29 Feb 02:30-04:00").replace("day after the fourth", "last")
    found = json.loads(check(tmp_path, "--json", "--from", "2025-01-01", text=text).output)["changes"]["orders"]
    assert [change["local"][:10] for change in found if "early" in change["opens"]] == ["2028-02-29"]


def test_a_file_without_a_schedule_has_no_changes(tmp_path: Path) -> None:
    text = "services: {orders: {run: x $PORT}}"
    assert json.loads(check(tmp_path, "--json", text=text).output)["changes"] == {"orders": []}
    assert "next changes" not in check(tmp_path, text=text).output


@pytest.mark.parametrize("words", ["soon", "2024-13-01", "08:00"])
def test_what_is_no_time_is_refused_with_exit_2(tmp_path: Path, words: str) -> None:
    assert "is no time" in check(tmp_path, "--from", words, code=2).output


def test_the_example_is_told_with_its_holidays() -> None:
    """Christmas 2026 is a Friday and in the list, so it has Sunday's windows."""
    result = CliRunner().invoke(main, ["check", "-f", str(EXAMPLE), "--json", "--from", "2026-12-24T20:00"])
    found = json.loads(result.output)["changes"]["orders"]
    assert [(change["local"][:16], change["min"], change["max"]) for change in found[:4]] == [
        ("2026-12-25T00:00", 2, 6),
        ("2026-12-28T00:00", 2, 14),
        ("2026-12-28T08:00", 4, 14),
        ("2026-12-28T11:30", 8, 14),
    ]


def test_a_time_that_is_none_is_told_before_anything_else(tmp_path: Path) -> None:
    result = check(tmp_path, "--from", "yesterday", code=2)
    assert result.stdout == ""
    assert result.stderr == (
        "fleetfoot: 'yesterday' is no time: write 2024-11-29T08:00, or with an offset 2024-11-29T08:00+09:00\n"
    )
