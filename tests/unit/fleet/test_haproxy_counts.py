"""From HAProxy's statistics and log to ours."""

from __future__ import annotations

import pytest

from fleetfoot.fleet.haproxy.counts import Age, Counts
from fleetfoot.fleet.haproxy.log import Line
from fleetfoot.fleet.haproxy.rows import Row
from fleetfoot.fleet.haproxy.rows import parse as parse_rows
from fleetfoot_agent.histogram import Histogram


def line(end: str = "completed", *, status: int = 200, ms: int = 5, weight: int = 1, stream: bool = False) -> Line:
    return Line(end, status, "t1", ms, ms, stream, weight)


def test_what_is_not_named_by_the_log_is_completed() -> None:
    counts = Counts(objective_ms=100)
    counts.line(line("broken", status=502), 2, warming=False)
    counts.line(line("shed", status=503), 3, warming=False)
    counts.totals(offered=20, ended=15, replayed=1, refused=4)
    assert (counts.offered, counts.completed, counts.ends["broken"], counts.ends["shed"]) == (20, 10, 2, 3)
    assert (counts.errors, counts.bad, counts.replayed, counts.refused) == (2, 5, 1, 4)


def test_completed_never_falls_when_a_line_comes_before_its_count() -> None:
    counts = Counts(objective_ms=100)
    counts.totals(10, 10, 0, 0)
    counts.line(line("broken"), 1, warming=False)
    counts.totals(10, 10, 0, 0)
    assert counts.completed == 10


def test_a_sampled_line_stands_for_all_it_was_drawn_from() -> None:
    counts = Counts(objective_ms=100)
    counts.line(line(weight=10, ms=200), 3, warming=True)
    assert (counts.latency.total, counts.bad, counts.served_warming) == (30, 30, 30)
    assert counts.latency.quantile_ms(0.5) == pytest.approx(200, rel=0.07)


@pytest.mark.parametrize(
    ("one", "bad", "in_histogram"),
    [
        pytest.param(line(), 0, 1, id="good"),
        pytest.param(line(status=500), 1, 0, id="a-quick-500-must-not-look-fast"),
        pytest.param(line(status=500, ms=200), 1, 1, id="slow-500"),
        pytest.param(line(ms=200), 1, 1, id="late"),
        pytest.param(line("broken"), 1, 0, id="broken"),
        pytest.param(line("timed_out", ms=200), 1, 1, id="timed-out"),
        pytest.param(line("client_gone"), 0, 0, id="the-client-left"),
        pytest.param(line("client_gone", ms=200), 1, 1, id="the-client-waited-longer-than-promised"),
        pytest.param(line(ms=3_600_000, stream=True), 0, 0, id="the-length-of-a-stream-is-no-latency"),
    ],
)
def test_what_is_bad_and_what_is_a_latency(one: Line, bad: int, in_histogram: int) -> None:
    counts = Counts(objective_ms=100)
    counts.line(one, 1, warming=False)
    assert (counts.bad, counts.latency.total) == (bad, in_histogram)


def test_the_counts_go_on_over_the_lives_of_haproxy_and_what_was_open_broke() -> None:
    counts = Counts(objective_ms=100)
    counts.totals(offered=10, ended=6, replayed=2, refused=1)
    counts.line(line(), 1, warming=False)  # one more ended before it died
    counts.over()
    assert (counts.offered, counts.completed, counts.ends["broken"], counts.errors) == (10, 7, 3, 3)
    counts.totals(offered=5, ended=5, replayed=1, refused=0)
    assert (counts.offered, counts.completed, counts.replayed, counts.refused) == (15, 12, 3, 1)


def test_the_age_of_what_is_open_is_an_estimate_from_below() -> None:
    age = Age(objective_ms=100)
    age.see(0, offered=3, ended=0)
    age.see(200, offered=5, ended=0)
    assert (age.open_over(200, ended=0), age.oldest_ms(200, ended=0)) == (3, 200)
    age.see(250, offered=5, ended=3)
    assert (age.open_over(250, ended=3), age.oldest_ms(250, ended=3)) == (0, 50)
    age.see(350, offered=5, ended=3)
    assert age.open_over(350, ended=3) == 2
    age.see(400, offered=5, ended=5)
    assert (age.open_over(400, ended=5), age.oldest_ms(400, ended=5)) == (0, 0)


_CLASSES = "hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other"


STAT = f"""\
# pxname,svname,qcur,scur,stot,econ,eresp,status,wretr,{_CLASSES},req_tot,rtime,last_chk,
web,FRONTEND,,4,9,,,OPEN,,0,5,0,2,0,0,9,,,
fleet,t1,0,2,7,1,2,UP 1/2,3,1,2,3,4,5,6,21,17,"a, b",
fleet,BACKEND,1,3,8,1,2,UP,3,0,4,0,0,0,0,4,17,,

"""


def test_show_stat_is_read_by_its_header() -> None:
    rows = parse_rows(STAT)
    assert rows["fleet", "t1"] == Row(0, 2, 7, 21, 8, 3, 3, 17, up=True)
    assert (rows["fleet", "BACKEND"].offered, rows["fleet", "BACKEND"].ended) == (8, 4)  # req_tot there: the ended ones
    assert (rows["web", "FRONTEND"].offered, rows["web", "FRONTEND"].ended) == (9, 7)


def test_what_is_no_show_stat_is_refused() -> None:
    with pytest.raises(ValueError, match="not the statistics"):
        parse_rows("Permission denied\n")


def test_a_histogram_of_whole_ms_reads_in_their_middle() -> None:
    counts = Counts(objective_ms=100)
    counts.line(line(ms=0), 1, warming=False)
    assert isinstance(counts.latency, Histogram)
    assert counts.latency.quantile_ms(1.0) == pytest.approx(0.5, rel=0.07)
