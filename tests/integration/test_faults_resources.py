"""Ports, file descriptors and disk used up: who is refused, who waits, and that it passes when there is room again."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from fleetfoot.fleet import proc
from tests.faults import Fleet, kill
from tests.fleets import keeper
from tests.shots import Load
from tests.support import processes_of, wait_until

CLONE_NEWNET = 0x40000000
SYSCTL = Path("/proc/sys/net/ipv4")


def in_own_network(scenario: Callable[[], None]) -> None:
    """Run it in a thread, and what it starts, with a loopback and ports of its own."""

    def run() -> None:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            pytest.skip("only root may have a network of its own")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        scenario()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(run).result()


def reserve(ports: str) -> None:
    (SYSCTL / "ip_local_reserved_ports").write_text(ports + "\n")


@pytest.mark.root
@pytest.mark.network
def test_without_a_free_port_a_start_fails_by_that_name_and_the_fleet_grows_once_one_is_free(short_path: Path) -> None:
    def scenario() -> None:
        (SYSCTL / "ip_local_port_range").write_text("10003 65535\n")  # leaves tasks 10000 to 10002
        with keeper(short_path, listen="127.0.0.1:8080", initial=2) as run, ExitStack() as freed:
            run.start()
            plane = run.plane_pid()
            owner = socket.socket()
            freed.callback(owner.close)
            owner.bind(("127.0.0.1", next(p for p in range(10000, 10003) if p not in ports(run.told()))))
            reserve("10003-65535")
            run.plane.scale("orders", 3)
            told = wait_until(lambda: run.told()["last_failure"], what="the failed start")
            assert "no port is free" in told["why"]
            assert run.told()["next_start_ms"] > 0
            assert run.plane_pid() == plane
            assert len(run.pids()) == 2
            reserve("")
            assert run.get()[0] == 200
            run.serving(3)
            assert run.plane_pid() == plane
            assert run.end() == 0

    in_own_network(scenario)


def ports(told: dict[str, list[dict[str, int]]]) -> set[int]:
    return {task["port"] for task in told["tasks"]}


def files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def allow(pid: int, more: int) -> None:
    """So many further file descriptors."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (files(pid) + more, hard))


def ticks(pid: int) -> int:
    found = proc.stat(pid)
    return found.cpu if found else 0


@pytest.mark.slow
@pytest.mark.network
def test_a_plane_without_file_descriptors_finishes_what_is_open_does_not_spin_and_recovers() -> None:
    with Fleet() as fleet, ExitStack() as clients:
        plane = fleet.pid_of("plane")
        load = Load(fleet.port, 50)
        with load.going():
            load.more(20)
            begun = socket.create_connection(("127.0.0.1", fleet.port), 30)
            clients.callback(begun.close)
            begun.sendall(b"GET /drip/1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert begun.recv(65536)
            allow(plane, 4)
            crowd = [clients.enter_context(socket.create_connection(("127.0.0.1", fleet.port), 30)) for _ in range(60)]
            got = b""
            while piece := begun.recv(65536):
                got += piece
            assert got.count(b"x") >= 1900
            used = ticks(plane)
            before = len(load.shots)
            wait_until(lambda: len(load.shots) > before + 50, what="a second")
            assert ticks(plane) - used < proc.TICKS  # under a core
            allow(plane, 5000)
            for sock in crowd:
                sock.close()
            good = len(load.shots)
            load.more(60)
        assert not [shot for shot in load.shots[good + 20 :] if not shot.ok], load.words()
        assert all(shot.status in (0, 503) for shot in load.failed()), load.words()
        assert fleet.pid_of("plane") == plane
        fleet.whole()


@pytest.mark.slow
@pytest.mark.network
def test_a_task_without_file_descriptors_is_passed_by_and_serves_again_when_it_has_some() -> None:
    with Fleet() as fleet:
        load = Load(fleet.port, 100, unsafe=False)
        with load.going():
            load.more(20)
            task = fleet.told()["tasks"][0]
            allow(task["pid"], 0)

            def state() -> str:
                return next(str(one["state"]) for one in fleet.told()["tasks"] if one["id"] == task["id"])

            wait_until(lambda: state() == "failed", what="its readiness to be lost")
            load.more(50)
            allow(task["pid"], 1000)
            wait_until(lambda: state() in ("serving", "warming"), what="its readiness to come back")
            load.more(50)
        assert load.failed() == [], load.words()
        assert not fleet.told()["exits"]


@pytest.mark.root
@pytest.mark.network
def test_a_plane_killed_on_a_full_disk_forgets_what_it_could_not_write_down_and_nothing_is_left_behind(
    short_path: Path,
) -> None:
    """The task started meanwhile, and the order for it: the controller sees the count it has and orders again."""
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", short_path], check=False).returncode
    ):
        pytest.skip("only root may mount a small file system")
    try:
        with keeper(short_path) as run:
            run.start()
            (filler := short_path / "filler").write_bytes(b"x" * room(short_path))
            run.plane.scale("orders", 3)
            run.serving(3)
            kill("plane", run.plane_pid())
            run.serving(2)
            assert run.get()[0] == 200
            assert len(processes_of(short_path)) == 3  # the plane and two tasks
            filler.unlink()
            run.plane.scale("orders", 3)
            run.serving(3)
            assert run.end() == 0
            assert not processes_of(short_path)
    finally:
        subprocess.run(["umount", "-l", short_path], check=True)


def room(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


@pytest.mark.network
def test_the_plane_takes_as_many_descriptors_as_are_allowed_and_a_task_gets_the_limit_of_who_started_the_fleet(
    short_path: Path,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with keeper(short_path, initial=1) as run, ExitStack() as lowered:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        lowered.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        run.start()
        (task,) = run.pids()
        assert resource.prlimit(run.plane_pid(), resource.RLIMIT_NOFILE) == (hard, hard)
        assert resource.prlimit(task, resource.RLIMIT_NOFILE) == (256, hard)
        assert run.end() == 0
