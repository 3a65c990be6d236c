"""``fleetfoot synth`` and what comes of it when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from fleetfoot.face.cli import main
from tests.architecture.source import ROOT

EXAMPLE = str(ROOT / "examples" / "aws" / "fleetfoot.yaml")


def test_the_example_becomes_a_template(tmp_path: Path) -> None:
    out = tmp_path / "stack.yaml"
    found = CliRunner().invoke(main, ["synth", "cloudformation", EXAMPLE, "--mode", "alarms", "-o", str(out)])
    assert (found.exit_code, found.stdout.split(":")[0]) == (0, f"wrote {out}")
    assert out.read_text(encoding="utf-8").startswith("AWSTemplateFormatVersion")


def test_json_is_for_programs_and_notes_are_not_in_it() -> None:
    found = CliRunner().invoke(main, ["synth", "cloudformation", EXAMPLE, "--json"])
    assert json.loads(found.stdout)["Metadata"]["Fleetfoot"] == {"Service": "encryptor", "Mode": "controller"}


def test_what_a_mode_cannot_do_is_exit_2_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "stack.yaml"
    found = CliRunner().invoke(main, ["synth", "cloudformation", EXAMPLE, "--mode", "native20", "-o", str(out)])
    assert found.exit_code == 2
    assert "policy rps: mode native20 cannot do it" in found.stderr
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "none" / "stack.yaml")
    found = CliRunner().invoke(main, ["synth", "cloudformation", EXAMPLE, "-o", nowhere])
    assert found.exit_code == 2
    assert "cannot be written" in found.stderr
