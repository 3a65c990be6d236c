"""The agent against the real receiver, over HTTP: what is counted arrives, through outages too."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from fleetfoot_agent import Agent, Answer, WsgiMiddleware
from tests.receivers import Controller, serve
from tests.support import wait_until

pytestmark = pytest.mark.network


def test_what_a_task_counts_arrives_and_the_answer_comes_back(controller: Controller, agent: Agent) -> None:
    answers: list[Answer] = []
    agent.on_answer(answers.append)
    assert agent.start(controller.target())
    serve(agent, 300)
    agent.gauge("users", 7)
    agent.queue(2)
    wait_until(lambda: controller.total() == 300)
    wait_until(lambda: (controller.value("app.users"), controller.value("app.queue")) == (7, 2), what="the levels")
    wait_until(lambda: controller.coverage(1) == 1.0)
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


def test_an_outage_of_the_controller_loses_nothing(controller: Controller, agent: Agent) -> None:
    agent.start(controller.target())
    sender = agent.sender
    assert sender is not None
    serve(agent, 10)
    wait_until(lambda: controller.total() == 10)
    controller.stop()
    serve(agent, 10)
    wait_until(lambda: sender.failed)
    controller.start()
    serve(agent, 10)
    wait_until(lambda: controller.total() == 30)


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
        wait_until(lambda: controller.total() == sum(range(10, 18)))
        wait_until(lambda: controller.coverage(8) == 1.0, what="a push of this moment of each")
    finally:
        for one in agents:
            one.stop()


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
