"""The agent and controllers that misbehave: they cost pushes, never the app anything."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fleetfoot_agent import Agent, Answer
from fleetfoot_agent.sender import Target
from tests.receivers import TOKEN, serve
from tests.support import wait_until

pytestmark = pytest.mark.network


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
