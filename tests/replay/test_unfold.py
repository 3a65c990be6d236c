"""``fleetfoot why --full``: one moment of a journal, held ones too, and what would have flipped it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fleetfoot.face.cli import main
from fleetfoot.face.times import local
from tests.controllers import SPEC
from tests.replay.test_replay import lived


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A life of some quiet, a surge that grew from 1 to 8, and some quiet."""
    return lived(tmp_path_factory.mktemp("j"), SPEC).parent


def why(state: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["why", "orders", *words, "--full", "--state", str(state)])


def test_the_newest_moment_is_unfolded_although_it_was_held(state: Path) -> None:
    told = why(state).stdout
    assert "held at 8" in told
    assert "vote  default" in told
    assert [line.split()[0] for line in told.splitlines() if "let pass" in line][:2] == ["guard", "pay"]
    assert "flip  as things are" in told
    assert "grows to" in told
    assert "shrinks to" in told


def test_within_a_minute_the_decision_that_acted_is_taken(state: Path) -> None:
    with sqlite3.connect(state / "journal.db") as db:
        (wall,) = db.execute("select wall from orders").fetchone()
    told = why(state, local(wall).strftime("%Y-%m-%dT%H:%M")).stdout
    assert "1 -> 8" in told
    assert "(fast step)" in told


@pytest.mark.parametrize(("lang", "word"), [("ko", "전환"), ("ja", "転換")])
def test_it_is_told_in_the_language_asked_for(state: Path, lang: str, word: str) -> None:
    assert word in why(state, "--lang", lang).stdout


def test_a_program_gets_the_levels(state: Path) -> None:
    told = json.loads(why(state, "--json").stdout)
    grows = next(row for row in told["flips"]["grows"] if row["signal"] == "requests")
    assert grows["tasks"] > told["decision"]["desired"]
    assert [row["guard"] for row in told["guards"]][:3] == ["launches", "pay", "incident"]
    assert told["votes"][0]["says"] == "want"


def test_where_observations_are_gone_the_decision_is_told_and_that_the_rest_is_not_known(
    state: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "journal.db"
    with sqlite3.connect(state / "journal.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
        target.execute("delete from minutes")
    told = why(tmp_path).stdout
    assert "what would flip it is not known" in told
    assert "vote  default" in told


def test_a_time_before_anything_was_decided_is_refused(state: Path) -> None:
    result = why(state, "2020-01-01T00:00:00")
    assert (result.exit_code, "nothing is known of orders" in result.stderr) == (2, True)
