"""Faults on purpose: a whole ``fleetfoot up``, what is killed of it, and what may be lost of the load in shots.py."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import shutil
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleetfoot.face.trial.service import LiveService
from fleetfoot.fleet import proc
from fleetfoot.fleet.balancer.replays import TRIES
from fleetfoot.fleet.state import read_json
from tests.shots import Shot
from tests.support import free_port, processes_of, wait_until

APP = Path(__file__).parent / "apps" / "faulty.py"


ECHO_S = 1.0  # a killed process, and what it had in hand, is gone so long after at most


PARTS = ("task", "plane", "controller", "keeper")


@dataclass
class Kill:
    """A process killed with -9. What it cost can be open between ``at`` and ``until`` only."""

    part: str
    pid: int
    at: float
    until: float = field(default=0.0)

    def __post_init__(self) -> None:
        self.until = self.until or self.at + ECHO_S


def kill(part: str, pid: int) -> Kill:
    made = Kill(part, pid, time.monotonic())
    os.kill(pid, signal.SIGKILL)
    return made


def seen(folder: Path) -> dict[str, list[tuple[int, bool]]]:
    """What the tasks saw: request -> (pid of the task, whether it answered), in no order."""
    found: dict[str, list[tuple[int, bool]]] = {}
    for path in (folder / "seen").iterdir():
        pid, begun = int(path.name.rpartition(".")[2]), {}
        for line in path.read_text().splitlines():
            word, _, name = line.partition(" ")
            begun[name] = word == "E"
        for name, ended in begun.items():
            found.setdefault(name, []).append((pid, ended))
    return found


def unexplained(shots: Sequence[Shot], kills: Sequence[Kill], folder: Path) -> list[str]:
    """Everything lost that no kill explains, in words; [] when no more was lost than may be.

    May fail: what a dead plane had in hand; an unsafe request in flight on a dead task; a safe one, which is sent
    twice more, when all three tasks died. An unsafe request reaches at most one task.
    """
    was_seen, wrong = seen(folder), []
    for shot in shots:
        at = was_seen.get(shot.name, [])
        if shot.unsafe and len(at) > 1:
            wrong.append(f"POST {shot.name} reached {len(at)} tasks")
        if shot.ok:
            if not at:
                wrong.append(f"{shot.name} was answered by nobody")
            continue
        causes = Counter(one.part for one in kills if shot.during(one.at, one.until))
        dead = {one.pid for one in kills if one.part == "task"}
        on_dead = causes["task"] >= (1 if shot.unsafe else TRIES) and all(pid in dead for pid, _ in at)
        if shot.status == 503 or not (causes["plane"] or on_dead):  # 503: it was in nobody's hands
            method, took = "POST" if shot.unsafe else "GET", shot.ended - shot.sent
            wrong.append(f"{method} {shot.name}: {shot.status} {shot.why} after {took:.2f} s, seen by {at}")
    return wrong


SPEC = """
services:
  orders:
    run: {run}
    listen: 127.0.0.1:{port}
    target: local
    balancer: {{kind: {balancer}, request timeout: {timeout}}}
    capacity: {{min: {least}, max: {most}, initial: {tasks}}}
    objective: {{p95: 5s}}
    task: {{throughput: 2000/s, startup: 300ms, stop timeout: {stop}, drain: {drain}}}
    health:
      readiness: {{path: /healthz, interval: 100ms, timeout: 500ms, unhealthy: 2}}
      {liveness}
"""


class Fleet(LiveService):
    """``fleetfoot up`` on tests/apps/faulty.py: keeper, data plane, controller and tasks as a user has them."""

    stop_within = 90.0  # a busy machine is no reason to kill a keeper that stops its fleet

    def __init__(
        self,
        tasks: int = 2,
        *,
        balancer: str = "embedded",
        least: int | None = None,
        most: int | None = None,
        work_ms: float = 20,
        before: str = "",
        stop: str = "5s",
        drain: str = "5s",
        timeout: str = "30s",
        liveness: str = "",
        deaf: bool = False,
    ) -> None:
        """``before``: words of the shell in front of the task's command, such as ``ulimit -v 100000;``. ``deaf``:
        the tasks ignore SIGTERM."""
        self.tasks, self.port = tasks, free_port()
        super().__init__("", "orders", f"http://127.0.0.1:{self.port}/")
        words = shlex.join([sys.executable, str(APP), str(self.folder), f"{work_ms:g}"])
        if deaf:
            (self.folder / "deaf").touch()
        run = json.dumps(f"{before} exec {words}" if before else words)
        spans = {"stop": stop, "drain": drain, "timeout": timeout}
        counts = {"tasks": tasks, "least": least or tasks, "most": most or tasks * 2}
        checks = f"liveness: {liveness}" if liveness else ""
        self.file.write_text(
            SPEC.format(run=run, port=self.port, balancer=balancer, liveness=checks, **spans, **counts)
        )

    def __enter__(self) -> Fleet:
        super().__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Also what a killed keeper left; the marks in the environment tell whose it is."""
        self.stop()
        for pid in processes_of(self.folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def told(self) -> dict[str, Any]:
        """The service in ``stats``; {} while no plane answers."""
        return self.stats() or {}

    def pids(self) -> list[int]:
        """Tasks, oldest first."""
        return [task["pid"] for task in self.told().get("tasks", [])]

    def pid_of(self, part: str) -> int:
        """A living process of that part, 0 while there is none; of the tasks the oldest."""
        record = read_json(self.state / "keeper.json")
        if part == "keeper":
            return self.pid
        if part == "task":
            return next(iter(self.pids()), 0)
        pid, start = record.get("children", {}).get(part, (0, 0))
        return pid if pid and proc.alive(pid, start) else 0

    def await_pid(self, part: str, other_than: int = 0) -> int:
        return wait_until(lambda: (p := self.pid_of(part)) != other_than and p, what=f"a {part}: {self.text()}")

    def fault(self, word: str, task: str = "all") -> None:
        """From now on the task does as the word says; an empty one ends it."""
        scratch = self.folder / "fault.new"
        scratch.write_text(f"{task} {word}" if word else "")
        scratch.replace(self.folder / "fault")

    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def whole(self, count: int | None = None) -> None:
        """Wait until every part lives, the count is right, and nothing else of this fleet is left."""
        wait_until(lambda: not self.lacks(count), what=f"a whole fleet: {self.lacks(count)}\n{self.text()}")

    def lacks(self, count: int | None = None) -> str:
        """What is not as it should be; empty when the fleet is whole."""
        if read_json(self.state / "keeper.json").get("pid") != self.pid:
            return "the keeper"
        plane, controller, told = self.pid_of("plane"), self.pid_of("controller"), self.told()
        if not plane or not told:
            return "the plane"
        if not controller or self.controller() != controller:
            return "the controller"
        serving = told["serving"] + told["warming"]
        if serving != (count or self.tasks) or len(told["tasks"]) != serving:
            return f"tasks: {[(task['id'], task['state']) for task in told['tasks']]}"
        left = set(processes_of(self.folder)) - {plane, controller, *(task["pid"] for task in told["tasks"])}
        ours = {pid for pid in left if proc.name(pid) != "haproxy"}
        return f"left behind: {ours}" if ours else ""

    def controller(self) -> int:
        """The pid that the control socket's owner tells; 0 while nobody answers."""
        link = _Control(str(self.state / "control.sock"))
        try:
            link.request("GET", "/api/v1/status")
            return int(json.loads(link.getresponse().read())["pid"])
        except (OSError, ValueError, http.client.HTTPException):
            return 0
        finally:
            link.close()


class _Control(http.client.HTTPConnection):
    """The controller's control socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=2.0)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(2.0)
        self.sock.connect(self._path)
