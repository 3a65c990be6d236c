"""The load generator as a process and as a command: its events, its table, its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fleetfoot.face.cli.load import load
from fleetfoot.load.progress import events
from tests.samples import encryptor
from tests.support import wait_until

pytestmark = pytest.mark.network


REPO = Path(__file__).parents[2]


def started(**options: Any) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "fleetfoot.load", json.dumps(options)]
    env = os.environ | {"PYTHONPATH": str(REPO / "src")}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env)


def test_a_run_in_its_own_process_tells_each_second_and_then_the_result() -> None:
    with encryptor("--cost", "1") as url, started(url=url, stages="10@1s,20@1s", timeout="20s") as run:
        out, _ = run.communicate(timeout=60)
    told = list(events(out.splitlines()))
    assert told[0]["event"] == "start"
    assert [(e["second"], e["arrivals"]) for e in told if e["event"] == "judged"] == [(0, 10), (1, 20)]
    assert told[-1]["event"] == "result"
    assert told[-1]["counts"]["requests"] == 30
    assert run.returncode == (0 if told[-1]["verdict"]["passed"] else 1)


def test_a_single_file_of_requests_through_one_task_fails_its_objective() -> None:
    with encryptor("--cost", "100") as url, started(url=url, rate=30, length="1s", objective="p95=500ms") as run:
        out, _ = run.communicate(timeout=60)
    result = list(events(out.splitlines()))[-1]
    assert run.returncode == 1
    assert result["max_ms"] >= 2000, "thirty requests of 100 ms, one at a time"
    assert result["seconds_over"] == 1


def test_an_interrupted_run_still_gives_its_result() -> None:
    with encryptor() as url, started(url=url, rate=10, length="60s") as run:
        assert run.stdout is not None
        assert '"start"' in run.stdout.readline()
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=30)
    result = list(events(out.splitlines()))[-1]
    assert result["event"] == "result"
    assert result["interrupted"]
    assert run.returncode == 130


def test_a_run_ends_when_nobody_reads_it_any_more() -> None:
    with encryptor() as url, started(url=url, rate=10, length="60s") as run:
        assert run.stdout is not None
        run.stdout.readline()
        run.stdout.close()
        wait_until(lambda: run.poll() is not None, what="the generator to end")


def test_wrong_options_are_told_as_an_event_and_by_the_exit_code() -> None:
    with started(url="127.0.0.1:1", rate="x") as run:
        out, _ = run.communicate(timeout=30)
    (event,) = events(out.splitlines())
    assert event["event"] == "refused"
    assert len(event["errors"]) == 2
    assert run.returncode == 2


def test_the_command_prints_a_table_and_passes() -> None:
    with encryptor("--cost", "1") as url:
        ran = CliRunner().invoke(load, [url, "--rate", "20", "--for", "1s", "--objective", "p95=5s"])
    assert ran.exit_code == 0, ran.output
    for word in ("requests", "median", "p95", "p99", "max", "errors", "shed", "seconds over", "PASS"):
        assert word in ran.output


def test_the_command_fails_a_service_that_fails_and_says_so_in_json() -> None:
    with encryptor("--cost", "1", "--fail", "1") as url:
        ran = CliRunner().invoke(load, [url, "--rate", "20", "--for", "1s", "--json"])
    assert ran.exit_code == 1, ran.output
    result = json.loads(ran.stdout)
    assert result["counts"]["errors"] == 20
    assert not result["verdict"]["passed"]


def test_the_command_refuses_wrong_words_with_exit_code_2() -> None:
    ran = CliRunner().invoke(load, ["192.0.2.1", "--rate", "fast"])
    assert ran.exit_code == 2
    assert "not this machine" in ran.output
    assert "'fast' is not a rate" in ran.output
