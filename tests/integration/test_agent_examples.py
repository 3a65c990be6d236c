"""The examples under examples/agent, as their fleetfoot.yaml says and behind other servers: every request counted."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from fleetfoot.fleet.command import argv
from tests.receivers import Controller
from tests.support import free_port, wait_until

pytestmark = pytest.mark.network
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "agent"
GUNICORN = "gunicorn --workers 2 --bind 127.0.0.1:$PORT "
UVICORN_WORKER = "--worker-class uvicorn.workers.UvicornWorker "


def written(folder: str) -> str:
    """The command in the example's fleetfoot.yaml."""
    file = yaml.safe_load((EXAMPLES / folder / "fleetfoot.yaml").read_text(encoding="utf-8"))
    return str(file["services"]["shop"]["run"])


@contextmanager
def running(folder: str, command: str, controller: Controller, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The example as a task of its own process group, listening."""
    tools = Path(sys.executable).parent
    environ = {
        **os.environ,
        **controller.environ("shop-1"),
        "PORT": str(port),
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
    }
    process = subprocess.Popen(
        argv(command),
        cwd=EXAMPLES / folder,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: listens(port) or process.poll() is not None, what=f"{command} to listen")
        assert process.poll() is None, f"{command} ended with {process.returncode}"
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(port: int, method: str = "GET", path: str = "/") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("folder", "command", "processes"),
    [
        pytest.param("flask", written("flask"), 2, id="flask, gunicorn sync workers, preloaded"),
        pytest.param("flask", GUNICORN + "app:app", 2, id="flask, gunicorn sync workers"),
        pytest.param("django", written("django"), 2, id="django, gunicorn threads"),
        pytest.param("fastapi", written("fastapi"), 2, id="fastapi, uvicorn workers"),
        pytest.param("fastapi", GUNICORN + UVICORN_WORKER + "app:app", 2, id="fastapi, gunicorn with uvicorn"),
        pytest.param(
            "fastapi",
            GUNICORN + UVICORN_WORKER + "--preload app:app",
            2,
            id="fastapi, gunicorn with uvicorn, preloaded",
        ),
        pytest.param("wsgi", written("wsgi"), 1, id="wsgi, one process of threads"),
    ],
)
def test_an_example_counts_every_request_in_every_process(
    folder: str, command: str, processes: int, controller: Controller
) -> None:
    controller.answer = {"interval_ms": 250}
    port, sent = free_port(), 0
    with running(folder, command, controller, port) as process:
        pids: set[int] = set()

        def both_answered() -> bool:
            nonlocal sent
            sent += 8
            with ThreadPoolExecutor(4) as clients:
                answers = list(clients.map(lambda _: ask(port), range(8)))
            pids.update(json.loads(body)["pid"] for status, body in answers if status == 200)
            return len(pids) >= processes

        wait_until(both_answered, what="every process to answer")
        assert len(pids) == processes
        with ThreadPoolExecutor(4) as clients:
            assert {status for status, _ in clients.map(lambda _: ask(port, "POST", "/orders"), range(20))} == {201}
            assert {status for status, _ in clients.map(lambda _: ask(port, "GET", "/broken"), range(12))} == {500}
        sent += 32
        wait_until(lambda: controller.total() == sent, what=f"{sent} requests to be told")
        wait_until(lambda: controller.errors() == 12, what="the errors to be told")
        wait_until(lambda: controller.value("app.in_flight") == 0, what="the last request to end")
        assert controller.value("app.orders") is not None
        if folder == "flask":
            assert controller.value("app.carts_in_use") == 0
        os.kill(process.pid, signal.SIGTERM)
        process.wait(60)
    assert controller.total() == sent
    assert controller.errors() == 12
