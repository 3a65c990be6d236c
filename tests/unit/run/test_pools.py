"""The warm pool in a running controller: ordered when it changed, told, journalled, and not forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fleetfoot.face.cli import main
from fleetfoot.run.status import status
from tests.controllers import SPEC, Bench, played
from tests.planes import FakePlane

WARM = SPEC.replace("startup: 1s", "startup: 1s, warm: {min: 1, max: 4}")


class Told(FakePlane):
    """A plane that counts how often it was told the size of the pool."""

    def __init__(self) -> None:
        super().__init__("orders", "mail", desired=1)
        self.sizes: list[int] = []

    async def warm(self, service: str, count: int) -> object:
        assert service == "orders", "the size of the other one's pool is fixed"
        await super().warm(service, count)
        self.sizes.append(count)
        return {}


def run(state: Path, scenario: Callable[[Bench, Told], Coroutine[None, None, None]]) -> Told:
    plane = Told()
    played(state, lambda bench: scenario(bench, plane), plane=plane, spec=WARM)
    return plane


async def surge(bench: Bench) -> None:
    """A quiet time, then ten times the traffic."""
    for _ in range(15):
        await bench.tick(8)
    for _ in range(8):
        await bench.tick(80)


def test_a_size_is_ordered_when_it_changed_and_only_then(tmp_path: Path) -> None:
    async def scenario(bench: Bench, plane: Told) -> None:
        for _ in range(15):
            await bench.tick(8)
        assert plane.sizes == [1]
        for _ in range(8):
            await bench.tick(80)

    sizes = run(tmp_path, scenario).sizes
    assert sizes[-1] == 4
    assert sizes == sorted(set(sizes))


def test_a_plane_that_refuses_is_told_again_until_it_does_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(bench: Bench, plane: Told) -> None:
        plane.maximum = 0  # it refuses
        for _ in range(5):
            await bench.tick(8)
        assert plane.sizes == []
        plane.maximum = 20
        for _ in range(5):
            await bench.tick(8)
        assert plane.sizes == [1]

    run(tmp_path, scenario)
    assert sum("cannot be told to keep" in record.message for record in caplog.records) == 1


def test_the_size_and_its_reason_are_in_the_status_and_in_why(tmp_path: Path) -> None:
    shown: dict[str, Any] = {}

    async def scenario(bench: Bench, plane: Told) -> None:
        await surge(bench)
        shown.update(status(bench.live)["services"])

    run(tmp_path, scenario)
    assert shown["mail"]["warm_pool"] is None
    pool = shown["orders"]["warm_pool"]
    assert pool["tasks"] == 4
    assert pool["words"]["en"].startswith("warm pool of 4: its maximum; lately the rate rose by 7")
    assert {"en", "ko", "ja"} <= set(pool["words"])
    told = CliRunner().invoke(main, ["why", "orders", "2023-11-14T22:13:40Z", "--state", str(tmp_path)]).output
    assert "warm pool of 1: its minimum" in told
    assert "warm pool of 4: its maximum; lately the rate rose by" in told


def test_a_killed_controllers_pool_is_known_to_the_next_one(tmp_path: Path) -> None:
    async def go() -> None:
        first = Bench(tmp_path, Told(), spec=WARM)
        await surge(first)
        await first.live.loop.readers.close()
        await asyncio.to_thread(first.live.journal.close)  # no last checkpoint
        before = first.live.loop.services["orders"].memory
        second = Bench(tmp_path, Told(), first.machine, spec=WARM)
        after = second.live.loop.services["orders"].memory
        assert before.slices["warm pool"] == after.slices["warm pool"]
        await second.tick(8)
        await second.tick(8)
        assert second.plane.sizes == [4]  # type: ignore[attr-defined]
        await second.live.stop()

    asyncio.run(go())
