"""Scheduled actions, and the crons of AWS and of unix, as the windows of a week."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.spec.adopt.actions import unix_week_of, week_of
from tests.unit.spec.adopted import WEB, alarm, notes, read, steps, target


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        pytest.param("cron(30 11 ? * MON *)", [690], id="Monday"),
        pytest.param("cron(0 8 ? * 2-3 *)", [480, 1920], id="numbers count from Sunday"),
        pytest.param("cron(0 0 ? * FRI-MON *)", [0, 5760, 7200, 8640], id="over the week's end"),
        pytest.param("cron(0 8 * * ? *)", [480 + 1440 * day for day in range(7)], id="every day"),
        pytest.param("cron(0 8 1 * ? *)", [], id="a day of the month"),
        pytest.param("cron(0/5 8 ? * * *)", [], id="several times"),
        pytest.param("cron(0 8 ? * 6L *)", [], id="the last Friday"),
    ],
)
def test_a_cron_of_days_at_one_time_is_read_and_no_other(text: str, minutes: list[int]) -> None:
    assert week_of(text) == minutes


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        pytest.param("30 11 * * 1", [690], id="Monday is 1"),
        pytest.param("0 8 * * 0", [6 * 1440 + 480], id="Sunday is 0"),
        pytest.param("0 8 * * 7", [6 * 1440 + 480], id="and 7"),
        pytest.param("0 22 * * FRI-SAT", [4 * 1440 + 1320, 5 * 1440 + 1320], id="by name"),
        pytest.param("0 8 * * *", [480 + 1440 * day for day in range(7)], id="every day"),
        pytest.param("0 24 * * *", [], id="no hour"),
        pytest.param("0 8 1 * *", [], id="a day of the month"),
        pytest.param("*/5 8 * * *", [], id="several times"),
    ],
)
def test_a_cron_of_unix_counts_its_days_from_sunday(text: str, minutes: list[int]) -> None:
    assert unix_week_of(text) == minutes


def test_dated_actions_hold_until_the_next_one() -> None:
    def action(name: str, at: str, low: int) -> dict[str, Any]:
        return {**WEB, "ScheduledActionName": name, "Schedule": f"at({at})", "Timezone": "Asia/Seoul",
                "ScalableTargetAction": {"MinCapacity": low, "MaxCapacity": 100}}  # fmt: skip

    sale = {"ScheduledActions": [action("after", "2031-11-29T00:00:00", 2), action("sale", "2031-11-28T08:00:00", 50)]}
    found = read(target(high=100), steps(), alarm(), sale)
    windows = found.spec.services["web"].policies[1].model_dump()["windows"]
    assert [(name, window["min"]) for name, window in windows.items()] == [("sale", 50)]
    assert "after, the last that is dated" in notes(found)
