"""The exact observations of one service, gathered by the minute, and their one-minute summary."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from fleetfoot.core.model import Observation, State
from fleetfoot.core.pack import observation_to_json
from fleetfoot.edge.seconds import Seconds

MINUTE_MS = 60_000
FLUSH_MS = 5_000
_USABLE = (State.FRESH, State.CENSORED)


def pack_lines(lines: tuple[str, ...]) -> bytes:
    return zlib.compress("\n".join(lines).encode(), 6)


def unpack_lines(blob: bytes) -> list[Any]:
    return [json.loads(line) for line in zlib.decompress(blob).decode().split("\n")]


def pack_value(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)


def unpack_value(blob: bytes) -> Any:
    return json.loads(zlib.decompress(blob))


class Segment:
    """One row of ``minutes`` and of ``rollups`` in the making."""

    def __init__(self, service: str, first: Observation, percentile: float) -> None:
        self.service = service
        self.first = self.last = first.now
        self.wall = first.wall
        self.flushed = first.now
        self.lines: list[str] = []
        self._seconds = Seconds(percentile)
        self._over = 0
        self._task_ms = 0.0
        self._desired = 0
        self._serving: int | None = None
        self._sums: dict[str, list[float]] = {}  # name -> [sum, count, max]

    def holds(self, now: int) -> bool:
        return now // MINUTE_MS == self.first // MINUTE_MS

    def add(self, seen: Observation) -> None:
        self.lines.append(json.dumps(observation_to_json(seen), separators=(",", ":")))
        fleet = seen.fleet
        running = fleet.serving + fleet.warming + fleet.starting + fleet.draining
        self._task_ms += running * max(seen.now - self.last, 0)
        self.last = seen.now
        self._desired = max(self._desired, fleet.desired)
        serving = fleet.serving + fleet.warming
        self._serving = serving if self._serving is None else min(self._serving, serving)
        for name in ("requests", "latency", "errors", "queue"):
            signal = seen.signals.get(name)
            if signal is not None and signal.state in _USABLE:
                self._note(name, signal.value)
        self._over += bool(self._seconds.see(seen.signals))

    def _note(self, name: str, value: float) -> None:
        row = self._sums.setdefault(name, [0.0, 0, value])
        row[0] += value
        row[1] += 1
        row[2] = max(row[2], value)

    def minute(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "first": self.first,
            "last": self.last,
            "count": len(self.lines),
            "lines": tuple(self.lines),
        }

    def rollup(self) -> Mapping[str, Any]:
        def mean(name: str) -> float | None:
            row = self._sums.get(name)
            return row[0] / row[1] if row else None

        def most(name: str) -> float | None:
            row = self._sums.get(name)
            return row[2] if row else None

        return {
            "service": self.service,
            "first": self.first,
            "wall": self.wall,
            "span": self.last - self.first,
            "requests_mean": mean("requests"),
            "requests_max": most("requests"),
            "latency_mean": mean("latency"),
            "latency_max": most("latency"),
            "errors_mean": mean("errors"),
            "queue_max": most("queue"),
            "desired_max": self._desired,
            "serving_min": self._serving or 0,
            "task_seconds": self._task_ms / 1000,
            "seconds_over": self._over,
        }
