"""The world of one service: traffic, tasks that start late or not at all, a queue, and what the sources make of it.

A fluid of requests a second; exact enough to be overloaded, to recover, and to be looked at through broken sources.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, pi
from random import Random

from fleetfoot.core.model import Fleet, Operator, Signal, Start, State
from tests.storms.plans import Fault, Plan, Written

START = 1_700_000_000_000  # ms
QUIET_MS = 80.0  # a request's latency where nothing queues
QUEUE_S = 10.0  # s of the fleet's work that may queue; the rest is lost
WILD = (float("nan"), float("inf"), 1e15, 1e11)


@dataclass
class Weather:
    """One service from second to second. Times are s from the start; ``target`` is the count the target intends."""

    written: Written
    faults: list[Fault]
    seconds: int
    rng: Random
    target: int = 0
    tasks: list[float] = field(default_factory=list)  # when each is ready
    backlog: float = 0.0
    now: float = 0.0
    number: int = 0
    starts: list[Start] = field(default_factory=list)
    truth: dict[str, float] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)  # s: when the value last shown was measured
    seen_at: float = 0.0
    held: int = 0  # the minimum as it is now
    shown: dict[str, Signal] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, number: int) -> Weather:
        written = plan.services[number]
        faults = [fault for fault in plan.faults if fault.service == number]
        made = cls(written, faults, plan.seconds, Random(plan.seed * 31 + number))
        made.target, made.tasks = written.tasks, [0.0] * written.tasks
        return made

    def on(self, kind: str) -> Fault | None:
        """The fault of this kind that is on now."""
        for fault in self.faults:
            if fault.kind == kind and fault.at <= self.now < fault.at + fault.lasts:
                return fault
        return None

    @property
    def serving(self) -> int:
        return sum(at <= self.now for at in self.tasks)

    @property
    def revision(self) -> str:
        """A deployment is of the next revision, and ends with it."""
        begun = [fault for fault in self.faults if fault.kind == "deploying" and fault.at <= self.now]
        return f"r{len(begun)}"

    def rate(self) -> float:
        """Requests/s offered; even in the calm at the end."""
        written, now = self.written, self.now
        if now >= self.seconds or written.traffic == "even":
            return written.rate
        share = now / self.seconds
        if written.traffic == "step":
            return written.rate * (0.2 if share < 0.5 else 1.5)
        if written.traffic == "ramp":
            return written.rate * 2 * share
        if written.traffic == "flash":
            return written.rate * (3.0 if 0.4 < share < 0.5 else 0.3)
        if written.traffic == "on and off":
            return written.rate if int(now // 40) % 2 else 0.0
        if written.traffic == "nothing":
            return 0.0
        return written.rate * (1 + 0.5 * cos(2 * pi * share * 6) + 0.3 * self.rng.random())

    def pass_time(self, span: float) -> None:
        """Let ``span`` seconds pass: tasks start, requests come and are answered."""
        self.now += span
        self._launch()
        if self.on("deaths") and self.rng.random() < 0.2 and self.serving:
            self.tasks.remove(min(self.tasks))
        mean = self.rate() * span * (0.1 if self.on("outage") else 1.0)
        offered = max(0.0, self.rng.gauss(mean, mean**0.5)) if mean else 0.0
        dependency, bottleneck = self.on("slow dependency"), self.on("bottleneck")
        full = self.serving * self.written.throughput * span  # who waits for a dependency idles
        slow = float(dependency.what or 0.2) if dependency else 1.0
        capacity = full * slow
        if bottleneck:
            capacity = min(capacity, float(bottleneck.what) * span)
        work = self.backlog + offered
        done = min(work, capacity)
        lost = max(0.0, work - done - capacity / span * QUEUE_S) if self.serving else max(0.0, work - 1000.0)
        self.backlog = work - done - lost
        rho = min(done / capacity, 0.95) if capacity else 0.0
        latency = QUIET_MS / slow / (1 - rho) + (1000.0 * self.backlog * span / capacity if capacity else 10_000.0)
        self.truth = {
            "requests": offered / span, "completed": done / span, "latency": latency,
            "errors": lost / (lost + done) if lost else 0.0, "in_flight": done / span * min(latency, 10_000.0) / 1000.0,
            "queue": self.backlog, "cpu": done / full if full else 0.0, "memory": 0.4,
        }  # fmt: skip

    def _launch(self) -> None:
        """The target starts and stops tasks until it has as many as it intends, and tells how starts ended."""
        failing, slow = self.on("failed starts"), self.on("slow starts")
        for at in [at for at in self.tasks if self.now - 1 < at <= self.now and at > 0]:
            self.number += 1
            if failing:
                self.tasks.remove(at)
            span = int(self.written.startup * 1000)
            self.starts.append(Start(self.number, self.revision, 0 if failing else span, not failing, "exited 1"))
        while len(self.tasks) < self.target:
            self.tasks.append(self.now + self.written.startup * (5 if slow else 1) * (0.8 + 0.4 * self.rng.random()))
        self.tasks.sort()
        del self.tasks[self.target :]

    def fleet(self) -> Fleet:
        """As the target tells it; the starts since it was last asked."""
        stale = self.on("fleet stale")
        if not stale:
            self.seen_at = self.now
        starts, self.starts = tuple(self.starts), []
        serving = self.serving
        return Fleet(
            at=START + round(self.seen_at * 1000), desired=self.target, serving=serving,
            starting=len(self.tasks) - serving, revision=self.revision, deploying=self.on("deploying") is not None,
            starts=starts, state=State.STALE if stale else State.FRESH,
        )  # fmt: skip

    def signals(self, names: tuple[str, ...], span: float) -> dict[str, Signal]:
        """What the sources say of the last ``span`` seconds. A broken one shows its last, nothing, or nonsense."""
        made = {}
        for name in names:
            end = START + round(self.now * 1000)
            value = self.truth.get(name, self.truth["requests"])
            period = max(round(span * 1000), 1)
            made[name] = Signal(name, value, end, end, period, 1000)
        for fault in sorted(self.faults, key=lambda fault: fault.kind != "empty"):
            if fault.what in made and fault.at <= self.now < fault.at + fault.lasts:
                if made[fault.what].state is State.EMPTY:
                    continue  # there is nothing that could be wrong
                found = self._broken(fault, made[fault.what])
                del made[fault.what]
                if found is not None:
                    made[fault.what] = found
        self.shown.update(made)
        return made

    def _broken(self, fault: Fault, signal: Signal) -> Signal | None:
        if fault.kind == "missing":
            return signal._replace(value=0.0, state=State.MISSING) if fault.at % 2 else None
        if fault.kind == "late":
            return self.shown.get(signal.name)
        changes = {
            "wild": {"value": WILD[fault.at % len(WILD)]},
            "negative": {"value": -1.0},
            "ahead": {"end": signal.end + 3_600_000},
            "empty": {"value": 0.0, "state": State.EMPTY},
            "half": {"coverage": 0.5, "value": signal.value / 2},
            "censored": {"state": State.CENSORED},
        }
        return signal._replace(**changes.get(fault.kind, {}))  # type: ignore[arg-type]

    def disturbed(self) -> set[str]:
        """The signals that cannot be believed now: nothing may be let go on them. One that is late is a little old
        at first, and that is no disturbance."""
        found, empty = set(), set()
        for fault in self.faults:
            if fault.what and fault.at <= self.now < fault.at + fault.lasts:
                if fault.kind == "empty":
                    empty.add(fault.what)
                if fault.kind in ("missing", "negative", "ahead", "half", "censored"):
                    found.add(fault.what)
                if fault.kind == "wild" and not WILD[fault.at % len(WILD)] <= 1e12:
                    found.add(fault.what)
                if fault.kind == "late" and self.now - fault.at > 4:
                    found.add(fault.what)
        return found - empty

    def operator(self) -> Operator:
        fixed = self.on("scale")
        return Operator(
            fixed=int(fixed.what) if fixed else None, hold_growth=self.on("pause growth") is not None,
            hold_shrink=self.on("pause scale-in") is not None, who="mina",
        )  # fmt: skip

    def order(self, count: int) -> None:
        """The target carries it out, or does not."""
        if not self.on("refused"):
            self.target = count

    def meddle(self) -> None:
        """Somebody else sets the count."""
        other = self.on("another writer")
        if other:
            self.target = int(other.what)
