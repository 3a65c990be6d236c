"""The controller's side of the agent, alone: a receiver of pushes on a real socket."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import uvicorn

from fleetfoot.edge.sources.push import Receiver, push_app
from fleetfoot_agent import Agent
from fleetfoot_agent.sender import Target
from tests.support import wait_until

TOKEN = "secret"


def now() -> int:
    return time.monotonic_ns() // 1_000_000


class Controller:
    """The receiver behind uvicorn in a thread; may be stopped and started again at the same address."""

    def __init__(self) -> None:
        self.answer: dict[str, int] = {"tasks": 3, "pool": 12, "interval_ms": 200}
        self.receiver = Receiver(["orders"], now, lambda service: self.answer)
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/v1/push"
        self.start()

    def start(self) -> None:
        app: Any = push_app(self.receiver, TOKEN)
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", loop="asyncio"))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket.dup()]})
        self.thread.start()
        wait_until(lambda: self.server.started, what="the controller to listen")

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)

    def total(self) -> float:
        return round(sum(second.requests for second in self.receiver.history("orders")), 6)

    def errors(self) -> float:
        return round(sum(second.errors for second in self.receiver.history("orders")), 6)

    def value(self, name: str) -> float | None:
        """The signal's value now; None when there is no such signal."""
        found = self.receiver.signals("orders", now(), 1).get(name)
        return None if found is None else found.value

    def coverage(self, serving: int) -> float | None:
        found = self.receiver.signals("orders", now(), serving).get("app.in_flight")
        return None if found is None else found.coverage

    def environ(self, task: str) -> dict[str, str]:
        return {
            "FLEETFOOT_PUSH_URL": self.url,
            "FLEETFOOT_TOKEN": TOKEN,
            "FLEETFOOT_SERVICE": "orders",
            "FLEETFOOT_TASK": task,
            "FLEETFOOT_REVISION": "r1",
        }

    def target(self, task: str = "orders-1", token: str = TOKEN) -> Target:
        return Target(self.url, token, "orders", task, "r1")


def serve(agent: Agent, requests: int, status: int = 200) -> None:
    """So many requests of 5 ms, as an app's middleware counts them."""
    for _ in range(requests):
        agent.recorder.begin()
        agent.recorder.end(5_000_000, status)
