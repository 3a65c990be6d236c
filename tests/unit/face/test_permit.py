"""``fleetfoot permit``: how long a breach of the budget is meant to last."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fleetfoot.face.cli import main
from fleetfoot.face.control_app import _action
from fleetfoot.face.times import NotATime, local, next_time
from fleetfoot.run.changes import Refused
from tests.controllers import SPEC, Bench, played


def test_a_time_of_day_is_the_next_one() -> None:
    noon = round(local(1_700_000_000_000).replace(hour=12, minute=0, second=0, microsecond=0).timestamp() * 1000)
    assert next_time("12:30", noon) == noon + 1_800_000
    assert local(next_time("11:30", noon)).hour == 11
    assert noon < next_time("11:30", noon) <= noon + 86_400_000
    assert next_time(local(noon + 60_000).isoformat(timespec="minutes"), noon) == noon + 60_000


@pytest.mark.parametrize("text", ["yesterday", "2001-01-01T10:00", "25:00"])
def test_a_time_that_is_over_or_none_is_refused(text: str) -> None:
    with pytest.raises(NotATime):
        next_time(text, 1_700_000_000_000)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["--reason", "x"], "say how long with --for 2h", id="no end"),
        pytest.param(["--reason", "x", "--for", "2h", "--until", "18:00"], "say how long", id="two ends"),
        pytest.param(["--for", "2h"], "--reason", id="no reason"),
        pytest.param(["--reason", "x", "--for", "soon"], "is no length of time", id="no length"),
    ],
)
def test_a_permit_without_an_end_or_a_reason_is_refused(words: list[str], told: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["permit", "orders", "--state", str(tmp_path), *words])
    assert found.exit_code == 2
    assert told in found.output


def test_a_permit_ends_at_the_very_moment_that_was_named(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        path, wall = {"name": "orders", "kind": "permit"}, bench.live.clock.wall()
        action = _action(bench.live, path, {"until": wall + 90_500, "reason": "a launch"})
        assert action.until - action.now + action.wall == wall + 90_500
        with pytest.raises(Refused, match="for_ms must be 0 to"):
            _action(bench.live, path, {"until": wall - 1_000, "reason": "late"})

    played(tmp_path, scenario, spec=f"budget: {{hourly: 5 USD}}\n{SPEC}")
