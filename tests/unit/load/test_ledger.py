"""What became of every request, by the second in which it was due."""

from __future__ import annotations

import pytest

from fleetfoot.load.ledger import MS, NS, Ending, Ledger, percentile
from fleetfoot.load.verdict import Objective


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(Objective(0.95, 1000, 0.01))


def test_a_latency_starts_when_the_request_was_due_not_when_it_was_sent(ledger: Ledger) -> None:
    shot = ledger.sent(due=0, now=700 * MS)
    ledger.end(shot, 1100 * MS, Ending.OK, 200)
    assert ledger.counts().late == 1
    assert ledger.max_ns == 1100 * MS


def test_the_generators_own_lateness_is_counted_apart(ledger: Ledger) -> None:
    ledger.sent(due=NS, now=NS + 3 * MS)
    ledger.sent(due=2 * NS, now=2 * NS + MS)
    assert ledger.max_late_ns == 3 * MS
    assert ledger.lateness.total == 2
    assert [second.late_ns for second in ledger.seconds] == [0, 3 * MS, MS]


def test_a_request_belongs_to_the_second_in_which_it_was_due(ledger: Ledger) -> None:
    shot = ledger.sent(due=NS - 1, now=NS - 1)
    ledger.end(shot, 3 * NS, Ending.OK, 200)
    assert [(s.arrivals, s.bad) for s in ledger.seconds] == [(1, 1)]


def test_every_request_is_counted_once_whatever_ends_it(ledger: Ledger) -> None:
    endings = [(Ending.OK, 200), (Ending.REFUSED, 503), (Ending.ERROR, 500), (Ending.FAILED, 0), (Ending.TIMED_OUT, 0)]
    for ending, status in endings:
        shot = ledger.sent(0, 0)
        ledger.end(shot, MS, ending, status)
        ledger.end(shot, 9 * NS, Ending.FAILED, 0, "a second word is not heard")
    counts = ledger.counts()
    assert (counts.ok, counts.refused, counts.errors, counts.failed, counts.timed_out) == (1, 1, 1, 1, 1)
    assert counts.requests == 5
    assert counts.bad == counts.lost == 4
    assert ledger.seconds[0].bad == ledger.seconds[0].lost == 4
    assert not ledger.failures


def test_a_fast_failure_does_not_make_the_percentiles_fast(ledger: Ledger) -> None:
    for _ in range(99):
        ledger.end(ledger.sent(0, 0), MS, Ending.REFUSED, 503)
    ledger.end(ledger.sent(0, 0), 800 * MS, Ending.OK, 200)
    ledger.settle(ledger.seconds[0])
    assert ledger.seconds[0].p_ms == 800
    assert ledger.histogram.total == 1


def test_a_second_is_over_when_more_than_its_share_is_bad(ledger: Ledger) -> None:
    for i in range(20):
        ledger.end(ledger.sent(0, 0), (1001 if i == 0 else 10) * MS, Ending.OK, 200)
    assert not ledger.is_over(ledger.seconds[0], 5 * NS)
    ledger.end(ledger.sent(0, 0), 2 * NS, Ending.OK, 200)
    assert ledger.is_over(ledger.seconds[0], 5 * NS)


def test_open_requests_are_bad_only_once_they_are_older_than_the_objective(ledger: Ledger) -> None:
    ledger.sent(500 * MS, 500 * MS)
    second = ledger.seconds[0]
    assert ledger.bad(second, 1900 * MS) == 0
    assert ledger.bad(second, 2000 * MS) == 1


def test_a_second_is_summed_up_only_when_all_of_it_has_ended(ledger: Ledger) -> None:
    first, last = ledger.sent(0, 0), ledger.sent(0, 0)
    ledger.end(first, 10 * MS, Ending.OK, 200)
    ledger.settle(ledger.seconds[0])
    assert ledger.seconds[0].p_ms is None
    ledger.end(last, 30 * MS, Ending.OK, 200)
    ledger.settle(ledger.seconds[0])
    assert ledger.seconds[0].p_ms == 30


def test_recent_latencies_include_open_requests_and_are_taken_once(ledger: Ledger) -> None:
    ledger.end(ledger.sent(0, 0), 10 * MS, Ending.OK, 200)
    assert ledger.take_recent([4 * NS]) == 4000
    assert ledger.take_recent([]) is None


@pytest.mark.parametrize(
    ("n", "share", "rank"), [(20, 0.95, 19), (100, 0.95, 95), (1, 0.95, 1), (21, 0.95, 20), (3, 0.5, 2)]
)
def test_a_percentile_is_the_smallest_value_that_many_do_not_exceed(n: int, share: float, rank: int) -> None:
    assert percentile([i * MS for i in range(n, 0, -1)], share) == rank
