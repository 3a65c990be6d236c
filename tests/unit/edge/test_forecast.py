"""The forecast as a source: history from the journal, and training in a process of its own, in no reading's way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetfoot.core.model import State
from fleetfoot.edge.journal.past import from_journal
from fleetfoot.edge.journal.sqlite import SqliteJournal
from fleetfoot.edge.sources.forecast import ForecastSource
from fleetfoot.edge.training import Trainer
from fleetfoot.predict.history import HistoryError
from fleetfoot.spec.policies import ForecastPolicy
from tests.support import short_tmp
from tests.unit.predict.made import MONDAY, daily


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_tmp() as found:
        yield found


def journal(folder: Path, days: float) -> Path:
    """The minutes of so many days, in a journal like any other."""
    path = folder / "journal.db"
    SqliteJournal(path).close()
    rows = [
        ("orders", at * 1000, at * 1000, 60_000, daily(at), 1, 1, 60.0, 0)
        for at in range(MONDAY, MONDAY + round(days * 86_400), 60)
    ]
    with contextlib.closing(sqlite3.connect(path)) as line, line:
        line.executemany(
            "INSERT INTO rollups (service, first, wall, span, requests_mean, desired_max, serving_min, task_seconds, "
            "seconds_over) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
    return path


def source(path: Path, days: float, history: str = "journal") -> ForecastSource:
    now = round((MONDAY + days * 86_400) * 1000)
    return ForecastSource("orders", ForecastPolicy(history=history), 630, path, lambda: now, Trainer())


async def settled(one: ForecastSource) -> dict[str, object]:
    """What it says to people once its training has ended."""
    for _ in range(6000):
        notes: dict[str, object] = (await one.read(0)).notes["forecast"]
        if notes["made"] or notes["why"] != "the forecast is being made":
            return notes
        await asyncio.sleep(0.01)  # sleep: the training is another process; the condition is looked at again
    raise AssertionError("the training did not end")


def test_the_journals_minutes_become_five_minute_means_up_to_the_slot_of_now(folder: Path) -> None:
    found = from_journal(journal(folder, 1), "orders", (MONDAY + 43_260) * 1000)
    assert (found.start, found.end) == (MONDAY, MONDAY + 43_200)
    assert found.values[100] == pytest.approx(sum(daily(MONDAY + 30_000 + 60 * i) for i in range(5)) / 5)


def test_a_journal_that_knows_nothing_of_the_service_says_so(folder: Path) -> None:
    with pytest.raises(HistoryError, match="nothing was measured yet"):
        from_journal(journal(folder, 0.01), "others", MONDAY * 1000)


def test_a_forecast_from_the_journal_reaches_the_engine_as_signals(folder: Path) -> None:
    async def play() -> None:
        one = source(journal(folder, 3), 3)
        notes = await settled(one)
        assert notes["model"] in ("yesterday", "usual day")
        upper = (await one.read(5)).signals["forecast.upper"]
        assert upper.state is State.FRESH
        assert upper.value == pytest.approx(daily(MONDAY), rel=0.15)
        await one.close()

    asyncio.run(play())


def test_a_history_that_is_too_short_is_told_to_people(folder: Path) -> None:
    async def play() -> None:
        one = source(journal(folder, 1.5), 1.5)
        notes = await settled(one)
        assert "a forecast needs two seasons" in str(notes["why"])
        told = (await one.read(0)).signals
        assert told["forecast.upper"].state is State.MISSING
        assert told["forecast.days"].value == pytest.approx(1.5)
        await one.close()

    asyncio.run(play())


def test_a_training_that_never_ends_delays_no_reading_and_ends_with_its_source(folder: Path) -> None:
    pipe = folder / "history.csv"
    os.mkfifo(pipe)  # a file nobody writes to: who reads it waits

    def writer() -> int | None:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads it
            return None

    async def play() -> None:
        one = source(journal(folder, 3), 3, str(pipe))
        held = None
        while held is None:  # the training has begun, in its own process, and waits for us
            told = await one.read(0)
            assert told.signals["forecast.upper"].state is State.MISSING
            held = writer()
            await asyncio.sleep(0.01)  # sleep: the training is another process; the condition is looked at again
        for _ in range(100):
            assert (await one.read(0)).notes["forecast"]["why"] == "the forecast is being made"
        await one.close()
        os.close(held)
        assert writer() is None  # its process is gone

    asyncio.run(asyncio.wait_for(play(), 60))


def test_a_training_that_breaks_is_told_and_silent(folder: Path) -> None:
    async def play() -> None:
        one = source(journal(folder, 3), 3, str(folder / "nowhere.csv"))
        notes = await settled(one)
        assert "cannot read it" in str(notes["why"])
        await one.close()

    asyncio.run(play())
