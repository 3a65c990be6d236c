"""Observe: what one step knows before anybody votes. Judges every signal, fills the windows, learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleetfoot.core.contract import MEAN, P95
from fleetfoot.core.formulas import derive
from fleetfoot.core.learn import UNDECLARED, Learnt
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import (
    CENSORED,
    EMPTY,
    FRESH,
    MISSING,
    STALE,
    Fleet,
    Grant,
    Observation,
    Reason,
    Signal,
    State,
)  # fmt: skip
from fleetfoot.core.schedule import Held
from fleetfoot.core.settings import KEEP, Settings
from fleetfoot.core.windows import Window

STALE_PERIODS = 3  # a signal is stale when older than this many of its periods
AHEAD = 3_000  # ms a sample may lie in the future, whatever its period
ABSURD = 1e12  # no rate, latency or count reaches this
COVERAGE = 0.9  # under this share of the serving tasks a signal supports no scale-in
SETTLE = 5_000  # ms an order may take to show in the fleet before we believe the fleet
WHOLE = Grant()
LEARN_EVERY = 900  # ms: once a tick, however often the data plane wakes the loop
SATURATED_SPAN = 10_000  # ms
GONE = (MISSING, STALE)
NOTHING: Mapping[str, float] = {}


@dataclass(slots=True)
class View:
    """What one step sees. ``current`` is the count of our own open order, else what the fleet intends."""

    settings: Settings
    memory: Memory
    seen: Observation
    fleet: Fleet
    now: int
    current: int
    minimum: int  # tasks
    maximum: int  # tasks
    gave_way: bool  # our open order never showed in the fleet: ``current`` is the fleet's word again
    learnt: Learnt
    throughput: float  # requests/s one task carries, as far as known
    startup: int  # ms, p95
    outstanding: float  # requests in flight or queued; 0 when unknown
    states: dict[str, State]
    means: dict[tuple[str, int], tuple[float, float]]
    fallen: Mapping[str, float]  # absent signals and what stands for them; only growth may rest on it
    grant: Grant = WHOLE  # of what several services share; known in the second pass
    fixed: int | None = None  # the count a person has ordered, while their order lasts
    remarks: list[Reason] = field(default_factory=list)  # what there is to say that changes no number
    held: Held | None = None  # by schedules

    def state(self, name: str) -> State:
        return self.states.get(name, MISSING)

    def usable(self, name: str) -> bool:
        """Fresh enough to support growth."""
        return self.states.get(name) in GROWS

    def left_out(self, name: str) -> bool:
        """Whether ``name`` is gone and the user wrote to go on without it."""
        return name in self.settings.ignored and self.states.get(name, MISSING) in GONE

    def value(self, name: str) -> float:
        if name in self.fallen:
            return self.fallen[name]
        return 0.0 if self.states[name] is EMPTY else self.seen.signals[name].value

    def window(self, name: str) -> Window:
        found = self.memory.windows.get(name)
        if found is None:
            found = self.memory.windows[name] = Window(KEEP)
        return found

    def mean(self, name: str, span: int) -> tuple[float, float]:
        """``Window.mean`` of a signal's last ``span`` ms, worked out once a step however many ask.

        What the signal's contract says goes before: its window, its statistic, its fallback.
        """
        key = (name, span)
        found = self.means.get(key)
        if found is None:
            agreed = name in self.settings.contracts
            found = self.means[key] = self._as_agreed(name, span) if agreed else self.window(name).mean(span)
        return found

    def _as_agreed(self, name: str, span: int) -> tuple[float, float]:
        if name in self.fallen:
            return self.fallen[name], float(span)
        contract, window = self.settings.contracts[name], self.window(name)
        own = contract.window or span
        mean, covered = window.mean(own)
        if contract.statistic == P95:
            mean = window.quantile(own, 0.95)
        elif contract.statistic != MEAN:
            mean = window.extreme(own, window.end, contract.statistic)
        return mean, covered * span / own

    def coming(self) -> int:
        """Tasks ordered and not yet fully serving."""
        fleet = self.fleet
        return max(fleet.starting + fleet.warming, self.current - fleet.serving)

    def full(self) -> bool:
        """Whether this controller has watched for as long as its windows are."""
        since = self.memory.since
        return since is not None and self.now - since >= self.settings.seeing

    def needed(self) -> int:
        """Tasks present demand needs at full throughput; nothing but the hard maximum goes below."""
        if not self.usable("requests"):
            return 0
        rate = self.window("requests").rate(5_000)
        return -int(-rate // self.throughput)

    def pressure(self, tasks: int) -> float:
        """Seconds ``tasks`` tasks would need for everything outstanding."""
        return self.outstanding / ((tasks or 1) * self.throughput)


GROWS = (FRESH, EMPTY, CENSORED)  # a tuple: found by identity, where a set would hash
COUNTS = (FRESH, CENSORED)  # states in which a value is one


def judge(signal: Signal, now: int, oldest: int | None = None) -> State:
    """How far ``signal`` may be believed at ``now`` (ms); the receiver's clock judges age.

    ``oldest``: ms it may be old, None for three of its periods.
    """
    _, value, end, _, _, period, coverage, state = signal
    if state is not FRESH:
        if state is MISSING:
            return state
        if state is EMPTY:
            value = 0.0
    if not (0 <= value <= ABSURD and 0 <= coverage <= ABSURD):  # false for NaN too
        return State.ABSURD
    age = now - end
    if age > (STALE_PERIODS * period if oldest is None else oldest):
        return State.STALE
    return state if age >= -AHEAD else State.ABSURD  # measured in the future: it would shut out every sample until then


def look(settings: Settings, memory: Memory, seen: Observation) -> View:
    """Judge, remember and learn from one observation."""
    now, last = seen.now, memory.now
    if last is not None and now < last:
        now = last
    if last is None or memory.since is None or now - last > settings.seeing:
        memory.since = now  # begun, or asleep for longer than the windows: what they hold says nothing of the present
    memory.now = now
    if settings.formulas:
        seen = seen._replace(signals=with_formulas(settings, seen.signals, now))
    states = _listen(settings, memory, seen.signals, now)
    fallen = _fallen(settings, states) if settings.fallbacks else NOTHING
    fleet, ordered = seen.fleet, memory.ordered
    learnt = _learnt(settings, memory, fleet)
    current = _current(memory, fleet, now)
    view = View(
        settings, memory, seen, fleet, now, current, settings.minimum, settings.maximum,
        ordered is not None and current != ordered, learnt,
        learnt.throughput or settings.throughput or UNDECLARED, learnt.startup_p95 or settings.startup,
        _outstanding(seen.signals, states), states, {}, fallen,
    )  # fmt: skip
    operator = seen.operator
    if operator.fixed is not None and (operator.until == 0 or now < operator.until):
        view.fixed = operator.fixed
    if settings.timetable is not None:
        view.held = settings.timetable.held(seen.wall, seen.offsets, view.startup, settings.minimum, settings.maximum)
        view.minimum, view.maximum = view.held.minimum, view.held.maximum
    if now - learnt.at >= LEARN_EVERY:
        _learn(view)
    if settings.throughput is None:
        view.throughput = max(view.throughput, _completing(view))
    return view


def _listen(settings: Settings, memory: Memory, signals: Mapping[str, Signal], now: int) -> dict[str, State]:
    """Judge every signal, and take those that can be believed into their windows."""
    states: dict[str, State] = {}
    kept, windows = settings.windows, memory.windows
    for name, signal in signals.items():
        _, value, end, _, span, period, coverage, state = signal
        if state is not FRESH or coverage != 1.0 or not (0 <= value <= ABSURD and 0 <= now - end <= period):
            state = judge(signal, now, settings.ages.get(name))
            if state is EMPTY and name in settings.never_zero:
                state = MISSING
            value = _counted(signal, state, name in settings.totals)
        states[name] = state
        if name in kept and state in GROWS:
            try:
                window = windows[name]
            except KeyError:
                window = windows[name] = Window(kept[name])
            if window.keep != kept[name]:  # the settings changed since it was begun
                window.keep = kept[name]
            window.add(end, span, value)
    return states


def _counted(signal: Signal, state: State, total: bool) -> float:
    """What a window takes of ``signal``: of a ``total`` the missing tasks' share is added."""
    if state is EMPTY:
        return 0.0
    if total and 0 < signal.coverage < 1:
        return min(signal.value / signal.coverage, ABSURD)
    return signal.value


def with_formulas(settings: Settings, signals: Mapping[str, Signal], now: int) -> Mapping[str, Signal]:
    """``signals`` with those that formulas make of them."""
    return derive(settings, signals, now, judge) if settings.formulas else signals


def _fallen(settings: Settings, states: dict[str, State]) -> dict[str, float]:
    """The absent signals that have a fallback; from here on they count as seen."""
    fallen = {name: value for name, value in settings.fallbacks.items() if states.get(name) not in GROWS}
    states.update(dict.fromkeys(fallen, FRESH))
    return fallen


def _current(memory: Memory, fleet: Fleet, now: int) -> int:
    """The ledger of our own open order, reconciled with what is seen."""
    ordered = memory.ordered
    if ordered is None or fleet.desired == ordered:
        memory.ordered = None
        return fleet.desired
    if now - memory.ordered_at <= SETTLE or fleet.state is not FRESH or fleet.at <= memory.ordered_at:
        return ordered
    memory.ordered = None
    return fleet.desired


def _outstanding(signals: Mapping[str, Signal], states: Mapping[str, State]) -> float:
    total = 0.0
    if states.get("in_flight") in COUNTS:
        total = signals["in_flight"].value
    if states.get("queue") in COUNTS:
        total += signals["queue"].value
    return total


def _learnt(settings: Settings, memory: Memory, fleet: Fleet) -> Learnt:
    learnt = memory.learnt.get(fleet.revision)
    if learnt is None:
        learnt = memory.learnt[fleet.revision] = Learnt(declared=settings.throughput)
        while len(memory.learnt) > 4:  # old revisions
            del memory.learnt[next(iter(memory.learnt))]
    elif learnt.declared != settings.throughput:
        learnt.declare(settings.throughput)
    for start in fleet.starts:
        if start.ok:
            found = memory.learnt.get(start.revision)
            if found is not None:
                found.started(start.span)
    return learnt


def _completing(view: View) -> float:
    """Requests/s each serving task completes right now: at the least it carries that, whatever was learnt."""
    if not view.usable("completed"):
        return 0.0
    return view.mean("completed", 2_000)[0] / max(view.fleet.serving + view.fleet.warming, 1)


def _offered(view: View) -> float:
    """Requests/s that arrived over the span: no task is believed to have completed more than came."""
    offered, covered = view.window("requests").mean(SATURATED_SPAN)
    return offered if covered > 0 else ABSURD


def _slow_throughout(view: View) -> bool:
    """Whether every latency of the span was over the objective: a fleet saturated for part of it teaches nothing."""
    window = view.window("latency")
    return window.extreme(SATURATED_SPAN, window.end, "min") > view.settings.objective


def _learn(view: View) -> None:
    """Throughput, from a fleet of which nothing is warming and as many have served for the whole span."""
    learnt, fleet = view.learnt, view.fleet
    learnt.at = view.now
    if fleet.serving != learnt.serving or fleet.warming or fleet.state is not FRESH:
        learnt.serving, learnt.since = fleet.serving, view.now
    if fleet.serving < 1 or view.now - learnt.since < SATURATED_SPAN:
        return
    if view.states.get("completed") is not FRESH:
        return
    completed, covered = view.window("completed").mean(SATURATED_SPAN)
    if covered < 0.9 * SATURATED_SPAN:
        return
    slow = view.states.get("latency") is FRESH and view.value("latency") > view.settings.objective
    per_task = min(completed, _offered(view)) / fleet.serving
    if not slow:
        view.learnt.carried(per_task, view.now)
    elif view.pressure(fleet.serving) > 1.0 and _slow_throughout(view):
        view.learnt.saturated(per_task, view.now)
    view.throughput = view.learnt.throughput or view.throughput
