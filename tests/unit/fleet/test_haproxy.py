"""HAProxy's words and ours, as values: log lines, statistics, orders, routing, the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.haproxy import config, program
from fleetfoot.fleet.haproxy.counts import Age, Counts
from fleetfoot.fleet.haproxy.log import Line, LogPipe, how, parse
from fleetfoot.fleet.haproxy.orders import Orders
from fleetfoot.fleet.haproxy.rows import Row
from fleetfoot.fleet.haproxy.rows import parse as parse_rows
from fleetfoot.fleet.haproxy.tasks import Fleet, Task, Wanted
from fleetfoot_agent.histogram import Histogram

WIRES = config.Wires(listen=3, runtime=4, log=5)


# The log.


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        pytest.param(
            b"35 5 0 200 -- fleet t1 - - - -", Line("completed", 200, "t1", 30, 30, False, 1), id="without-its-head"
        ),
        pytest.param(
            b"35 5 10 200 -- fleet t1 - - - -",
            Line("completed", 200, "t1", 30, 20, False, 1),
            id="queue-is-not-service",
        ),
        pytest.param(
            b"510 507 0 200 -- fleet t1 - 507 - -", Line("completed", 200, "t1", 510, 3, False, 1), id="held-is-latency"
        ),
        pytest.param(
            b"4 0 0 200 -- fleet t1 10 - - -", Line("completed", 200, "t1", 4, 4, False, 10), id="stands-for-ten"
        ),
        pytest.param(
            b"60000 0 0 101 -- streams t1 - - - -", Line("completed", 101, "t1", 60000, 60000, True, 1), id="upgrade"
        ),
        pytest.param(
            b"9000 0 0 200 -- streams t2 - - - 1", Line("completed", 200, "t2", 9000, 9000, True, 1), id="event-stream"
        ),
        pytest.param(
            b"0 0 -1 503 LR fleet <NOSRV> - - shed -", Line("shed", 503, "<NOSRV>", 0, 0, False, 1), id="shed"
        ),
        pytest.param(b"0 -1 -1 400 PR web <NOSRV> - - - -", None, id="refused-in-the-frontend"),
        pytest.param(b"Server fleet/t1 is UP/READY (leaving forced maintenance).", None, id="not-a-request"),
        pytest.param(b"x 0 0 200 -- fleet t1 - - - -", None, id="not-a-number"),
    ],
)
def test_a_log_line_becomes_one_end(raw: bytes, line: Line | None) -> None:
    assert parse(raw) == line


@pytest.mark.parametrize(
    ("ended", "ours", "end"),
    [
        ("--", "-", "completed"),
        ("CD", "-", "client_gone"),
        ("CH", "-", "client_gone"),
        ("cD", "-", "client_gone"),
        ("SC", "-", "broken"),
        ("sC", "-", "broken"),
        ("SH", "-", "broken"),
        ("SD", "-", "broken"),
        ("PH", "-", "broken"),
        ("RC", "-", "broken"),
        ("sH", "-", "timed_out"),
        ("sQ", "-", "timed_out"),
        ("sD", "-", "timed_out"),
        ("LR", "late", "timed_out"),
        ("LR", "shed", "shed"),
    ],
)
def test_every_termination_state_is_one_of_our_ends(ended: str, ours: str, end: str) -> None:
    assert how(ended, ours) == end


def test_the_pipe_keeps_a_line_that_came_in_halves() -> None:
    pipe = LogPipe()
    os.write(pipe.far, b"one\ntwo\none\nha")
    assert pipe.read() == {b"one": 2, b"two": 1}
    os.write(pipe.far, b"lf\n")
    assert pipe.read() == {b"half": 1}
    assert pipe.read() == {}
    pipe.close()


# The counts.


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


# show stat.

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


# Orders.


def a_task() -> Task:
    return Task("orders-1", "t1", 9001)


def test_a_new_server_has_its_pool_set_and_is_enabled_only_when_wanted() -> None:
    orders, task = Orders(), a_task()
    waits = orders.to([(task, Wanted("maint", 100, 0))])
    added = [command for command in waits if command.startswith("add server")]
    assert [command.split()[2] for command in added] == ["fleet/t1", "streams/t1"]
    assert all("pool-max-conn -1 pool-purge-delay" in command for command in added)
    assert not any("state ready" in command for command in waits)
    assert orders.to([(task, Wanted("ready", 100, 0))]) == [
        "set server fleet/t1 state ready",
        "set server streams/t1 state ready",
    ]


def test_only_differences_are_told() -> None:
    orders, task = Orders(), a_task()
    orders.to([(task, Wanted("ready", 10, 2))])
    assert orders.to([(task, Wanted("ready", 10, 2))]) == []
    assert orders.to([(task, Wanted("ready", 50, 4))]) == [
        "set server fleet/t1 weight 50",
        "set server streams/t1 weight 50",
        "set maxconn server fleet/t1 4",
    ]


def test_in_doubt_everything_is_told_again() -> None:
    orders, task = Orders(), a_task()
    first = orders.to([(task, Wanted("ready", 100, 3))])
    orders.doubt()
    assert orders.to([(task, Wanted("ready", 100, 3))]) == first


def test_deleting_is_asked_for_again_until_it_is_done() -> None:
    orders, task = Orders(), a_task()
    orders.to([(task, Wanted("ready", 100, 0))])
    orders.forget("t1")
    ((server, commands),) = orders.deletions()
    assert server == "t1"
    assert commands[:3] == [
        "set server fleet/t1 state maint",
        "shutdown sessions server fleet/t1",
        "del server fleet/t1",
    ]
    assert orders.deletions()
    orders.deleted("t1")
    assert orders.deletions() == []


# Whom to route to.


def routed(fleet: Fleet) -> dict[str, str]:
    return {task.name: wanted.state for task, wanted in fleet.wanted(0)}


def test_a_warming_task_has_a_small_weight_and_limit_that_rise() -> None:
    fleet = Fleet(concurrency=10)
    for name in ("old", "new"):
        fleet.add(name, 9000)
    fleet.ready(fleet.tasks["old"], 0, 5000)
    fleet.ready(fleet.tasks["new"], 0, 5000)
    wanted = [dict((task.name, want) for task, want in fleet.wanted(now))["new"] for now in (0, 2500, 5000)]  # noqa: C402
    assert [(want.weight, want.limit) for want in wanted] == [(10, 1), (50, 5), (100, 10)]
    fleet.tick(5000)
    assert not fleet.tasks["new"].warming


def test_a_warming_task_that_answers_like_its_peers_is_warm() -> None:
    fleet = Fleet(concurrency=None)
    for name in ("old", "new"):
        fleet.add(name, 9000)
        fleet.ready(fleet.tasks[name], 0, 5000)
    fleet.tasks["old"].served, fleet.tasks["old"].response_ms = 100, 20
    fleet.tasks["new"].served, fleet.tasks["new"].response_ms = 4, 20
    fleet.tick(1)
    assert fleet.tasks["new"].warming  # too few to tell
    fleet.tasks["new"].served = 5
    fleet.tick(2)
    assert not fleet.tasks["new"].warming


def test_above_half_unready_all_that_were_ever_ready_are_routed_to() -> None:
    fleet = Fleet(concurrency=None)
    for name in ("a", "b", "c", "never"):
        fleet.add(name, 9000)
    for name in "abc":
        fleet.ready(fleet.tasks[name], 0, 0)
    fleet.tasks["a"].ready = False
    fleet.choose(0)
    assert routed(fleet) == {"a": "drain", "b": "ready", "c": "ready", "never": "maint"}
    fleet.tasks["b"].ready = False
    fleet.choose(0)
    assert fleet.failing_open
    assert routed(fleet) == {"a": "ready", "b": "ready", "c": "ready", "never": "maint"}


def _failing(fleet: Fleet) -> None:
    """``a`` fails at all it is asked, ``b`` to ``d`` at nothing; judged a second apart."""
    for name in "abcd":
        fleet.add(name, 9000)
        fleet.ready(fleet.tasks[name], 0, 0)
    fleet.judge(0)
    for task in fleet.tasks.values():
        task.served = 40
    fleet.tasks["a"].errors = 40
    fleet.judge(1000)


def test_a_task_that_fails_is_drained_probed_by_one_request_and_readmitted() -> None:
    fleet = Fleet(concurrency=8)
    _failing(fleet)
    assert routed(fleet) == {"a": "drain", "b": "ready", "c": "ready", "d": "ready"}
    fleet.judge(5999)
    assert routed(fleet)["a"] == "drain"
    fleet.judge(6000)
    assert {task.name: want for task, want in fleet.wanted(6000)}["a"] == Wanted("ready", 100, 1)
    fleet.tasks["a"].served += 3
    fleet.judge(6200)
    assert {task.name: want for task, want in fleet.wanted(6200)}["a"] == Wanted("ready", 100, 8)


def test_a_probe_that_fails_drains_it_again_for_longer() -> None:
    fleet = Fleet(concurrency=None)
    _failing(fleet)
    fleet.judge(6000)
    fleet.tasks["a"].served += 1
    fleet.tasks["a"].errors += 1
    fleet.judge(6200)
    assert routed(fleet)["a"] == "drain"
    assert fleet.tasks["a"].conduct.until == 6200 + 10_000


def test_an_haproxy_that_counts_anew_finds_no_old_faults() -> None:
    fleet = Fleet(concurrency=None)
    _failing(fleet)
    fleet.restarted()
    fleet.choose(2000)
    for task in fleet.tasks.values():
        task.served = 5
    fleet.judge(3000)
    assert set(routed(fleet).values()) == {"ready"}


# The file and the program.


def test_the_file_holds_what_the_settings_say() -> None:
    settings = BalancerSettings(
        queue=7, queue_timeout_ms=11, request_timeout_ms=12, header_timeout_ms=13, idle_timeout_ms=14, max_header=70_000
    )
    text = config.text(settings, WIRES, files=20_000, hold="/a b/hold.lua")
    for line in (
        "bind fd@3",
        "stats socket fd@4",
        "log fd@5",
        "nbthread 1",
        "timeout queue 11ms",
        "timeout server 12ms",
        "timeout http-request 13ms",
        "timeout client 14ms",
        "tune.bufsize 71024",
        "queue(fleet) ge 7",
        "lua.hold 11 ",
        'lua-load "/a b/hold.lua"',
        "option forwardfor",
        "disable-l7-retry unless METH_GET",
    ):
        assert line in text, line


def test_clients_are_limited_by_the_files_there_are() -> None:
    assert config.most_connections(1024) == 384
    assert config.most_connections(1 << 30) == 20_000
    assert config.most_connections(10) == 64


def test_a_missing_or_old_haproxy_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(program.Unusable, match="sudo apt-get install -y haproxy"):
        program.find(str(tmp_path))
    with pytest.raises(program.Unusable, match=r"version 2\.4; 2\.6 or later"):
        program.read("haproxy", "HAProxy version 2.4.22 2023/02/14")
    with pytest.raises(program.Unusable, match="does not look like"):
        program.read("haproxy", "hello")
    assert program.read("haproxy", "HAProxy version 3.1.0\nUSE_LUA=1") == ("haproxy", (3, 1), True)
    assert not program.read("haproxy", "HAProxy version 3.1.0\n -LUA").lua


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ""),
        ({"kind": "embedded", "shed": "objective"}, ""),
        ({"kind": "haproxy", "shed": "objective"}, "shed is for kind: embedded"),
        ({"kind": "haproxy", "classes": [{"name": "other"}]}, "classes is for kind: embedded"),
    ],
)
def test_what_haproxy_cannot_do_is_refused(settings: dict[str, object], words: str) -> None:
    assert words in program.unusable(settings)
    assert bool(words) == bool(program.unusable(settings))


def test_a_histogram_of_whole_ms_reads_in_their_middle() -> None:
    counts = Counts(objective_ms=100)
    counts.line(line(ms=0), 1, warming=False)
    assert isinstance(counts.latency, Histogram)
    assert counts.latency.quantile_ms(1.0) == pytest.approx(0.5, rel=0.07)
