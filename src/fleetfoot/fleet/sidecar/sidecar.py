"""One app, one balancer, one sender.

    clients ── SIDECAR_LISTEN ──> balancer ──> 127.0.0.1:SIDECAR_APP_PORT
                                     └── tally ──> sender ──> FLEETFOOT_PUSH_URL

Everything runs on one event loop, but the sender, which has the agent's thread.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from typing import Any

from fleetfoot.fleet.balancer import Balancer
from fleetfoot.fleet.health import Gate, Polls, probe
from fleetfoot.fleet.sidecar.page import Page
from fleetfoot.fleet.sidecar.settings import SidecarSettings
from fleetfoot.fleet.sidecar.tally import Tally
from fleetfoot_agent.emf import Emf, Place
from fleetfoot_agent.sender import Sender, Target

log = logging.getLogger("fleetfoot.sidecar")
APP = "app"  # what the balancer calls its only task
SAMPLE_S = 0.05
FIGURES = ("offered", "completed", "errors", "shed", "timed_out", "queue", "oldest_ms")


class Sidecar:
    """Serves until told to stop. ``target`` None: it pushes nothing; ``place`` None: it prints no metrics."""

    def __init__(
        self,
        settings: SidecarSettings,
        target: Target | None,
        place: Place | None,
        traffic: socket.socket,
        health: socket.socket,
    ) -> None:
        """``traffic`` and ``health``: bound and listening; closed in the end."""
        self.settings = settings
        self.balancer = Balancer(APP, settings.balancer, settings.objective_ms, settings.concurrency, lambda _: None)
        self.balancer.capacity_hint(settings.throughput)
        self.balancer.add(APP, settings.app_port, zone="", revision="")
        self.gate = Gate(settings.readiness)
        self._was_ready = False
        self.sender: Sender | None = None
        self._target, self._place, self._traffic, self._health = target, place, traffic, health
        self._stop, self._cut = asyncio.Event(), asyncio.Event()

    def stop(self) -> None:
        """Begin the orderly stop; the second time, end what is still open."""
        if self._stop.is_set():
            self._cut.set()
        self._stop.set()

    async def run(self) -> None:
        """Serve, drain, push a last time."""
        tally = Tally(self.balancer.snapshot, asyncio.get_running_loop())
        page = await asyncio.start_server(Page(self.tell).answer, sock=self._health)
        await self.balancer.serve(self._traffic)
        jobs = [asyncio.create_task(self._watch()), asyncio.create_task(self._sample(tally))]
        if self._target is not None:
            self.sender = Sender(tally, self._target)
            self.sender.start()
        if self._place is not None:  # not on the loop, which answers its first look
            await asyncio.get_running_loop().run_in_executor(None, Emf(tally, self._place).start)
        try:
            await self._stop.wait()
            await self._drain()
        finally:
            for job in jobs:
                job.cancel()
            if self.sender is not None:
                await asyncio.get_running_loop().run_in_executor(None, self.sender.stop)
            page.close()

    def tell(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether traffic may come here, and the figures of the health page."""
        state = "serving" if self.gate.up else "not ready" if self._was_ready else "starting"
        if self._stop.is_set():
            state = "draining"
        seen, sender = self.balancer.snapshot(), self.sender
        figures = {name: seen[name] for name in FIGURES}
        pushes = None if sender is None else {"pushed": sender.pushed, "failed": sender.failed}
        why = "" if self.gate.up else self.gate.last
        return state == "serving", {"state": state, "app": why, **figures, "pushes": pushes}

    async def _watch(self) -> None:
        """Ask the app for its readiness: often until it is ready, then every interval."""
        check, polls = self.settings.readiness, Polls()
        while True:
            failure = await probe(self.settings.app_port, check)
            if self.gate.see(failure):
                log.info("the app is %s", "ready" if self.gate.up else f"not ready: {self.gate.last}")
                if self.gate.up:
                    self._was_ready = True
                    self.balancer.ready(APP, ramp_ms=0)
                    polls = Polls()
                else:
                    self.balancer.unready(APP)
            await asyncio.sleep((check.interval_ms if self.gate.up else polls.wait()) / 1000)

    async def _sample(self, tally: Tally) -> None:
        while True:
            tally.sample()
            await asyncio.sleep(SAMPLE_S)

    async def _drain(self) -> None:
        """Let the others hear that this one leaves, then finish what is open; both end at a second signal."""
        cut = asyncio.create_task(self._cut.wait())
        log.info("stopping: taking requests for %g s more", self.settings.linger_ms / 1000)
        await asyncio.wait([cut], timeout=self.settings.linger_ms / 1000)
        closing = asyncio.create_task(self.balancer.close(0 if self._cut.is_set() else self.settings.drain_ms))
        await asyncio.wait([closing, cut], return_when=asyncio.FIRST_COMPLETED)
        if not closing.done():
            closing.cancel()
            await asyncio.wait([closing])
            await self.balancer.close(0)
        cut.cancel()
