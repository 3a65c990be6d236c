"""What people order of a running controller: taken, refused with the reason, kept over a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetfoot.edge.base import OperatorAction
from fleetfoot.edge.journal.read import Reader
from fleetfoot.edge.journal.sqlite import SqliteJournal
from fleetfoot.run.changes import Refused
from fleetfoot.run.status import status
from tests.controllers import SPEC, Bench, played
from tests.looptime import eventually


def test_what_people_ordered_survives_a_restart_until_it_ends(tmp_path: Path) -> None:
    async def first(bench: Bench) -> None:
        await bench.tick(5)
        now = bench.live.clock.now()
        await bench.live.operate(OperatorAction("orders", "scale", "ana", now, now, count=5, until=now + 30_000))
        await bench.tick(5)
        assert bench.plane.raw["orders"]["desired"] == 5

    before = played(tmp_path, first)

    async def second(bench: Bench) -> None:
        made = await bench.tick(5)
        assert made["orders"].reasons[0].code == "operator_scale"
        assert bench.live.loop.operators.at("orders", bench.live.clock.now()).who == "ana"
        for _ in range(31):
            made = await bench.tick(5)
        assert made["orders"].reasons[0].code != "operator_scale"

    played(tmp_path, second, plane=before.plane, machine=before.machine)
    with Reader(tmp_path / "journal.db") as reader:
        assert reader.orders("orders")[0].who == "ana"
        assert reader.actions("orders")[0].kind == "scale"


def test_an_order_by_a_person_that_was_refused_is_not_obeyed_by_a_later_start(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.tick(5)
        journal = bench.live.journal
        assert isinstance(journal, SqliteJournal)
        await eventually(lambda: not (journal._writer._waiting or journal._writer._busy))
        journal.path.rename(tmp_path / "aside")
        journal.path.mkdir()  # it fails from now on, and nobody knows yet
        assert journal.health().durable
        with pytest.raises(Refused, match="journal"):
            await bench.live.operate(OperatorAction("orders", "scale", "ana", 0, 0, count=3))
        journal.path.rmdir()
        (tmp_path / "aside").rename(journal.path)
        await eventually(lambda: journal.health().durable)
        assert journal.past().actions == ()

    played(tmp_path, scenario)


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (OperatorAction("nobody", "pause", "ana", 0, 0), "no service 'nobody'"),
        (OperatorAction("orders", "scale", "ana", 0, 0, count=13), "outside 1 to 12"),
        (OperatorAction("orders", "scale", "ana", 0, 0, count=0), "outside 1 to 12"),
    ],
    ids=["unknown", "above", "below"],
)
def test_people_are_told_why_their_order_is_refused(tmp_path: Path, action: OperatorAction, why: str) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(Refused, match=why):
            await bench.live.operate(action)
        assert bench.live.journal.past().actions == ()

    played(tmp_path, scenario)


@pytest.mark.parametrize(
    ("when", "count", "taken"),
    [("daily", 20, True), ("daily", 21, False), ("daily", 2, False), ("2031-01-01 to 2031-01-02", 13, False)],
    ids=["within the window's max", "above it", "below its min", "no window is open"],
)
def test_a_person_may_order_what_a_schedule_allows_at_that_time(
    tmp_path: Path, when: str, count: int, taken: bool
) -> None:
    line = f"    policies: [default, schedule: {{sale: {{when: {when}, min: 3, max: 20}}}}]\n  mail:"

    async def scenario(bench: Bench) -> None:
        action = OperatorAction("orders", "scale", "ana", 0, 0, count=count)
        if taken:
            await bench.live.operate(action)
        else:
            with pytest.raises(Refused, match=f"{count} is outside"):
                await bench.live.operate(action)
        told = status(bench.live)["services"]["orders"]
        assert (told["min"], told["max"]) == ((3, 20) if when == "daily" else (1, 12))

    played(tmp_path, scenario, spec=SPEC.replace("  mail:", line, 1))
