"""``fleetfoot trace``: from logs and traces to a trace, with figures, a picture, and errors in one line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleetfoot.face.cli import main
from fleetfoot.traffic.samples import read_samples
from fleetfoot.traffic.trace import load_trace

EXAMPLE = Path(__file__).parents[3] / "examples" / "traffic" / "access.log"


def call(*words: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["trace", *map(str, words)], input=stdin)


def facts(*words: str | Path, stdin: bytes | None = None) -> dict[str, Any]:
    result = call(*words, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_a_log_becomes_a_trace_that_can_be_played(tmp_path: Path) -> None:
    told = facts(EXAMPLE, "--out", tmp_path / "t.csv")
    shape = load_trace(tmp_path / "t.csv")
    assert told["log"]["requests"] == 282
    assert shape.duration == told["span_s"] == 117
    assert max(read_samples(tmp_path / "t.csv").value) == told["peak"] == 12


def test_the_picture_and_the_figures_are_printed() -> None:
    told = call(EXAMPLE).stdout
    assert "█" in told.splitlines()[0]
    for word in ("span", "2026-03-02T00:00:02Z", "mean", "p99", "peak", "12/s", "the longest 6 s", "282 lines"):
        assert word in told


def test_stdin_is_a_log_plain_or_packed() -> None:
    text = EXAMPLE.read_bytes()
    assert facts("-", stdin=text) == facts("-", stdin=gzip.compress(text))
    assert facts("-", stdin=text)["log"] == facts(EXAMPLE)["log"]


def test_a_status_filter_leaves_requests_out() -> None:
    log = facts(EXAMPLE, "--status", "!429")["log"]
    assert log["filtered"] > 0
    assert log["requests"] + log["filtered"] == 282


def test_a_trace_is_cut_scaled_and_repeated(tmp_path: Path) -> None:
    facts(EXAMPLE, "--out", tmp_path / "t.csv")
    window = ("--from", "45", "--to", "100", "--peak", "200/s", "--repeat", "2")
    told = facts(tmp_path / "t.csv", *window, "--out", tmp_path / "u.csv.gz")
    assert (told["span_s"], told["peak"], "log" in told) == (110, 200, False)
    assert load_trace(tmp_path / "u.csv.gz").duration == 110


def test_a_trace_is_sped_up_by_the_same_word_as_for_load(tmp_path: Path) -> None:
    told = facts(EXAMPLE, "--interval", "10s", "--speed", "10", "--out", tmp_path / "t.csv")
    assert (told["interval_s"], told["span_s"], told["peak"]) == (1, 11, 8.1)
    assert load_trace(tmp_path / "t.csv").duration == 11


def test_the_same_words_change_a_log_and_its_trace_alike(tmp_path: Path) -> None:
    facts(EXAMPLE, "--out", tmp_path / "t.csv")
    words = ("--from", "2026-03-02T00:00:40Z", "--scale", "3")
    left, right = facts(EXAMPLE, *words), facts(tmp_path / "t.csv", *words)
    del left["log"]
    assert left == right


def test_malformed_lines_are_counted_and_the_first_are_shown() -> None:
    told = call("-", stdin=EXAMPLE.read_bytes() + b"half a li\n").stdout
    assert "lines that are no request of a log: 1" in told
    assert "stdin:283: 'half a li'" in told


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param([EXAMPLE.parent / "none.log"], "No such file", id="no file"),
        pytest.param([EXAMPLE.parent], "Is a directory", id="a folder"),
        pytest.param([__file__], "are not of an access log", id="no log"),
        pytest.param([EXAMPLE, "--interval", "soon"], "is not a time", id="no interval"),
        pytest.param([EXAMPLE, "--interval", "0s"], "over 0 s", id="interval of nothing"),
        pytest.param([EXAMPLE, "--interval", "1d"], "give a shorter one", id="all in one interval"),
        pytest.param([EXAMPLE, "--status", "ok"], "is not a status", id="no status"),
        pytest.param([EXAMPLE, "--fill"], "fill belongs to a trace", id="fill of a log"),
        pytest.param([EXAMPLE, "--peak", "high"], "is not a rate", id="no peak"),
        pytest.param([EXAMPLE, "--peak", "9", "--scale", "2"], "give one of them", id="two heights"),
        pytest.param([EXAMPLE, "--scale", "-1"], "scale must be over 0", id="upside down"),
        pytest.param([EXAMPLE, "--repeat", "0"], "repeat must be 1 or more", id="never"),
        pytest.param([EXAMPLE, "--from", "2001-01-01"], "is not within the trace", id="another day"),
        pytest.param([EXAMPLE, "--out", "/nowhere/t.csv"], "cannot write /nowhere/t.csv", id="no folder"),
        pytest.param([EXAMPLE, "--out", "t.xlsx"], "write .csv, .csv.gz or .parquet", id="another kind of file"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(words: list[str | Path], says: str) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_interval_and_status_are_refused_for_a_trace(tmp_path: Path) -> None:
    facts(EXAMPLE, "--out", tmp_path / "t.csv")
    assert "belong to access logs" in call(tmp_path / "t.csv", "--status", "2xx").stderr
