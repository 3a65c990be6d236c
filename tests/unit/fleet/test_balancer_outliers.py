"""Who is an outlier, how long it is out and how it returns, with numbers and no sockets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.fleet.balancer import outliers
from fleetfoot.fleet.balancer.choose import Fleet
from fleetfoot.fleet.balancer.outliers import BASE_MS, MINIMUM, PROBES, WINDOW_MS, bounds, is_slow, quota
from fleetfoot.fleet.balancer.tasks import NO_LIMIT, Task


def fleet(count: int, concurrency: int | None = None) -> Fleet:
    made = Fleet(concurrency)
    for number in range(count):
        made.ready(made.add(f"t{number}", 1, "a", "r"), 0.0, 0.0)
    return made


def serve(task: Task, good: int, bad: int = 0) -> None:
    task.served += good + bad
    task.failures += bad


def names(made: Fleet) -> str:
    return " ".join(task.name for task in made.routed)


def with_one_bad(count: int, concurrency: int | None = None) -> tuple[Fleet, Task]:
    """Its first task fails all, the others nothing; seen by the balancer at 100 ms."""
    made = fleet(count, concurrency)
    made.tick(0.0)
    bad, *others = made.tasks.values()
    for task in others:
        serve(task, 50)
    serve(bad, 0, 50)
    assert made.tick(100.0)
    return made, bad


def test_a_task_that_fails_while_its_peers_do_well_gets_nothing() -> None:
    made, bad = with_one_bad(3)
    assert names(made) == "t1 t2"
    assert (bad.conduct.until, bad.conduct.ejections) == (100.0 + BASE_MS, 1)


@pytest.mark.parametrize(
    ("bad", "good", "peers_bad", "peers_good"),
    [
        pytest.param(MINIMUM - 1, 0, 0, 1000, id="too-few-faults-to-say"),
        pytest.param(50, 0, 100, 0, id="what-they-all-depend-on-is-down"),
        pytest.param(60, 40, 100, 100, id="within-chance-of-its-peers"),
        pytest.param(80, 920, 0, 2000, id="a-few-failures-among-many-good-answers"),
        pytest.param(50, 0, 0, 0, id="no-peer-to-compare-with"),
    ],
)
def test_who_is_no_outlier(bad: int, good: int, peers_bad: int, peers_good: int) -> None:
    made = fleet(3)
    made.tick(0.0)
    one, *peers = made.tasks.values()
    serve(one, good, bad)
    for peer in peers:
        serve(peer, peers_good // 2, peers_bad // 2)
    made.tick(100.0)
    assert names(made) == "t0 t1 t2"


def test_broken_connections_count_like_failures() -> None:
    made = fleet(2)
    made.tick(0.0)
    one, other = made.tasks.values()
    one.breaks += 20
    serve(other, 20)
    made.tick(100.0)
    assert names(made) == "t1"


def test_faults_older_than_the_window_are_forgotten() -> None:
    made = fleet(2)
    made.tick(0.0)
    one, other = made.tasks.values()
    serve(one, 0, 20)  # alone with its failures, and so no outlier
    now = 0.0
    while now < WINDOW_MS + 2000:
        now += 50.0
        made.tick(now)
    serve(one, 20)
    serve(other, 20)
    made.tick(now + 50.0)
    assert names(made) == "t0 t1"


@pytest.mark.parametrize(("tasks", "out"), [(1, 0), (2, 1), (3, 1), (6, 1), (7, 2), (10, 3), (20, 6)])
def test_at_most_three_in_ten_are_out_and_never_the_last(tasks: int, out: int) -> None:
    assert quota(tasks) == out
    made = fleet(tasks)
    made.tick(0.0)
    for number, task in enumerate(made.tasks.values()):
        serve(task, 0 if number < tasks * 0.4 else 200, 200 if number < tasks * 0.4 else 0)
    made.tick(100.0)
    assert len(made.routed) >= tasks - out


def test_a_task_comes_back_half_open_and_stays_when_its_probes_are_answered() -> None:
    made, bad = with_one_bad(2)
    assert not made.tick(BASE_MS)
    assert made.tick(100.0 + BASE_MS)
    assert names(made) == "t0 t1"
    assert bad.conduct.probing
    assert bad.limit == 1  # one request at a time
    serve(bad, PROBES - 1)
    assert not made.tick(6000.0)
    serve(bad, 1)
    assert made.tick(6050.0)
    assert (bad.conduct.probing, bad.limit) == (False, NO_LIMIT)
    made.tick(6100.0)
    assert names(made) == "t0 t1"  # what it did before is forgotten


def test_a_probe_that_fails_puts_it_out_for_twice_as_long() -> None:
    made, bad = with_one_bad(2)
    now = 100.0 + BASE_MS
    made.tick(now)
    made.faulted(bad, int((now - 1) * 1e6), now + 1)
    assert bad.conduct.probing  # a request of before the probes says nothing
    spans = []
    for _ in range(8):
        made.faulted(bad, int((now + 1) * 1e6), now + 2)
        assert names(made) == "t1"
        spans.append(bad.conduct.until - now - 2)
        now = bad.conduct.until
        made.tick(now)
    assert spans == [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]


def test_a_long_good_conduct_makes_the_next_time_short_again() -> None:
    made, bad = with_one_bad(2)
    made.tick(5100.0)
    serve(bad, PROBES)
    made.tick(5150.0)
    later = 5150.0 + 2 * BASE_MS + WINDOW_MS + 1
    outliers.eject(bad, later)
    assert bad.conduct.until == later + BASE_MS


def test_the_limit_of_concurrency_returns_after_the_probes() -> None:
    made, bad = with_one_bad(2, concurrency=8)
    made.tick(5100.0)
    assert bad.limit == 1
    serve(bad, PROBES)
    made.tick(5150.0)
    assert bad.limit == 8


def test_when_its_peers_leave_the_ejected_one_takes_all_requests_again() -> None:
    made, bad = with_one_bad(2)
    made.tasks["t1"].draining = True
    made.rebuild(200.0)
    assert names(made) == "t0"
    assert (bad.conduct.probing, bad.limit) == (False, NO_LIMIT)


def test_a_peer_that_is_shunned_for_a_second_leaves_not_all_requests_to_a_probe() -> None:
    made, bad = with_one_bad(2)
    made.tick(5100.0)
    made.shun(made.tasks["t1"], 5200.0)
    assert bad.conduct.probing
    assert names(made) == "t0 t1"


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_bounds_hold_the_share_between_them(faults: int, good: int) -> None:
    low, high = bounds(faults, faults + good)
    share = faults / (faults + good) if faults + good else 0.5
    assert -1e-9 <= low <= share + 1e-9 <= high + 2e-9 <= 1 + 3e-9


@pytest.mark.parametrize(
    ("p95", "others", "slow"), [(400, [100, 110], True), (300, [100, 110], False), (9e9, [], False)]
)
def test_a_slow_task_stands_out_from_the_median_of_its_peers(p95: float, others: list[float], slow: bool) -> None:
    assert is_slow(p95, others) is slow
