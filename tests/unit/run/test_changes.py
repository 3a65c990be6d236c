"""Orders about the tasks themselves: asked for, recorded, then given; and what the data plane and journal are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetfoot.edge.base import OperatorAction
from fleetfoot.run.changes import Refused
from fleetfoot.run.status import status
from tests.controllers import Bench, played
from tests.looptime import eventually


def act(bench: Bench, kind: str, **more: str) -> OperatorAction:
    clock = bench.live.clock
    return OperatorAction("orders", kind, "ana", clock.now(), clock.wall(), **more)  # type: ignore[arg-type]


def test_a_lost_zone_is_recorded_given_and_shown(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        answer = await bench.live.changes.zone(act(bench, "zone lost", reason="b: power work"), "b", True)
        assert answer == {"lost": ["b"]}
        await bench.tick(8)
        shown = status(bench.live)["services"]["orders"]
        assert (shown["zones"], shown["notes"]["lost"]) == (["a"], ["b"])
        assert [(one.kind, one.who, one.reason) for one in bench.live.journal.past().actions] == [
            ("zone lost", "ana", "b: power work")
        ]

    played(tmp_path, scenario)


def test_what_the_data_plane_refuses_is_not_recorded(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(Refused, match="no zone 'nowhere'"):
            await bench.live.changes.zone(act(bench, "zone lost"), "nowhere", True)
        assert bench.live.journal.past().actions == ()

    played(tmp_path, scenario)


def test_asking_whether_an_update_can_be_records_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        changes = bench.live.changes
        await changes.update(act(bench, "update"), {"revision": "r2"}, force=False, dry=True)
        assert bench.live.journal.past().actions == ()
        answer = await changes.update(act(bench, "update"), {"revision": "r2"}, force=False, dry=False)
        assert answer["update"]["revision"] == "r2"
        assert [one.kind for one in bench.live.journal.past().actions] == ["update"]

    played(tmp_path, scenario)


def test_orders_about_tasks_hold_no_count(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.live.operate(act(bench, "pause"))
        await bench.live.changes.zone(act(bench, "zone lost"), "b", True)
        bench.live.loop.operators.take(act(bench, "zone lost"))
        assert bench.live.loop.operators.at("orders", bench.live.clock.now()).hold_growth

    played(tmp_path, scenario)


def test_the_data_plane_is_told_of_a_pause_and_of_its_end_and_again_when_it_did_not_hear(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        tell = bench.live._tell_changes
        await tell()
        assert bench.plane.paused == {"orders": False, "mail": False}
        await bench.live.operate(act(bench, "pause"))
        bench.plane.fail = "gone"
        with pytest.raises(ConnectionError):
            await tell()
        bench.plane.fail = ""
        await tell()
        assert bench.plane.paused["orders"]
        await bench.live.operate(act(bench, "resume"))
        await tell()
        assert not bench.plane.paused["orders"]

    played(tmp_path, scenario)


def test_the_end_of_an_update_is_recorded_once_with_its_reason(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        update = {"number": 1, "state": "in progress", "from": "r1", "revision": "r2", "why": "", "log": ""}
        over = {**update, "state": "rolled back", "why": "exited with code 3", "log": "no such file"}
        for shown in (update, over, over):
            bench.plane.raw["orders"]["update"] = shown
            await bench.tick(8)
            await bench.live._tell_changes()
        await eventually(lambda: bool(bench.live.journal.past().actions))
        (found,) = bench.live.journal.past().actions
        assert (found.kind, found.who) == ("rolled back", "fleetfoot")
        assert found.reason == "r2 -> r1: exited with code 3 (no such file)"

    played(tmp_path, scenario)
