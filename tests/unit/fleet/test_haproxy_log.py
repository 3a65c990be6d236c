"""HAProxy's log lines, as values."""

from __future__ import annotations

import os

import pytest

from fleetfoot.fleet.haproxy.log import Line, LogPipe, how, parse


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
