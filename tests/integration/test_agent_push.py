"""The agent against the real receiver: over HTTP, in processes that are killed, with controllers that misbehave."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from fleetfoot_agent import Agent, Answer, WsgiMiddleware
from fleetfoot_agent.sender import Target
from tests.receivers import TOKEN, Controller, now
from tests.support import wait_until

pytestmark = pytest.mark.network
ROOT = Path(__file__).parents[2]


@pytest.fixture
def controller() -> Iterator[Controller]:
    made = Controller()
    try:
        yield made
    finally:
        made.stop()
        made.socket.close()


@pytest.fixture
def agent() -> Iterator[Agent]:
    made = Agent()
    yield made
    made.stop()


def serve(agent: Agent, requests: int, status: int = 200) -> None:
    for _ in range(requests):
        agent.recorder.begin()
        agent.recorder.end(5_000_000, status)


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


def test_what_a_task_counts_arrives_and_the_answer_comes_back(controller: Controller, agent: Agent) -> None:
    answers: list[Answer] = []
    agent.on_answer(answers.append)
    assert agent.start(controller.target())
    serve(agent, 300)
    agent.gauge("users", 7)
    agent.queue(2)
    wait_until(lambda: controller.total() == 300)
    wait_until(lambda: controller.receiver.signals("orders", now(), 1).get("app.users"), what="the gauge")
    found = controller.receiver.signals("orders", now(), 1)
    assert (found["app.users"].value, found["app.queue"].value, found["app.in_flight"].coverage) == (7, 2, 1.0)
    wait_until(lambda: agent.answer == Answer(3, 12, 200))
    controller.answer = {"tasks": 4, "interval_ms": 200}
    wait_until(lambda: agent.answer == Answer(4, None, 200))
    assert answers == [Answer(3, 12, 200), Answer(4, None, 200)]


def test_the_size_of_the_pool_reaches_the_app_and_stays_when_an_answer_has_none(
    controller: Controller, agent: Agent
) -> None:
    sizes: list[int] = []
    agent.on_pool(sizes.append)
    assert agent.pool_size(default=5) == 5
    agent.start(controller.target())
    wait_until(lambda: agent.pool_size(5) == 12)
    controller.answer = {"tasks": 9, "interval_ms": 200}
    wait_until(lambda: agent.answer == Answer(9, None, 200))
    controller.answer = {"tasks": 9, "pool": 8, "interval_ms": 200}
    wait_until(lambda: agent.pool_size(5) == 8)
    assert sizes == [12, 8]


def test_the_interval_of_the_answer_is_kept(controller: Controller, agent: Agent) -> None:
    controller.answer = {"interval_ms": 60_000}
    agent.start(controller.target())
    wait_until(lambda: agent.answer, what="the first answer")
    assert agent.sender is not None
    serve(agent, 5)
    agent.stop()  # does not wait for the minute to end
    wait_until(lambda: controller.total() == 5)
    assert agent.sender.pushed == 2


def test_a_callback_that_raises_costs_nothing(controller: Controller, agent: Agent) -> None:
    def broken(answer: Answer) -> None:
        raise RuntimeError("the app's own")

    agent.on_answer(broken)
    agent.start(controller.target())
    sender = agent.sender
    assert sender is not None
    wait_until(lambda: sender.pushed >= 3)
    assert sender.failed == 0


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
        wait_until(lambda: controller.coverage(4) == 1.0, timeout=30)
        for process in tasks[:2]:
            process.send_signal(signal.SIGKILL)
        wait_until(lambda: controller.coverage(4) == 0.5)


def test_an_outage_of_the_controller_loses_nothing(controller: Controller, agent: Agent) -> None:
    agent.start(controller.target())
    sender = agent.sender
    assert sender is not None
    serve(agent, 10)
    wait_until(lambda: controller.total() == 10)
    controller.stop()
    serve(agent, 10)
    wait_until(lambda: sender.failed >= 2)
    controller.start()
    serve(agent, 10)
    wait_until(lambda: controller.total() == 30, timeout=30)


def test_a_wrong_token_stops_nothing_but_the_pushes(controller: Controller, agent: Agent) -> None:
    agent.start(controller.target(token="wrong"))
    sender = agent.sender
    assert sender is not None
    wait_until(lambda: sender.failed >= 1)
    serve(agent, 10)
    assert agent.recorder.take().requests == 10
    assert (agent.answer, controller.total()) == (None, 0)


def test_many_pushes_are_many_tasks_each_in_its_phase(controller: Controller) -> None:
    agents = [Agent() for _ in range(8)]
    try:
        for i, one in enumerate(agents):
            one.start(controller.target(f"orders-{i}"))
            serve(one, 10 + i)
        wait_until(lambda: controller.total() == sum(range(10, 18)), timeout=30)
        assert controller.coverage(8) == 1.0
    finally:
        for one in agents:
            one.stop()


# --- controllers that misbehave ---


class Impostor:
    """A TCP server that answers each request with what ``answer`` holds, and ``silent`` not at all."""

    def __init__(self, answer: bytes = b"", close: bool = True) -> None:
        self.answer = answer
        self.close_after = close
        self.heard = 0
        self.ending = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.target = Target(f"http://127.0.0.1:{self.socket.getsockname()[1]}/", TOKEN, "orders", "orders-1")
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while not self.ending.is_set():
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            with line:
                line.settimeout(30)
                while self._exchange(line) and not self.close_after:
                    pass

    def _exchange(self, line: socket.socket) -> bool:
        with contextlib.suppress(OSError):
            data = b""
            while b"\r\n\r\n" not in data or not data.endswith(b"}"):
                more = line.recv(65536)
                if not more:
                    return False
                data += more
            self.heard += 1
            if self.answer:
                line.sendall(self.answer)
                return True
            self.ending.wait(60)
        return False

    def close(self) -> None:
        self.ending.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(30)


@pytest.fixture
def impostor() -> Iterator[Callable[..., Impostor]]:
    made: list[Impostor] = []

    def make(*args: Any, **named: Any) -> Impostor:
        made.append(Impostor(*args, **named))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_controller_that_hangs_never_holds_the_app(impostor: Callable[..., Impostor], agent: Agent) -> None:
    hanging = impostor()
    agent.start(hanging.target)
    wait_until(lambda: hanging.heard, what="a push that will not be answered")
    serve(agent, 2000)  # served while the push hangs: the controller answers only when the test ends
    agent.gauge("users", 1)
    agent.stop()  # gives up waiting by itself
    assert not hanging.ending.is_set()
    assert agent.recorder.take().requests == 2000


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n"
ANSWER = b'{"v":1, "interval_ms": 200}'


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"\x00\xff garbage", id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", id="a page"),
        pytest.param(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", id="a redirect"),
        pytest.param(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", id="a failure"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", id="a cut answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"[" * 99999, id="a huge answer"),
    ],
)
def test_what_is_no_answer_is_a_failure_from_which_the_sender_recovers(
    answer: bytes, impostor: Callable[..., Impostor], agent: Agent
) -> None:
    odd = impostor(answer)
    agent.start(odd.target)
    sender = agent.sender
    assert sender is not None
    wait_until(lambda: sender.failed >= 1)
    serve(agent, 100)
    assert (agent.answer, sender.pushed) == (None, 0)
    odd.answer = OK + ANSWER
    wait_until(lambda: sender.pushed >= 1)
    assert agent.answer == Answer(interval_ms=200)


def test_a_connection_the_controller_closed_while_idle_is_opened_anew(
    impostor: Callable[..., Impostor], agent: Agent
) -> None:
    forgetful = impostor(OK + ANSWER, close=True)
    agent.start(forgetful.target)
    sender = agent.sender
    assert sender is not None
    wait_until(lambda: sender.pushed >= 4)
    assert sender.failed == 0


def test_one_connection_is_kept_for_many_pushes(impostor: Callable[..., Impostor], agent: Agent) -> None:
    keeping = impostor(OK + ANSWER, close=False)
    agent.start(keeping.target)
    sender = agent.sender
    assert sender is not None
    wait_until(lambda: keeping.heard >= 1)
    keeping.socket.shutdown(socket.SHUT_RDWR)  # no new connection can be made
    wait_until(lambda: sender.pushed >= 4)
    assert sender.failed == 0


def test_a_controller_that_is_not_there_stops_nothing(agent: Agent, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    agent.start(Target(f"http://127.0.0.1:{port}/", TOKEN, "orders", "orders-1"))
    sender = agent.sender
    assert sender is not None
    wait_until(lambda: sender.failed >= 2)
    serve(agent, 100)
    assert agent.recorder.take().requests == 100
    said = [record for record in caplog.records if record.name == "fleetfoot_agent"]
    assert len(said) == 1
    assert "said once" in said[0].getMessage()


def test_a_stopped_agent_can_be_started_again(controller: Controller, agent: Agent) -> None:
    agent.start(controller.target())
    serve(agent, 5)
    agent.stop()
    wait_until(lambda: controller.total() == 5)
    assert controller.coverage(1) is None
    agent.start()
    serve(agent, 5)
    wait_until(lambda: controller.total() == 10)
    wait_until(lambda: controller.coverage(1) == 1.0)


# --- WSGI, through a real server ---


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
        pass


def test_a_wsgi_app_behind_a_real_server_is_counted_and_its_responses_are_whole(agent: Agent) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/raise":
            raise ValueError("broken")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    server = make_server("127.0.0.1", 0, WsgiMiddleware(app, agent.recorder), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        for i in range(10):
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
            connection.request("GET", "/raise" if i == 3 else "/")
            response = connection.getresponse()
            assert response.status == (500 if i == 3 else 200)
            if i != 3:
                assert response.getheader("Content-Length") == "5"
                assert response.read() == b"hello"
            connection.close()
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()
    counts = agent.recorder.take()
    assert (counts.requests, counts.errors, counts.in_flight) == (10, 1, 0)
    assert counts.status == {"2xx": 9, "5xx": 1}
