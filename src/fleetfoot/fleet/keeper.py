"""The keeper: ``python -m fleetfoot.fleet.keeper CONFIG.json``, a small process in the foreground.

It owns the listening sockets, starts the data plane and the controller with them, starts either again
when it dies, reaps every orphan (the tasks of a killed plane become its children) and stops everything
in order: controller, plane, tasks. It does nothing else, so that nothing else can break it.
Standard library only.

    SIGTERM, SIGHUP, SIGINT   the orderly stop; exit code 0
    SIGINT once more          everything is killed at once; exit code 130
    exit code 2               it cannot start: the text says why, and nothing was started
"""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import socket
import sys
import time
from collections import deque
from pathlib import Path

from . import proc, sweep
from .child import Child, plane_link, python
from .haproxy.program import unusable
from .locks import Locked, take
from .settings import BadSettings, FleetSettings, address, load
from .sockets import PortTaken, bind, listens_on
from .state import Store, write_json

_CONTROLLER_STOP_MS = 5000
_SPARE_MS = 10_000  # beyond drain and stop timeout before a plane that does not end is killed
_EXITS_KEPT = 1024


def now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def say(text: str) -> None:
    """One line for the person in front of the terminal, if there still is one."""
    try:
        sys.stderr.write(f"fleetfoot: {text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


class Keeper:
    """One life of a fleet."""

    def __init__(self, settings: FleetSettings, config: Path) -> None:
        self.settings, self.config = settings, config
        self.store = Store(settings.state)
        self.run_name = secrets.token_hex(8)
        self.code = 0
        self._listen: dict[str, socket.socket] = {}
        self._push: socket.socket | None = None
        self._plane = Child("plane")
        self._controller = Child("controller")
        self._exits: deque[list[int]] = deque(maxlen=_EXITS_KEPT)
        self._was_ready = False
        self._phase = "run"  # run -> controller -> plane -> over: what is being waited for
        self._kill_at: int | None = None
        self._token = secrets.token_urlsafe(24)  # of the tasks' pushes
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._wakers = socket.socketpair()

    # start

    def bind(self) -> None:
        """Bind every socket, or none. Raises PortTaken."""
        try:
            for one in self.settings.services:
                self._listen[one.name] = bind(*address(one.listen), one.name)
            if self.settings.push:
                self._push = bind("127.0.0.1", 0, "push")
        except PortTaken:
            self._unbind()
            raise

    def _unbind(self) -> None:
        for sock in (*self._listen.values(), *([self._push] if self._push else [])):
            sock.close()
        self._listen, self._push = {}, None

    def _env(self) -> dict[str, str]:
        env = {key: value for key, value in os.environ.items() if not key.startswith("FLEETFOOT_")}
        env |= {
            "FLEETFOOT_STATE": str(self.settings.state),
            sweep.RUN_MARK: self.run_name,
            "FLEETFOOT_TOKEN": self._token,
        }
        if self._push is not None:
            env["FLEETFOOT_PUSH_URL"] = f"http://127.0.0.1:{self._push.getsockname()[1]}/push"
        return env

    def run(self) -> int:
        """Start everything and keep it until it is told to stop. The exit code."""
        proc.become_subreaper()
        wake = self._catch_signals()
        self._start_plane()
        if self.settings.controller:
            self._start_controller()
        for one in self.settings.services:
            say(f"{one.name} listens on {listens_on(one.listen, self._listen[one.name])}")
        while self._phase != "over":
            for key, events in self._selector.select(self._wait_s()):
                if key.fileobj is wake:
                    wake.recv(4096)
                elif events & selectors.EVENT_READ:
                    self._hear()
                if events & selectors.EVENT_WRITE:
                    self._watch_link(self._plane.flush())
            self._obey()
            self._reap()
            self._timers()
        self._finish()
        return self.code

    def _catch_signals(self) -> socket.socket:
        ours, theirs = self._wakers
        ours.setblocking(False)
        theirs.setblocking(False)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda got, _: self._signals.append(got))
        self._selector.register(ours, selectors.EVENT_READ)
        return ours

    def _start_plane(self) -> None:
        listen = {name: sock.fileno() for name, sock in self._listen.items()}
        ours, theirs = plane_link()
        options = {"config": str(self.config), "link": theirs.fileno(), "listen": listen}
        argv = python("fleetfoot.fleet.plane", options)
        self._plane.start(argv, self._env(), (*listen.values(), theirs.fileno()), now_ms())
        theirs.close()
        self._plane.link = ours
        self._watch_link(self._plane.send(*({"exit": one} for one in self._exits)))
        self._remember()

    def _start_controller(self) -> None:
        assert self.settings.controller is not None
        env, fds = self._env(), [self._push.fileno()] if self._push is not None else []
        if fds:
            env["FLEETFOOT_PUSH_FD"] = str(fds[0])
        self._controller.start(list(self.settings.controller), env, fds, now_ms())
        self._remember()

    def _remember(self) -> None:
        children = {one.name: [one.pid, one.born] for one in (self._plane, self._controller) if one.pid}
        value = {
            "pid": os.getpid(),
            "start": proc.start_time(os.getpid()),
            "run": self.run_name,
            "boot": proc.boot_id(),
            "config": str(self.config),
            "children": children,
        }
        try:
            write_json(self.store.keeper, value)
        except OSError as error:
            say(f"the state folder cannot be written: {error}")

    # what happens

    def _hear(self) -> None:
        for word in self._plane.hear():
            if word.get("ready"):
                self._was_ready = True
            elif word.get("stop"):
                self._begin_stop()
        if self._plane.link is None:  # it hung up; its end is told by SIGCHLD
            self._selector_drop()

    def _watch_link(self, more: bool) -> None:
        """Wait for words of the plane, and for room to write when there is ``more``."""
        self._selector_drop()
        if self._plane.link is not None:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if more else 0)
            self._selector.register(self._plane.link, events)

    def _selector_drop(self) -> None:
        for key in list(self._selector.get_map().values()):
            if key.fileobj is not self._wakers[0]:
                self._selector.unregister(key.fileobj)

    def _obey(self) -> None:
        signals, self._signals = self._signals, []
        for number in signals:
            if number == signal.SIGINT and self._phase != "run":
                say("killing everything")
                self.code = 130
                self._phase = "over"
            elif number != signal.SIGCHLD:
                self._begin_stop()

    def _reap(self) -> None:
        for pid, start, code in proc.reap():
            if pid == self._plane.pid:
                self._plane_ended(code)
            elif pid == self._controller.pid:
                self._controller_ended(code)
            else:
                self._exits.append([pid, start, code])
                self._watch_link(self._plane.send({"exit": [pid, start, code]}))

    def _plane_ended(self, code: int) -> None:
        self._selector_drop()
        self._plane.ended(now_ms())
        if self._phase == "plane":
            self._phase = "over"
        elif self._phase != "run":
            pass  # the controller goes first, the last step follows
        elif not self._was_ready:
            say(f"the data plane ended with code {code} before it was ready")
            self.code = 1
            self._begin_stop()
        else:
            say(f"the data plane ended with code {code}; a new one takes over")

    def _controller_ended(self, code: int) -> None:
        self._controller.ended(now_ms())
        if self._phase == "controller":
            self._stop_plane()
        elif self._phase == "run":
            say(f"the controller ended with code {code}; a new one takes over")

    # time

    def _wait_s(self) -> float | None:
        times = [self._kill_at] if self._kill_at is not None else []
        if self._phase == "run":
            times += [one.again for one in (self._plane, self._controller) if one.again is not None]
        return max(0, min(times) - now_ms()) / 1000 if times else None

    def _timers(self) -> None:
        now = now_ms()
        if self._phase == "run":
            if self._plane.due(now):
                self._start_plane()
            if self._controller.due(now):
                self._start_controller()
        elif self._kill_at is not None and now >= self._kill_at:
            child = self._controller if self._phase == "controller" else self._plane
            say(f"the {child.name} does not end: killed")
            child.signal(signal.SIGKILL)
            self._kill_at = None

    # stop

    def _begin_stop(self) -> None:
        if self._phase != "run":
            return
        say("stopping")
        self._unbind()
        self._phase = "controller"
        if self._controller.pid:
            self._controller.signal(signal.SIGTERM)
            self._kill_at = now_ms() + _CONTROLLER_STOP_MS
        else:
            self._stop_plane()

    def _stop_plane(self) -> None:
        self._phase = "plane"
        if not self._plane.pid:
            self._phase = "over"
            return
        services = self.settings.services
        self._kill_at = now_ms() + max(one.drain_ms + one.stop_timeout_ms for one in services) + _SPARE_MS
        self._plane.signal(signal.SIGTERM)

    def _finish(self) -> None:
        """Whatever is left, and nothing of it on record."""
        for child in (self._plane, self._controller):
            child.signal(signal.SIGKILL)
        patience = max(one.stop_timeout_ms for one in self.settings.services)
        sweep.end(self._left, 0 if self.code == 130 else patience, self._pause)
        sweep.forget(self.store)
        signal.set_wakeup_fd(-1)
        for sock in self._wakers:
            sock.close()

    def _left(self) -> dict[int, int]:
        """Every descendant, and whatever carries the name of this life."""
        below = [pid for pid in proc.tree(os.getpid()) if pid != os.getpid()]
        found = {pid: start for pid in below if (start := proc.start_time(pid)) is not None} | sweep.marked(
            self.run_name
        )
        return {pid: start for pid, start in found.items() if proc.alive(pid, start)}

    def _pause(self, seconds: float) -> None:
        for _ in proc.reap():
            pass
        if signal.SIGINT in self._signals:  # no more patience
            for pid, start in self._left().items():
                proc.kill(pid, start, signal.SIGKILL)
        time.sleep(seconds)


def main(argv: list[str]) -> int:
    """The whole life; see the top of the file for the exit codes."""
    if len(argv) != 1:
        say("usage: python -m fleetfoot.fleet.keeper CONFIG.json")
        return 2
    path = Path(argv[0]).absolute()
    try:
        settings = load(path)
        for one in settings.services:
            if why := unusable(one.balancer):
                raise BadSettings(f"{one.name}: {why}")
        store = Store(settings.state)
        store.make()
        lock = take(store.lock)
        if cleaned := sweep.clean_up(store):
            say(f"ended {cleaned} processes of a keeper that died")
        keeper = Keeper(settings, path)
        keeper.bind()
    except (BadSettings, Locked, PortTaken, OSError) as error:
        say(str(error))
        return 2
    try:
        return keeper.run()
    finally:
        lock.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
