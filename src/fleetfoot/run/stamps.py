"""When each stage of an order happened, and how long stages take (p50, p95 of the last orders).

The clocks: (1) onset -> decision, (2) onset -> command accepted, (3) onset -> the last
task the decision needed is serving, (4) onset -> the first of five seconds in a row not over. Live,
the onset is an estimate.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from fleetfoot.core.model import Fleet, Receipt
from fleetfoot.edge.base import Order, TaskSeen, order_stamps

IN_POOL = ("preparing", "warm")
READY = ("serving", "warming", "draining")
CALM = 5  # seconds in a row not over
KEEP = 200  # orders
HISTORY_MS = 180_000  # of seconds

# stage -> (from, to); a span is known when both of its ends are
STAGES: dict[str, tuple[str, str]] = {
    "receive": ("sampled", "received"),
    "decide": ("received", "decided"),
    "record": ("decided", "recorded"),
    "command": ("decided", "commanded"),
    "first starting": ("commanded", "first_starting"),
    "last starting": ("commanded", "last_starting"),
    "first ready": ("commanded", "first_ready"),
    "last ready": ("commanded", "last_ready"),
    "first request": ("commanded", "first_request"),
    "onset to decision (clock 1, estimated)": ("onset", "decided"),
    "onset to command (clock 2, estimated)": ("onset", "commanded"),
    "onset to serving (clock 3, estimated)": ("onset", "last_ready"),
    "onset to calm (clock 4, estimated)": ("onset", "back"),
}
CLOCKS = tuple(name for name, (start, _) in STAGES.items() if start == "onset")


@dataclass(slots=True)
class Followed:
    """A growth order on its way to the last task that serves."""

    order: Order
    stamps: dict[str, int] = field(default_factory=dict)

    def missing(self, name: str) -> bool:
        return name not in self.stamps


class Stages:
    """Follows every growth order through the readings that come after it."""

    def __init__(self, patience: int, past: Iterable[Mapping[str, int]] = ()) -> None:
        """``patience``: ms after which an order is followed no longer. ``past``: stamps of earlier orders."""
        self._patience = patience
        self._followed: dict[str, list[Followed]] = {}
        self._seconds: dict[str, deque[tuple[int, bool]]] = {}
        self._spans: dict[str, deque[int]] = {name: deque(maxlen=KEEP) for name in STAGES}
        for stamps in past:
            self._count(stamps, set(stamps))

    def ordered(self, order: Order, receipt: Receipt, recorded: int | None = None) -> None:
        """An order has its receipt: its spans so far count, and a growth is followed from here."""
        if not receipt.ok:
            return
        stamps = {**order_stamps(order), "commanded": receipt.commanded}
        if recorded is not None:
            stamps["recorded"] = recorded
        self._count(stamps, set(stamps))
        if order.count > order.before:
            self._followed.setdefault(order.service, []).append(Followed(order, stamps))

    def second(self, service: str, end: int, over: bool) -> None:
        """One whole second of a service, and whether it was over its objective."""
        seconds = self._seconds.setdefault(service, deque())
        seconds.append((end, over))
        while seconds[0][0] < end - HISTORY_MS:
            seconds.popleft()

    def look(self, service: str, now: int, fleet: Fleet, tasks: Sequence[TaskSeen]) -> list[tuple[str, dict[str, int]]]:
        """(order id, new stamps) of every order in which a stage was seen for the first time."""
        found = []
        for followed in list(self._followed.get(service, ())):
            new = self._new(followed, now, fleet, tasks)
            if new:
                followed.stamps |= new
                self._count(followed.stamps, set(new))
                found.append((followed.order.id, new))
            done = not any(followed.missing(name) for name in ("last_ready", "first_request", "back"))
            if done or now - followed.order.decided > self._patience:
                self._followed[service].remove(followed)
        return found

    def _new(self, followed: Followed, now: int, fleet: Fleet, tasks: Sequence[TaskSeen]) -> dict[str, int]:
        seen = _by_task(followed, now, tasks) if tasks else _by_count(followed, fleet)
        back = self._back(followed)
        if back is not None:
            seen["back"] = back
        return {name: at for name, at in seen.items() if followed.missing(name)}

    def _back(self, followed: Followed) -> int | None:
        onset = followed.stamps.get("onset", followed.order.decided)
        calm = 0
        first = 0
        for end, over in self._seconds.get(followed.order.service, ()):
            if end <= onset:
                continue
            calm = 0 if over else calm + 1
            first = end if calm == 1 else first
            if calm == CALM:
                return first
        return None

    def _count(self, stamps: Mapping[str, int], new: set[str]) -> None:
        for name, (start, end) in STAGES.items():
            if end in new and start in stamps and stamps[start]:
                self._spans[name].append(max(stamps[end] - stamps[start], 0))

    def summary(self) -> dict[str, dict[str, float | int]]:
        """Stage -> how many, p50 and p95 in ms, of the last orders."""
        return {
            name: {"orders": len(spans), "p50": _quantile(spans, 0.5), "p95": _quantile(spans, 0.95)}
            for name, spans in self._spans.items()
            if spans
        }


def _by_task(followed: Followed, now: int, tasks: Sequence[TaskSeen]) -> dict[str, int]:
    """From the tasks themselves: those started or promoted since the order, as many as it added. What is on its way
    into the warm pool takes no place of them."""
    commanded, added = followed.stamps["commanded"], followed.order.count - followed.order.before
    later = (task for task in tasks if task.started >= commanded - 50 and task.state not in IN_POOL)
    new = sorted(later, key=lambda task: task.started)[:added]
    stamps: dict[str, int] = {}
    if new:
        stamps["first_starting"] = new[0].started
    if len(new) == added:
        stamps["last_starting"] = new[-1].started
    ready = sorted(task.ready for task in new if task.ready and task.state in READY)
    if ready:
        stamps["first_ready"] = ready[0]
    if len(ready) == added:
        stamps["last_ready"] = ready[-1]
    if any(task.served for task in new):
        stamps["first_request"] = now
    return stamps


def _by_count(followed: Followed, fleet: Fleet) -> dict[str, int]:
    """From counts alone, for targets that show no tasks: right to within a reading."""
    stamps: dict[str, int] = {}
    serving, before, count = fleet.serving + fleet.warming, followed.order.before, followed.order.count
    if fleet.starting or serving > before:
        stamps["first_starting"] = fleet.at
    if fleet.starting + serving >= count:
        stamps["last_starting"] = fleet.at
    if serving > before:
        stamps["first_ready"] = fleet.at
    if serving >= count:
        stamps["last_ready"] = fleet.at
    return stamps


def _quantile(values: Iterable[int], q: float) -> int:
    ordered = sorted(values)
    return ordered[max(ceil(q * len(ordered)), 1) - 1] if ordered else 0
