"""Trace files: what is read, and what is refused with file and line."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fleetfoot.traffic.samples import read_samples
from fleetfoot.traffic.trace import load_trace
from fleetfoot.traffic.unpacked import TraceErrors


def write(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def dates(folder: Path) -> Path:
    rows = [f"1998-06-10T15:{minute:02d}:00Z,{minute * 10}" for minute in range(30)]
    return write(folder, "\n".join(["timestamp,value", *rows]))


def refused(path: Path, **how: object) -> str:
    with pytest.raises(TraceErrors) as caught:
        load_trace(path, **how)  # type: ignore[arg-type]
    return str(caught.value)


def test_samples_are_joined_by_straight_lines(tmp_path: Path) -> None:
    trace = load_trace(write(tmp_path, "timestamp,value\n0,10\n60,30\n120,20\n"))
    assert trace.duration == 120
    assert trace.rate(0) == 10
    assert trace.rate(30) == 20
    assert trace.rate(90) == 25
    assert trace.total(120) == 20 * 60 + 25 * 60


def test_speed_makes_it_shorter_and_keeps_the_rates(tmp_path: Path) -> None:
    trace = load_trace(write(tmp_path, "timestamp,value\n0,10\n60,30\n120,20\n"), speed=60)
    assert trace.duration == 2
    assert trace.rate(0.5) == 20


def test_scale_multiplies_every_rate(tmp_path: Path) -> None:
    trace = load_trace(write(tmp_path, "timestamp,value\n0,10\n60,30\n"), scale=0.5)
    assert trace.rate(0) == 5
    assert trace.rate(30) == 10


def test_gzip_is_told_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "named.csv"
    path.write_bytes(gzip.compress(b"timestamp,value\n5,1\n6,3\n"))
    assert load_trace(path).rate(0.5) == 2


def test_a_window_is_cut_by_dates(tmp_path: Path) -> None:
    trace = load_trace(dates(tmp_path), start="1998-06-10T15:10:00Z", end="1998-06-10T15:12:30")
    assert trace.duration == 150
    assert trace.rate(0) == 100
    assert trace.rate(149.999) == pytest.approx(125, abs=0.01)


def test_a_window_is_cut_by_seconds_from_the_first_sample(tmp_path: Path) -> None:
    assert load_trace(dates(tmp_path), start="90", end="120").rate(0) == 15


def test_a_trace_repeats(tmp_path: Path) -> None:
    trace = load_trace(write(tmp_path, "timestamp,value\n0,10\n10,30\n"), repeat=3)
    assert trace.duration == 30
    assert trace.rate(25) == 20


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbftimestamp,value\r\n0,1\r\n1,2\r\n")
    assert read_samples(path).value == (1, 2)


def test_holes_are_counted_and_placed(tmp_path: Path) -> None:
    path = write(tmp_path, "timestamp,value\n0,1\n60,1\n120,1\n300,1\n360,1\n480,1\n")
    said = refused(path)
    assert "t.csv: 3 samples missing in 2 places" in said
    assert "t.csv:5: a hole of 2 samples after line 4 (180 s where the grid is 60 s)" in said
    assert "t.csv:7: a hole of 1 samples after line 6" in said


def test_holes_may_be_bridged_when_asked_for(tmp_path: Path) -> None:
    trace = load_trace(write(tmp_path, "timestamp,value\n0,0\n60,0\n120,0\n240,120\n"), fill="line")
    assert trace.rate(180) == 60


def test_a_sample_off_the_grid_is_told(tmp_path: Path) -> None:
    assert "t.csv:4: off the grid" in refused(write(tmp_path, "timestamp,value\n0,1\n60,1\n61,1\n121,1\n181,1\n"))


def test_every_bad_line_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "timestamp,value\n0,1\n1,-2\n2,many\n3,\nnoon,4\n5,nan\n6,1,2\n7,1\n")
    said = refused(path).splitlines()
    assert [line.split(": ", 1)[1] for line in said] == [
        "value '-2' is negative; a rate is 0 or more",
        "value 'many' is not a number",
        "value is missing",
        "timestamp 'noon' is neither ISO-8601 nor seconds",
        "value 'nan' is not a finite number",
        "3 columns where timestamp,value are 2",
    ]
    assert [line.split(":")[-2 if ": " not in line else 0][-5:] for line in said] == ["t.csv"] * 6
    assert said[0].startswith(f"{path}:3: ")


def test_very_many_bad_lines_are_counted_not_printed(tmp_path: Path) -> None:
    said = refused(write(tmp_path, "timestamp,value\n" + "".join(f"{i},x\n" for i in range(500))))
    assert len(said.splitlines()) == 11
    assert "490 more" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "the file is empty", id="empty"),
        pytest.param("timestamp,value\n", "no sample", id="header only"),
        pytest.param("timestamp,value\n0,1\n", "one sample", id="one row"),
        pytest.param("0,1\n1,2\n", "t.csv:1: the first line must be timestamp,value", id="no header"),
        pytest.param("timestamp,value\n5,1\n4,1\n", "t.csv:3: not sorted: earlier than line 2", id="unsorted"),
        pytest.param("timestamp,value\n5,1\n5,1\n", "t.csv:3: the same timestamp as line 2", id="twice"),
        pytest.param("timestamp,value\n5,1\n2020-01-01,1\n", "t.csv:3: dates and plain seconds", id="mixed"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(write(tmp_path, text))


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    assert "cannot read it: No such file" in refused(tmp_path / "none.csv")
    (tmp_path / "b.csv").write_bytes(b"timestamp,value\n\xff\xfe,1\n")
    assert "not UTF-8" in refused(tmp_path / "b.csv")
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(b"timestamp,value\n0,1\n1,2\n" * 50)[:-12])
    assert "damaged or cut short" in refused(tmp_path / "c.csv.gz")


def test_a_window_outside_the_trace_says_what_there_is(tmp_path: Path) -> None:
    said = refused(dates(tmp_path), start="1998-06-11T00:00:00Z")
    assert "1998-06-10T15:00:00Z to 1998-06-10T15:29:00Z" in said
    assert "is not a time" in refused(dates(tmp_path), start="kick-off")


@pytest.mark.parametrize("how", [{"speed": 0}, {"speed": float("nan")}, {"scale": -1}])
def test_a_speed_or_scale_of_nothing_is_refused(tmp_path: Path, how: dict[str, float]) -> None:
    assert "must be over 0" in refused(dates(tmp_path), **how)


def test_the_peak_of_the_window_is_made_what_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path, "timestamp,value\n0,10\n60,30\n120,90\n180,10\n")
    assert load_trace(path, peak=200).rate(120) == pytest.approx(200)
    assert load_trace(path, peak=200, end="60").rate(59.999) == pytest.approx(200, rel=1e-3)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        pytest.param({"peak": 0.0}, "peak must be over 0", id="no height"),
        pytest.param({"peak": 9.0, "scale": 2.0}, "give one of them", id="two heights"),
        pytest.param({"peak": 9.0, "end": "60"}, "no peak to scale", id="nothing in the window"),
        pytest.param({"repeat": 0}, "repeat must be 1 or more", id="never"),
    ],
)
def test_a_height_that_cannot_be_is_refused(tmp_path: Path, how: dict[str, object], says: str) -> None:
    assert says in refused(write(tmp_path, "timestamp,value\n0,0\n60,0\n120,4\n"), **how)


def table(folder: Path, columns: dict[str, list[object]]) -> Path:
    arrow = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = folder / "t.parquet"
    parquet.write_table(arrow.table(columns), path)
    return path


DAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param([DAY + timedelta(minutes=minute) for minute in range(3)], id="dates with a zone"),
        pytest.param([DAY.replace(minute=minute, tzinfo=None) for minute in range(3)], id="dates without"),
        pytest.param([DAY.timestamp() + minute * 60 for minute in range(3)], id="seconds"),
        pytest.param([f"2026-03-02T00:0{minute}:00Z" for minute in range(3)], id="texts"),
    ],
)
def test_a_parquet_file_is_read_like_a_csv_file(tmp_path: Path, stamps: list[object]) -> None:
    samples = read_samples(table(tmp_path, {"timestamp": stamps, "value": [1, 2.5, 4]}))
    assert samples.at == (DAY.timestamp(), DAY.timestamp() + 60, DAY.timestamp() + 120)
    assert samples.value == (1, 2.5, 4)


def test_what_is_wrong_in_a_parquet_file_is_told_by_row(tmp_path: Path) -> None:
    path = table(tmp_path, {"timestamp": [0, 60, 120], "value": [1.0, None, -2.0]})
    assert refused(path).splitlines() == [
        f"{path}:3: value is missing",
        f"{path}:4: value '-2.0' is negative; a rate is 0 or more",
    ]
    assert "the first line must be timestamp,value, not 'when,much'" in refused(
        table(tmp_path, {"when": [0], "much": [1]})
    )


def test_a_damaged_parquet_file_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 and nothing of the kind")
    assert re.search("damaged|not a Parquet file|needs pyarrow", refused(path))


def test_without_pyarrow_a_parquet_file_says_what_to_install(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")
    bare = (
        "import sys; sys.modules['pyarrow'] = None; from fleetfoot.traffic import trace; trace.load_trace(sys.argv[1])"
    )
    run = subprocess.run([sys.executable, "-c", bare, str(path)], capture_output=True, text=True, check=False)
    assert "needs pyarrow: make dev in the clone brings it" in run.stderr
