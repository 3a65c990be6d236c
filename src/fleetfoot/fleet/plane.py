"""The data plane of one machine: ``python -m fleetfoot.fleet.plane OPTIONS``, started by the keeper.

One asyncio loop holds a supervisor and a balancer per service, and the admin socket. The keeper owns
the listening sockets; they are inherited here, so that connections wait in the kernel while a killed
plane is replaced. OPTIONS is a JSON object: ``config`` path, ``link`` descriptor of the socket to the
keeper, ``listen`` service -> descriptor.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import files, loops, proc, state, stats
from .admin import Admin
from .balancer import BalancerSettings
from .balancers import AnyBalancer, make_balancer
from .clock import mono_ms
from .exits import Exits
from .settings import BadSettings, FleetSettings, ServiceSettings, load
from .sockets import listens_on
from .state import Store, TaskRecord
from .strays import end_forks, end_strays
from .supervisor import Supervisor
from .sweep import RUN_MARK

log = logging.getLogger("fleetfoot.fleet")
_TICK_S = 1.0


class Plane:
    """Supervisors, balancers and admin socket of all services."""

    def __init__(
        self, settings: FleetSettings, sockets: Mapping[str, socket.socket], link: socket.socket | None
    ) -> None:
        """``sockets``: service -> listening socket; ``link``: the keeper's end, None without a keeper."""
        self.settings = settings
        self.store = Store(settings.state)
        self.incarnation = secrets.token_hex(8)
        self._sockets, self._link = sockets, link
        self._addresses = {one.name: listens_on(one.listen, sockets[one.name]) for one in settings.services}
        self._exits, self._usage = Exits(), stats.Usage()
        self._writers: dict[str, Mapping[str, Any]] = {}  # service -> the process that wrote its count last
        self._stop = asyncio.Event()
        self._keeper: asyncio.StreamWriter | None = None
        env = {"FLEETFOOT_STATE": str(settings.state)}
        run = os.environ.get(RUN_MARK, "")
        ops = {
            "stats": self._stats,
            "scale": self._scale,
            "warm": self._warm,
            "zone": self._zone,
            "update": self._update,
            "pause": self._pause,
            "hint": self._hint,
            "stop": self._stop_all,
        }
        self.admin = Admin(ops)
        self.services: dict[str, Supervisor] = {}
        for one in settings.services:
            balancer = self._balancer(one)
            self.services[one.name] = Supervisor(one, balancer, self.store, self._exits, env, run)

    def _balancer(self, one: ServiceSettings) -> AnyBalancer:
        settings = BalancerSettings(**one.balancer)
        made = make_balancer(
            settings.kind,
            one.name,
            settings,
            one.objective_ms,
            one.concurrency,
            lambda why: self.admin.wake(one.name, why),
            self.settings.state,
        )
        made.capacity_hint(one.throughput)
        return made

    async def run(self) -> None:
        """Adopt, serve, and stop everything when told to."""
        self.store.make()
        jobs = [asyncio.create_task(self._talk())] if self._link is not None else []
        await self._adopt()
        await self.admin.serve(self.store.socket)
        for name, supervisor in self.services.items():
            await supervisor.balancer.serve(self._sockets[name])
            supervisor.reconcile()
        self._tell({"ready": True})
        jobs.append(asyncio.create_task(self._ticks()))
        await self._stop.wait()
        await self._end()
        for job in jobs:
            job.cancel()
        await self.admin.close()
        self.store.socket.unlink(missing_ok=True)

    def stop(self) -> None:
        """Begin the orderly stop."""
        self._stop.set()

    async def _adopt(self) -> None:
        records: dict[str, list[TaskRecord]] = {name: [] for name in self.services}
        known = self.store.load_tasks()
        for record in known:
            if record.service in records:
                records[record.service].append(record)
            else:
                self.store.forget_task(record.id)
        ours = {record.id for record in known if record.service in records}
        end_strays(str(self.settings.state), lambda task: task not in ours)
        end_forks(str(self.settings.state), {record.pgid for record in known if record.service in records})
        if any(records.values()):
            log.info("adopting %d tasks", len(known))
        await asyncio.gather(*(one.adopt(records[name]) for name, one in self.services.items()))

    async def _end(self) -> None:
        """All services at the same time: finish what is open, then end the tasks."""

        async def end(one: Supervisor) -> None:
            await one.balancer.close(one.settings.drain_ms)
            await one.stop()

        for one in self.services.values():
            one.hold()
        await asyncio.gather(*(end(one) for one in self.services.values()))

    # the keeper

    async def _talk(self) -> None:
        """Listen to the keeper; when it dies, serve on for the grace and then stop in order."""
        assert self._link is not None
        reader, self._keeper = await asyncio.open_unix_connection(sock=self._link)
        with suppress(OSError, ValueError):
            while line := await reader.readline():
                told = json.loads(line)
                if "exit" in told:
                    self._exits.report(*told["exit"])
                elif told.get("stop"):
                    self.stop()
        self._keeper = None
        if self._stop.is_set():
            return
        grace = self.settings.incarnation_grace_ms
        log.warning("the keeper is gone: serving on for %g s, then stopping", grace / 1000)
        await asyncio.sleep(grace / 1000)
        raw = state.read_json(self.store.keeper)
        if raw.get("run") == os.environ.get(RUN_MARK):
            pid, start = raw.get("children", {}).get("controller", (0, 0))
            proc.kill(pid, start, signal.SIGTERM)
        self.stop()

    def _tell(self, word: Mapping[str, object]) -> None:
        if self._keeper is not None:
            self._keeper.write(json.dumps(word).encode() + b"\n")

    # once a second

    async def _ticks(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_S)
            try:
                self._exits.oom.sample()
                for one in self.services.values():
                    one.tick()
                tasks = [task for one in self.services.values() for task in one.tasks.values()]
                pids, logs = [task.record.pid for task in tasks], [task.log for task in tasks]
                read = await loop.run_in_executor(None, _look, pids, logs)
                self._usage.apply(tasks, read, mono_ms())
            except Exception:
                log.exception("the second's work broke off")

    # the admin socket

    def _service(self, request: Mapping[str, Any]) -> Supervisor:
        name = request["service"]
        if name not in self.services:
            raise ValueError(f"there is no service {name!r}: there are {', '.join(self.services)}")
        return self.services[name]

    def _stats(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        services = {
            name: stats.service(one) | {"listen": self._addresses[name], "writer": self._writers.get(name, {})}
            for name, one in self.services.items()
        }
        now = {"mono": mono_ms(), "wall": time.time_ns() // 1_000_000}
        return {**now, "incarnation": self.incarnation, "stopping": self._stop.is_set(), "services": services}

    def _scale(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        one, desired = self._service(request), request["desired"]
        if not isinstance(desired, int) or isinstance(desired, bool):
            raise ValueError(f"desired: a whole number is needed, not {desired!r}")
        was = one.ledger.desired
        one.scale(desired, str(request.get("order", "")))
        self._writers[one.settings.name] = {"pid": request["peer"], "name": proc.name(request["peer"])}
        return {"desired": desired, "was": was}

    def _warm(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        one, count = self._service(request), request["count"]
        if not isinstance(count, int) or isinstance(count, bool):
            raise ValueError(f"count: a whole number is needed, not {count!r}")
        was = one.warm_target
        one.keep_warm(count)
        return {"warm_target": count, "was": was}

    def _zone(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        one = self._service(request)
        lost = _flag(request, "lost")
        one.lose(str(request["zone"]), lost=lost, dry=bool(request.get("dry")))
        return {"lost": sorted(one.ledger.lost)}

    def _update(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        one, wanted = self._service(request), request["settings"]
        if not isinstance(wanted, Mapping):
            raise ValueError(f"settings: an object is needed, not {wanted!r}")
        begun = one.update(wanted, force=bool(request.get("force")), dry=bool(request.get("dry")))
        return {"begun": begun, "update": one.rollout.told}

    def _pause(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._service(request).pause(_flag(request, "paused"))
        return {}

    def _hint(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        rate = request["throughput"]
        if rate is not None and not (isinstance(rate, int | float) and rate > 0):
            raise ValueError(f"throughput: a number above 0 is needed, not {rate!r}")
        self._service(request).balancer.capacity_hint(rate)
        return {}

    def _stop_all(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._keeper is not None:
            self._tell({"stop": True})  # the keeper stops the controller first, then us
        else:
            self.stop()
        return {}


def _flag(request: Mapping[str, Any], name: str) -> bool:
    value = request[name]
    if not isinstance(value, bool):
        raise ValueError(f"{name}: true or false is needed, not {value!r}")
    return value


def _look(pids: list[int], logs: list[Path]) -> Mapping[int, tuple[int, int]]:
    for path in logs:
        state.bound(path)
    return stats.Usage.read(pids)


async def _main(options: Mapping[str, Any]) -> None:
    settings = load(Path(options["config"]))
    sockets = {name: socket.socket(fileno=fd) for name, fd in options["listen"].items()}
    for sock in sockets.values():
        sock.setblocking(False)
    link = socket.socket(fileno=options["link"]) if options.get("link") is not None else None
    plane = Plane(settings, sockets, link)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, plane.stop)
    await plane.run()


def main(argv: list[str]) -> int:
    """0 after an orderly stop, 2 when it cannot be started."""
    logging.basicConfig(level=logging.INFO, format="fleetfoot: %(message)s", stream=sys.stderr)
    logging.raiseExceptions = False  # a closed terminal stops nothing
    files.take_all()
    try:
        loops.run(_main(json.loads(argv[0])))
    except (BadSettings, TypeError, OSError) as error:
        log.error("the data plane cannot be started: %s", error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
