"""What a sidecar is told, from environment variables named ``SIDECAR_…``; the table below is all there are.

Where it pushes to is the agent's own: ``FLEETFOOT_PUSH_URL`` and its like, docs/agent.md.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from fleetfoot.fleet.balancer import BalancerSettings
from fleetfoot.fleet.settings import BadSettings, Check, address

PREFIX = "SIDECAR_"
_MS = {"ms": 1, "s": 1000, "m": 60_000}
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


@dataclass(frozen=True, slots=True)
class SidecarSettings:
    """Times in ms, sizes in bytes."""

    app_port: int
    listen: tuple[str, int]
    health: tuple[str, int]
    objective_ms: int
    concurrency: int | None
    throughput: float | None
    linger_ms: int
    drain_ms: int
    readiness: Check
    balancer: BalancerSettings


class Variable(NamedTuple):
    """One variable: how its text is read (ValueError: not so), its text when it is not set, None where it must be."""

    read: Callable[[str], Any]
    default: str | None


def _duration(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m)", text)
    if found is None:
        raise ValueError("a time with its unit is needed, such as 500ms, 2s or 1m")
    return round(float(found[1]) * _MS[found[2]])


def _some_time(text: str) -> int:
    if not (ms := _duration(text)):
        raise ValueError("a time above 0 is needed, such as 500ms or 2s")
    return ms


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d+)\s*(B|kB|MB|GB|KiB|MiB|GiB)?", text)
    if found is None:
        raise ValueError("a size is needed, such as 65536, 64KiB or 10MB")
    return int(found[1]) * _BYTES[found[2] or "B"]


def _whole(low: int, high: int = 2**31) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"a whole number from {low} to {high} is needed")
        return int(text)

    return read


def _rate(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/s)?", text)
    if found is None or not float(found[1]):
        raise ValueError("requests per second above 0 are needed, such as 20 or 20/s")
    return float(found[1])


def _place(text: str) -> tuple[str, int]:
    try:
        return address(text)
    except BadSettings:
        raise ValueError("host:port is needed, such as 0.0.0.0:8080") from None


def _path(text: str) -> str | None:
    if text and (not text.startswith("/") or not text.isprintable() or " " in text):
        raise ValueError("a path that begins with / is needed, or nothing: then an accepted connection is enough")
    return text or None


def _shed(text: str) -> str:
    if text not in ("off", "objective"):
        raise ValueError("off or objective is needed")
    return text


def _or_none(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: read(text) if text else None


VARIABLES: dict[str, Variable] = {
    "SIDECAR_APP_PORT": Variable(_whole(1, 65535), None),
    "SIDECAR_LISTEN": Variable(_place, "0.0.0.0:8080"),  # the container's own network
    "SIDECAR_HEALTH_LISTEN": Variable(_place, "0.0.0.0:8079"),
    "SIDECAR_OBJECTIVE": Variable(_some_time, "1s"),
    "SIDECAR_CONCURRENCY": Variable(_or_none(_whole(1)), ""),
    "SIDECAR_THROUGHPUT": Variable(_or_none(_rate), ""),
    "SIDECAR_QUEUE": Variable(_whole(0, 1_000_000), "1000"),
    "SIDECAR_QUEUE_TIMEOUT": Variable(_some_time, "10s"),
    "SIDECAR_SHED": Variable(_shed, "off"),
    "SIDECAR_REQUEST_TIMEOUT": Variable(_some_time, "30s"),
    "SIDECAR_HEADER_TIMEOUT": Variable(_some_time, "10s"),
    "SIDECAR_IDLE_TIMEOUT": Variable(_some_time, "60s"),
    "SIDECAR_MIN_RATE": Variable(_whole(0), "500"),  # bytes/s
    "SIDECAR_MAX_HEADER": Variable(_size, "64KiB"),
    "SIDECAR_MAX_BODY": Variable(_or_none(_size), ""),
    "SIDECAR_RETRY_AFTER": Variable(_whole(0, 3600), "1"),
    "SIDECAR_READINESS_PATH": Variable(_path, "/"),
    "SIDECAR_READINESS_INTERVAL": Variable(_some_time, "1s"),
    "SIDECAR_READINESS_TIMEOUT": Variable(_some_time, "2s"),
    "SIDECAR_READINESS_UNHEALTHY": Variable(_whole(1, 1000), "3"),
    "SIDECAR_LINGER": Variable(_duration, "0s"),
    "SIDECAR_DRAIN": Variable(_duration, "25s"),
}


def settings_from(environ: Mapping[str, str]) -> SidecarSettings:
    """The settings in the environment. Raises BadSettings, whose text has a line for every variable that is wrong."""
    bad = [_unknown(name) for name in sorted(environ) if name.startswith(PREFIX) and name not in VARIABLES]
    values: dict[str, Any] = {}
    for name, (read, default) in VARIABLES.items():
        text = environ.get(name, default)
        try:
            if text is None:
                raise ValueError("it must be set: the port of 127.0.0.1 on which the app listens")
            values[name.removeprefix(PREFIX).lower()] = read(text.strip())
        except ValueError as error:
            bad.append(f"{name}{'' if text is None else f'={text!r}'}: {error}")
    bad += [
        f"{PREFIX}{name.upper()}: port {values[name][1]} is the app's: it would ask itself"
        for name in ("listen", "health_listen")
        if name in values and values[name][1] == values.get("app_port")
    ]
    if bad:
        raise BadSettings("\n".join(bad))
    return _made(values)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, VARIABLES, 1)
    return f"{name}: there is no such variable" + (f"; did you mean {near[0]}?" if near else "")


def _made(values: Mapping[str, Any]) -> SidecarSettings:
    times = ("queue_timeout", "request_timeout", "header_timeout", "idle_timeout")
    plain = ("queue", "shed", "min_rate", "max_header", "max_body", "retry_after")
    return SidecarSettings(
        app_port=values["app_port"],
        listen=values["listen"],
        health=values["health_listen"],
        objective_ms=values["objective"],
        concurrency=values["concurrency"],
        throughput=values["throughput"],
        linger_ms=values["linger"],
        drain_ms=values["drain"],
        readiness=Check(
            path=values["readiness_path"],
            interval_ms=values["readiness_interval"],
            timeout_ms=values["readiness_timeout"],
            unhealthy=values["readiness_unhealthy"],
        ),
        balancer=BalancerSettings(
            **{f"{name}_ms": values[name] for name in times}, **{name: values[name] for name in plain}
        ),
    )
