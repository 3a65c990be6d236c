"""The keeper and what it keeps: a fleet serves, is told its addresses, and stops with nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.fleets import UPSTREAM, Load, keeper
from tests.support import processes_of, wait_until

pytestmark = pytest.mark.network


def test_a_fleet_serves_and_a_stop_leaves_nothing_behind(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        assert run.get()[0] == 200
        assert len(processes_of(short_path)) == 3  # the plane and two tasks; the keeper itself bears no mark
        assert run.end() == 0
        assert not processes_of(short_path)
        assert not (run.state / "plane.sock").exists()
        assert not (run.state / "keeper.json").exists()
        assert not list((run.state / "tasks").iterdir())


def test_an_interrupt_stops_in_order_and_open_requests_finish(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        answers: list[tuple[int, str]] = []
        client = threading.Thread(target=lambda: answers.append(run.get("/sleep/500")))
        client.start()
        wait_until(lambda: run.told()["in_flight"] == 1)
        assert run.end(signal.SIGINT) == 0
        client.join()
        assert answers[0][0] == 200
        assert not processes_of(short_path)


def test_a_second_interrupt_kills_everything_at_once(short_path: Path) -> None:
    with keeper(short_path, env={"TERM_MS": "3600000"}, stop_timeout_ms=3_600_000) as run:
        run.start()
        assert run.process is not None
        run.process.send_signal(signal.SIGINT)
        wait_until(lambda: "stopping" in run.text())
        assert run.end(signal.SIGINT) == 130
        assert not processes_of(short_path)


def test_the_stop_of_the_admin_socket_ends_the_keeper_too(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        run.plane.stop()
        assert run.process is not None
        assert run.process.wait(30) == 0
        assert not processes_of(short_path)


def test_the_port_that_a_0_became_is_told_and_answers(short_path: Path) -> None:
    with keeper(short_path, listen="127.0.0.1:0") as run:
        run.start()
        address = run.told()["listen"]
        assert re.fullmatch(r"127\.0\.0\.1:[1-9][0-9]*", address)
        assert f"orders listens on {address}\n" in run.text()
        run.service["listen"] = address
        assert run.get()[0] == 200


CONTROLLER = """
import os, pathlib, signal, socket, sys, time
out = pathlib.Path(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: ((out / "stopped").touch(), sys.exit(0)))
push = socket.socket(fileno=int(os.environ["FLEETFOOT_PUSH_FD"]))
port = push.getsockname()[1]
url = os.environ["FLEETFOOT_PUSH_URL"]
(out / "up").write_text(f"{os.getpid()} {port} {url} {os.environ['FLEETFOOT_TOKEN']} {os.environ['FLEETFOOT_STATE']}")
time.sleep(3600)
"""


def test_a_controller_gets_its_socket_is_replaced_when_killed_and_stops_before_the_tasks(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.raw["controller"] = {"argv": [sys.executable, "-c", CONTROLLER, str(short_path)]}
        run.raw["push"] = True
        run.start()

        def told() -> list[str]:
            return (short_path / "up").read_text().split() if (short_path / "up").exists() else []

        said = wait_until(told)
        pid, port, url, token, state = said
        assert url == f"http://127.0.0.1:{port}/push"
        assert state == str(run.state)
        assert run.get("/env/FLEETFOOT_PUSH_URL")[1] == url
        assert run.get("/env/FLEETFOOT_TOKEN")[1] == token
        before = run.pids()
        os.kill(int(pid), signal.SIGKILL)
        again = wait_until(lambda: told() if told()[:1] != [pid] else [])
        assert again[1:] == said[1:]
        assert run.pids() == before
        assert run.end() == 0
        assert (short_path / "stopped").exists()
        assert not processes_of(short_path)


def test_a_process_that_daemonised_out_of_its_task_ends_with_it(short_path: Path) -> None:
    daemon = "import os, time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(3600)"
    with keeper(short_path, command=f"{sys.executable} -c '{daemon}'; exec {UPSTREAM}", initial=1) as run:
        run.start()
        wait_until(lambda: len(processes_of(short_path)) == 3)  # plane, task, daemon
        run.plane.scale("orders", 0)
        wait_until(lambda: len(processes_of(short_path)) == 1)
        run.plane.scale("orders", 1)
        run.serving(1)
        assert run.end() == 0
        assert not processes_of(short_path)


def test_scaling_in_and_out_under_load_costs_no_request(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        load = Load(run)
        with load.going():
            for number, count in enumerate((5, 1, 4, 2)):
                run.plane.scale("orders", count, f"o{number}")
                run.serving(count)
                load.more(20)
        assert not load.failed
        assert run.end() == 0


def test_cpu_and_memory_of_tasks_are_told_with_their_children(short_path: Path) -> None:
    burn = f"{sys.executable} -c 'while True: pass' & exec {UPSTREAM}"
    with keeper(short_path, command=burn, initial=1) as run:
        run.start()
        told = wait_until(lambda: (t := run.told()) and t["cpu"] > 0.05 and t, what="a busy task")
        assert told["memory"] > 5_000_000
        assert told["tasks"][0]["cpu"] == pytest.approx(told["cpu"], abs=0.01)
        assert time.monotonic_ns() // 1_000_000 - run.plane.stats()["mono"] < 60_000
