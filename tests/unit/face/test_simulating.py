"""``fleetfoot simulate`` and ``compare``: what they print and write, and how they answer what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleetfoot.face.cli import main
from fleetfoot.sim.live import SOURCES

FLASH = "flash:base=60,peak=240,at=15m,rise=20s,half=3m,seconds=30m"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("orders") / "fleetfoot.yaml"
    path.write_text(
        "services:\n"
        "  orders: {run: orders --port $PORT, capacity: {min: 2, max: 60}, "
        "task: {throughput: 20/s, startup: 40s, price: 0.05 EUR/h}}\n"
    )
    return path


def call(verb: str, *words: str | Path) -> Result:
    return CliRunner().invoke(main, [verb, *map(str, words)])


def told(verb: str, *words: str | Path) -> dict[str, Any]:
    result = call(verb, *words, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_a_service_is_simulated_and_its_figures_and_picture_are_printed(file: Path) -> None:
    shown = call("simulate", file, "--traffic", FLASH).stdout
    for words in ("traffic", "█", "seconds over the objective", "EUR", "cost over clairvoyant", "- decided", "an hour"):
        assert words in shown
    assert "--decisions lists them" in shown


def test_decisions_are_told_in_words_and_in_the_language_asked_for(file: Path) -> None:
    assert "0:15:" in call("simulate", file, "--traffic", FLASH, "--decisions").stdout
    korean = told("simulate", file, "--traffic", FLASH, "--decisions", "--lang", "ko")["decisions"]
    assert korean[0].keys() == {"t", "before", "after", "words"}
    assert any("태스크" in decision["words"] for decision in korean)


def test_the_same_seed_is_the_same_run_and_another_is_not(file: Path) -> None:
    one, again = (told("simulate", file, "--traffic", FLASH, "--seed", "4") for _ in range(2))
    assert one == again
    assert told("simulate", file, "--traffic", FLASH, "--seed", "5")["requests"] != one["requests"]


def test_slow_metrics_a_hostile_plant_and_shedding_make_the_difference_they_should(file: Path) -> None:
    plain = told("simulate", file, "--traffic", FLASH)
    slow = told("simulate", file, "--traffic", FLASH, "--metrics", "cloudwatch 60s")
    bad = told("simulate", file, "--traffic", FLASH, "--plant", "hostile")
    shed = told("simulate", file, "--traffic", FLASH, "--shed")
    assert slow["share_over"] > plain["share_over"]
    assert bad["share_bad"] > plain["share_bad"]
    assert shed["failed"] < plain["failed"]
    assert shed["shed"] > 0 == plain["shed"]


def test_a_trace_is_played_with_the_grammar_of_load(file: Path, tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text(
        "timestamp,value\n" + "".join(f"{60 * i},{50 + 3 * (i % 7)}\n" for i in range(61))
    )
    found = told("simulate", file, "--traffic", tmp_path / "day.csv", "--from", "0", "--to", "2400", "--peak", "90")
    assert found["simulated_s"] == 2400


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        pytest.param(["--traffic", "flsh:base=1"], "did you mean flash", id="shape"),
        pytest.param(["--traffic", "dya.csv"], "there is no trace dya.csv", id="trace"),
        pytest.param(["--traffic", "20", "--peak", "3"], "belong to a trace", id="peak"),
        pytest.param(["--traffic", "20", "--metrics", "cloudwach"], "did you mean 'cloudwatch", id="metrics"),
        pytest.param(["--traffic", "20", "--service", "order"], "did you mean orders", id="service"),
        pytest.param(["--traffic", "0"], "no request in it", id="nothing"),
        pytest.param(["--traffic", "20", "--report", "no/such/folder/x.html"], "there is no folder", id="report"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_before_anything_runs(file: Path, words: list[str], answer: str) -> None:
    result = call("simulate", file, *words)
    assert result.exit_code == 2
    assert answer in result.stderr
    assert result.stdout == ""


def test_a_report_that_cannot_be_written_loses_no_figures(file: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    result = call("compare", file, "--traffic", FLASH, "--policies", "yours", "--jobs", "1", "--report", tmp_path)
    assert result.exit_code == 2  # a folder is refused by the option itself
    long = tmp_path / ("x" * 300)
    result = call("simulate", file, "--traffic", FLASH, "--report", long)
    assert result.exit_code == 2
    assert "cannot write" in result.stderr
    assert "seconds over the objective" in result.stdout


def test_a_comparison_is_one_table_with_the_bounds_and_a_page(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "c.html"
    words = ("--traffic", FLASH, "--policies", "yours, kpa requests", "--jobs", "1", "--report", page)
    shown = call("compare", file, *words)
    assert shown.exit_code == 0, shown.output
    for name in ("yours", "kpa requests", "clairvoyant", "reactive limit", "over %", "cost x"):
        assert name in shown.stdout
    assert page.read_text().startswith("<!doctype html>")


def test_a_comparison_scales_traffic_unless_it_is_ones_own(file: Path) -> None:
    given = ("--traffic", "20@20m,40@20m", "--jobs", "1")
    assert told("compare", file, *given, "--policies", "yours")["tasks"] is None
    assert told("compare", *given, "--policies", "default")["tasks"] == 8
    small, large = (told("compare", *given, "--policies", "default", "--tasks", n)["rows"][0] for n in ("2", "16"))
    assert large["hours"] > 4 * small["hours"]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        pytest.param(["--policies", "hpa request"], "did you mean 'hpa requests'", id="policy"),
        pytest.param(["--policies", "yours"], "give the file", id="yours-without-a-file"),
        pytest.param(["--window", "10m"], "20m or longer", id="window"),
        pytest.param(["--window", "soon"], "is not a time", id="no-time"),
        pytest.param(["--jobs", "0"], "--jobs must be 1 or more", id="jobs"),
        pytest.param(["--traces", "nowhere"], "cannot read the folder", id="folder"),
        pytest.param(["--traffic", "20", "--traffic", "20"], "given twice", id="twice"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_in_one_line(words: list[str], answer: str) -> None:
    result = call("compare", *words)
    assert result.exit_code == 2
    assert answer in result.stderr
    assert result.stderr.count("\n") == 1


def test_traffic_too_short_to_judge_is_refused(file: Path) -> None:
    assert "a comparison needs 20m" in call("compare", file, "--traffic", "20", "--for", "10m").stderr


def test_without_the_extra_one_line_names_it(file: Path) -> None:
    """A Python that cannot import numba stands for an installation without it."""
    code = (
        "import sys; sys.modules['numba'] = None; from fleetfoot.face.cli import main; "
        f"main(['simulate', {str(file)!r}, '--traffic', '20'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "make dev in the clone brings it" in done.stderr
    assert done.stderr.count("\n") == 1


SHARED = """\
services:
  web: {run: x, priority: critical, task: {throughput: 20/s, startup: 30s, price: 1 USD/h}, capacity: {min: 2, max: 90}}
  reports: {run: x, priority: low, task: {throughput: 20/s, startup: 30s, price: 1 USD/h}, capacity: {min: 2, max: 90}}
budget: {hourly: 20 USD}
"""


def test_services_of_one_file_are_simulated_beside_each_other(tmp_path: Path) -> None:
    file = tmp_path / "shared.yaml"
    file.write_text(SHARED)
    words = ["simulate", str(file), "--service", "web", "--traffic", "60@5m,200@5m", "--json"]
    found = json.loads(CliRunner().invoke(main, [*words, "--beside", "reports=60@5m,200@5m"]).stdout)
    assert list(found["beside"]) == ["reports"]
    assert found["beside"]["reports"]["most"] <= 6
    alone = json.loads(CliRunner().invoke(main, words).stdout)
    assert alone["beside"] == {}


def test_the_warnings_of_check_stand_under_a_simulation(tmp_path: Path) -> None:
    file = tmp_path / "open.yaml"
    file.write_text("services: {a: {run: x, capacity: {min: 2, max: 9}}}")
    assert "warning: task.throughput is not written" in call("simulate", file, "--traffic", "20@20m").stdout
    warnings = told("simulate", file, "--traffic", "20@20m")["warnings"]
    assert warnings[0].startswith("task.throughput is not written")


@pytest.mark.parametrize(("metrics", "warned"), [("plane", False), ("cloudwatch20", False), ("cloudwatch60", True)])
def test_slo_on_metrics_of_a_minute_is_warned_of(tmp_path: Path, metrics: str, warned: bool) -> None:
    file = tmp_path / "slo.yaml"
    file.write_text("services: {a: {run: x $PORT, policies: [slo], task: {throughput: 20/s}, capacity: {min: 2}}}")
    warnings = told("simulate", file, "--traffic", "20@20m", "--metrics", metrics)["warnings"]
    assert any("slo sees the requests as means of 1m" in warning for warning in warnings) == warned


@pytest.mark.parametrize(("traffic", "warned"), [("180@20m", False), ("190@20m", True)])
def test_traffic_that_no_allowed_count_carries_is_warned_of(tmp_path: Path, traffic: str, warned: bool) -> None:
    file = tmp_path / "small.yaml"
    file.write_text("services: {a: {run: x $PORT, task: {throughput: 20/s}, capacity: {min: 2, max: 9}}}")
    said = "the traffic reaches 190/s and 9 tasks, the most there may be, carry 180/s"
    assert (said in told("simulate", file, "--traffic", traffic)["warnings"]) == warned


def test_help_names_every_source_of_metrics() -> None:
    text = " ".join(call("simulate", "--help").stdout.split())
    assert [name for name in SOURCES if name not in text] == []


def test_a_run_of_one_service_says_which_shared_limits_it_leaves_out(tmp_path: Path) -> None:
    file = tmp_path / "shared.yaml"
    file.write_text(SHARED)
    words = ("--service", "web", "--traffic", "60@20m")
    for verb, more in (("compare", ["--policies", "yours", "--jobs", "1"]), ("tune", ["--trials", "2", "--jobs", "1"])):
        [note] = [note for note in told(verb, file, *words, *more)["assumed"] if "share" in note]
        assert note.startswith("what the services share is left out here: budget;")


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        pytest.param("reports", "write NAME=TRAFFIC", id="no traffic"),
        pytest.param("web=20/s", "a service has one traffic", id="itself"),
        pytest.param("raports=20/s", "did you mean reports?", id="nobody"),
        pytest.param("reports=20@9m", "as long as one another", id="another length"),
    ],
)
def test_a_wrong_neighbour_is_told_in_one_line(beside: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "shared.yaml"
    file.write_text(SHARED)
    words = ["simulate", str(file), "--service", "web", "--traffic", "60@5m,200@5m", "--beside", beside]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert told in result.output


def test_an_installation_that_may_not_be_written_to_is_told_where_to_put_what_it_compiles(file: Path) -> None:
    nowhere = {**os.environ, "NUMBA_CACHE_LOCATOR_CLASSES": "_ZipCacheLocator"}
    command = [sys.executable, "-m", "fleetfoot", "simulate", str(file), "--traffic", "20@1m"]
    done = subprocess.run(command, env=nowhere, capture_output=True, text=True, check=False)
    assert (done.returncode, "set NUMBA_CACHE_DIR" in done.stderr) == (2, True), done.stderr


def test_the_page_of_a_shadow_has_its_folder_before_anything_is_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["report", "--shadow", "--state", str(tmp_path), "--html", "/nowhere/x.html"])
    assert (result.exit_code, "there is no folder /nowhere" in result.stderr) == (2, True)


@pytest.mark.parametrize("columns", ["40", "60"])
def test_on_a_narrow_terminal_no_figure_and_no_name_is_cut(file: Path, columns: str) -> None:
    words = ["simulate", str(file), "--traffic", "20@12m"]
    shown = CliRunner().invoke(main, words, env={"COLUMNS": columns}).stdout
    assert "…" not in shown
    for word in ("traffic", "p95", "0, 0.00 %", "task-hours"):
        assert word in shown
