"""The in-app agent of fleetfoot: counts requests inside a task and pushes them each second.

    import fleetfoot_agent

    app = fleetfoot_agent.install(app)            # any ASGI or WSGI app
    fleetfoot_agent.agent.gauge("active_users", 131)
    fleetfoot_agent.agent.count("orders")

Without FLEETFOOT_PUSH_URL it records and sends nothing; with FLEETFOOT_NAMESPACE it prints metrics for CloudWatch
(``emf``). Standard library only.
"""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable
from typing import Any

from fleetfoot_agent.asgi import AsgiMiddleware
from fleetfoot_agent.emf import Emf, place_from
from fleetfoot_agent.histogram import Histogram
from fleetfoot_agent.recorder import Level, Recorder
from fleetfoot_agent.sender import Answer, Sender, Target, target_from
from fleetfoot_agent.wsgi import WsgiMiddleware

__version__ = "0.1.0"
__all__ = [
    "Agent",
    "Answer",
    "AsgiMiddleware",
    "Histogram",
    "Recorder",
    "WsgiMiddleware",
    "agent",
    "install",
    "on_pool",
    "pool_size",
]

_log = logging.getLogger("fleetfoot_agent")


class Agent:
    """A recorder and, once started and told where to, its sender."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.sender: Sender | None = None
        self.emf: Emf | None = None
        self._callbacks: list[Callable[[Answer], None]] = []
        self._resize: list[Callable[[int], None]] = []
        self._pool: int | None = None  # the newest size told; an answer without one takes none back

    def gauge(self, name: str, value: Level) -> None:
        """Set the level ``name``, or give a callable that is asked at every push."""
        self.recorder.gauge(name, value)

    def count(self, name: str, by: int = 1) -> None:
        """Count ``by`` events as ``name``."""
        self.recorder.count(name, by)

    def queue(self, length: Level) -> None:
        """Set the length of the app's own queue, or give a callable that is asked at every push."""
        self.recorder.queue(length)

    @property
    def answer(self) -> Answer | None:
        """What the controller last answered; None before the first answer."""
        return None if self.sender is None else self.sender.answer

    def pool_size(self, default: int) -> int:
        """Connections this task may hold now; ``default`` until the controller has said, so begin small."""
        return default if self._pool is None else self._pool

    def on_pool(self, callback: Callable[[int], None]) -> None:
        """Call ``callback`` with the new size, in the sender's thread, whenever it changes."""
        self._resize.append(callback)

    def on_answer(self, callback: Callable[[Answer], None]) -> None:
        """Call ``callback``, in the sender's thread, whenever the answer changes."""
        self._callbacks.append(callback)

    def _answered(self, answer: Answer) -> None:
        if answer.pool is not None and answer.pool != self._pool:
            self._pool = answer.pool
            for resize in list(self._resize):
                resize(answer.pool)
        for callback in list(self._callbacks):
            callback(answer)

    def start(self, target: Target | None = None) -> bool:
        """Start pushing to ``target``, by default the one the environment names, and publishing where it says so.
        False: there is nowhere to push to."""
        pushes = self._start_pushing(target)
        self._start_publishing()
        return pushes

    def _start_publishing(self) -> None:
        place = place_from(os.environ)
        if place is None:
            return
        if self.emf is None:
            self.emf = Emf(self.recorder, place)
            self.recorder.wake = self.start  # a forked child begins both anew
        self.emf.start()

    def _start_pushing(self, target: Target | None) -> bool:
        if self.sender is None:
            try:
                target = target or target_from(os.environ)
            except ValueError as error:
                _log.warning("fleetfoot agent: %s; nothing is sent", error)
            if target is None:
                return False
            self.sender = Sender(self.recorder, target, self._answered)
        self.sender.start()
        return True

    def stop(self) -> None:
        """Push once more and stop sending; half a second at most."""
        if self.sender is not None:
            self.sender.stop()


agent = Agent()
pool_size = agent.pool_size
on_pool = agent.on_pool


def install(app: Any, agent: Agent = agent, eager: bool = True) -> Any:
    """Wrap an ASGI or WSGI app, and start sending when the environment says where to.

    ``eager=False`` waits for the server's start (ASGI lifespan) or the first request: for a master that
    loads the app and then forks. Raises TypeError when ``app`` is neither.
    """
    if is_asgi(app):
        wrapped: Any = AsgiMiddleware(app, agent.recorder, started=agent.start, stopped=agent.stop)
    else:
        wrapped = WsgiMiddleware(app, agent.recorder)
    if eager:
        agent.start()
    else:
        agent.recorder.sleep(agent.start)
    return wrapped


def is_asgi(app: Any) -> bool:
    """True for an ASGI app, False for a WSGI app; TypeError when it is neither or cannot be told."""
    call = getattr(type(app), "__call__", None)  # noqa: B004 - not whether, but which
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(call):
        return True
    for arguments in (2, 3):  # 2 first: a WSGI app may have more that are optional
        if _takes(app, arguments):
            return arguments == 3
    raise TypeError(
        f"{type(app).__name__} is neither app(scope, receive, send) nor app(environ, start_response); "
        "wrap it with AsgiMiddleware or WsgiMiddleware"
    )


def _takes(app: Any, arguments: int) -> bool:
    try:
        inspect.signature(app).bind(*[None] * arguments)
    except (TypeError, ValueError):
        return False
    return True
