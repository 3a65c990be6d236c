from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot_agent.histogram import LAST, SIZE, Histogram, bucket_ns, index_of

HOUR = 3_600_000_000_000
latencies = st.integers(min_value=0, max_value=HOUR - 1)


def filled(*ms: float) -> Histogram:
    histogram = Histogram()
    for value in ms:
        histogram.record_ms(value)
    return histogram


@given(latencies)
def test_every_latency_lies_within_its_bucket_which_is_at_most_a_sixteenth_wide(ns: int) -> None:
    low, high = bucket_ns(index_of(ns))
    assert low <= ns < high
    assert high - low <= max(1024, low / 16)


def test_buckets_follow_each_other_without_a_gap() -> None:
    edges = [bucket_ns(i) for i in range(SIZE)]
    assert edges[0] == (0, 1024)
    for before, after in pairwise(edges):
        assert before[1] == after[0]


def test_the_index_is_the_formula_other_writers_of_the_same_buckets_use() -> None:
    for ns in (0, 1023, 1024, 16 * 1024, 31 * 1024, 32 * 1024, 50_000_000, 1_000_000_000):
        u = ns >> 10
        b = u.bit_length()
        assert index_of(ns) == (u if b < 5 else ((b - 4) << 4) + (u >> (b - 5)))


@pytest.mark.parametrize("ns", [HOUR, 10 * HOUR, 2**80])
def test_a_latency_over_an_hour_is_counted_in_the_last_bucket(ns: int) -> None:
    histogram = Histogram()
    histogram.record_ns(ns)
    assert histogram.counts[LAST] == 1


def test_a_negative_latency_counts_as_none() -> None:
    histogram = Histogram()
    histogram.record_ns(-5)
    assert histogram.to_json() == {"0": 1}


@given(st.lists(latencies, min_size=1, max_size=60), st.floats(min_value=0, max_value=1))
def test_a_quantile_is_within_the_bucket_of_the_true_one(values: list[int], q: float) -> None:
    histogram = Histogram()
    for ns in values:
        histogram.record_ns(ns)
    rank = min(max(-(-(q * len(values) - 1e-9) // 1), 1), len(values))
    low, high = bucket_ns(index_of(sorted(values)[int(rank) - 1]))
    assert low / 1e6 <= histogram.quantile_ms(q) <= high / 1e6 * (1 + 1e-12)


def test_a_lone_latency_never_reads_faster_than_it_was() -> None:
    assert 50 <= filled(50).quantile_ms(0.95) <= 50 * 17 / 16


def test_an_empty_histogram_has_quantile_zero_and_nothing_over() -> None:
    assert Histogram().quantile_ms(0.95) == 0.0
    assert Histogram().count_over_ms(0) == 0


def test_nineteen_of_twenty_fast_requests_make_a_fast_p95() -> None:
    histogram = filled(*[10.0] * 19, 5000.0)
    assert histogram.quantile_ms(0.95) < 11
    assert histogram.quantile_ms(0.951) > 5000


def test_the_count_over_an_edge_is_exact_and_within_a_bucket_is_linear() -> None:
    low, high = (edge / 1e6 for edge in bucket_ns(index_of(50_000_000)))
    histogram = filled(1, *[50.0] * 8, 2000)
    assert histogram.count_over_ms(low) == pytest.approx(9)
    assert histogram.count_over_ms((low + high) / 2) == pytest.approx(5)
    assert histogram.count_over_ms(high) == 1
    assert histogram.count_over_ms(-1) == 10
    assert histogram.count_over_ms(float("inf")) == 0


@given(st.lists(latencies, max_size=40), st.lists(latencies, max_size=40))
def test_merging_counts_the_same_as_recording_all_in_one(first: list[int], second: list[int]) -> None:
    a, b, both = Histogram(), Histogram(), Histogram()
    for ns in first:
        a.record_ns(ns)
        both.record_ns(ns)
    for ns in second:
        b.record_ns(ns)
        both.record_ns(ns)
    older = a.copy()
    a.merge(b)
    assert a == both
    assert a.minus(older) == b
    assert a.total == len(first) + len(second)


@given(st.lists(latencies, max_size=40))
def test_a_histogram_survives_json(values: list[int]) -> None:
    histogram = Histogram()
    for ns in values:
        histogram.record_ns(ns)
    assert Histogram.from_json(json.loads(json.dumps(histogram.to_json()))) == histogram


def test_minus_of_a_different_life_never_goes_below_zero() -> None:
    assert filled(1).minus(filled(1, 1, 900)).total == 0


@pytest.mark.parametrize(
    "data", [{"x": 1}, {"-1": 1}, {str(SIZE): 1}, {"3": -1}, {"3": 1.5}, {"3": True}, {"3": "1"}, {None: 1}]
)
def test_a_false_sparse_form_is_refused(data: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="histogram bucket"):
        Histogram.from_json(data)


def test_counts_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="buckets"):
        Histogram([1, 2, 3])


@pytest.mark.parametrize("index", [-1, SIZE])
def test_a_bucket_that_does_not_exist_is_an_index_error(index: int) -> None:
    with pytest.raises(IndexError):
        bucket_ns(index)
