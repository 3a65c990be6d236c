"""The fleet a shadow would have: it carries out orders in a book only, and shows them as if they were tasks.

A shadow's orders never show in the real fleet, so an engine that looked at that would order for ever, and one that
saw its queue would answer a backlog that is another scaler's. So the engine is shown one consistent world (ADR 0006):

    as it is     requests, signals of the user's own, the tasks' memory, the revision, rollouts
    the book     its own tasks: an order serves after the start-up learnt of the real tasks, a stop drains
    by fluid     completed, queue, in_flight, latency, from those tasks and what one carries: as the file says, else
                 the most that a real one was seen to carry inside the objective
    scaled       cpu: the same work shared among the shadow's tasks

What the real fleet is doing stands beside it as signals ``present.…``, which no policy reads and the journal keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fleetfoot.core.listen import GROWS, judge
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Fleet, Observation, Receipt, Signal, Start, State
from fleetfoot.core.settings import Settings
from fleetfoot.core.view import View, look

SHADOW = "shadow: not carried out"
PRESENT = "present."
COUNTS = ("desired", "serving", "warming", "starting", "draining")
KEPT = ("bad", "latency", "completed")  # of the real fleet's signals, beside the shadow's


@dataclass(slots=True)
class ShadowFleet:
    """One service. ``drain`` and ``patience`` (how long a request waits at most): ms. All times are ``now``."""

    settings: Settings
    drain: int
    patience: int
    serving: int | None = None  # None: not seen yet; it begins with what there is
    starting: list[tuple[int, int]] = field(default_factory=list)  # (serves at, ordered at)
    draining: list[int] = field(default_factory=list)  # gone at
    pool: int = 0  # tasks to keep warm
    taken: list[int] = field(default_factory=list)  # of the pool: warm again at
    backlog: float = 0.0  # requests
    number: int = 0
    lead: int = 0  # ms, as learnt
    throughput: float = 0.0  # requests/s and task
    _real: Memory = field(default_factory=Memory)
    _end: int = 0  # of the newest interval
    _calm: float = 0.0  # ms: the real latency while it was within the objective
    _modelled: dict[str, Signal] = field(default_factory=dict)

    @property
    def desired(self) -> int:
        return (self.serving or 0) + len(self.starting)

    @property
    def warm(self) -> int:
        return max(self.pool - len(self.taken), 0)

    def order(self, count: int, now: int) -> None:
        """Start the difference or stop it, what does not serve yet first; warm tasks serve at once."""
        while self.desired < count:
            warm = self.warm > 0
            self.starting.append((now if warm else now + self.lead, now))
            if warm:
                self.taken.append(now + self.lead)
        while self.desired > max(count, 0):
            if self.starting:
                self.starting.pop()
            else:
                self.serving = (self.serving or 0) - 1
                self.draining.append(now + self.drain)

    def see(self, now: int, signals: Mapping[str, Signal], real: Fleet) -> tuple[dict[str, Signal], Fleet]:
        """What the engine is to see in place of ``signals`` and the ``real`` fleet."""
        view = look(self.settings, self._real, Observation(now, now, signals, real))
        self.lead = view.startup
        # what the real tasks do under their own overload is no measure of what the shadow's would have done
        self.throughput = self.settings.throughput or view.learnt.most or view.throughput
        if self.serving is None:
            self.serving = real.desired
        started = self._pass(now, real.revision)
        shown = {name: signal for name, signal in signals.items() if name != "bad"}
        requests = signals.get("requests")
        if requests is not None and judge(requests, now) in GROWS and requests.end > self._end:
            self._end = requests.end
            self._modelled = self._flow(requests, view)
        shown |= {name: signal for name, signal in self._modelled.items() if name in signals}
        if "cpu" in signals:
            shown["cpu"] = self._shared(signals["cpu"], real)
        shown |= self._present(signals, real, view)
        fleet = Fleet(
            real.at, self.desired, self.serving, 0, len(self.starting), len(self.draining), self.warm,
            revision=real.revision, deploying=real.deploying, starts=started, state=real.state,
        )  # fmt: skip
        return shown, fleet

    def _pass(self, now: int, revision: str) -> tuple[Start, ...]:
        done = [row for row in self.starting if row[0] <= now]
        self.starting = [row for row in self.starting if row[0] > now]
        self.draining = [at for at in self.draining if at > now]
        self.taken = [at for at in self.taken if at > now]
        self.serving = (self.serving or 0) + len(done)
        starts = []
        for at, ordered in done:
            self.number += 1
            starts.append(Start(self.number, revision, at - ordered, True))
        return tuple(starts)

    def _flow(self, requests: Signal, view: View) -> dict[str, Signal]:
        """A second of a fluid queue: what the shadow's tasks complete, and what waits."""
        seconds, carried = requests.span / 1000.0, (self.serving or 0) * self.throughput
        self.backlog += requests.value * seconds
        done = min(self.backlog, carried * seconds)
        self.backlog = min(self.backlog - done, carried * self.patience / 1000.0)
        real = view.seen.signals.get("latency")
        if real is not None and real.state is State.FRESH and real.value <= self.settings.objective:
            self._calm = real.value
        wait = 1000.0 * self.backlog / carried if carried else float(self.patience)
        values = {
            "completed": done / seconds,
            "queue": self.backlog,
            "in_flight": done / seconds * self._calm / 1000.0,
            "latency": self._calm + wait,
            "errors": 0.0,
        }
        found = {name: requests._replace(name=name, value=value) for name, value in values.items()}
        if not requests.value and not self.backlog:
            for name in ("latency", "errors"):
                found[name] = found[name]._replace(value=0.0, state=State.EMPTY)
        return found

    def _shared(self, cpu: Signal, real: Fleet) -> Signal:
        tasks = max(self.serving or 0, 1)
        return cpu._replace(value=min(cpu.value * (real.serving + real.warming) / tasks, 1.0))

    def _present(self, signals: Mapping[str, Signal], real: Fleet, view: View) -> dict[str, Signal]:
        found = {PRESENT + name: signals[name]._replace(name=PRESENT + name) for name in KEPT if name in signals}
        values = {name: float(getattr(real, name)) for name in COUNTS}
        values |= {"throughput": self.throughput, "startup": float(view.startup)}
        for name, value in values.items():
            found[PRESENT + name] = Signal(PRESENT + name, value, real.at, real.at)
        return found


class ShadowTarget:
    """Accepts every order of a sensible count into the book of its service, and touches nothing."""

    name = "shadow"

    def __init__(self, fleets: Mapping[str, ShadowFleet], now: Callable[[], int]) -> None:
        self._fleets = fleets
        self._now = now

    async def order(self, service: str, count: int, order_id: str, deadline_ms: int, before: int) -> Receipt:  # noqa: ARG002
        if count < 0:
            return Receipt(order_id, service, count, False, self._now(), f"{count} tasks cannot be")
        self._fleets[service].order(count, self._now())
        return Receipt(order_id, service, count, True, self._now(), SHADOW)

    async def keep_warm(self, service: str, count: int, deadline_ms: int) -> str:  # noqa: ARG002
        if count < 0:
            return f"{count} tasks cannot be"
        self._fleets[service].pool = count
        return ""

    async def observe(self, service: str) -> Fleet:
        book, now = self._fleets[service], self._now()
        if book.serving is None:
            return Fleet(now, 0, state=State.MISSING)
        return Fleet(now, book.desired, book.serving, 0, len(book.starting), len(book.draining), book.warm)

    async def close(self) -> None:
        pass
