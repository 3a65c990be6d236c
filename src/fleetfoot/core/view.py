"""Observe: what one step knows before anybody votes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleetfoot.core.contract import MEAN, P95
from fleetfoot.core.formulas import derive
from fleetfoot.core.learn import UNDECLARED, Learnt
from fleetfoot.core.lessons import completing, known_of, learn
from fleetfoot.core.listen import GROWS, listen
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

COVERAGE = 0.9  # under this share of the serving tasks a signal supports no scale-in
SETTLE = 5_000  # ms an order may take to show in the fleet before we believe the fleet
WHOLE = Grant()
LEARN_EVERY = 900  # ms: once a tick, however often the data plane wakes the loop
GONE = (MISSING, STALE)
COUNTS = (FRESH, CENSORED)  # states in which a value is one
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


def look(settings: Settings, memory: Memory, seen: Observation) -> View:
    """Judge, remember and learn from one observation."""
    now, _, signals, fleet, _, operator, _, _ = seen
    last = memory.now
    if last is not None and now < last:
        now = last
    if last is None or memory.since is None or now - last > settings.seeing:
        memory.since = now  # begun, or asleep for longer than the windows: what they hold says nothing of the present
    memory.now = now
    if settings.formulas:
        signals = derive(settings, signals, now)
        seen = seen._replace(signals=signals)
    states = listen(settings, memory, signals, now)
    fallen = _fallen(settings, states) if settings.fallbacks else NOTHING
    ordered = memory.ordered
    learnt = known_of(settings, memory, fleet)
    current = _current(memory, fleet, now)
    view = View(
        settings, memory, seen, fleet, now, current, settings.minimum, settings.maximum,
        ordered is not None and current != ordered, learnt,
        learnt.throughput or settings.throughput or UNDECLARED, learnt.startup_p95 or settings.startup,
        _outstanding(signals, states), states, {}, fallen,
    )  # fmt: skip
    if operator.fixed is not None and (operator.until == 0 or now < operator.until):
        view.fixed = operator.fixed
    if settings.timetable is not None:
        view.held = settings.timetable.held(seen.wall, seen.offsets, view.startup, settings.minimum, settings.maximum)
        view.minimum, view.maximum = view.held.minimum, view.held.maximum
    if now - learnt.at >= LEARN_EVERY:
        learn(view)
    if settings.throughput is None:
        view.throughput = max(view.throughput, completing(view))
    return view


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
