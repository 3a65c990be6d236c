"""What one service must remember across a kill of the plane: its desired count and its running numbers."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

from .brake import Brake
from .state import Store

log = logging.getLogger("fleetfoot.fleet")
KEPT = 64  # starts and exits told by ``stats``


class Ledger:
    """Desired count, numbers and the crash-loop brake on disk; the last starts and exits in memory.

    ``run`` names the keeper's life: a new keeper begins with the initial count, only the numbers and
    the lost zones stay.
    A disk that refuses is told once and stops nothing.
    """

    def __init__(self, store: Store, service: str, run: str, initial: int) -> None:
        self._store, self._service, self._run = store, service, run
        raw = store.load_service(service)
        same = bool(raw) and raw.get("run") == run
        self.desired: int = raw["desired"] if same and isinstance(raw.get("desired"), int) else initial
        self.order: str = str(raw.get("order", "")) if same else ""
        self.warm: int | None = raw["warm"] if same and isinstance(raw.get("warm"), int) else None  # as ordered
        self.brake = Brake(int(raw.get("failures", 0)), int(raw.get("until", 0))) if same else Brake()
        lost = raw.get("lost")
        self.lost: frozenset[str] = frozenset(map(str, lost)) if isinstance(lost, list) else frozenset()
        self.paused: bool = bool(raw.get("paused", False)) if same else False  # a person holds growth or scale-in
        numbers = raw.get("numbers")
        self._numbers: dict[str, int] = {"task": 0, "start": 0, "exit": 0}
        if isinstance(numbers, dict):
            self._numbers |= {key: int(numbers.get(key, 0)) for key in self._numbers}
        self.starts: deque[list[Any]] = deque(maxlen=KEPT)
        self.exits: deque[list[Any]] = deque(maxlen=KEPT)
        self._told = False

    def next_task(self) -> str:
        """A name no task of this state folder has had."""
        return f"{self._service}-{self._next('task')}"

    def started(self, revision: str, span_ms: int, *, ok: bool, why: str = "") -> None:
        """A start has finished, well or not."""
        self.starts.append([self._next("start"), revision, span_ms, ok, why])

    def exited(self, task: str, revision: str, code: int, name: str, *, was_ready: bool) -> None:
        """A task's process has ended."""
        self.exits.append([self._next("exit"), task, revision, code, name, was_ready])

    def want(self, desired: int, order: str) -> None:
        """A new desired count, remembered before it is acted on."""
        self.desired, self.order = desired, order
        self.save()

    def keep_warm(self, count: int) -> None:
        """A new size of the warm pool, remembered before it is acted on."""
        self.warm = count
        self.save()

    def lose(self, zones: frozenset[str]) -> None:
        """The zones that are lost: a mark that a new keeper finds too."""
        self.lost = zones
        self.save()

    def pause(self, paused: bool) -> None:
        """Whether replacements that can wait have to."""
        self.paused = paused
        self.save()

    def save(self) -> None:
        brake = {"failures": self.brake.failures, "until": self.brake.until}
        orders = {"desired": self.desired, "order": self.order, "warm": self.warm}
        orders |= {"lost": sorted(self.lost), "paused": self.paused}
        value = {"run": self._run, **orders, "numbers": self._numbers, **brake}
        try:
            self._store.save_service(self._service, value)
            self._told = False
        except OSError as error:
            if not self._told:
                log.warning("%s: the state folder cannot be written: %s", self._service, error)
            self._told = True

    def _next(self, kind: str) -> int:
        self._numbers[kind] += 1
        self.save()
        return self._numbers[kind]
