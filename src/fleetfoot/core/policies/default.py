"""The default policy: requests per serving task at 70 % of what a task carries, sped up by the queue.

Wants the fewest tasks that carry the rate at the utilisation. Growth waits for evidence (``core/demand.py``),
not for a timer; the size then follows the rate that gave the evidence, plus one task for every second the
ordered fleet would need for the work that has queued. A queue that lasts although the rate looks fine
means that tasks carry less than we think: one more task a time, and throughput is learnt.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Self

from fleetfoot.core import demand
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import CENSORED, FRESH, Data, Reason, Vote, Want
from fleetfoot.core.policies.base import PILING, blind, part_blind, slow
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View

if TYPE_CHECKING:
    from fleetfoot.spec.policies.default import DefaultPolicy

LASTING = 10_000  # ms a queue must last to speak alone
QUEUED = 1.0  # seconds of the ordered fleet's work
FOLLOW = 15_000  # ms after a fast step in which its size is refined on lighter evidence
FAST = 10_000  # ms: evidence over a shorter span than this is a fast step
ENOUGH = Code.ENOUGH  # what it says nearly always; through its class it takes ten times as long to reach
FASTER = 1.5  # growth while the rate is only a lower bound


@dataclass(frozen=True, slots=True)
class Default:
    utilisation: float = 0.7
    name: str = "default"

    reads = ("requests",)
    looks_back = 120_000  # noise is learnt from neighbouring minutes
    monotone = True

    @classmethod
    def of(cls, spec: DefaultPolicy) -> Self:
        """As written in the file."""
        return cls(utilisation=spec.utilisation, name=spec.name)

    def vote(self, view: View, mine: Slice) -> Vote:
        unseen = blind(view, "requests")
        if unseen is not None:
            return unseen
        carried = self.utilisation * view.throughput
        surge, current = view.memory.surge_at, view.current
        surging = surge is not None and view.now - surge < FOLLOW
        piling = view.pressure(view.fleet.serving) >= PILING
        z = demand.FOLLOWING if surging else demand.AGREED if piling else demand.ALONE
        window = view.window("requests")
        found = demand.assess(window, mine, current * carried, z)
        if found.rising is None and not surging:
            demand.learn(window, mine, view.now)
        lasting = self._queue_lasts(view, mine)
        if lasting or found.rising is not None:
            grown = self._growth(view, mine, found, carried, surging, lasting)
            if grown is not None:
                return grown
        return part_blind(view, "requests") or self._rest(view, found, carried, piling)

    def _growth(
        self, view: View, mine: Slice, found: demand.Demand, carried: float, surging: bool, lasting: bool
    ) -> Want | None:
        rising = found.rising
        if rising is not None and view.settings.throughput is None and not slow(view):
            rising = None  # undeclared throughput: the rate alone proves nothing yet
        if rising is None and not lasting:
            return None
        data: Data
        extra = int(view.pressure(view.current) / QUEUED)
        if rising is None:
            if view.coming() > 0:
                return None  # what was ordered for this queue has not served yet
            mine["queued_at"] = view.current
            want = view.current + max(1, min(extra, view.current))
            data = {"outstanding": round(view.outstanding), "seconds": round(view.pressure(view.current), 1)}
            return Want(want, Reason(Code.QUEUE, data), flip=view.current * carried)
        want = ceil(rising / carried) + extra
        code = Code.DEMAND
        if view.state("requests") is CENSORED:
            want, code = max(want, ceil(view.current * FASTER)), Code.SATURATED
        data = {
            "rate": round(rising, 1),
            "per_task": round(carried, 2),
            "extra": extra,
            "span": found.span,
            "startup": view.startup,
        }
        urgent = surging or found.span < FAST
        return Want(want, Reason(code, data), urgent, want * carried)

    def _queue_lasts(self, view: View, mine: Slice) -> bool:
        """Whether the ordered fleet has had more than a second of work outstanding for ten seconds on end.

        Requests that take long and are inside the objective all the same are not a queue.
        """
        if view.pressure(view.current) < QUEUED or self._quick(view):
            mine["queued_since"] = None
            return False
        since, grown_from = mine.get("queued_since"), mine.get("queued_at")
        if since is None or (grown_from is not None and view.current > grown_from):
            # a growth for this queue shows for as long what it brings before the next one
            mine["queued_since"], mine["queued_at"] = view.now, None
            return False
        return bool(view.now - since >= LASTING)

    def _quick(self, view: View) -> bool:
        return view.state("latency") is FRESH and view.value("latency") <= view.settings.objective / 2

    def _rest(self, view: View, found: demand.Demand, carried: float, piling: bool) -> Want:
        """Enough, or fewer."""
        current, rate, flip = view.current, found.rate, None
        data: Data = {"rate": round(rate, 1), "per_task": round(carried, 2)}
        if view.settings.throughput is not None:  # else no rate alone makes it grow, and none is told
            flip = current * carried
            data["flip"] = round(flip, 1)
        if rate > view.fleet.serving * carried and view.coming() > 0:
            return Want(current, Reason(Code.STARTING, {**data, "starting": view.coming()}), flip=flip)
        fewer = ceil(found.high / carried)
        if fewer >= current:
            return Want(current, Reason(ENOUGH, data), False, flip)
        if view.window("requests").mean(60_000)[1] < 50_000:
            return Want(current, Reason(Code.TOO_FEW_SAMPLES, {"signal": "requests"}), flip=flip)
        if piling and not self._quick(view):
            return Want(current, Reason(ENOUGH, data), flip=flip)
        data = {**data, "rate": round(found.high, 1), "upper": 1, "extra": 0, "span": 60_000}
        return Want(fewer, Reason(Code.DEMAND, data), flip=flip)
