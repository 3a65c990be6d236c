"""Lives on the edge: services that see, moment for moment, the very figures their own file names.

No weather: rates are whole tasks' worth, shares and latencies those that are written, spans those the windows have, so
that every comparison meets the case in which both sides are equal, and lasts long enough for the means to show it.
What was decided, told and remembered is kept as a digest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import yaml

from fleetfoot.core import warm
from fleetfoot.core.compile import compile_spec
from fleetfoot.core.engine import settle_all, wish
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Decision, Fleet, Observation, Operator, Signal, Start, State
from fleetfoot.core.pack import decision_to_json
from fleetfoot.core.policies import Adaptive, Slo
from fleetfoot.core.policies.adaptive import POINT
from fleetfoot.core.settings import Settings
from fleetfoot.spec.loader import loads
from fleetfoot.spec.zones import Zones

STEPS = 240
NOBODY = Operator()
TICKS = (250, 1_000, 1_000, 1_000, 2_000, 5_000, 60_000, 300_000)  # ms; adaptive thresholds need hours
BEATEN = 5_000  # ms, where surges return: the shortest period that is believed is 36 of it
BEGINS = {  # ms of the wall clock
    "an afternoon": 1_700_000_000_000 - 1_700_000_000_000 % 60_000,
    "before the end of a leap February": 1_709_251_080_000,
    "before the end of a plain February": 1_677_628_680_000,
    "before the end of a year": 1_735_689_480_000,
    "before Berlin's clocks go forward": 1_711_846_680_000,
    "before Berlin's clocks go back": 1_729_990_680_000,
}
TASKS = (0, 1, 2, 3, 4, 5, 7, 10, 20)
CARRIES = 20  # requests/s: one task
SHARES = (0.3, 0.5, 0.7, 1.0, 1.0, 1.1, 2.0)  # of what so many tasks carry
RATES = ("requests", "completed", "in_flight", "queue", "forecast.upper", "forecast.median")
FAULTS: tuple[dict[str, object], ...] = (  # {}: it is not shown at all
    {"state": State.MISSING}, {"state": State.STALE}, {"state": State.EMPTY}, {"state": State.CENSORED},
    {"coverage": 0.5}, {"coverage": 0.9}, {"coverage": 0.0}, {"value": -1.0}, {"value": 1e12}, {"value": float("nan")},
    {},
)  # fmt: skip

#: All as written, no number made of it.
PARTS: Mapping[str, Any] = yaml.load(
    Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader
)
KINDS = sorted(PARTS["policies"])


def _service(kind: str, shared: Mapping[str, Any], rng: Random) -> dict[str, Any]:
    """One service of a file, with a policy of this ``kind`` and perhaps others."""
    low = rng.choice([0, 0, 1, 2])
    kinds = dict.fromkeys([kind, *rng.choices(KINDS, k=rng.choice([0, 0, 1, 2]))])
    policies = [{one: rng.choice(PARTS["policies"][one])} for one in kinds]
    task: dict[str, Any] = {"cpu": 0.5, "price": "0.02 USD/h", "startup": rng.choice(["1s", "5s", "20s", "60s"])}
    if rng.random() < 0.8 or any("drain" in one.get("backlog", ()) for one in policies):
        task["throughput"] = f"{CARRIES}/s"
    guards = _merged(rng.sample(PARTS["guards"], rng.choice([0, 1, 2, 4])))
    if "databases" in shared:
        guards["connections"] = {"database": "main", "per task": rng.choice(PARTS["connections"])}
    return {
        "run": "app", "listen": "127.0.0.1:0", "priority": rng.choice(["critical", "normal", "normal", "low"]),
        "objective": rng.choice([{"p95": "1s"}, {"p99": "500ms", "errors": "5%"}]),
        "capacity": {"min": low, "max": low + rng.choice([3, 7, 10, 40])},
        "task": {**task, "warm": rng.choice(["auto", 0, {"min": 1, "max": 3}])},
        "signals": {**PARTS["signals"], **_merged(rng.sample(PARTS["contracts"], rng.choice([0, 0, 1, 2])))},
        "policies": policies, "guards": guards,
    }  # fmt: skip


def _merged(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of two rows for the same the last."""
    return {key: value for row in rows for key, value in row.items()}


@dataclass
class World:
    """One service, what it is shown, and its memory. The target does as it is told, at whole start-ups."""

    settings: Settings
    tick: int  # ms
    rng: Random
    now: int
    ahead: int  # ms the wall clock is
    memory: Memory = field(default_factory=Memory)
    tasks: list[int] = field(default_factory=list)  # ms: when each is ready
    shown: dict[str, float] = field(default_factory=dict)
    faults: dict[str, dict[str, object]] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)  # ms
    spans: dict[str, int] = field(default_factory=dict)  # ms, where not those of a step
    fleet: dict[str, object] = field(default_factory=dict)
    operator: Operator = NOBODY
    until: int = 0  # steps: how long it stays like this
    revision: int = 0
    number: int = 0  # of starts
    failing: bool = False
    deaf: bool = False
    beat: int = 0  # steps between two surges that return; 0 for none

    def observe(self, step: int) -> Observation:
        rng = self.rng
        span = self.tick if rng.random() < 0.97 else self.tick * rng.choice([2, 5, 30])
        self.now += span
        if step >= self.until:
            self._change(step)
        if self.beat:
            self.shown["requests"] = self.shown["completed"] = 200.0 if step % self.beat < self.beat // 3 else 20.0
        starts = tuple(self._started(span))
        signals = {name: self._signal(name, value, span) for name, value in self.shown.items()}
        signals = {name: one for name, one in signals.items() if self.faults.get(name) != {}}
        ready = sum(at <= self.now for at in self.tasks)
        fleet = Fleet(
            self.now,
            len(self.tasks),
            ready,
            starting=len(self.tasks) - ready,
            revision=f"r{self.revision}",
            starts=starts,
        )._replace(**self.fleet)  # type: ignore[arg-type]
        if fleet.warming:
            warming = min(fleet.warming, fleet.serving)
            fleet = fleet._replace(warming=warming, serving=fleet.serving - warming)
        wall = self.now + self.ahead
        offsets = Zones(self.settings.zones).at(wall)
        gap = span if span > 3 * self.tick else 0
        return Observation(self.now, wall, signals, fleet, gap, self.operator, offsets=offsets)

    def _signal(self, name: str, value: float, span: int) -> Signal:
        end, span = self.now - self.late.get(name, 0), self.spans.get(name, span)
        return Signal(name, value, end, self.now, span, self.tick)._replace(**self.faults.get(name, {}))  # type: ignore[arg-type]

    def _started(self, span: int) -> Iterator[Start]:
        for at in [at for at in self.tasks if self.now - span < at <= self.now]:
            self.number += 1
            if self.failing:
                self.tasks.remove(at)
                self.tasks.append(self.now + self.settings.startup)
            yield Start(
                self.number, f"r{self.revision}", 0 if self.failing else self.settings.startup, not self.failing
            )

    def _change(self, step: int) -> None:
        """Another stretch of the same: some signals at other marks, some broken, perhaps a person or a deployment."""
        rng = self.rng
        self.until = step + rng.choice([1, 2, 5, 10, 20, 30, 60])
        for name in (*PARTS["marks"], *RATES):
            if name not in self.shown or rng.random() < 0.3:
                self.shown[name] = self._mark(name)
        if rng.random() < 0.5:
            self.shown["completed"] = self.shown["requests"]
        names = sorted(self.shown)
        self.faults = {rng.choice(names): rng.choice(FAULTS) for _ in range(rng.choice([0, 0, 0, 1, 2]))}
        late = [self.tick // 2, self.tick, 3 * self.tick, 3 * self.tick + 1, -3_000, -3_001]
        self.late = {rng.choice(names): rng.choice(late) for _ in range(rng.choice([0, 0, 1]))}
        self.spans = {
            rng.choice(names): rng.choice([0, 1, 3, 6]) * self.tick // 2 for _ in range(rng.choice([0, 0, 1]))
        }
        odd: tuple[Callable[[], dict[str, object]], ...] = (
            lambda: {"deploying": True}, lambda: {"draining": rng.choice([1, 3])}, lambda: {"warm": rng.choice([1, 3])},
            lambda: {"warming": rng.choice([1, 2])}, lambda: {"state": State.STALE}, lambda: {"writer": "alice"},
        )  # fmt: skip
        self.fleet = rng.choice(odd)() if rng.random() < 0.3 else {}
        if self.fleet.get("deploying"):
            self.revision += 1
        self.failing, self.deaf = rng.random() < 0.1, rng.random() < 0.05
        if rng.random() < 0.06:  # somebody else
            self._set(rng.choice(TASKS[:8]))
        end = self.now + rng.choice([0, 1, 5]) * self.tick
        self.operator = rng.choice([
            Operator(fixed=rng.choice(TASKS[:7]), until=rng.choice([0, end]), who="mina"),
            Operator(hold_growth=True, who="mina"), Operator(hold_shrink=True, who="mina"),
            Operator(permit=end, who="mina"),
        ]) if rng.random() < 0.12 else NOBODY  # fmt: skip

    def _mark(self, name: str) -> float:
        rng = self.rng
        return (
            float(rng.choice(PARTS["marks"][name]))
            if name in PARTS["marks"]
            else float(CARRIES) * rng.choice(TASKS) * rng.choice(SHARES)
        )

    def remember(self) -> None:
        """A day that adaptive thresholds have seen, one step before its end."""
        for policy in self.settings.policies:
            if isinstance(policy, Adaptive) and self.rng.random() < 0.7:
                levels = self._mark(policy.signal), self._mark(policy.signal), None
                points = self.rng.choices(levels, (9, 9, 2), k=policy.keep)
                mine = {"slot": self.now // POINT, "sum": 0.0, "span": 0, "known": 0, "out": policy.above}
                self.memory.slice(policy.name).update(mine, points=points, **{"in": policy.below})

    def _set(self, count: int) -> None:
        self.tasks.sort()
        del self.tasks[count:]
        self.tasks += [self.now + self.settings.startup] * (count - len(self.tasks))

    def obey(self, decision: Decision, step: int) -> None:
        if not self.deaf:
            self._set(decision.desired)
        if step == STEPS // 2:
            self.memory = Memory.from_json(json.loads(json.dumps(self.memory.to_json())))
            if self.rng.random() < 0.3:
                self.memory = self.memory.restarted()


def worlds(seed: int) -> list[World]:
    """The services of a seed: its kind of policy is among those of the first, with any others."""
    rng = Random(seed)
    shared = rng.choice(PARTS["shared"]) if rng.random() < 0.4 else {}
    kinds = [KINDS[seed % len(KINDS)], *rng.choices(KINDS, k=rng.choice([1, 2]) if shared else 0)]
    services = {f"s{number}": _service(kind, shared, rng) for number, kind in enumerate(kinds)}
    compiled = compile_spec(loads(json.dumps({"services": services, **shared})))
    begin = rng.choice(sorted(BEGINS.values()))
    learns = any(isinstance(policy, Slo) for one in compiled.values() for policy in one.policies)
    beat = rng.choice([0, 60, 80]) if learns else 0
    tick = BEATEN if beat else rng.choice(TICKS)
    made = [
        World(settings, tick, Random(seed * 31 + number), begin, rng.choice([0, 0, 3_600_000]), beat=beat)
        for number, settings in enumerate(compiled.values())
    ]
    for one in made:
        one.remember()
    return made


def digest(seed: int) -> str:
    """All that is decided, told and remembered in the life of ``seed``, in sixteen digits."""
    found, lives = sha256(), worlds(seed)
    for step in range(STEPS):
        seen = [one.observe(step) for one in lives]
        wishes = {str(i): wish(one.settings, one.memory, seen[i]) for i, one in enumerate(lives)}
        for (name, (decision, grant)), one, shown in zip(settle_all(wishes).items(), lives, seen, strict=True):
            rows: list[object] = [name, decision_to_json(decision), grant]
            rows.append(warm.size(one.settings, one.memory, shown, decision.desired))
            if step % 20 == 19:
                rows.append(one.memory.to_json())
            found.update(json.dumps(rows).encode())
            one.obey(decision, step)
    return found.hexdigest()[:16]
