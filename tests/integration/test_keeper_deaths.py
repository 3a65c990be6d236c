"""Parts that die under a keeper, and a keeper that dies: what is adopted, named, replaced, cleaned up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from fleetfoot.fleet import proc
from tests.fleets import Load, keeper
from tests.support import processes_of, wait_until

pytestmark = pytest.mark.network


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
