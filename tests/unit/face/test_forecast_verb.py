"""``fleetfoot forecast``: the picture, the table, the page, and what is told of a bad history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fleetfoot.face.cli import main
from fleetfoot.face.foresaid import note_line
from tests.unit.predict.made import history


def forecast(*words: str) -> Result:
    return CliRunner().invoke(main, ["forecast", *words])


@pytest.fixture
def traffic(tmp_path: Path) -> Path:
    """Four days of a clean season."""
    past, file = history(4), tmp_path / "traffic.csv"
    rows = [f"{past.start + i * past.step},{value}" for i, value in enumerate(past.values)]
    file.write_text("timestamp,value\n" + "\n".join(rows))
    return file


def test_the_past_the_forecast_and_every_model_are_shown(traffic: Path) -> None:
    told = forecast("--history", str(traffic))
    assert told.exit_code == 0, told.output
    for word in ("4.0 days, every 5 min", "━", "usual day", "chosen", "as now", "the yardstick", "needs 12 days"):
        assert word in told.output, word


def test_a_program_gets_points_band_and_scores(traffic: Path) -> None:
    told = json.loads(forecast("--history", str(traffic), "--json", "--horizon", "6h").output)
    assert len(told["points"]) == 72
    _, median, low, high = told["points"][0]
    assert low <= median <= high
    assert told["model"] in {score["name"] for score in told["scores"]}


def test_a_page_is_written_that_needs_no_network(traffic: Path, tmp_path: Path) -> None:
    page = tmp_path / "forecast.html"
    assert forecast("--history", str(traffic), "--html", str(page)).exit_code == 0
    text = page.read_text()
    assert "past: " in text
    assert "band of 90 %" in text
    assert "usual day" in text
    assert "http" not in text.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("rows", "words", "told"),
    [
        ("", [], "no sample; a trace needs at least two"),
        ("0,1\n300,2\n600,3\n", [], "0.0 days of history are too short: a forecast needs two seasons"),
        ("0,1\n300,x\n", [], "'x' is not a number"),
        ("0,1\n300,2\n", ["--zone", "Mars/Base"], "'Mars/Base' is no time zone"),
        ("0,1\n300,2\n", ["--horizon", "soon"], "'soon'"),
        ("0,1\n300,2\n", ["--html", "/nowhere/at/all.html"], "there is no folder"),
    ],
    ids=["empty", "too short", "no number", "no zone", "no horizon", "no folder"],
)
def test_a_bad_history_or_word_is_told_in_a_line(tmp_path: Path, rows: str, words: list[str], told: str) -> None:
    file = tmp_path / "traffic.csv"
    file.write_text("timestamp,value\n" + rows)
    found = forecast("--history", str(file), *words)
    assert found.exit_code == 2
    assert told in found.output
    assert "Traceback" not in found.output


def test_a_service_whose_controller_never_ran_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_text("services:\n  orders: {run: 'serve $PORT', objective: {p95: 1s}}\n")
    found = forecast("orders", "--file", str(file))
    assert found.exit_code == 2
    assert "there is no journal" in found.output


def test_status_tells_how_good_the_forecast_was_and_why_it_is_silent() -> None:
    note = {"model": "usual day", "days": 9.0, "error": 0.42, "bound": 0.3, "inside": 0.75, "silent": True, "why": ""}
    assert note_line(note) == (
        "forecast: usual day of 9 days, off by 42.0% in the last two hours (bound 30%), 75% of the last day inside its "
        "band; it is silent until that is better"
    )
    assert note_line({**note, "model": "", "why": "1.2 days are too short"}) == "forecast: 1.2 days are too short"
    assert note_line({}) == ""
