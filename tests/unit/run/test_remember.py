"""A controller that was killed: its successor knows what it knew, up to the last observations on disk."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fleetfoot.core.compile import compile_service
from fleetfoot.core.memory import Memory
from fleetfoot.edge.base import Past
from fleetfoot.edge.journal.sqlite import SqliteJournal
from fleetfoot.run.remember import remember
from fleetfoot.spec import loads
from tests.controllers import SPEC, Bench

SETTINGS = compile_service(loads(SPEC, "fleetfoot.yaml").services["orders"])


async def _kill(bench: Bench) -> None:
    """What it saw is on disk; no last checkpoint."""
    await bench.live.loop.readers.close()
    await asyncio.to_thread(bench.live.journal.close)


async def _incident(bench: Bench) -> None:
    """A crowd that cannot reach us: a tenth of the demand, and late."""
    for _ in range(75):
        await bench.tick(100)
    for _ in range(10):
        await bench.tick(10, ms=2500, bad=10)
    assert _hold(bench.live.loop.services["orders"].memory)


def _hold(memory: Memory) -> Any:
    return memory.slice("incident").get("until")


def _past(state: Path) -> Past:
    journal = SqliteJournal(state / "journal.db", {})
    try:
        return journal.past()
    finally:
        journal.close()


def test_a_killed_controllers_incident_is_held_by_the_next_one(tmp_path: Path) -> None:
    async def go() -> None:
        first = Bench(tmp_path)
        await _incident(first)
        await _kill(first)
        before = first.live.loop.services["orders"].memory
        second = Bench(tmp_path, first.plane, first.machine)
        after = second.live.loop.services["orders"].memory
        assert {**after.to_json(), "since": None} == {**before.to_json(), "since": None}
        assert after.since is None  # and no scale-in until its windows are full again
        desired = second.plane.raw["orders"]["desired"]
        for _ in range(400):
            made = await second.tick(10)
        assert second.plane.raw["orders"]["desired"] == desired
        assert "incident" in [trail.guard for trail in made["orders"].trail]
        await second.live.stop()

    asyncio.run(go())


def test_other_rules_are_not_applied_to_what_was_seen_before_them(tmp_path: Path) -> None:
    async def go() -> None:
        bench = Bench(tmp_path)
        await _incident(bench)
        await _kill(bench)

    asyncio.run(go())
    past, journal = _past(tmp_path), tmp_path / "journal.db"
    assert _hold(remember("orders", SETTINGS, past, journal, SPEC))
    checkpoint = Memory.from_json(past.memories["orders"])
    assert remember("orders", SETTINGS, past, journal, SPEC + "# edited\n").now == checkpoint.now


def test_without_a_journal_that_can_be_read_the_checkpoint_counts(tmp_path: Path) -> None:
    kept = Memory(now=5)
    past = Past(last=10, memories={"orders": kept.to_json()})
    assert remember("orders", SETTINGS, past, tmp_path / "none.db", SPEC) == kept
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    assert remember("orders", SETTINGS, past, tmp_path / "broken.db", SPEC) == kept
    assert remember("mail", SETTINGS, past, tmp_path / "none.db", SPEC) == Memory()
    assert remember("orders", SETTINGS, Past(10, {"orders": {"version": 0}}), tmp_path / "none.db", SPEC) == Memory()
