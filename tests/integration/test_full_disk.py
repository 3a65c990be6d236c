"""A disk that is full under the journal: growth goes on, scale-in waits, and nothing is lost that matters."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetfoot.edge.journal.read import Reader
from fleetfoot.run.status import status
from tests.balancers import play
from tests.controllers import Bench
from tests.fleets import ROOT, crew, service
from tests.looptime import eventually

pytestmark = pytest.mark.root


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("this machine mounts no tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Write until nothing fits any more."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        file.writelines(itertools.repeat(b"x" * 4096))
    return filler


def test_growth_goes_on_over_a_full_disk_and_its_record_follows_when_there_is_room(small_disk: Path) -> None:
    async def scenario() -> list[tuple[str, int, str]]:
        bench = Bench(small_disk)
        for _ in range(5):
            await bench.tick(8)
        await eventually(lambda: Path(small_disk / "journal.db-wal").stat().st_size > 0)
        filler = fill(small_disk)
        await bench.surge()
        grown = bench.plane.raw["orders"]["desired"]
        assert grown > 1
        await eventually(lambda: "full" in status(bench.live)["journal"]["error"])
        assert not status(bench.live)["journal"]["durable"]
        for _ in range(300):
            await bench.tick(1)
        assert bench.plane.raw["orders"]["desired"] == grown
        filler.unlink()
        await eventually(lambda: bench.live.journal.health().durable)
        for _ in range(100):
            await bench.tick(1)
        assert bench.plane.raw["orders"]["desired"] < grown
        await bench.live.stop()
        return list(bench.plane.scaled)

    scaled = asyncio.run(scenario())
    with Reader(small_disk / "journal.db") as reader:
        kept = [(row.service, row.count, row.id) for row in reader.orders("orders") if row.ok]
    assert kept == scaled


def test_a_task_that_has_something_to_say_starts_on_a_full_disk(small_disk: Path) -> None:
    talks = f"sh -c 'echo started && exec {sys.executable} {ROOT / 'tests' / 'apps' / 'upstream.py'}'"

    async def scenario() -> None:
        async with crew(small_disk, service(command=talks)) as run:
            await run.serving(1)
            filler = fill(small_disk)
            run.supervisor.scale(3, "a")
            await run.serving(3)
            assert (await run.get())[0] == 200
            logs = small_disk / "state" / "logs" / "orders"
            assert [path.read_text() for path in logs.iterdir()] == ["started\n"]
            filler.unlink()
            run.supervisor.scale(4, "b")
            await run.serving(4)
            assert len(list(logs.iterdir())) == 2

    play(scenario())
