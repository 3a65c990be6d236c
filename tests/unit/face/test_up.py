"""What ``fleetfoot up`` looks at before it starts anything, and what it leaves for the keeper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fleetfoot.edge.base import OperatorAction
from fleetfoot.edge.journal.sqlite import SqliteJournal
from fleetfoot.face.cli.up import cannot_run, first_word, prepare, rolled_back
from fleetfoot.face.upfile import Up
from fleetfoot.fleet import settings
from fleetfoot.run.fleetfile import directory_of, revision_of
from fleetfoot.spec import Service, loads

NOW = 1_700_000_000_000
SHIFT = 777  # the controller's now is not the wall


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("uvicorn app:app --port $PORT", "uvicorn"),
        ("A=1 B='x y' ./serve", "./serve"),
        ("A=1", None),
        ("'open quote", None),
    ],
)
def test_the_first_word_is_the_program(command: str, word: str | None) -> None:
    assert first_word(command) == word


def service(text: str) -> Service:
    return loads(f"services: {{tiny: {{{text}}}}}").services["tiny"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("run: no-such-program --port $PORT", "'no-such-program' is not found"),
        ("run: ./no-such-file", "'./no-such-file' is not found"),
        ("run: sh serve.sh, directory: nowhere", "no directory"),
        ("run: sh serve.sh, env: {PATH: /nowhere}", "'sh' is not found"),
        ("target: dryrun", "no command"),
    ],
    ids=["program", "file", "directory", "path", "nothing"],
)
def test_a_service_that_cannot_run_is_told_why(tmp_path: Path, text: str, why: str) -> None:
    (problem,) = cannot_run(service(text), tmp_path / "fleetfoot.yaml")
    assert why in problem


@pytest.mark.parametrize("command", ["sh -c true", "cd app && ./serve", "$PROGRAM --port $PORT", "PORT=1 sh serve.sh"])
def test_what_only_the_shell_can_judge_is_left_to_it(tmp_path: Path, command: str) -> None:
    assert cannot_run(service(f"run: {json.dumps(command)}"), tmp_path / "fleetfoot.yaml") == []


def test_up_leaves_the_keeper_a_file_it_understands_and_the_controller_the_words_as_written(tmp_path: Path) -> None:
    text = """
services:
  tiny:
    run: sh serve.sh
    health: {readiness: {path: /healthz}, liveness: {path: /alive}}
    task: {zones: [a, b], throughput: 20/s}
    balancer: {max body: 1 MB}
  other: {run: sh other.sh}
"""
    file = tmp_path / "fleetfoot.yaml"
    file.write_text(text)
    spec = loads(text, str(file))
    fleet = settings.load(prepare(spec, file, tmp_path / "state", "ko"))
    tiny = fleet.services[0]
    assert (tiny.name, tiny.zones, tiny.throughput, tiny.min, tiny.initial) == ("tiny", ("a", "b"), 20.0, 1, 1)
    assert tiny.directory == str(tmp_path)
    assert tiny.health.liveness is not None
    assert tiny.health.liveness.path == "/alive"
    assert fleet.services[1].listen == "127.0.0.1:8081"
    assert fleet.controller is not None
    up = Up.read(tmp_path / "state" / "up.json")
    assert (up.text, up.lang, up.state) == (text, "ko", tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o77 == 0


def test_a_revision_changes_when_what_runs_changes_and_not_otherwise(tmp_path: Path) -> None:
    def revision(text: str) -> str:
        one = service(text)
        return revision_of(one, directory_of(one, tmp_path / "fleetfoot.yaml"))

    assert revision("run: a") == revision("run: a, capacity: {max: 3}")
    assert len({revision(t) for t in ("run: a", "run: b", "run: a, env: {X: 1}", "run: a, directory: d")}) == 4


def test_up_warns_of_a_version_that_was_rolled_back_until_the_file_has_another(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    bad, good = (loads(f"services: {{orders: {{run: {word} $PORT}}}}") for word in ("bad", "good"))
    revision = revision_of(bad.services["orders"], tmp_path)
    assert rolled_back(bad, file, tmp_path) == []  # there is no journal yet
    journal = SqliteJournal(tmp_path / "journal.db")
    way = f"{revision} -> 1a2b3c4d: the readiness check answered 500"
    journal.operate(OperatorAction("orders", "rolled back", "fleetfoot", NOW + SHIFT, NOW, reason=way))
    journal.close()
    [told] = rolled_back(bad, file, tmp_path)
    assert told.startswith(f"orders: version {revision}, which this file has, was rolled back at ")
    assert "the readiness check answered 500" in told
    assert rolled_back(good, file, tmp_path) == []


def test_a_version_that_came_in_after_a_rollback_is_not_warned_of(tmp_path: Path) -> None:
    spec = loads("services: {orders: {run: bad $PORT}}")
    revision = revision_of(spec.services["orders"], tmp_path)
    journal = SqliteJournal(tmp_path / "journal.db")
    for at, kind in enumerate(("rolled back", "updated")):
        journal.operate(
            OperatorAction("orders", kind, "fleetfoot", NOW + SHIFT + at, NOW + at, reason=f"{revision} -> 1a2b")
        )
    journal.close()
    assert rolled_back(spec, tmp_path / "fleetfoot.yaml", tmp_path) == []
