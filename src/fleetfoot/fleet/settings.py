"""What the keeper and the plane are told, read from one JSON file. Standard library only.

The file is written by a program (``fleetfoot up``), or by hand to use the fleet alone; an error names
the place in the file. Times in ms, rates per second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any


class BadSettings(Exception):
    """The file cannot be used; the text names the key and says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One HTTP check of a task. ``path`` None: an accepted TCP connection is enough."""

    path: str | None = "/"
    interval_ms: int = 1000
    timeout_ms: int = 2000
    healthy: int = 1  # good answers in a row that make it healthy
    unhealthy: int = 3  # failures in a row that make it unhealthy


@dataclass(frozen=True, slots=True)
class Health:
    """``readiness``: route to the task; ``liveness``: replace it (None: only when its process is gone)."""

    readiness: Check = Check()
    liveness: Check | None = None
    grace_ms: int = 60_000  # a task not ready this long after its start has failed


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """One service: the command of its tasks, their bounds and the address the balancer listens on."""

    name: str
    command: str = ""  # run by /bin/sh; listens on $PORT
    app: str | None = None  # in the command's place: module:attr of a Python app, forked from a zygote
    directory: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    listen: str = "127.0.0.1:8080"
    initial: int = 1
    min: int = 1
    max: int = 10
    throughput: float | None = None  # requests/s of one task, a first guess
    objective_ms: int = 1000
    concurrency: int | None = None  # requests a task takes at once; None: no limit
    zones: tuple[str, ...] = ("a",)
    stop_timeout_ms: int = 30_000  # SIGTERM -> SIGKILL
    drain_ms: int = 30_000  # a task that leaves may finish its requests this long
    startup_ms: int | None = None
    warm: int = 0  # tasks kept started and stopped, beside the desired ones
    warm_up: str | None = None  # before a task's first request: a path asked for once, or a command
    warm_refresh_ms: int = 180_000  # a stopped task is woken this often, give or take 10 %
    warm_awake_ms: int = 1000  # and runs this long before it is checked and stopped again
    lifetime_ms: int | None = None  # a task is replaced before it is this old
    surge: float = 0.25  # of the desired count: tasks beside it while a new version comes in, at least one
    breaker: int = 3  # failures of a new version that bring the old one back
    bake_ms: int = 10_000  # the new version serves everything this long before the last old tasks go
    ramp_ms: int = 5000  # a new task is warming at most this long
    revision: str = ""
    health: Health = Health()
    balancer: Mapping[str, Any] = field(default_factory=dict)  # BalancerSettings, as plain values


CHANGEABLE = (
    "command", "app", "directory", "env", "health", "warm_up", "stop_timeout_ms", "drain_ms", "lifetime_ms", "surge",
    "breaker", "bake_ms", "revision",
)  # fmt: skip
"""What of a service an update may change while it runs."""


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """All services of one state folder, and the controller, if there is one."""

    state: Path
    services: tuple[ServiceSettings, ...]
    controller: tuple[str, ...] | None = None
    push: bool = True  # bind a socket for the controller on which the tasks push their counts
    incarnation_grace_ms: int = 30_000  # the plane serves on this long after the keeper died


def load(path: Path) -> FleetSettings:
    """Read the file. Raises BadSettings."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSettings(f"{path}: {error}") from error
    try:
        return parse(raw)
    except BadSettings as error:
        raise BadSettings(f"{path}: {error}") from error


def parse(raw: object) -> FleetSettings:
    """The file's content as settings. Raises BadSettings."""
    raw = _mapping(raw, "the file")
    values = _known(FleetSettings, raw, "the file")
    services = tuple(_service(_mapping(one, "services")) for one in values.get("services", ()))
    if not services:
        raise BadSettings("services: at least one is needed")
    names = [one.name for one in services]
    if len(set(names)) < len(names):
        raise BadSettings(f"services: two have the same name ({', '.join(names)})")
    controller = values.get("controller")
    if controller is not None:
        controller = tuple(str(arg) for arg in _mapping(controller, "controller").get("argv", ()))
    state = Path(str(values["state"]))
    if not state.is_absolute():
        raise BadSettings(f"state: an absolute path is needed, not {state}")
    rest = {key: values[key] for key in ("push", "incarnation_grace_ms") if key in values}
    return FleetSettings(state=state, services=services, controller=controller or None, **rest)


def changeable(settings: ServiceSettings) -> dict[str, Any]:
    """The part an update may change, as plain values."""
    return {key: value for key, value in asdict(settings).items() if key in CHANGEABLE}


def changed(settings: ServiceSettings, raw: Mapping[str, Any]) -> ServiceSettings:
    """The settings with some of what may be changed replaced. Raises BadSettings."""
    if fixed := sorted(set(raw) - set(CHANGEABLE)):
        raise BadSettings(
            f"services: {settings.name}: {fixed[0]} cannot be changed by an update: {', '.join(CHANGEABLE)} can"
        )
    return _service({**asdict(settings), **raw})


def address(listen: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` as a pair; an empty host means every address. Raises BadSettings."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise BadSettings(f"listen: {listen!r} is not host:port")
    return host.strip("[]") or "0.0.0.0", int(port)


def _service(raw: Mapping[str, Any]) -> ServiceSettings:
    where = f"services: {raw.get('name', '?')}"
    values = _known(ServiceSettings, raw, where)
    if not all(c.isalnum() or c in "-_." for c in str(values["name"])) or not str(values["name"]).strip("."):
        raise BadSettings(f"{where}: the name may hold letters, digits, - _ and .")
    values["zones"] = tuple(values.get("zones") or ("a",))
    health = _known(Health, _mapping(values.get("health") or {}, where), f"{where}: health")
    for check in ("readiness", "liveness"):
        if health.get(check) is not None:
            found = _mapping(health[check], f"{where}: {check}")
            health[check] = Check(**_known(Check, found, f"{where}: {check}"))
    values["health"] = Health(**{key: value for key, value in health.items() if value is not None})
    made = ServiceSettings(**values)
    address(made.listen)
    if not 0 <= made.min <= made.initial <= made.max:
        raise BadSettings(f"{where}: 0 <= min <= initial <= max does not hold: {made.min}, {made.initial}, {made.max}")
    if not made.command and made.app is None:
        raise BadSettings(f"{where}: command is missing")
    if made.command and made.app is not None:
        raise BadSettings(f"{where}: command and app exclude each other")
    if made.warm < 0:
        raise BadSettings(f"{where}: warm: {made.warm} is below 0")
    if not 0 < made.surge <= 1:
        raise BadSettings(f"{where}: surge: {made.surge} is not above 0 and at most 1")
    if made.breaker < 1:
        raise BadSettings(f"{where}: breaker: {made.breaker} is below 1")
    if made.lifetime_ms is not None and made.lifetime_ms < 1:
        raise BadSettings(f"{where}: lifetime_ms: {made.lifetime_ms} is below 1")
    return made


def _mapping(raw: object, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise BadSettings(f"{where}: an object is needed")
    return raw


def _known(kind: type, raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The mapping as keyword arguments of a dataclass: no key too many, none missing."""
    names = {one.name for one in fields(kind)}
    if extra := sorted(set(raw) - names):
        raise BadSettings(f"{where}: unknown key {extra[0]!r}; known: {', '.join(sorted(names))}")
    needed = [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]
    if missing := [one for one in needed if one not in raw]:
        raise BadSettings(f"{where}: {missing[0]} is missing")
    return dict(raw)
