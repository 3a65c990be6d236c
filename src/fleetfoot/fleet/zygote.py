"""The zygote of one service: imports a Python app once, then forks a task whenever it is told to.

Started by the plane. Over an inherited socket, JSON lines: ``{"ready": true}`` or ``{"failed": text}`` once, then
``{"fork": task, "env": {…}, "log": path}`` is answered by ``{"forked": task, "pid": n, "start": n}``, and
``{"exit": [pid, start, code]}`` tells of every child's end. It ends when the socket does; its children run on.

A fork copies one thread only. A lock another thread holds stays locked in the child for ever, and an event loop
or a connection made at import would be shared by all tasks. So an app that has any of them after its import is refused.
"""

from __future__ import annotations

import concurrent.futures.thread
import ctypes
import encodings.idna
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvicorn
import uvicorn.loops.auto
import uvicorn.loops.uvloop
import uvloop
from uvicorn.importer import import_from_string

from fleetfoot_agent import is_asgi

from . import proc
from .signals import Signals

# What a server imports only when it starts, or at its first connection: every task would do so after its fork.
_NEEDED_LATER = (concurrent.futures.thread, encodings.idna, uvicorn.loops.auto, uvicorn.loops.uvloop, uvloop)
_PR_SET_PDEATHSIG = 1
_SHARED = ("socket:", "anon_inode:[eventpoll]", "anon_inode:[io_uring]")


class Unsafe(Exception):
    """The app must not be forked; the text says why."""


def load(name: str) -> object:
    """The object ``module:attr`` names. Raises Unsafe when the import left what a fork would break."""
    before = _descriptors()
    found: object = import_from_string(name)
    _refuse_unsafe(before)
    return found


def _refuse_unsafe(before: Mapping[int, str]) -> None:
    names = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
    threads = max(len(names), len(list(Path("/proc/self/task").iterdir())) - 1)
    if threads:
        told = f" ({', '.join(names)})" if names else ""
        raise Unsafe(f"it started {threads} thread{'s' * (threads > 1)} at import{told}")
    gc.collect()  # a loop or a socket nobody holds any more is none
    left = {fd: what for fd, what in _descriptors().items() if before.get(fd) != what}
    if any("eventpoll" in what for what in left.values()):
        raise Unsafe("it made an event loop at import")
    if left:
        raise Unsafe(f"it opened {len(left)} connection{'s' * (len(left) > 1)} at import")


def _descriptors() -> dict[int, str]:
    """Open descriptors that two processes must not share."""
    found = {}
    for path in Path("/proc/self/fd").iterdir():
        try:
            what = str(path.readlink())
        except OSError:
            continue
        if what.startswith(_SHARED):
            found[int(path.name)] = what
    return found


def prepare(app: object) -> uvicorn.Config:
    """A uvicorn server's configuration with all it will need imported."""
    kind = "auto" if is_asgi(app) else "wsgi"
    config = uvicorn.Config(app, host="127.0.0.1", port=0, interface=kind, access_log=False)  # type: ignore[arg-type]
    config.load()
    return config


class Nursery:
    """The loop of the zygote. ``run`` returns in every child, with what it was told, and never else."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._in = b""

    def run(self) -> Mapping[str, Any]:
        """Fork as told until the plane hangs up, which ends the process."""
        signals = Signals((signal.SIGCHLD,))
        while True:
            readable, _, _ = select.select([self._link, signals.wake], [], [])
            if signals.wake in readable:
                signals.wake.recv(4096)
                signals.take()
            if self._link in readable:
                got = self._link.recv(65536)
                if not got:
                    os._exit(0)
                *lines, self._in = (self._in + got).split(b"\n")
                for line in lines:
                    told: Mapping[str, Any] = json.loads(line)
                    if self._fork(told["fork"], signals):
                        return told
            for pid, start, code in proc.reap():
                self.say({"exit": [pid, start, code]})

    def say(self, word: Mapping[str, object]) -> None:
        """A word to the plane; without one there is nothing left to do."""
        try:
            self._link.sendall(json.dumps(word).encode() + b"\n")
        except OSError:
            os._exit(0)

    def _fork(self, task: str, signals: Signals) -> bool:
        """True in the child."""
        try:
            pid = os.fork()
        except OSError as error:
            self.say({"refused": task, "why": f"cannot be forked: {error.strerror}"})
            return False
        if pid:
            while os.getsid(pid) != pid and proc.alive(pid, proc.start_time(pid) or 0):
                time.sleep(0.0001)  # its group is what it will be signalled by
            self.say({"forked": task, "pid": pid, "start": proc.start_time(pid) or 0})
            return False
        os.setsid()
        signals.close()
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
        self._link.close()
        return True


def _become_task(told: Mapping[str, Any]) -> None:
    """Environment and log of the task; its name is on the record by its pid."""
    os.environ.clear()
    os.environ.update(told["env"])
    try:
        fd = os.open(told["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:  # a full disk: without a log
        fd = os.open(os.devnull, os.O_WRONLY)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(fd)


def main(options: str) -> int:
    """In a child the exit code of its server; the zygote itself ends inside."""
    told = json.loads(options)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # of the plane; children do not inherit it
    nursery = Nursery(socket.socket(fileno=told["link"]))
    sys.path.insert(0, str(Path.cwd()))
    try:
        config = prepare(load(told["app"]))
    except Unsafe as error:
        nursery.say({"failed": f"{told['app']} cannot be forked: {error}; do that when the server starts, or use run:"})
        return 1
    except BaseException as error:  # noqa: BLE001 - whatever an import may raise, SystemExit included
        traceback.print_exc()
        nursery.say({"failed": f"{told['app']} cannot be imported: {type(error).__name__}: {error}"})
        return 1
    gc.freeze()  # what is there now is never walked again, so its pages stay shared
    nursery.say({"ready": True})
    order = nursery.run()
    _become_task(order)
    config.port = int(os.environ["PORT"])
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 3
