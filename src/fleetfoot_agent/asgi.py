"""ASGI middleware: counts each HTTP request of the app it wraps, and changes nothing else.

A request ends when its last byte is handed to the server, so work done after the response (background
tasks) is neither latency nor in flight. An app that raises or answers nothing counts as a 500, which
is what the server then sends; a request cancelled before it answered counts as ``none``, no error.
Lifespan and websocket pass through; when a lifespan has shut down, what was counted is pushed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter_ns as now
from typing import Any

from fleetfoot_agent.recorder import Recorder

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

ENDED = -1
_BODIES = frozenset({"http.response.body", "http.response.pathsend", "http.response.zerocopysend"})


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
        status = 0  # not answered yet; ENDED: counted

        def sending(message: Message) -> Awaitable[None]:  # returns the inner coroutine itself: no extra frame
            nonlocal status
            kind = message["type"]
            if kind in _BODIES:
                if status >= 0 and not message.get("more_body"):
                    life.end(now() - began, status)
                    status = ENDED
            elif kind == "http.response.start":
                status = message["status"]
            return send(message)

        recorder = self.recorder
        if recorder.asleep:
            recorder.awaken()
        life = recorder.life
        life.begin()
        began = now()
        try:
            await self.app(scope, receive, sending)
        except Exception:
            if status >= 0:
                life.end(now() - began, status or 500, True)
                status = ENDED
            raise
        except BaseException:  # cancelled: the client has gone, or the server stops
            if status >= 0:
                life.end(now() - began, status)
                status = ENDED
            raise
        if status >= 0:
            life.end(now() - began, status or 500, True)
            status = ENDED

    async def _other(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            told = self._told.get(message["type"])
            if told is not None:
                told()
            await send(message)

        await self.app(scope, receive, tell if scope["type"] == "lifespan" else send)
