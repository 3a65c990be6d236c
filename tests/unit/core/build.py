"""A service under test: keeps time, shows the engine a world one tick at a time, and obeys its orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fleetfoot.core.engine import settle_all, step, wish
from fleetfoot.core.memory import Memory, Slice
from fleetfoot.core.model import (
    Abstain,
    Blind,
    Decision,
    Fleet,
    Grant,
    Observation,
    Operator,
    Reason,
    Signal,
    State,
    Vote,
    Want,
)  # fmt: skip
from fleetfoot.core.policies import Target
from fleetfoot.core.policies.base import Policy
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import GuardSettings, Settings
from fleetfoot.core.view import View
from fleetfoot.spec.zones import Zones

START = 1_700_000_000_000  # ms

#: Guards that let everything pass, so that a test sees what the policies want.
OPEN = GuardSettings(
    launches_slow_after=1_000_000, launches_stop_after=1_000_000, pay=False, incident=False, conflict="reassert",
    stabilise_in=0, cooldown_in=0, rate_out=(), rate_in=(),
)  # fmt: skip

CPU = Target("cpu", "cpu", 0.5, window=1000)

#: Four tasks of 20/s at half of what they carry.
CALM: dict[str, Any] = {"completed": 40.0, "latency": 80.0, "errors": 0.0, "in_flight": 2.0, "queue": 0.0}

Shown = float | Signal | Mapping[str, Any] | None


def settings(*policies: Policy, guards: GuardSettings = OPEN, **changes: Any) -> Settings:
    """0 to 1000 tasks, 20 requests/s a task, a second to start, no wait for windows: the test says what differs."""
    base = Settings("orders", 0, 1000, policies, guards, throughput=20.0, startup=1000, seeing=0)
    return replace(base, **changes)


def signal(name: str, value: float, at: int, **changes: Any) -> Signal:
    return Signal(name, value, at, at)._replace(**changes)


class Service:
    """``tasks`` serve. What the engine orders serves ``startup`` ms later, and meanwhile starts."""

    def __init__(self, *policies: Policy, tasks: int = 4, startup: int = 0, **changes: Any) -> None:
        self.settings = settings(*policies, **changes)
        self.memory = Memory()
        self.zones = Zones(self.settings.zones)
        self.now = START
        self.serving = tasks
        self.starting: list[int] = []  # when each will serve
        self.startup = startup
        self.follows = True  # whether the target obeys
        self.operator = Operator()
        self.decision: Decision | None = None

    @property
    def tasks(self) -> int:
        return self.serving + len(self.starting)

    def see(self, span: int = 1000, fleet: Mapping[str, Any] | None = None, **signals: Shown) -> Observation:
        """The world at this moment; ``None`` for a signal that is absent."""
        shown = {}
        for name, value in signals.items():
            if isinstance(value, Signal):
                shown[name] = value
            elif isinstance(value, Mapping):
                shown[name] = signal(name, **{"at": self.now, "value": 0.0, "span": span, "period": span, **value})
            elif value is not None:
                shown[name] = signal(name, value, self.now, span=span, period=span)
        counts = Fleet(self.now, self.tasks, self.serving, starting=len(self.starting))
        return Observation(
            self.now, self.now, shown, counts._replace(**(fleet or {})),
            operator=self.operator, offsets=self.zones.at(self.now),
        )  # fmt: skip

    def tick(self, ms: int = 1000, fleet: Mapping[str, Any] | None = None, **signals: Shown) -> Decision:
        """Let ``ms`` pass, decide once, and let the target obey."""
        self.now += ms
        self.serving += sum(at <= self.now for at in self.starting)
        self.starting = [at for at in self.starting if at > self.now]
        self.decision = step(self.settings, self.memory, self.see(ms, fleet, **signals))
        if self.follows:
            self.set(self.decision.desired)
        return self.decision

    def set(self, tasks: int) -> None:
        """The target's count, by whomever; the not yet serving are stopped first."""
        while self.tasks < tasks:
            self.starting.append(self.now + self.startup)
        while self.tasks > tasks:
            if self.starting:
                self.starting.pop()
            else:
                self.serving -= 1
        if not self.startup:
            self.serving, self.starting = self.tasks, []

    def ticks(self, seconds: float, ms: int = 1000, **shown: Any) -> Iterator[Decision]:
        for _ in range(int(seconds * 1000) // ms):
            yield self.tick(ms, **shown)

    def run(self, seconds: float, ms: int = 1000, **shown: Any) -> Decision:
        """Ticks for ``seconds``; the newest decision."""
        return list(self.ticks(seconds, ms, **shown))[-1]

    @property
    def vote(self) -> Vote:
        """The first policy's newest vote."""
        assert self.decision is not None
        return self.decision.votes[0][1]


@dataclass(frozen=True)
class Says:
    """A policy that says what it is told to."""

    name: str
    says: Vote
    reads: tuple[str, ...] = ()
    looks_back: int = 0
    monotone: bool = True

    def vote(self, view: View, mine: Slice) -> Vote:
        return self.says


def want(tasks: int, urgent: bool = False, flip: float | None = None) -> Want:
    return Want(tasks, Reason(Code.STEP, {"wants": tasks}), urgent, flip)


def wants(one: Service, tasks: int) -> Service:
    """``one``, whose only policy wants so many from now on."""
    one.settings = replace(one.settings, policies=(Says("p", want(tasks)),))
    return one


def together(services: Mapping[str, Service]) -> dict[str, Grant | None]:
    """One tick of several services: everybody's order is carried out."""
    for one in services.values():
        one.now += 1000
    settled = settle_all({name: wish(one.settings, one.memory, one.see()) for name, one in services.items()})
    for name, (decision, _) in settled.items():
        services[name].decision = decision
        services[name].set(decision.desired)
    return {name: grant for name, (_, grant) in settled.items()}


def guarded(tasks: int = 10, **rules: Any) -> Service:
    """Half of the cpu is wanted, and of the guards only those that have rules here do anything."""
    bounds = {name: rules.pop(name) for name in ("minimum", "maximum", "seeing", "startup") if name in rules}
    return Service(CPU, tasks=tasks, guards=replace(OPEN, **rules), **bounds)


def told(decision: Decision) -> set[str]:
    """Every reason code of a decision, its votes apart."""
    return {str(r.code) for r in decision.reasons} | {str(t.reason.code) for t in decision.trail}


def outcome(vote: Vote) -> str:
    """A vote as a table shows it: a count, "abstain" or "blind"."""
    if isinstance(vote, Want):
        return str(vote.tasks)
    return {Abstain: "abstain", Blind: "blind"}[type(vote)]


UNUSABLE: dict[str, Shown] = {
    "missing": None,
    "said to be missing": {"value": 10.0, "state": State.MISSING},
    "stale": {"value": 10.0, "end": START - 60_000},
    "not a number": float("nan"),
    "infinite": float("inf"),
    "negative": -1.0,
    "beyond what can be": 1e13,
    "measured in the future": {"value": 10.0, "end": START * 2},
    "reported by a nonsense share": {"value": 10.0, "coverage": float("nan")},
}
