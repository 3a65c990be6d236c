"""The agent in processes of its own that end, fork and are killed: what the receiver has of them."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receivers import Controller
from tests.support import wait_until

pytestmark = pytest.mark.network
ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def task(controller: Controller, code: str, name: str = "orders-1") -> Iterator[subprocess.Popen[str]]:
    """A process that runs ``code``; it talks over stdin and stdout, a line at a time."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **controller.environ(name)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code], env=environ, stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


TASK = """
import sys
from fleetfoot_agent import Agent
agent = Agent()
assert agent.start()
agent.sender.last_push_s = 30  # on a busy machine, too
def serve(n):
    for i in range(n):
        agent.recorder.begin()
        agent.recorder.end(5_000_000, 200)
"""


def test_a_killed_task_loses_at_most_what_came_after_its_last_push(controller: Controller) -> None:
    code = TASK + "serve(1000)\nsys.stdin.readline()\nserve(10)\nprint('served')\nsys.stdin.readline()"
    with task(controller, code) as process:
        wait_until(lambda: controller.total() == 1000)
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert line(process) == "served"
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert 1000 <= controller.total() <= 1010


def test_a_task_that_ends_by_itself_loses_nothing(controller: Controller) -> None:
    with task(controller, TASK + "serve(777)") as process:
        assert process.wait(30) == 0
    assert controller.total() == 777


SERVER = """
import fleetfoot_agent, uvicorn
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for stage in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{stage}.complete"})
        return
    status = 503 if scope["path"] == "/bad" else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1])
app = fleetfoot_agent.install(app)
fleetfoot_agent.agent.sender.last_push_s = 30
Server(uvicorn.Config(app, port=0, log_level="warning")).run()
"""


def test_a_web_server_that_is_told_to_stop_loses_nothing(controller: Controller) -> None:
    with task(controller, SERVER) as process:
        connection = http.client.HTTPConnection("127.0.0.1", int(line(process)), timeout=30)
        for i in range(200):
            connection.request("GET", "/bad" if i % 10 == 0 else "/")
            assert connection.getresponse().read() == b"ok"
        connection.close()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert controller.total() == 200
    assert round(sum(second.errors for second in controller.receiver.history("orders")), 6) == 20


FORKS = (
    TASK
    + """
import os, threading
serve(100)
while agent.sender.pushed < 1:
    threading.Event().wait(0.01)
for child in range(3):
    if os.fork() == 0:
        serve(10)
        sys.exit()
serve(1)
for child in range(3):
    os.wait()
"""
)


def test_the_children_of_a_fork_push_as_incarnations_of_their_own(controller: Controller) -> None:
    with task(controller, FORKS) as process:
        assert process.wait(60) == 0
    assert controller.total() == 131
    assert controller.receiver.told["repeated"] == 0


def test_when_half_of_the_tasks_are_killed_the_coverage_halves(controller: Controller) -> None:
    with contextlib.ExitStack() as stack:
        code = TASK + "sys.stdin.readline()"
        tasks = [stack.enter_context(task(controller, code, f"orders-{i}")) for i in range(4)]
        wait_until(lambda: controller.coverage(4) == 1.0)
        for process in tasks[:2]:
            process.send_signal(signal.SIGKILL)
        wait_until(lambda: controller.coverage(4) == 0.5)
