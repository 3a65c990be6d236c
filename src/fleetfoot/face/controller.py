"""The controller process: ``python -m fleetfoot.face.controller STATE/up.json``.

The keeper starts it and starts it again. It reads the file ``fleetfoot up`` left, runs the loop, answers
on STATE/control.sock and takes the tasks' pushes on the listening socket the keeper hands over as
FLEETFOOT_PUSH_FD. SIGTERM ends it within two seconds, open streams or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from fleetfoot.core.model import Decision
from fleetfoot.core.words import tell
from fleetfoot.edge.aws.session import NotInstalled
from fleetfoot.edge.base import Source
from fleetfoot.edge.journal.sqlite import JournalError
from fleetfoot.edge.sources.push import PERIOD_MS, Receiver, interval_for, push_app
from fleetfoot.edge.sources.pushed import PushSource
from fleetfoot.edge.targets.shadow import PRESENT
from fleetfoot.face.control_app import control_app
from fleetfoot.face.times import clock_time
from fleetfoot.face.upfile import Up
from fleetfoot.fleet import paths
from fleetfoot.fleet.client import PlaneClient
from fleetfoot.run.clock import Clock
from fleetfoot.run.links import NoPlane, PlaneLink
from fleetfoot.run.wire import Live, build
from fleetfoot.spec import Service, Spec, SpecErrors, loads
from fleetfoot.spec.loader import self_contained

log = logging.getLogger("fleetfoot.controller")

GRACE_S = 1.0  # open streams get this long


class _Server(uvicorn.Server):
    """Signals are the controller's business, not uvicorn's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(app: Any, listener: socket.socket) -> tuple[_Server, asyncio.Task[None]]:
    """Serve an ASGI app on a listening socket until ``should_exit``."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1, ws="none", loop="none"
    )
    server = _Server(config)
    return server, asyncio.create_task(server.serve(sockets=[listener]))


class Pushes:
    """The receiver of the tasks' pushes, and what it answers them."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self.live: Live | None = None
        self.receiver: Receiver | None = None
        self._interval = (-1, PERIOD_MS)  # the step it was worked out at

    def sources(self, clock: Clock) -> Sequence[Source]:
        """One source per service."""
        self.receiver = Receiver(self._spec.services, clock.now, self._answer)
        return [self._source(self.receiver, service) for service in self._spec.services.values()]

    def _source(self, receiver: Receiver, service: Service) -> Source:
        promise = service.objective
        own = promise.latency if service.target == "ecs" else None
        return PushSource(receiver, service.name, lambda: self._serving(service.name), promise.percentile, own)

    def _serving(self, name: str) -> int:
        """The tasks that ought to push: under a shadow those there are, not those it would have."""
        seen = self.live.loop.services[name].seen if self.live is not None else None
        if seen is None:
            return 0
        if self.live is not None and self.live.shadow:
            return sum(int(seen.signals[PRESENT + kind].value) for kind in ("serving", "warming"))
        return seen.fleet.serving + seen.fleet.warming

    def _answer(self, name: str) -> Mapping[str, Any]:
        pool = self.live.loop.services[name].memory.slices.get("connections", {}).get("pool") if self.live else None
        return {"tasks": self._serving(name), "interval_ms": self._often(), "pool": pool}

    def _often(self) -> int:
        """What all tasks are told, worked out once a step."""
        steps = self.live.loop.counts.steps if self.live is not None else 0
        if self._interval[0] != steps:
            self._interval = (steps, interval_for(sum(self._serving(name) for name in self._spec.services)))
        return self._interval[1]


async def run(up: Up, push: socket.socket | None, token: str) -> None:
    """Live until SIGTERM or SIGINT, or until the loop ends, which it never should. Raises JournalError, NotInstalled,
    SpecErrors."""
    spec = loads(up.text, up.source)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    pushes = Pushes(spec)
    plane, commands = (_link(up, spec) for _ in range(2))  # no order waits behind a reading

    def say(decision: Decision) -> None:
        sys.stdout.write(f"{clock_time(decision.wall)}  {decision.service}  {tell(decision, up.lang)}\n")
        sys.stdout.flush()

    live = build(
        spec,
        up.state,
        plane,
        commands,
        say,
        more=pushes.sources if push else None,
        text=self_contained(up.text, up.source),
        shadow=up.shadow,
        hands=up.beside == up.state,
    )
    pushes.live = live
    await live.start(stopping.set)  # without its loop a controller is of no use: the keeper starts another
    servers = [serve(control_app(live, stopping), paths.listen(up.state / "control.sock"))]
    if push is not None and pushes.receiver is not None and token:
        servers.append(serve(push_app(pushes.receiver, token), push))
    await stopping.wait()
    (up.state / "control.sock").unlink(missing_ok=True)
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(
        asyncio.wait([task for _, task in servers], timeout=GRACE_S), live.stop(), return_exceptions=True
    )


def _link(up: Up, spec: Spec) -> PlaneLink:
    if all(service.target == "ecs" for service in spec.services.values()):
        return NoPlane()
    return PlaneClient((up.beside or up.state) / "plane.sock")


def push_socket() -> socket.socket | None:
    """The listening socket the keeper handed over, if it did."""
    number = os.environ.get("FLEETFOOT_PUSH_FD", "")
    return socket.socket(fileno=int(number)) if number.isdigit() else None


def main(arguments: Sequence[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m fleetfoot.face.controller STATE/up.json\n")
        return 2
    try:
        asyncio.run(run(Up.read(Path(arguments[0])), push_socket(), os.environ.get("FLEETFOOT_TOKEN", "")))
    except (JournalError, NotInstalled, SpecErrors, OSError, ValueError, KeyError) as failure:
        sys.stderr.write(f"fleetfoot controller: {failure}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
