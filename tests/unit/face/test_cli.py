"""Every verb has help; ``init``, ``check`` and ``schema``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fleetfoot.face.cli import VERBS, main
from fleetfoot.spec import loads


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_without_a_file_a_state_folder_or_a_journal_it_is_said(tmp_path: Path) -> None:
    result = call("status", "-f", str(tmp_path / "fleetfoot.yaml"))
    assert result.exit_code == 2
    assert "--state" in result.output
    result = call("why", "orders", "--state", str(tmp_path))
    assert "no journal" in result.output


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_has_help(verb: str) -> None:
    result = call(verb, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_an_unknown_verb_is_refused() -> None:
    assert call("fly").exit_code == 2


@pytest.mark.parametrize("command", [None, "sh serve.sh --port $PORT"], ids=["example", "own"])
def test_init_writes_a_file_that_check_explains(tmp_path: Path, command: str | None) -> None:
    file = tmp_path / "fleetfoot.yaml"
    assert call("init", *([command] if command else []), "-f", str(file)).exit_code == 0
    told = call("check", "-f", str(file))
    assert told.exit_code == 0
    assert "95% of the requests within 1s" in told.output
    if command:
        assert loads(file.read_text()).services["app"].run == command


def test_init_writes_over_nothing_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_text("mine")
    refused = call("init", "-f", str(file))
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert file.read_text() == "mine"
    assert call("init", "-f", str(file), "--force").exit_code == 0
    assert call("init", "-f", str(tmp_path / "no" / "folder.yaml")).exit_code == 2
    assert "no name of a service" in call("init", "--name", "My App", "-f", str(file)).output


def test_check_gives_every_mistake_where_it_is_with_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_text("services:\n  a:\n    run: x\n    capacity: {min: 5, max: 2}\n    obective: {}\n")
    told = call("check", "-f", str(file))
    assert told.exit_code == 2
    assert [line.split(": ")[0] for line in told.output.splitlines()] == [f"{file}:4:29", f"{file}:5:5"]
    assert "did you mean 'objective'?" in told.output
    rows = json.loads(call("check", "-f", str(file), "--json").output)
    assert [row["line"] for row in rows["errors"]] == [4, 5]


def test_check_takes_its_file_as_simulate_does(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("services: {a: {}}\n")
    told = call("check", str(file))
    assert told.exit_code == 2
    assert told.output == call("check", "-f", str(file)).output != ""


def test_check_says_what_up_would_refuse(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_text("services: {a: {run: no-such-program}}")
    assert "would refuse: a: the command 'no-such-program' is not found" in call("check", "-f", str(file)).output
    told = json.loads(call("check", "-f", str(file), "--json").output)
    assert told["ok"]
    assert len(told["cannot_run"]) == 1
    assert call("check", "-f", str(tmp_path / "none.yaml"), "--json").exit_code == 2


def test_schema_prints_the_json_schema() -> None:
    told = json.loads(call("schema").output)
    assert "services" in told["properties"]
