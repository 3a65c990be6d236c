"""``fleetfoot up`` as a person runs it: real processes, real requests, real orders."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import free_port, short_tmp, wait_until

pytestmark = pytest.mark.network

CLI = [sys.executable, "-m", "fleetfoot.face.cli"]
APP = Path(__file__).parents[1] / "apps" / "tiny.py"
SPEC = """
services:
  tiny:
    run: {python} {app}
    listen: 127.0.0.1:{port}
    health: {{readiness: {{path: /healthz, interval: 200ms}}}}
    objective: {{p95: 1s}}
    capacity: {{min: 1, max: 6}}
    task: {{throughput: 20/s, startup: 500ms, drain: 2s, stop timeout: 2s}}
"""


class Up:
    """A running fleet in a folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.state = folder / ".fleetfoot"
        self.log = folder / "up.log"
        (folder / "fleetfoot.yaml").write_text(SPEC.format(python=sys.executable, app=APP, port=port))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*CLI, "up"], cwd=self.folder, stdout=log, stderr=log)
        wait_until(lambda: self.said() or self.serving() >= 1, 40, what="the first task")
        assert not self.said(), self.log.read_text()

    def said(self) -> bool:
        """Whether ``up`` ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def ask(self, *words: str, code: int = 0) -> str:
        """One call of the command line; its output, or its error when ``code`` is not 0."""
        done = subprocess.run([*CLI, *words], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, (
            f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.log.read_text()}"
        )
        return done.stderr if code else done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.ask(*words, "--json"))

    def status(self) -> dict[str, Any]:
        """The controller's status; {} while none answers."""
        done = subprocess.run(
            [*CLI, "status", "--json"], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}

    def fleet(self) -> dict[str, Any]:
        told = self.status()
        return dict((told.get("services", {}).get("tiny", {}) or {}).get("fleet") or {})

    def serving(self) -> int:
        fleet = self.fleet()
        return int(fleet.get("serving", 0)) + int(fleet.get("warming", 0))

    @contextmanager
    def load(self, rate: int, seconds: int) -> Iterator[subprocess.Popen[str]]:
        """Open-loop traffic meanwhile; read its figures with ``result``."""
        command = [
            *CLI,
            "load",
            f"http://127.0.0.1:{self.port}/",
            "--rate",
            str(rate),
            "--for",
            f"{seconds}s",
            "--json",
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def up() -> Iterator[Up]:
    with short_tmp() as folder:
        fleet = Up(folder, free_port())
        try:
            fleet.start()
            yield fleet
        finally:
            if fleet.process is not None and fleet.process.poll() is None:
                fleet.stop()


def result(load: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = load.communicate(timeout=60)
    return dict(json.loads(out.strip().splitlines()[-1]))


def test_a_surge_grows_the_fleet_and_every_verb_can_tell_of_it(up: Up) -> None:
    assert urllib.request.urlopen(f"http://127.0.0.1:{up.port}/", timeout=10).status == 200
    wait_until(lambda: "requests" in (up.status()["services"]["tiny"]["signals"]), 20)
    with up.load(70, 25):
        wait_until(lambda: up.serving() >= 4, 40, what="four tasks")
        told = up.ask("status")
        assert "requests/s" in told
        assert "desired" in told
    wait_until(lambda: up.json("history")["orders"][0]["last_ready"] is not None, 20)
    why = up.ask("why", "tiny")
    assert "1 -> " in why
    assert "last task serving" in why
    assert "at 14/s a task" in why
    rows = up.json("why", "tiny")["decisions"]
    grown = next(row for row in rows if row["decision"]["action"] == "grow")
    order = grown["order"]
    assert order["sampled"] <= order["received"] <= order["decided"] <= order["recorded"] <= order["commanded"]
    assert order["commanded"] <= order["last_starting"] + 50
    assert order["first_ready"] <= order["last_ready"]
    assert up.ask("why", "tiny", "--lang", "ko") != why
    assert "1 -> " in up.ask("history")
    assert "no service 'nobody'" in up.ask("why", "nobody", code=2)

    stages = up.status()["stages"]
    assert stages["command"]["orders"] >= 1

    # people
    assert "outside 1 to 6" in up.ask("scale", "tiny", "7", code=2)
    assert "no service" in up.ask("pause", "nobody", code=2)
    assert "there is no budget to overrun" in up.ask("permit", "tiny", "--for", "1h", "--reason", "launch", code=2)
    up.ask("scale", "tiny", "2", "--for", "10m", "--who", "ana", "--reason", "a look")
    wait_until(lambda: up.fleet().get("desired") == 2, 20)
    assert "fixed at 2 by ana until" in up.ask("status")
    up.ask("pause", "tiny", "--growth", "--who", "bo")
    up.ask("resume", "tiny")
    wait_until(lambda: "fixed at" not in up.ask("status"), 20)
    history = up.ask("history")
    assert "ana fixed it at 2 tasks until" in history
    assert "(a look)" in history
    assert "bo paused growth" in history
    assert up.json("history")["orders"][-1]["who"] == "ana"
    assert up.stop() == 0
    assert "1 -> " in up.ask("why", "tiny")  # the journal needs no controller
    assert "no controller answers" in up.ask("status", code=2)
    assert "1 -> " in up.log.read_text()


def test_killing_the_controller_in_a_surge_loses_no_request_and_repeats_no_order(up: Up) -> None:
    with up.load(70, 30) as load:
        wait_until(lambda: up.serving() >= 4, 40, what="four tasks")
        before = up.status()
        orders = len(up.json("history")["orders"])
        desired = up.fleet()["desired"]
        os.kill(before["pid"], signal.SIGKILL)
        wait_until(lambda: up.status().get("pid", before["pid"]) != before["pid"], 30, what="a new controller")
        wait_until(lambda: (up.status().get("loop") or {}).get("steps", 0) >= 10, 60, what="ten steps")
        assert up.fleet()["desired"] >= desired
        told = result(load)
    assert told["lost"] == 0, told["failures"]
    after = up.status()
    assert after["now"] > before["now"]
    later = up.json("history")["orders"]
    assert all(order["ok"] is not None for order in later)
    assert [o for o in later[orders:] if o["count"] <= desired] == []
    assert len({order["id"] for order in later}) == len(later)


def test_an_order_left_without_a_receipt_is_looked_at_again_and_not_repeated(up: Up) -> None:
    up.ask("scale", "tiny", "3")
    wait_until(lambda: up.serving() == 3, 30)
    pid = up.status()["pid"]
    os.kill(pid, signal.SIGSTOP)
    with sqlite3.connect(up.state / "journal.db", timeout=10) as connection:
        ((kept,),) = connection.execute("SELECT count(*) FROM orders").fetchall()
        connection.execute("UPDATE orders SET ok = NULL, commanded = NULL")
    connection.close()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: up.status().get("pid", pid) != pid, 30, what="a new controller")
    orders = wait_until(lambda: [o for o in up.json("history")["orders"] if o["ok"]], 20)
    assert len(up.json("history")["orders"]) == kept
    assert orders[-1]["count"] == 3
    assert "had no receipt: it was carried out" in up.log.read_text()


def test_sigterm_ends_the_controller_although_somebody_streams(up: Up) -> None:
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(str(up.state / "control.sock"))
        stream.sendall(b"GET /api/v1/events HTTP/1.1\r\nhost: x\r\n\r\n")
        stream.settimeout(20)
        assert b"200" in stream.recv(65536)
        pid = up.status()["pid"]
        begun = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), 20, what="the controller to end")
        assert time.monotonic() - begun < 10
    wait_until(lambda: up.status().get("pid", pid) != pid, 30, what="a new controller")


def test_up_refuses_in_one_line_what_cannot_run() -> None:
    with short_tmp() as folder:
        up = Up(folder, free_port())
        file = folder / "fleetfoot.yaml"
        file.write_text("services: {tiny: {run: no-such-program --port $PORT}}")
        told = up.ask("up", code=2)
        assert "'no-such-program' is not found" in told
        assert "Traceback" not in told
        file.write_text("services: {tiny: {run: 'true', capacity: {min: 5, max: 2}}}")
        told = up.ask("up", code=2)
        assert "fleetfoot.yaml:1" in told
        assert "Traceback" not in told
        assert "cannot be read" in up.ask("up", "-f", "nowhere.yaml", code=2)


def test_up_refuses_a_port_that_is_taken_and_starts_nothing(up: Up) -> None:
    with short_tmp() as folder:
        told = Up(folder, up.port).ask("up", code=2)
        assert f"port {up.port} is taken" in told
