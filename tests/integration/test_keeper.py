"""The keeper and what it keeps: killed parts come back, requests wait, and nothing is ever left behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from fleetfoot.fleet import proc
from fleetfoot.fleet.client import PlaneError
from tests.fleets import UPSTREAM, Keeper, keeper
from tests.support import processes_of, wait_until

pytestmark = pytest.mark.network


class Load:
    """Requests from a few clients, each on a connection of its own, until told to stop."""

    def __init__(self, made: Keeper, clients: int = 3) -> None:
        self.answers: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(made,)) for _ in range(clients)]

    def _ask(self, made: Keeper) -> None:
        while not self._stop.is_set():
            try:
                self.answers[str(made.get()[0])] += 1
            except OSError as error:
                self.answers[type(error).__name__] += 1

    @property
    def failed(self) -> dict[str, int]:
        return {word: count for word, count in self.answers.items() if word != "200"}

    def more(self, count: int) -> None:
        """Wait for as many further answers."""
        goal = sum(self.answers.values()) + count
        wait_until(lambda: sum(self.answers.values()) >= goal, what=f"{count} more answers")

    @contextmanager
    def going(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(30)


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


def test_a_killed_plane_costs_no_request_that_was_not_on_it_and_its_tasks_are_adopted(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        before, plane = run.pids(), run.plane_pid()
        load = Load(run)
        with load.going():
            load.more(20)
            os.kill(plane, signal.SIGKILL)
            load.more(60)
        assert sum(load.failed.values()) <= 3, load.failed  # at most what each client had open at that moment
        assert run.pids() == before
        assert run.plane_pid() != plane
        wait_until(lambda: run.up() == 2)
        assert run.told()["exits"] == []
        assert run.end() == 0


def test_a_plane_killed_between_requests_costs_none(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        for _ in range(3):
            os.kill(run.plane_pid(), signal.SIGKILL)
            assert run.get()[0] == 200


def test_the_desired_count_and_the_numbers_survive_a_killed_plane(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        run.plane.scale("orders", 4, "o1")
        run.serving(4)
        old = run.plane.stats()
        os.kill(run.plane_pid(), signal.SIGKILL)
        run.serving(4)
        new = run.plane.stats()
        assert new["incarnation"] != old["incarnation"]
        assert run.told()["desired"] == 4
        run.plane.scale("orders", 5, "o2")
        run.serving(5)
        ((number, *_),) = run.told()["starts"]
        assert number == max(row[0] for row in old["services"]["orders"]["starts"]) + 1


def test_an_adopted_task_that_dies_is_named_by_the_keeper_and_replaced(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        os.kill(run.plane_pid(), signal.SIGKILL)
        run.serving(2)
        victim = min(run.pids())
        os.kill(victim, signal.SIGSEGV)
        wait_until(lambda: run.told()["exits"])
        assert run.told()["exits"][0][3:] == [139, "segmentation fault", True]
        run.serving(2)


def test_a_task_that_died_while_no_plane_lived_is_named_and_replaced(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        plane, victim = run.plane_pid(), min(run.pids())
        os.kill(plane, signal.SIGSTOP)
        os.kill(victim, signal.SIGSEGV)
        os.kill(plane, signal.SIGKILL)
        wait_until(lambda: run.told() and run.told()["exits"])
        assert run.told()["exits"][0][3:] == [139, "segmentation fault", True]
        run.serving(2)


def test_a_task_on_its_way_out_when_the_plane_dies_still_goes(short_path: Path) -> None:
    with keeper(short_path, env={"TERM_MS": "2000"}) as run:
        run.start()
        run.plane.scale("orders", 1, "o1")
        wait_until(lambda: run.told()["draining"] == 1)
        os.kill(run.plane_pid(), signal.SIGKILL)
        wait_until(lambda: run.told() and len(run.told()["tasks"]) == 1)
        assert run.up() == 1


def test_the_next_start_cleans_up_after_a_dead_keeper(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.raw["controller"] = {"argv": [sys.executable, "-c", "import time; time.sleep(3600)"]}
        run.start()
        old, plane = run.pids(), run.plane_pid()
        assert run.process is not None
        run.process.kill()
        run.process.wait()
        assert proc.start_time(plane) is not None
        run.start()
        assert "of a keeper that died" in run.text()
        assert run.plane_pid() != plane
        assert not run.pids() & old
        assert not [pid for pid in (*old, plane) if pid in processes_of(short_path)]
        assert run.get()[0] == 200
        assert run.end() == 0
        assert not processes_of(short_path)


def test_the_clean_up_spares_a_stranger_that_got_the_pid_of_a_task(short_path: Path) -> None:
    with keeper(short_path) as run, subprocess.Popen(["sleep", "3600"]) as stranger, ExitStack() as end:
        end.callback(stranger.kill)
        run.start()
        assert run.process is not None
        run.process.kill()
        run.process.wait()
        path = next((run.state / "tasks").glob("*.json"))
        pid = int(path.read_text().split('"pid":')[1].split(",")[0])
        path.write_text(path.read_text().replace(str(pid), str(stranger.pid)))
        run.start()
        assert stranger.poll() is None
        assert pid not in processes_of(short_path)  # it still bore the name of its keeper's life


def test_without_its_keeper_a_fleet_serves_on_for_the_grace_and_then_ends_itself(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.raw["incarnation_grace_ms"] = 1500
        run.raw["controller"] = {"argv": [sys.executable, "-c", "import time; time.sleep(3600)"]}
        run.start()
        assert len(processes_of(short_path)) == 4
        assert run.process is not None
        run.process.kill()
        run.process.wait()
        assert run.get()[0] == 200
        wait_until(lambda: not processes_of(short_path), what="the fleet to end itself")


def test_a_second_fleet_on_the_same_state_is_refused_with_the_pid_of_the_first(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        assert run.process is not None
        second = run.launch(start=False)
        assert second.wait(30) == 2
        assert f"its keeper is process {run.process.pid}" in run.text()
        assert run.get()[0] == 200


def test_a_taken_port_is_named_with_its_owner_and_nothing_is_started(short_path: Path) -> None:
    with keeper(short_path) as run, socket.create_server(("127.0.0.1", 0)) as owner:
        port = owner.getsockname()[1]
        run.service["listen"] = f"127.0.0.1:{port}"
        assert run.launch().wait(30) == 2
        assert f"orders: port {port} is taken by process {os.getpid()} (" in run.text()
        assert not processes_of(short_path)
        assert not (run.state / "keeper.json").exists()


def test_the_port_that_a_0_became_is_told_and_answers(short_path: Path) -> None:
    with keeper(short_path, listen="127.0.0.1:0") as run:
        run.start()
        address = run.told()["listen"]
        assert re.fullmatch(r"127\.0\.0\.1:[1-9][0-9]*", address)
        assert f"orders listens on {address}\n" in run.text()
        run.service["listen"] = address
        assert run.get()[0] == 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("{", "bad.json", id="no-json"),
        pytest.param('{"state": "/x", "services": []}', "at least one", id="no-service"),
    ],
)
def test_an_unusable_file_is_refused_before_anything_is_started(short_path: Path, text: str, words: str) -> None:
    with keeper(short_path) as run:
        (short_path / "bad.json").write_text(text)
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
        command = [sys.executable, "-m", "fleetfoot.fleet.keeper", str(short_path / "bad.json")]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 2
        assert words in done.stderr
        assert run.process is None


def test_a_plane_that_cannot_start_ends_the_keeper_with_its_reason(short_path: Path) -> None:
    with keeper(short_path, balancer={"quee": 5}) as run:
        assert run.launch().wait(30) == 1
        assert "quee" in run.text()
        assert not processes_of(short_path)


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


def test_an_order_over_the_socket_is_bounded_and_checked(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        for desired, words in ((13, "maximum 12"), (-1, "within 0"), ("3", "whole number"), (True, "whole number")):
            with pytest.raises(PlaneError, match=words):
                run.plane.call("scale", service="orders", desired=desired)
        with pytest.raises(PlaneError, match="there are orders"):
            run.plane.scale("other", 3)
        with pytest.raises(PlaneError, match="above 0"):
            run.plane.hint("orders", -1)
        assert run.plane.scale("orders", 2, "same") == {"id": 1, "ok": True, "desired": 2, "was": 2}


def test_cpu_and_memory_of_tasks_are_told_with_their_children(short_path: Path) -> None:
    burn = f"{sys.executable} -c 'while True: pass' & exec {UPSTREAM}"
    with keeper(short_path, command=burn, initial=1) as run:
        run.start()
        told = wait_until(lambda: (t := run.told()) and t["cpu"] > 0.05 and t, what="a busy task")
        assert told["memory"] > 5_000_000
        assert told["tasks"][0]["cpu"] == pytest.approx(told["cpu"], abs=0.01)
        assert time.monotonic_ns() // 1_000_000 - run.plane.stats()["mono"] < 60_000
