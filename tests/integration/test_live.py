"""``fleetfoot up`` as a person runs it: real processes, real requests, real orders."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fleetfoot.face.times import local
from fleetfoot.fleet.client import BlockingPlaneClient
from tests.support import free_port, processes_of, short_tmp, wait_until
from tests.ups import Up, started

pytestmark = pytest.mark.network


@pytest.fixture
def up() -> Iterator[Up]:
    with started() as fleet:
        yield fleet


STAGES = ("sampled", "received", "decided", "recorded", "commanded")


def test_a_surge_grows_the_fleet_and_every_verb_can_tell_of_it(up: Up) -> None:
    assert urllib.request.urlopen(f"http://127.0.0.1:{up.port}/", timeout=60).status == 200
    wait_until(lambda: "requests" in up.tiny().get("signals", {}))
    with up.load(70):
        wait_until(lambda: up.serving() >= 4, what="four tasks")
        told = up.told("status")
        assert "requests/s" in told
        assert "desired" in told
        orders = wait_until(lambda: list(up.json("history")["orders"]), what="the growth in the journal")
        when = local(orders[0]["wall"]).strftime("%Y-%m-%dT%H:%M:%S")
        wait_until(lambda: "last task serving" in up.told("why", "tiny", when), what="the tasks to have come")
    why = up.told("why", "tiny", when)
    assert "1 -> " in why
    assert "at 14/s a task" in why
    rows = up.json("why", "tiny", when)["decisions"]
    order = next(row for row in rows if row["decision"]["action"] == "grow")["order"]
    stages = [order[name] for name in STAGES if name != "recorded" or order[name] is not None]  # None: the disk is slow
    assert stages == sorted(stages)
    assert order["commanded"] <= order["last_starting"] + 50
    assert order["first_ready"] <= order["last_ready"]
    assert up.told("why", "tiny", when, "--lang", "ko") != why
    assert "1 -> " in up.told("history")
    assert "no service 'nobody'" in up.told("why", "nobody", code=2)
    assert up.status()["stages"]["command"]["orders"] >= 1


def test_people_scale_pause_and_resume_and_are_named_afterwards(up: Up) -> None:
    assert "outside 1 to 6" in up.told("scale", "tiny", "7", code=2)
    assert "no service" in up.told("pause", "nobody", code=2)
    assert "there is no budget to overrun" in up.told("permit", "tiny", "--for", "1h", "--reason", "launch", code=2)
    up.told("scale", "tiny", "2", "--for", "10m", "--who", "ana", "--reason", "a look")
    wait_until(lambda: up.fleet().get("desired") == 2)
    wait_until(lambda: "fixed at 2 by ana until" in up.told("status"))
    up.told("pause", "tiny", "--growth", "--who", "bo")
    up.told("resume", "tiny")
    wait_until(lambda: "fixed at" not in up.told("status"))
    told_of = ("ana fixed it at 2 tasks until", "(a look)", "bo paused growth")
    wait_until(lambda: all(line in up.told("history") for line in told_of), what=f"history to tell {told_of}")
    orders = wait_until(lambda: list(up.json("history")["orders"]), what="the order in the journal")
    assert orders[0]["who"] == "ana"
    assert up.stop() == 0
    assert "1 -> 2" in up.ask("why", "tiny")  # the journal needs no controller
    assert "no controller answers" in up.ask("status", code=2)
    assert "1 -> 2" in up.log.read_text()


def test_killing_the_controller_in_a_surge_loses_no_request_and_repeats_no_order(up: Up) -> None:
    with up.load(70) as load:
        wait_until(lambda: up.serving() >= 4, what="four tasks")
        before = up.status()
        os.kill(before["pid"], signal.SIGSTOP)
        known = {order["id"] for order in up.json("history")["orders"]}
        desired = BlockingPlaneClient(up.state / "plane.sock").stats()["services"]["tiny"]["desired"]
        os.kill(before["pid"], signal.SIGKILL)
        wait_until(lambda: up.status().get("pid", before["pid"]) != before["pid"], what="a new controller")
        wait_until(lambda: (up.status().get("loop") or {}).get("steps", 0) >= 10, what="ten steps")
        assert up.fleet()["desired"] >= desired
        figures = load.result()
    assert figures["counts"]["ok"] > 0
    assert figures["lost"] == 0, figures["failures"]
    after = up.status()
    assert after["now"] > before["now"]
    wait_until(lambda: all(order["ok"] is not None for order in up.json("history")["orders"]), what="every receipt")
    later = up.json("history")["orders"]
    assert [o for o in later if o["id"] not in known and o["count"] <= desired and o["ok"]] == []
    assert len({order["id"] for order in later}) == len(later)


def without_receipts(up: Up, pid: int) -> int:
    """Stop the controller and take the receipts off its orders: how many; 0 when it was just writing, and goes on."""
    os.kill(pid, signal.SIGSTOP)
    try:
        with closing(sqlite3.connect(up.state / "journal.db", timeout=1)) as connection, connection:
            return connection.execute("UPDATE orders SET ok = NULL, commanded = NULL").rowcount
    except sqlite3.OperationalError:
        os.kill(pid, signal.SIGCONT)
        return 0


def test_an_order_left_without_a_receipt_is_looked_at_again_and_not_repeated(up: Up) -> None:
    up.told("scale", "tiny", "3")
    wait_until(lambda: up.serving() == 3)
    wait_until(lambda: all(o["ok"] for o in up.json("history")["orders"]), what="every receipt")
    pid = up.status()["pid"]
    kept = wait_until(lambda: without_receipts(up, pid), what="the journal, not in the middle of a write")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: up.status().get("pid", pid) != pid, what="a new controller")
    orders = wait_until(lambda: [o for o in up.json("history")["orders"] if o["ok"]])
    assert len(up.json("history")["orders"]) == kept
    assert orders[-1]["count"] == 3
    assert "had no receipt: it was carried out" in up.log.read_text()


def test_sigterm_ends_the_controller_although_somebody_streams(up: Up) -> None:
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(str(up.state / "control.sock"))
        stream.sendall(b"GET /api/v1/events HTTP/1.1\r\nhost: x\r\n\r\n")
        stream.settimeout(60)
        assert b"200" in stream.recv(65536)
        pid = up.status()["pid"]
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), what="the controller to end")
    wait_until(lambda: up.status().get("pid", pid) != pid, what="a new controller")


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


def test_up_refuses_a_port_that_is_taken_and_starts_nothing() -> None:
    with short_tmp() as folder, socket.create_server(("127.0.0.1", 0)) as owner:
        up = Up(folder, owner.getsockname()[1])
        assert f"port {up.port} is taken" in up.ask("up", code=2)
        assert not processes_of(folder)


def test_a_process_that_writes_the_count_behind_the_controllers_back_is_named(up: Up) -> None:
    assert up.fleet().get("desired") == 1
    answer = BlockingPlaneClient(up.state / "plane.sock").scale("tiny", 3, "mine")
    assert answer["was"] == 1
    named = f"(pid {os.getpid()}) changed the count from 1 to 3"
    wait_until(lambda: named in up.told("why", "tiny"), what="the other writer's name")
