"""The policy beyond thresholds: it keeps the queue's model itself and asks it for the fewest tasks.

It forecasts the rate for the moment a task ordered now serves (``core/forecast.py``), with the margin its own
errors taught it, expects surges that come back (``core/surges.py``), and takes a rate that is up already without
waiting for any forecast (``core/demand.py``). ``core/queueing.py`` says how many tasks carry that rate so that
no more requests wait too long than the objective's percentile leaves, noise of the counts included. On top comes
what clears a backlog. Nothing is let go that would be wanted again within start-up and drain: the largest wish
of that time counts. While work piles up every second of a start counts: where starts take unevenly long more are
ordered than are missing, and the rest goes back once enough serve.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any, Self

from fleetfoot.core import demand, forecast, surges
from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Data, Reason, State, Vote, Want
from fleetfoot.core.policies.base import PILING, blind, part_blind, slow
from fleetfoot.core.queueing import carries, tasks_for
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View
from fleetfoot.core.windows import peak

if TYPE_CHECKING:
    from fleetfoot.spec.policies.slo import SloPolicy

WATCHED = 50_000  # ms of the last minute that must have been measured before anything is let go
LEARN_EVERY = 1_900  # ms, however often the data plane wakes the loop
NOISE = 1.25  # standard deviations of a second's count that the tasks carry besides the rate
LATE = 0.2  # share of the percentile's allowance that may wait too long in steady traffic
ROOM = 0.2  # of the objective that is left for waiting, at the least
RELIEF = 13.0  # s in which a backlog is to be gone once the tasks serve
QUEUED = 0.3  # s of the serving tasks' work from which a queue is a backlog
FASTER = 1.5  # growth while the rate is only a lower bound
DRAIN = 30_000  # ms a task that goes costs on
QUICKEST = 0.25  # share of the starts by whose end what is missing is to serve while work piles up
TOGETHER = 1_000  # ms within which starts end together
SURGING = 15_000  # ms after a fast step in which its size is refined on lighter evidence
FAST = 10_000  # ms: evidence over a shorter span than this is a fast step
ALONE, AGREED, FOLLOWING = 3.0, 2.5, 2.0  # z, as in ``core/demand.py``, bolder: a task too many costs little here
SPANS = demand.SPANS
AT_5 = SPANS.index(5_000)  # and 10, 30 and 60 s after it


Means = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Slo:
    spare: int = 0  # tasks beyond what the model asks for
    name: str = "slo"

    reads = ("requests",)
    looks_back = 120_000
    monotone = False  # a falling trend may outweigh a higher level

    @classmethod
    def of(cls, spec: SloPolicy) -> Self:
        """As written in the file."""
        return cls(spare=spec.spare, name=spec.name)

    def vote(self, view: View, mine: Slice) -> Vote:
        unseen = blind(view, "requests")
        if unseen is not None:
            return unseen
        window = view.window("requests")
        first = demand.earliest(window)
        means = window.means(SPANS[first:])
        due = view.now - mine.get("learnt_at", view.now - LEARN_EVERY) >= LEARN_EVERY
        if due:
            mine["learnt_at"] = view.now
            self._learn_quick(view, mine)
        late, wait = LATE * (1.0 - view.settings.percentile), mine["wait"]
        throughput = _round(view.throughput)
        line = carries(max(view.current - self.spare, 0), throughput, late, wait)
        found = demand.weigh(first, means, mine, line, self._z(view))
        if found.rising is None:
            demand.learn(window, mine, view.now)
        ahead = self._ahead(view, mine, means, first, due)
        surge = surges.expected(mine, view.now, view.startup, ahead.level)
        rate, doubt, code = _highest(ahead, surge, found.rising)
        held = rate + sqrt(NOISE * NOISE * rate + doubt * doubt)  # independent errors add in squares
        extra = self._relief(view, throughput)
        want = (tasks_for(held, throughput, late, wait) if held > 0.0 else 0) + self.spare + extra
        if view.states["requests"] is State.CENSORED:
            want, code = max(want, ceil(view.current * FASTER)), Code.SATURATED
        hold = _lead(view) + DRAIN - view.settings.guards.stabilise_in  # what the guard holds anyway is held once
        largest = want if hold <= 0 else peak(mine.setdefault("wishes", []), hold, view.now, want)
        flip = line if extra == 0 else carries(max(view.current - self.spare - extra, 0), throughput, late, wait)
        serving = view.fleet.serving + view.fleet.warming
        sooner = _sooner(want - serving, view)
        data: Data = {
            "rate": ahead.level, "ahead": held, "lead": _lead(view), "per_task": throughput, "extra": extra,
            "flip": flip,
        }  # fmt: skip
        if want + sooner > view.current and (view.settings.throughput is not None or slow(view)):
            urgent = found.rising is not None and (found.span < FAST or self._surging(view))
            if surge is not None:
                data["period"] = surge.period
            if sooner:
                data["sooner"] = sooner
            if code is Code.DEMAND:
                data["rate"] = rate
            return Want(want + sooner, Reason(code, data), urgent, flip)
        if largest >= view.current or largest > serving or means[-1][1] < WATCHED:
            return Want(view.current, Reason(Code.AHEAD_ENOUGH, data), flip=flip)
        return part_blind(view, "requests") or Want(largest, Reason(code, data), flip=flip)

    def _ahead(self, view: View, mine: Slice, means: Means, first: int, due: bool) -> forecast.Forecast:
        """The panel's word; it begins when a minute has been watched. ``due``: it is time to learn."""
        now = view.now
        m60, covered = means[-1]
        if covered < demand.COVERED * 60_000:
            rate = max(means[0][0], m60)
            return forecast.Forecast(rate, 0.0, rate, forecast.MEMBERS[0])
        at = AT_5 - first
        m5, m10, m30 = (
            means[max(0, at)][0],
            means[at + 1 if at > -1 else 0][0],
            means[at + 2 if at > -2 else 0][0],
        )
        spread = mine["dispersion"][max(first, AT_5 - 1)]
        lead = _lead(view) + 1000
        said = forecast.panel(m5, m10, m30, m60, lead / 1000.0, spread)
        if due or "room" not in mine:
            forecast.learn(mine, now, now + lead, said, m5)
            surges.watch(mine, now, m10, m60, spread)
        return forecast.speak(mine, said)

    def _learn_quick(self, view: View, mine: Slice) -> None:
        """What a request takes when nothing waits: the latency (ms) of a fleet with little to do. The objective less
        that is what a request may wait."""
        objective = view.settings.objective
        quick = mine.get("quick")
        if view.state("latency") is State.FRESH and view.pressure(view.fleet.serving) < QUEUED:
            value = view.value("latency")
            if value < objective:
                quick = value if quick is None else quick + (0.04 if value < quick else 0.004) * (value - quick)
                mine["quick"] = quick
        mine["wait"] = float(f"{max(objective - (quick or 0.0), ROOM * objective):.2g}") / 1000.0  # s

    def learnt(self, mine: Slice) -> dict[str, Any]:
        """Latency of a fleet with little to do (ms), the forecast that is believed with its margin (share), and the
        surges expected."""
        facts: dict[str, Any] = {"quick": mine.get("quick")}
        spoken = forecast.learnt(mine)
        if spoken is not None:
            facts["forecast"], facts["margin"] = spoken
        facts["surges"] = [surge._asdict() for surge in surges.awaited(mine)]
        return facts

    def _relief(self, view: View, throughput: float) -> int:
        waiting = view.value("queue") if view.usable("queue") else 0.0
        if waiting <= QUEUED * max(view.fleet.serving, 1) * throughput:
            return 0
        return ceil(waiting / (RELIEF * throughput))

    def _surging(self, view: View) -> bool:
        return view.memory.surge_at is not None and view.now - view.memory.surge_at < SURGING

    def _z(self, view: View) -> float:
        if self._surging(view):
            return FOLLOWING
        return AGREED if view.pressure(view.fleet.serving) >= PILING else ALONE


def _lead(view: View) -> int:
    """ms until every other task ordered now serves."""
    return view.learnt.startup_p50 or view.startup


def _highest(
    ahead: forecast.Forecast, surge: surges.Expected | None, rising: float | None
) -> tuple[float, float, Code]:
    """Requests/s to be ready for, how far they may be wrong, and what says so."""
    rate, doubt, code = ahead.rate, ahead.margin * ahead.rate, Code.FORECAST
    if surge is not None and surge.rate > rate:
        rate, doubt, code = surge.rate, 0.0, Code.RETURNS
    if rising is not None and rising > rate:
        rate, doubt, code = rising, 0.0, Code.DEMAND
    return rate, doubt, code


def _sooner(missing: int, view: View) -> int:
    """Tasks to order beyond the ``missing`` ones, so that as many serve when the quickest starts end."""
    starts = view.learnt.starts
    if missing <= 0 or not starts or view.pressure(view.fleet.serving) < PILING:
        return 0
    ranked = sorted(starts)
    ended = bisect_right(ranked, ranked[int((len(ranked) - 1) * QUICKEST)] + TOGETHER)
    return ceil(missing * (len(ranked) / ended - 1.0))


@lru_cache(maxsize=64)
def _round(throughput: float) -> float:
    """To three figures, so that the model's answers are found again while the learnt figure barely moves."""
    return float(f"{throughput:.3g}")
