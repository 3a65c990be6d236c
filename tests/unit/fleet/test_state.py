"""The state folder: whole files or none, numbers that run on, bounded logs."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from fleetfoot.fleet import state
from fleetfoot.fleet.ledger import Ledger
from fleetfoot.fleet.state import Store, TaskRecord


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "state")
    made.make()
    return made


def record(name: str, spawned: int = 5) -> TaskRecord:
    return TaskRecord(name, "orders", 42, 99, 42, 8001, "a", "r1", spawned)


def test_a_task_on_record_is_read_as_it_was_written_oldest_first(store: Store) -> None:
    young, old = record("orders-2", 9), record("orders-1", 5)
    old.ready, old.stopping = 7, True
    store.save_task(young)
    store.save_task(old)
    assert store.load_tasks() == [old, young]
    store.forget_task("orders-1")
    store.forget_task("never-was")
    assert store.load_tasks() == [young]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"pid": "x"}', '{"pid": 1}'], ids=repr)
def test_a_torn_or_foreign_file_is_passed_over(store: Store, text: str) -> None:
    store.save_task(record("orders-1"))
    (store.tasks / "orders-2.json").write_text(text)
    (store.services / "orders.json").write_text(text)
    assert [one.id for one in store.load_tasks()] == ["orders-1"]
    assert Ledger(store, "orders", "life", 3).desired == 3


def test_a_file_keeps_its_old_content_when_the_new_one_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    state.write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        state.write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


def test_the_folder_and_its_files_are_closed_to_others(store: Store) -> None:
    store.save_task(record("orders-1"))
    assert store.root.stat().st_mode & 0o777 == 0o700
    assert (store.tasks / "orders-1.json").stat().st_mode & 0o777 == 0o600


def test_numbers_and_the_desired_count_outlive_the_plane(store: Store) -> None:
    first = Ledger(store, "orders", "life", 2)
    assert [first.next_task(), first.next_task()] == ["orders-1", "orders-2"]
    first.started("r1", 120, ok=True)
    first.started("r1", 0, ok=False, why="exited with code 3")
    first.want(7, "order-9")
    again = Ledger(store, "orders", "life", 2)
    assert (again.desired, again.order) == (7, "order-9")
    assert again.next_task() == "orders-3"
    again.started("r1", 100, ok=True)
    assert list(again.starts) == [[3, "r1", 100, True, ""]]


def test_under_a_new_keeper_the_count_is_the_initial_one_and_the_numbers_run_on(store: Store) -> None:
    Ledger(store, "orders", "life", 2).want(7, "order-9")
    Ledger(store, "orders", "life", 2).next_task()
    again = Ledger(store, "orders", "another life", 3)
    assert (again.desired, again.order) == (3, "")
    assert again.next_task() == "orders-2"


def test_the_last_64_starts_are_kept(store: Store) -> None:
    ledger = Ledger(store, "orders", "life", 2)
    for _ in range(70):
        ledger.started("r1", 100, ok=True)
    assert [row[0] for row in ledger.starts] == list(range(7, 71))


def test_a_state_folder_that_cannot_be_written_is_told_once_and_stops_nothing(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(store, "orders", "life", 2)
    store.services.rmdir()
    with caplog.at_level(logging.WARNING):
        ledger.want(5, "a")
        ledger.want(6, "b")
    assert ledger.desired == 6
    assert len(caplog.records) == 1


def test_only_the_newest_logs_of_a_service_stay(store: Store) -> None:
    for number in range(12):
        store.log_path("orders", f"orders-{number}", keep=5).write_text("x")
    assert len(list((store.logs / "orders").iterdir())) == 6  # five, and the one that was opened last


def test_a_log_that_grew_too_long_keeps_its_end_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "t.log"
    path.write_bytes(b"a" * 900 + b"b" * 101)
    state.bound(path, limit=1000, keep=101)
    assert path.read_bytes() == b""
    assert (tmp_path / "t.log.1").read_bytes() == b"b" * 101
    path.write_bytes(b"c" * 1000)
    state.bound(path, limit=1000, keep=101)
    assert len(path.read_bytes()) == 1000
    state.bound(tmp_path / "absent.log")


def test_the_last_line_of_a_log_is_found_behind_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "t.log"
    path.write_text("x" * 9000 + "\nModuleNotFoundError: no module named app\n\n  \n")
    assert state.tail(path) == "ModuleNotFoundError: no module named app"
    assert state.tail(tmp_path / "absent.log") == ""
