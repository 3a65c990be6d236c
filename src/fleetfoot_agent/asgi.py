"""ASGI middleware: counts each HTTP request of the app it wraps, and changes nothing else.

A request ends when its last byte is handed to the server, so work done after the response (background
tasks) is neither latency nor in flight. An app that raises or answers nothing counts as a 500, which
is what the server then sends; a request cancelled before it answered counts as ``none``, no error.
Lifespan and websocket pass through; when a lifespan has shut down, what was counted is pushed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter_ns
from typing import Any

from fleetfoot_agent.recorder import Recorder

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


_BODIES = frozenset({"http.response.body", "http.response.pathsend", "http.response.zerocopysend"})


class _Send:
    """Reads the status in passing. Returns the inner coroutine itself: no extra frame per message."""

    __slots__ = ("began", "open", "recorder", "send", "status")

    def __init__(self, send: Send, recorder: Recorder) -> None:
        self.send = send
        self.recorder = recorder
        self.open = True
        self.status = 0
        self.began = perf_counter_ns()

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif self.open and not message.get("more_body") and message["type"] in _BODIES:
            self.open = False
            self.recorder.end(perf_counter_ns() - self.began, self.status)
        return self.send(message)

    def close(self, status: int, failed: bool) -> None:
        """The app left without the last byte."""
        if self.open:
            self.open = False
            self.recorder.end(perf_counter_ns() - self.began, self.status or status, failed)


class AsgiMiddleware:
    """Wraps any ASGI app; ``started`` and ``stopped`` are told of its lifespan."""

    def __init__(
        self,
        app: AsgiApp,
        recorder: Recorder,
        started: Callable[[], object] | None = None,
        stopped: Callable[[], object] | None = None,
    ) -> None:
        self.app = app
        self.recorder = recorder
        self._told = {"lifespan.startup.complete": started, "lifespan.shutdown.complete": stopped}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        self.recorder.begin()
        sending = _Send(send, self.recorder)
        try:
            await self.app(scope, receive, sending)
        except Exception:
            sending.close(500, True)
            raise
        except BaseException:  # cancelled: the client has gone, or the server stops
            sending.close(0, False)
            raise
        if sending.open:
            sending.close(500, True)

    async def _other(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            told = self._told.get(message["type"])
            if told is not None:
                told()
            await send(message)

        await self.app(scope, receive, tell if scope["type"] == "lifespan" else send)
