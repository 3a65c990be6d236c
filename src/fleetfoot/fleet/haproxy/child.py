"""The HAProxy process of one service: its folder, its sockets, its start and its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

from fleetfoot.fleet import paths
from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.state import tail

from . import config, launch, program
from .log import LogPipe
from .runtime import Runtime, Silent

_START_S = 10.0
_HASTE_S = 1.0  # from SIGTERM to SIGKILL: there is nothing left to do then


class NotStarted(OSError):
    """HAProxy ended instead of starting; the text has its own words."""


class Child:
    """May be started again after its end. The listening socket stays ours, so clients wait meanwhile."""

    def __init__(self, folder: Path, settings: BalancerSettings, log: LogPipe) -> None:
        self.folder = folder
        self.runtime = Runtime(folder / "runtime.sock")
        self._settings, self._log = settings, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    async def start(self, listen: socket.socket) -> None:
        """Returns when it answers. Raises NotStarted, or program.Unusable."""
        found = program.find()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / "haproxy.log").write_bytes(b"")
        with contextlib.closing(paths.listen(self.folder / "runtime.sock")) as ear:
            wires = config.Wires(listen.fileno(), ear.fileno(), self._log.far)
            cfg = self._write(wires, found)
            with (self.folder / "haproxy.log").open("ab") as said:
                self._process = subprocess.Popen(  # noqa: ASYNC220 - fork and exec, no wait
                    [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), found.path, "-db", "-f", str(cfg)],
                    pass_fds=tuple(wires),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    start_new_session=True,
                )
        await self._answers()

    def _write(self, wires: config.Wires, found: program.Program) -> Path:
        hold = self.folder / "hold.lua" if found.lua else None
        if hold is not None:
            hold.write_text(config.HOLD, encoding="utf-8")
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = files if files != resource.RLIM_INFINITY else 1 << 20
        cfg = self.folder / "haproxy.cfg"
        cfg.write_text(config.text(self._settings, wires, files, str(hold) if hold else None), encoding="utf-8")
        return cfg

    async def _answers(self) -> None:
        deadline = asyncio.get_running_loop().time() + _START_S
        why = ""
        while self.running and asyncio.get_running_loop().time() < deadline:
            try:
                await self.runtime.ask("show version")
                return
            except Silent as silent:  # the socket listens already; who ends drops it
                why = str(silent)
                await asyncio.sleep(0.01)
        self.kill()
        raise NotStarted(f"HAProxy did not start: {tail(self.folder / 'haproxy.log') or why}")

    def signal(self, number: signal.Signals) -> None:
        """To the process, when it runs."""
        if self._process is not None and self.running:
            self._process.send_signal(number)

    def kill(self) -> None:
        """At once. Returns when it is gone."""
        self.runtime.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def end(self) -> None:
        """SIGTERM, then SIGKILL."""
        self.signal(signal.SIGTERM)
        deadline = asyncio.get_running_loop().time() + _HASTE_S
        while self.running and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - Popen tells nobody
            await asyncio.sleep(0.01)
        self.kill()
