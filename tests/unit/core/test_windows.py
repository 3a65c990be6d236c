"""The sliding window and the peaks against models too simple to be wrong."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core.windows import SLACK, Window, peak

KEEP = 5_000

gaps = st.integers(1, 900)
samples = st.lists(st.tuples(gaps, st.integers(1, 1_500), st.integers(0, 1_000)), max_size=40)
spans = st.integers(1, KEEP)


class Model:
    """Every millisecond with its value; what nobody measured is not there."""

    def __init__(self) -> None:
        self.by_ms: dict[int, float] = {}
        self.rows: list[tuple[int, int, float]] = []

    def add(self, end: int, span: int, value: float) -> None:
        newest = self.rows[-1][0] if self.rows else end - span
        begin = max(end - span, newest)
        self.rows.append((end, end - begin, value))
        self.by_ms |= dict.fromkeys(range(begin, end), float(value))

    def mean(self, span: int, until: int) -> tuple[float, float]:
        found = [self.by_ms[ms] for ms in range(until - span, until) if ms in self.by_ms]
        return (sum(found) / len(found) if found else 0.0), len(found)


def filled(rows: list[tuple[int, int, int]], start: int = 1_000_000) -> tuple[Window, Model]:
    window, model, end = Window(KEEP), Model(), start
    for gap, span, value in rows:
        end += gap
        assert window.add(end, span, value)
        model.add(end, span, value)
    return window, model


@given(samples, spans, st.integers(-200, 3_000))
def test_a_mean_over_any_span_until_any_moment_is_that_of_its_milliseconds(
    rows: list[tuple[int, int, int]], span: int, back: int
) -> None:
    window, model = filled(rows)
    until = (window.end if len(window) else 1_000_000) - back
    mean, covered = window.mean(span, until)
    wanted, known = model.mean(span, until)
    assert covered == pytest.approx(known, abs=1e-6)
    assert mean == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@given(samples, st.lists(spans, min_size=1, max_size=6))
def test_several_spans_in_one_walk_are_the_same_as_one_by_one(
    rows: list[tuple[int, int, int]], many: list[int]
) -> None:
    window, _ = filled(rows)
    together = window.means(sorted(many))
    alone = [window.mean(span) for span in sorted(many)]
    for (mean, covered), (wanted, known) in zip(together, alone, strict=True):
        assert mean == pytest.approx(wanted, rel=1e-12)
        assert covered == pytest.approx(known, abs=1e-6)


runs = st.lists(
    st.tuples(st.sampled_from([1, 100, 250]), st.integers(1, 12), st.sampled_from([0, 0, 1, 100]), st.integers(0, 50)),
    min_size=1, max_size=6,
)  # fmt: skip


@given(runs, st.booleans())
def test_over_steady_samples_and_where_they_break_off_a_mean_is_that_of_its_milliseconds(
    rows: list[tuple[int, int, int, int]], restored: bool
) -> None:
    each_of = [(each, i, gap, value) for each, count, gap, value in rows for i in range(count)]
    window, model = filled([(each + (gap if i == 0 else 0), each, value + i) for each, i, gap, value in each_of])
    if restored:
        window = Window.from_json(json.loads(json.dumps(window.to_json())))
    wide = (1, 100, 250, 500, 1_000, KEEP)
    for span, (mean, covered) in zip(wide, window.means(wide), strict=True):
        assert (mean, covered) == window.mean(span, window.end)
        wanted, known = model.mean(span, window.end)
        assert covered == pytest.approx(known, abs=1e-6)
        assert mean == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@given(samples, spans, st.integers(-200, 3_000), st.sampled_from(["max", "min"]))
def test_an_extreme_is_among_the_samples_that_reach_into_the_span(
    rows: list[tuple[int, int, int]], span: int, back: int, which: str
) -> None:
    window, model = filled(rows)
    until = (window.end if len(window) else 1_000_000) - back
    inside = [value for end, length, value in model.rows if end > until - span and end - length < until]
    wanted = (max if which == "max" else min)(inside) if inside else 0.0
    assert window.extreme(span, until, which) == pytest.approx(wanted, rel=1e-9)


@given(samples)
def test_a_window_comes_back_from_json_as_it_was(rows: list[tuple[int, int, int]]) -> None:
    window, _ = filled(rows)
    again = Window.from_json(json.loads(json.dumps(window.to_json())))
    end = window.end if len(window) else 1_000_000
    assert (len(again), again.end, again.span) == (len(window), window.end, window.span)
    for span in (1, 10, 333, 1_000, KEEP):
        assert again.mean(span) == window.mean(span)
        assert again.mean(span, end - 77) == window.mean(span, end - 77)
    assert again.add(end + 10, 10, 5.0)
    assert window.add(end + 10, 10, 5.0)
    assert again.to_json() == window.to_json()


def test_nothing_measured_is_no_rate_and_no_coverage() -> None:
    window = Window(KEEP)
    assert (len(window), window.mean(1_000), window.rate(1_000)) == (0, (0.0, 0.0), 0.0)
    assert window.means((1, 1_000)) == [(0.0, 0.0)] * 2
    assert window.extreme(1_000, 5, "max") == 0.0


@pytest.mark.parametrize(
    ("end", "span"),
    [
        pytest.param(1_000, 10, id="the same end again"),
        pytest.param(999, 10, id="an older one"),
        pytest.param(2_000, 0, id="no span"),
        pytest.param(2_000, -5, id="a negative span"),
    ],
)
def test_a_sample_that_is_not_newer_or_has_no_span_changes_nothing(end: int, span: int) -> None:
    window = Window(KEEP)
    window.add(1_000, 500, 3.0)
    before = window.to_json()
    assert not window.add(end, span, 9.0)
    assert window.to_json() == before


def test_a_value_that_just_half_of_the_time_does_not_exceed_is_the_median() -> None:
    window = Window(KEEP)
    for end, value in ((100, 3.0), (200, 1.0), (300, 4.0), (400, 2.0)):
        window.add(end, 100, value)
    assert [window.quantile(400, share) for share in (0.25, 0.5, 0.75, 1.0)] == [1.0, 2.0, 3.0, 4.0]


def test_an_overlap_counts_once_for_the_older_sample() -> None:
    window = Window(KEEP)
    window.add(1_000, 1_000, 10.0)
    window.add(1_500, 1_000, 40.0)
    assert window.mean(1_500) == (20.0, 1_500)


def test_time_nobody_measured_is_left_out_and_never_zero() -> None:
    window = Window(KEEP)
    window.add(1_000, 100, 10.0)
    window.add(2_000, 100, 30.0)
    assert window.mean(2_000) == (20.0, 200)


def test_what_is_trimmed_is_older_than_the_window_keeps_and_little_more_is_kept() -> None:
    window = Window(KEEP)
    for i in range(1, 20_000):
        window.add(i * 100, 100, float(i % 7))
    assert window.mean(KEEP)[1] == KEEP
    assert len(window) < KEEP // 100 + 2 * SLACK


def test_a_year_of_sums_and_one_absurd_sample_cost_no_precision() -> None:
    window, end = Window(KEEP), 0
    for i in range(3 * SLACK):
        end += 100
        window.add(end, 100, 1e12 if i == 0 else 0.1)
    assert window.mean(KEEP)[0] == pytest.approx(0.1, rel=1e-3)
    for _ in range(3 * SLACK):
        end += 100
        window.add(end, 100, 0.1)
    assert window.mean(KEEP)[0] == pytest.approx(0.1, rel=1e-9)


def test_a_sample_said_to_last_for_ever_lasts_as_long_as_the_window() -> None:
    window = Window(KEEP)
    window.add(10**15, 10**18, 8.0)
    window.add(10**15 + 100, 100, 2.0)
    assert window.mean(200) == (5.0, 200)
    mean, covered = window.mean(10**18)
    assert (round(mean, 9), covered) == (round((8 * KEEP + 2 * 100) / (KEEP + 100), 9), KEEP + 100)


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 20)), min_size=1, max_size=60), st.integers(0, 3_000))
def test_peaks_are_the_largest_of_the_last_milliseconds(rows: list[tuple[int, int]], keep: int) -> None:
    peaks, seen, now = list[list[int]](), list[tuple[int, int]](), 0
    for gap, value in rows:
        now += gap
        seen.append((now, value))
        assert peak(peaks, keep, now, value) == max(v for at, v in seen if at >= now - keep)
    assert all(older[1] > newer[1] for older, newer in pairwise(peaks))
