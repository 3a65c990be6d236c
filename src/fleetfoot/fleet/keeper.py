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
import sys
import time
from collections import deque
from pathlib import Path

from . import proc, sweep
from .child import Child, plane_link, python
from .clock import mono_ms
from .haproxy.program import unusable
from .locks import Locked, take
from .settings import BadSettings, FleetSettings, load
from .signals import Signals
from .sockets import Listening, PortTaken, listens_on
from .state import Store, write_json

_CONTROLLER_STOP_MS = 5000
_SPARE_MS = 10_000  # beyond drain and stop timeout before a plane that does not end is killed
_EXITS_KEPT = 1024


def say(text: str) -> None:
    """One line for the person in front of the terminal, if there still is one."""
    try:
        sys.stderr.write(f"fleetfoot: {text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


class Keeper:
    """One life of a fleet."""

    def __init__(self, settings: FleetSettings, config: Path, listening: Listening) -> None:
        self.settings, self.config, self._listening = settings, config, listening
        self.store = Store(settings.state)
        self.run_name = secrets.token_hex(8)
        self.code = 0
        self._plane = Child("plane")
        self._controller = Child("controller")
        self._exits: deque[list[int]] = deque(maxlen=_EXITS_KEPT)
        self._was_ready = False
        self._phase = "run"  # run -> controller -> plane -> over: what is being waited for
        self._kill_at: int | None = None
        self._token = secrets.token_urlsafe(24)  # of the tasks' pushes
        self._selector = selectors.DefaultSelector()
        self._signals = Signals((signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD))
        self._selector.register(self._signals.wake, selectors.EVENT_READ)

    # start

    def _env(self) -> dict[str, str]:
        env = {key: value for key, value in os.environ.items() if not key.startswith("FLEETFOOT_")}
        env |= {
            "FLEETFOOT_STATE": str(self.settings.state),
            sweep.RUN_MARK: self.run_name,
            "FLEETFOOT_TOKEN": self._token,
        }
        if self._listening.push is not None:
            env["FLEETFOOT_PUSH_URL"] = f"http://127.0.0.1:{self._listening.push.getsockname()[1]}/push"
        return env

    def run(self) -> int:
        """Start everything and keep it until it is told to stop. The exit code."""
        proc.become_subreaper()
        self._start_plane()
        if self.settings.controller:
            self._start_controller()
        for one in self.settings.services:
            say(f"{one.name} listens on {listens_on(one.listen, self._listening.services[one.name])}")
        while self._phase != "over":
            for key, events in self._selector.select(self._wait_s()):
                if key.fileobj is self._signals.wake:
                    self._signals.wake.recv(4096)
                elif events & selectors.EVENT_READ:
                    self._hear()
                if events & selectors.EVENT_WRITE:
                    self._watch_link(self._plane.flush())
            self._obey()
            self._reap()
            self._timers()
        self._finish()
        return self.code

    def _start_plane(self) -> None:
        listen = {name: sock.fileno() for name, sock in self._listening.services.items()}
        ours, theirs = plane_link()
        options = {"config": str(self.config), "link": theirs.fileno(), "listen": listen}
        argv = python("fleetfoot.fleet.plane", options)
        self._plane.start(argv, self._env(), (*listen.values(), theirs.fileno()), mono_ms())
        theirs.close()
        self._plane.link = ours
        self._watch_link(self._plane.send(*({"exit": one} for one in self._exits)))
        self._remember()

    def _start_controller(self) -> None:
        assert self.settings.controller is not None
        push = self._listening.push
        env, fds = self._env(), [push.fileno()] if push is not None else []
        if fds:
            env["FLEETFOOT_PUSH_FD"] = str(fds[0])
        self._controller.start(list(self.settings.controller), env, fds, mono_ms())
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
            if key.fileobj is not self._signals.wake:
                self._selector.unregister(key.fileobj)

    def _obey(self) -> None:
        for number in self._signals.take():
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
        self._plane.ended(mono_ms())
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
        self._controller.ended(mono_ms())
        if self._phase == "controller":
            self._stop_plane()
        elif self._phase == "run":
            say(f"the controller ended with code {code}; a new one takes over")

    # time

    def _wait_s(self) -> float | None:
        times = [self._kill_at] if self._kill_at is not None else []
        if self._phase == "run":
            times += [one.again for one in (self._plane, self._controller) if one.again is not None]
        return max(0, min(times) - mono_ms()) / 1000 if times else None

    def _timers(self) -> None:
        now = mono_ms()
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
        self._listening.close()
        self._phase = "controller"
        if self._controller.pid:
            self._controller.signal(signal.SIGTERM)
            self._kill_at = mono_ms() + _CONTROLLER_STOP_MS
        else:
            self._stop_plane()

    def _stop_plane(self) -> None:
        self._phase = "plane"
        if not self._plane.pid:
            self._phase = "over"
            return
        services = self.settings.services
        self._kill_at = mono_ms() + max(one.drain_ms + one.stop_timeout_ms for one in services) + _SPARE_MS
        self._plane.signal(signal.SIGTERM)

    def _finish(self) -> None:
        """Whatever is left, and nothing of it on record."""
        for child in (self._plane, self._controller):
            child.signal(signal.SIGKILL)
        patience = max(one.stop_timeout_ms for one in self.settings.services)
        sweep.end(lambda: sweep.left(self.run_name), 0 if self.code == 130 else patience, self._pause)
        sweep.forget(self.store)
        self._signals.close()

    def _pause(self, seconds: float) -> None:
        for _ in proc.reap():
            pass
        if signal.SIGINT in self._signals.come:  # no more patience
            for pid, start in sweep.left(self.run_name).items():
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
        keeper = Keeper(settings, path, Listening(settings))
    except (BadSettings, Locked, PortTaken, OSError) as error:
        say(str(error))
        return 2
    try:
        return keeper.run()
    finally:
        lock.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
