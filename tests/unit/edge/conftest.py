"""A journal in the test's own folder, opened anew as often as the test likes; a receiver of pushes and a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleetfoot.edge.journal.sqlite import SqliteJournal
from tests.pushes import Task, World


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., SqliteJournal]]:
    kept: list[SqliteJournal] = []

    def again(**options: object) -> SqliteJournal:
        for journal in kept:
            journal.close()
        kept[:] = [SqliteJournal(path, **options)]  # type: ignore[arg-type]
        return kept[0]

    yield again
    for journal in kept:
        journal.close()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def task(world: World) -> Task:
    return Task(world)
