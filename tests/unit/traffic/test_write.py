"""Traces that are written are read back as they were; their figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetfoot.traffic import shapes
from fleetfoot.traffic.samples import Samples, read_samples
from fleetfoot.traffic.trace import shape_of
from fleetfoot.traffic.write import columns, sampled, summary, write_samples

START = 1_772_409_600.0  # 2026-03-02T00:00:00Z


def made(*values: float, interval: float = 1.0, iso: bool = True, first: float = START) -> Samples:
    return Samples("made", tuple(first + i * interval for i in range(len(values))), values, interval, iso)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(made(1, 0, 2.5), id="dates"),
        pytest.param(made(1, 0, 2.5, interval=0.25), id="parts of a second"),
        pytest.param(made(1, 0, 2.5, interval=60, iso=False, first=0), id="seconds"),
    ],
)
def test_a_written_trace_is_read_back_as_it_was(tmp_path: Path, name: str, samples: Samples) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    write_samples(samples, tmp_path / name)
    assert read_samples(tmp_path / name)._replace(name="made") == samples


def test_the_same_trace_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a.csv.gz", "b.csv.gz"):
        write_samples(made(1, 2, 3), tmp_path / name)
    assert (tmp_path / "a.csv.gz").read_bytes()[10:] == (tmp_path / "b.csv.gz").read_bytes()[10:]


def test_the_figures_of_a_trace() -> None:
    told = summary(made(0, 0, 4, 0, 0, 0, 8, 4))
    assert (told.samples, told.span, told.mean, told.p99, told.peak) == (8, 7.0, 2.0, 8, 8)
    assert told.peak_at == START + 6
    assert (told.empty, told.gaps, told.gap_longest, told.gap_at) == (5, 2, 3.0, START + 3)


def test_a_trace_that_never_rests_has_no_gap() -> None:
    told = summary(made(1, 2))
    assert (told.empty, told.gaps, told.gap_longest, told.gap_at) == (0, 0, 0.0, None)


def test_the_p99_leaves_one_in_a_hundred_above() -> None:
    assert summary(made(*range(1, 101))).p99 == 99


def test_a_shape_is_sampled_on_the_grid_with_both_ends() -> None:
    found = sampled(shapes.ramp(0, 10, over=5), made(0, 0), START)
    assert found.value == pytest.approx((0, 2, 4, 6, 8, 10))
    assert found.at == tuple(START + second for second in range(6))


def test_what_is_changed_and_sampled_is_what_was_asked() -> None:
    changed = sampled(shape_of(made(1, 2, 3, 2), start="1", repeat=2, scale=10), made(0, 0), START + 1)
    assert changed.value == pytest.approx((20, 30, 20, 30, 20))
    assert changed.at[0] == START + 1


def test_a_picture_keeps_every_peak() -> None:
    assert columns(made(1, 9, 1, 1, 1, 5), 3) == [9, 1, 5]
    assert columns(made(1, 2), 60) == [1, 2]
