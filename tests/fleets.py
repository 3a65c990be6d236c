"""A supervisor on a real balancer with real tasks in the test's own loop, and a keeper as a person starts it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from fleetfoot.fleet import proc, stats
from fleetfoot.fleet.balancer import Balancer, BalancerSettings
from fleetfoot.fleet.client import BlockingPlaneClient, PlaneError
from fleetfoot.fleet.exits import Exits
from fleetfoot.fleet.settings import ServiceSettings
from fleetfoot.fleet.settings import parse as parse_settings
from fleetfoot.fleet.state import Store, read_json
from fleetfoot.fleet.supervisor import Supervisor
from tests.balancers import listening, until
from tests.support import free_port, processes_of, wait_until

ROOT = Path(__file__).parents[1]
UPSTREAM = f"{sys.executable} {ROOT / 'tests' / 'apps' / 'upstream.py'}"
QUICK = {"readiness": {"interval_ms": 100, "unhealthy": 2}, "grace_ms": 20_000}


def service(**more: Any) -> ServiceSettings:
    """A service of quick checks and short patience; ``more`` as in the keeper's file."""
    raw = {"name": "orders", "command": UPSTREAM, "initial": 1, "max": 20, "drain_ms": 5000, "stop_timeout_ms": 5000}
    return parse_settings({"state": "/x", "services": [{**raw, "health": QUICK, **more}]}).services[0]


class Crew:
    """A supervisor, its balancer's address, and what it says of itself."""

    def __init__(self, supervisor: Supervisor, port: int) -> None:
        self.supervisor, self.port = supervisor, port

    @property
    def told(self) -> dict[str, Any]:
        return stats.service(self.supervisor)

    def pids(self) -> set[int]:
        return {task["pid"] for task in self.told["tasks"]}

    async def serving(self, count: int) -> None:
        await until(lambda: self.told["serving"] + self.told["warming"] == count, f"{count} serving tasks")

    async def get(self, path: str = "/") -> tuple[int, str]:
        """Status and body of one request through the balancer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        raw = await reader.read()
        writer.close()
        head, _, body = raw.decode().partition("\r\n\r\n")
        return int(head.split()[1]), body


@asynccontextmanager
async def crew(folder: Path, settings: ServiceSettings | None = None) -> AsyncIterator[Crew]:
    """Leaving it stops every task."""
    settings = settings or service()
    store = Store(folder / "state")
    store.make()
    balancer = Balancer(settings.name, BalancerSettings(), settings.objective_ms, settings.concurrency, lambda _: None)
    made = Supervisor(settings, balancer, store, Exits(), {"FLEETFOOT_STATE": str(store.root)})
    sock = listening()
    await balancer.serve(sock)
    made.reconcile()
    try:
        yield Crew(made, sock.getsockname()[1])
    finally:
        made.hold()
        await balancer.close(settings.drain_ms)
        await made.stop()


class Keeper:
    """``python -m fleetfoot.fleet.keeper`` on one service in a folder."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.folder, self.state, self.log = folder, folder / "state", folder / "keeper.log"
        self.service: dict[str, Any] = {
            "name": "orders",
            "command": UPSTREAM,
            "listen": "127.0.0.1:0",
            "initial": 2,
            "max": 12,
            "drain_ms": 5000,
            "stop_timeout_ms": 5000,
            "health": QUICK,
        }
        self.raw: dict[str, Any] = {"state": str(self.state), "services": [self.service], "push": False}
        self.more = more
        self.process: subprocess.Popen[bytes] | None = None
        self.launched: list[subprocess.Popen[bytes]] = []
        self.plane = BlockingPlaneClient(self.state / "plane.sock", 5000)

    @property
    def port(self) -> int:
        return int(self.service["listen"].rpartition(":")[2])

    def launch(self, *, start: bool = True) -> subprocess.Popen[bytes]:
        """Start it and do not wait."""
        if self.port == 0:
            self.service["listen"] = f"127.0.0.1:{free_port()}"
        self.service.update(self.more)
        config = self.folder / "fleet.json"
        config.write_text(json.dumps(self.raw))
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "fleetfoot.fleet.keeper", str(config)], stdout=log, stderr=log, env=env
            )
        self.launched.append(process)
        if start:
            self.process = process
        return process

    def start(self) -> None:
        """Start it and wait for the first tasks."""
        process = self.launch()
        wait_until(lambda: self.record().get("pid") == process.pid or process.poll() is not None, what="the keeper")
        assert process.poll() is None, self.text()
        self.serving(self.service["initial"])

    def serving(self, count: int) -> None:
        wait_until(lambda: self.up() == count, what=f"{count} serving tasks\n{self.text()}")

    def up(self) -> int:
        told = self.told()
        return int(told["serving"] + told["warming"]) if told else -1

    def told(self) -> dict[str, Any]:
        """The service in ``stats``; empty while no plane answers."""
        try:
            return dict(self.plane.stats()["services"]["orders"])
        except PlaneError:
            return {}

    def pids(self) -> set[int]:
        return {task["pid"] for task in self.told()["tasks"]}

    def record(self) -> dict[str, Any]:
        return read_json(self.state / "keeper.json")

    def plane_pid(self) -> int:
        """Of the plane that lives."""

        def living() -> int:
            pid, start = self.record().get("children", {}).get("plane", (0, 0))
            return int(pid) if pid and proc.alive(pid, start) else 0

        return wait_until(living, what="a plane")

    def get(self, path: str = "/", timeout: float = 20) -> tuple[int, str]:
        """Status and body of one request on a connection of its own. OSError when it is refused or cut."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            raw = b""
            while got := sock.recv(65536):
                raw += got
        head, _, body = raw.decode().partition("\r\n\r\n")
        if not head:
            raise ConnectionResetError("closed without an answer")
        return int(head.split()[1]), body

    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def end(self, number: int = signal.SIGTERM) -> int:
        """Signal it and wait for its end; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(40)


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


@contextmanager
def keeper(folder: Path, **more: Any) -> Iterator[Keeper]:
    """Not started yet; leaving it kills what a failed test left of it."""
    made = Keeper(folder, **more)
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.process.send_signal(signal.SIGINT)
            made.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                made.process.wait(20)
        for process in made.launched:  # killed by a test and replaced, or ended in time to be asked for nothing
            if process.poll() is None:
                process.kill()
            process.wait(20)
        if made.process is not None and made.process.returncode == -signal.SIGKILL:  # by the test, in its middle
            for pid in processes_of(folder):
                os.kill(pid, signal.SIGKILL)
