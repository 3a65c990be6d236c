"""``fleetfoot import``: what it writes and plays, and how it answers what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fleetfoot.face.cli import main

EXAMPLES = Path(__file__).parents[3] / "examples/import"
HPA = str(EXAMPLES / "hpa.yaml")


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_the_file_is_shown_and_what_was_not_carried_over_goes_to_stderr() -> None:
    result = call("import", HPA)
    assert result.exit_code == 0
    assert result.stdout.startswith("# Written by fleetfoot")
    assert "http_requests_per_second is taken for the signal requests" in result.stderr


def test_what_is_written_is_what_check_explains_and_is_not_written_over(tmp_path: Path) -> None:
    out = str(tmp_path / "fleetfoot.yaml")
    assert "wrote" in call("import", HPA, "-o", out).stdout
    assert "as an HPA: cpu at 60% and requests at 14/s for each task" in call("check", "-f", out).output
    again = call("import", HPA, "-o", out)
    assert (again.exit_code, "--force writes over it" in again.stderr) == (2, True)
    assert call("import", HPA, "-o", out, "--force").exit_code == 0


def test_a_program_gets_the_text_and_the_notes() -> None:
    told = json.loads(call("import", HPA, "--json").stdout)
    assert "services:" in told["text"]
    assert len(told["notes"]["web"]) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("no.yaml",), "no.yaml cannot be read", id="no file"),
        pytest.param((HPA, "--signal", "x"), "is not METRIC=SIGNAL", id="no pair"),
        pytest.param((HPA, "--compare", "--service", "x"), "has no service 'x'", id="no service"),
        pytest.param((str(EXAMPLES.parent / "minimal.yaml"),), "minimal.yaml:", id="no autoscaler"),
        pytest.param((HPA, "--traffic", "20"), "--traffic: options of the comparison; write --compare too", id="idle"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(words: tuple[str, ...], told: str) -> None:
    result = call("import", *words)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr


def test_the_imported_file_costs_and_misses_what_the_scaler_it_comes_from_does() -> None:
    result = call("import", HPA, "--compare", "--traffic", "60@15m,200@15m,60@15m", "--metrics", "metrics-server",
                  "--jobs", "1", "--json")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    rows = {row["name"]: row for row in json.loads(result.stdout)["rows"]}
    mine, theirs = rows["yours"], rows["as published"]
    assert mine["cost"] == pytest.approx(theirs["cost"], rel=0.05)
    assert mine["over"] == pytest.approx(theirs["over"], abs=0.02)
    assert "slo" in rows
