"""The sidecar as a process, between a client, an app and a controller."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.receivers import Controller
from tests.sidecars import ROOT, App, ask, sidecar
from tests.support import free_port, wait_until

pytestmark = pytest.mark.network
EXAMPLES = ROOT / "examples" / "sidecar"


@pytest.fixture
def app() -> Iterator[App]:
    made = App()
    yield made
    made.close()


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_what_an_app_serves_is_measured_and_pushed_as_an_agent_would(
    controller: Controller, app: App, clients: ThreadPoolExecutor
) -> None:
    app.start()
    with sidecar(app.port, controller.environ("orders-1")) as beside:
        paths = ["/"] * 20 + ["/missing"] * 5 + ["/broken"] * 4
        statuses = [status for status, _ in clients.map(beside.get, paths)]
        assert (statuses.count(200), statuses.count(404), statuses.count(500)) == (20, 5, 4)
        wait_until(lambda: controller.total() == 29, what="29 requests to be told")
        wait_until(lambda: controller.errors() == 4)
        wait_until(lambda: controller.value("app.in_flight") == 0)
        assert controller.value("app.queue") == 0
        wait_until(lambda: controller.coverage(1) == 1.0, what="its push of this moment")


def test_metrics_for_cloudwatch_are_printed_where_a_namespace_is_named(app: App, clients: ThreadPoolExecutor) -> None:
    app.start()
    with sidecar(app.port, {"FLEETFOOT_NAMESPACE": "Fleetfoot/orders", "FLEETFOOT_SERVICE": "orders"}) as beside:
        beside.wait("serving")
        list(clients.map(beside.get, ["/"] * 20))
        assert beside.process.stdout is not None
        line = json.loads(beside.process.stdout.readline())
        assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Fleetfoot/orders"
        assert line["RequestsPerSecond"] > 0
        assert len(line["ResponseTime"]) == 20


def test_open_and_waiting_requests_are_told_and_the_limit_is_kept(
    controller: Controller, app: App, clients: ThreadPoolExecutor
) -> None:
    app.start()
    with sidecar(app.port, controller.environ("orders-1"), concurrency="1") as beside:
        beside.wait("serving")
        open_ones = [clients.submit(beside.get, "/wait") for _ in range(3)]
        wait_until(lambda: controller.value("app.in_flight") == 3, what="three open requests to be told")
        wait_until(lambda: controller.value("app.queue") == 2, what="two waiting requests to be told")
        assert app.got == 1
        app.go.set()
        assert [one.result(60)[0] for one in open_ones] == [200] * 3
        wait_until(lambda: controller.value("app.in_flight") == 0)
    assert controller.total() == 3


def test_a_full_queue_answers_at_once_and_counts_as_errors(
    controller: Controller, app: App, clients: ThreadPoolExecutor
) -> None:
    app.start()
    environ = controller.environ("orders-1")
    with sidecar(app.port, environ, concurrency="1", queue="1", retry_after="7") as beside:
        beside.wait("serving")
        first = clients.submit(beside.get, "/wait")
        wait_until(lambda: app.got == 1)
        second = clients.submit(beside.get, "/wait")
        wait_until(lambda: beside.health()[1]["queue"] == 1)
        status, headers = beside.get()
        assert (status, headers["Retry-After"]) == (503, "7")
        app.go.set()
        assert [first.result(60)[0], second.result(60)[0]] == [200, 200]
        wait_until(lambda: controller.total() == 3)
        wait_until(lambda: controller.errors() == 1)


def test_what_would_wait_past_the_objective_is_shed(app: App, clients: ThreadPoolExecutor) -> None:
    with sidecar(app.port, objective="300ms", shed="objective") as beside:
        waiting = clients.submit(beside.get)  # the app is not there yet
        wait_until(lambda: beside.health()[1]["oldest_ms"] > 300)
        assert beside.get()[0] == 503
        app.start()
        assert waiting.result(60)[0] == 200


def test_requests_wait_for_an_app_that_starts_later_and_the_page_tells_its_state(
    app: App, clients: ThreadPoolExecutor
) -> None:
    with sidecar(app.port, readiness_interval="20ms", readiness_unhealthy="2") as beside:
        status, told = beside.health()
        assert (status, told["state"]) == (503, "starting")
        assert ask(beside.health_port, "/-/alive")[0] == 200
        early = clients.submit(beside.get)
        wait_until(lambda: beside.health()[1]["queue"] == 1)
        app.start()
        assert early.result(60)[0] == 200
        beside.wait("serving")
        assert beside.health()[0] == 200
        app.ready = False
        beside.wait("not ready")
        status, told = beside.health()
        assert (status, told["app"]) == (503, "answered 503")
        assert beside.get()[0] == 200  # there is nobody else: better a doubtful answer than none
        app.ready = True
        beside.wait("serving")
        assert ask(beside.health_port, "/")[0] == 404
        assert ask(beside.port, "/missing")[0] == 404
        assert app.got == 3


def test_told_to_stop_it_finishes_what_is_open_and_pushes_a_last_time(
    controller: Controller, app: App, clients: ThreadPoolExecutor
) -> None:
    controller.answer = {"interval_ms": 60_000}  # no push in between
    app.start()
    with sidecar(app.port, controller.environ("orders-1")) as beside:
        beside.wait("serving")
        wait_until(lambda: beside.health()[1]["pushes"]["pushed"] == 1)
        assert beside.get()[0] == 200
        last = clients.submit(beside.get, "/wait")
        wait_until(lambda: app.got == 2)
        beside.stop()
        wait_until(lambda: not listens(beside.port), what="the sidecar to take no more")
        assert beside.health()[0] == 503
        assert beside.health()[1]["state"] == "draining"
        app.go.set()
        assert last.result(60)[0] == 200
        assert beside.process.wait(60) == 0
    assert controller.total() == 2
    assert controller.coverage(1) is None


def test_while_it_lingers_it_still_serves_and_says_that_it_leaves(app: App) -> None:
    app.start()
    with sidecar(app.port, linger="60s") as beside:
        beside.wait("serving")
        beside.stop()
        beside.wait("draining")
        assert beside.get()[0] == 200
        beside.stop()  # the second time: no more waiting
        assert beside.process.wait(60) == 0


def test_a_second_signal_ends_what_is_still_open(app: App, clients: ThreadPoolExecutor) -> None:
    app.start()
    with sidecar(app.port) as beside:
        beside.wait("serving")
        held = clients.submit(beside.get, "/wait")
        wait_until(lambda: app.got == 1)
        beside.stop()
        beside.wait("draining")
        beside.stop()
        assert beside.process.wait(60) == 0
        assert isinstance(held.exception(60), OSError | HTTPException)


def test_wrong_settings_are_told_all_at_once_and_end_it() -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "SIDECAR_QUEUE": "many", "SIDECAR_LISTN": ":1"}
    command = [sys.executable, "-m", "fleetfoot.fleet.sidecar"]
    ended = subprocess.run(command, env=environ, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    said = ended.stderr.splitlines()
    assert [line.split()[1].split("=")[0].strip(":") for line in said] == [
        "SIDECAR_LISTN",
        "SIDECAR_APP_PORT",
        "SIDECAR_QUEUE",
    ]


@pytest.mark.parametrize(
    ("program", "command"),
    [
        pytest.param("node", ["node", "node/app.js"], id="node"),
        pytest.param("java", ["java", "java/App.java"], id="java"),
    ],
)
def test_an_app_in_another_language_is_measured_without_a_change(
    program: str, command: list[str], controller: Controller, clients: ThreadPoolExecutor
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    port = free_port()
    app = subprocess.Popen(command, cwd=EXAMPLES, env={**os.environ, "PORT": str(port)}, stderr=subprocess.DEVNULL)
    try:
        with sidecar(port, controller.environ("orders-1"), queue_timeout="60s", readiness_path="/") as beside:
            paths = ["/"] * 20 + ["/orders"] * 10 + ["/broken"] * 6 + ["/missing"] * 4
            statuses = [status for status, _ in clients.map(beside.get, paths)]
            assert [statuses.count(status) for status in (200, 201, 500, 404)] == [20, 10, 6, 4]
            wait_until(lambda: controller.total() == 40, what="40 requests to be told")
            wait_until(lambda: controller.errors() == 6)
            beside.stop()
            assert beside.process.wait(60) == 0
    finally:
        app.send_signal(signal.SIGTERM)
        try:
            app.wait(20)
        except subprocess.TimeoutExpired:
            app.kill()
            app.wait(20)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_images_of_the_samples_hold_no_word_of_fleetfoot() -> None:
    for name in ("node", "java"):
        for path in Path(EXAMPLES / name).iterdir():
            lines = path.read_text(encoding="utf-8").splitlines()
            code = [line for line in lines if not line.startswith(("//", "#"))]
            assert "fleetfoot" not in "\n".join(code).lower(), path
