"""A journal decided again: equal where nothing was touched, and told in words where something was."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleetfoot.edge.journal.segments import pack_lines, pack_value, unpack_lines, unpack_value
from fleetfoot.face.cli import main
from tests.controllers import SPEC, Bench

TICKS = 40  # steps of a life
OTHER = SPEC.replace("capacity: {min: 1, max: 12}", "capacity: {min: 2, max: 5}")


async def _life(bench: Bench, ticks: int = TICKS) -> None:
    """Some quiet, a surge, some quiet; then an orderly end."""
    for _ in range(ticks // 4):
        await bench.tick(8)
    for _ in range(ticks // 4):
        await bench.tick(100, ms=2500, bad=60)
    for _ in range(ticks // 2):
        await bench.tick(30)
    await bench.live.stop()


def lived(state: Path, *specs: str) -> Path:
    """A journal of one life for every file of ``specs``, one after the other."""

    async def go() -> None:
        bench: Bench | None = None
        for spec in specs:
            plane, machine = (bench.plane, bench.machine) if bench is not None else (None, None)
            bench = Bench(state, plane, machine, spec)
            await _life(bench)

    asyncio.run(go())
    return state / "journal.db"


def replay(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["replay", *map(str, arguments)])


def orders(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)["services"]["orders"]
    return found


def edit(path: Path, table: str, blob: bytes, **where: object) -> None:
    condition = " and ".join(f"{name} = ?" for name in where)
    with sqlite3.connect(path) as db:
        db.execute(f"update {table} set blob = ? where {condition}", (blob, *where.values()))


def rows(path: Path, query: str) -> list[Any]:
    with sqlite3.connect(path) as db:
        return db.execute(query).fetchall()


def test_what_a_controller_decided_comes_out_equal(tmp_path: Path) -> None:
    result = replay(lived(tmp_path, SPEC), "--json")
    assert result.exit_code == 0, result.output
    found = orders(result)
    assert found["equal"]
    assert found["steps"] == TICKS
    assert found["decisions"] > 5
    assert found["memories"] >= 2
    assert found["unseen"] == 0


def test_a_restart_and_a_new_file_in_between_are_honoured(tmp_path: Path) -> None:
    result = replay(lived(tmp_path, SPEC, SPEC, OTHER), "--json")
    assert result.exit_code == 0, result.output
    assert orders(result)["steps"] == 3 * TICKS


def test_a_killed_controllers_journal_comes_out_equal_with_its_successors(tmp_path: Path) -> None:
    async def go() -> None:
        first = Bench(tmp_path)
        for _ in range(30):
            await first.tick(100, ms=2500, bad=60)
        await first.live.loop.readers.close()
        await asyncio.to_thread(first.live.journal.close)  # no last memory
        await _life(Bench(tmp_path, first.plane, first.machine))

    asyncio.run(go())
    result = replay(tmp_path, "--json")
    assert result.exit_code == 0, result.output


def test_the_size_of_the_warm_pool_is_replayed_too(tmp_path: Path) -> None:
    spec = SPEC.replace("startup: 1s}", "startup: 1s, warm: auto}")
    path = lived(tmp_path, spec)
    assert replay(path).exit_code == 0
    now, blob = rows(path, "select now, blob from checkpoints where service = 'orders' order by now")[-1]
    memory = unpack_value(blob)
    memory["slices"]["warm pool"]["rise"] += 1.0
    edit(path, "checkpoints", pack_value(memory), service="orders", now=now)
    result = replay(path)
    assert result.exit_code == 1
    assert "memory differs in slices.warm pool" in result.output


def test_a_decision_that_was_tampered_with_is_found_and_told(tmp_path: Path) -> None:
    path = lived(tmp_path, SPEC)
    query = "select now, blob from decisions where service = 'orders' and action = 'grow' order by now"
    now, blob = rows(path, query)[0]
    decision = unpack_value(blob)
    decision["desired"] += 1
    edit(path, "decisions", pack_value(decision), service="orders", now=now)
    result = replay(path)
    assert result.exit_code == 1
    assert "1 DIFFERENT" in result.output
    assert "differs in desired" in result.output
    assert orders(replay(path, "--json"))["differences"][0]["what"] == "decision"


def test_a_decision_that_was_taken_out_is_missed(tmp_path: Path) -> None:
    path = lived(tmp_path, SPEC)
    with sqlite3.connect(path) as db:
        db.execute("delete from decisions where service = 'orders' and action = 'grow'")
    result = replay(path)
    assert result.exit_code == 1
    assert "the journal has nothing" in result.output


def test_an_observation_that_was_tampered_with_is_found(tmp_path: Path) -> None:
    path = lived(tmp_path, SPEC)
    first, blob = rows(path, "select first, blob from minutes where service = 'orders' order by first")[0]
    lines = unpack_lines(blob)
    for line in lines[5:]:
        line["signals"]["requests"][1] *= 3
    edit(path, "minutes", pack_lines(tuple(map(json.dumps, lines))), service="orders", first=first)
    assert replay(path).exit_code == 1


def test_a_span_whose_observations_are_gone_is_refused_by_name(tmp_path: Path) -> None:
    path = lived(tmp_path, SPEC)
    wall = rows(path, "select wall from rollups where service = 'orders' order by first")[0][0]
    with sqlite3.connect(path) as db:
        db.execute("delete from minutes where service = 'orders'")
    result = replay(path, "--service", "orders")
    assert result.exit_code == 2
    assert "orders cannot be replayed" in result.output
    assert "no longer kept" in result.output
    assert wall > 0


def test_what_is_still_kept_after_a_hole_is_replayed_from_the_next_memory(tmp_path: Path) -> None:
    path = lived(tmp_path, SPEC, SPEC)
    minutes = rows(path, "select first from minutes where service = 'orders' order by first")
    with sqlite3.connect(path) as db:
        db.execute("delete from minutes where service = 'orders' and first = ?", minutes[0])
    result = replay(path, "--service", "orders", "--json")
    assert result.exit_code == 0, result.output
    found = orders(result)
    assert 0 < found["steps"] < 2 * TICKS
    assert found["not_kept"]


def test_a_part_is_replayed_from_the_memory_before_it(tmp_path: Path) -> None:
    path = lived(tmp_path, SPEC, SPEC)
    wall = rows(path, "select wall from runs order by started")[1][0]
    start = datetime.fromtimestamp(wall / 1000, UTC).isoformat()
    result = replay(path, "-s", "orders", "--from", start, "--json")
    assert result.exit_code == 0, result.output
    assert orders(result)["steps"] == TICKS


def test_a_journal_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = replay(tmp_path)
    assert result.exit_code == 2
    assert "there is no journal" in result.output


def test_another_file_is_asked_what_it_would_have_done(tmp_path: Path) -> None:
    path = lived(tmp_path, SPEC)
    other = tmp_path / "other.yaml"
    other.write_text(OTHER)
    found = orders(replay(path, "-s", "orders", "--with", other, "--json"))["with"]
    assert found["more"] > 0  # two tasks at the least
    other.write_text(SPEC)
    assert orders(replay(path, "-s", "orders", "--with", other, "--json"))["with"]["different"] == 0


@pytest.mark.parametrize("word", ["tomorrow morning", "25:61"])
def test_a_time_that_is_none_is_told(tmp_path: Path, word: str) -> None:
    result = replay(lived(tmp_path, SPEC), "--from", word)
    assert result.exit_code == 2


POOLS = "guards: {connections: {database: main, per task: {min: 2, max: 5}}}"
SIZE = f"startup: 1s, cpu: 1, memory: 1 GB}}\n    priority: critical\n    {POOLS}"
LIMITS = """\
    task: {price: 0.1 USD/h}
databases: {main: {connections: 40, growth: 8/s}}
launch limits: {burst: 3, rate: 1/s, vcpu: 9}
budget: {hourly: 0.5 USD, daily: 3 USD}
"""
LIMITED = SPEC.replace("startup: 1s}", SIZE) + LIMITS


def test_what_several_services_were_granted_is_replayed_service_by_service(tmp_path: Path) -> None:
    result = replay(lived(tmp_path, LIMITED, LIMITED), "--json")
    assert result.exit_code == 0, result.output
    found = orders(result)
    assert found["equal"]
    assert found["steps"] == 2 * TICKS
    assert found["memories"] >= 2
    blobs = rows(tmp_path / "journal.db", "select blob from decisions where service = 'orders'")
    codes = {trail[3]["code"] for (blob,) in blobs for trail in unpack_value(blob)["trail"]}
    assert codes & {"launch_rate", "connections", "connections_paced", "pool_first", "budget_hard"}, codes
