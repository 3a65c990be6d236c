"""What one seed means: the services as a person writes them, their traffic, and what goes wrong when.

A plan is plain data, so that a failing one can be made smaller and printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from fleetfoot.spec import Spec
from fleetfoot.spec.loader import loads
from fleetfoot.spec.policies import KINDS

CALM = 300  # s at the end in which nothing goes wrong and the traffic is even

FAULTS = (
    "late", "missing", "wild", "negative", "ahead", "empty", "half", "censored",  # signals
    "fleet stale", "failed starts", "slow starts", "deaths", "deploying",  # tasks
    "slow dependency", "bottleneck", "outage",  # what is around them
    "refused", "another writer",  # orders
    "asleep", "forgetful restart", "restart", "wall clock", "early wakes",  # the controller
    "scale", "pause growth", "pause scale-in",  # people
)  # fmt: skip
SIGNALS = ("requests", "completed", "latency", "errors", "in_flight", "queue", "cpu", "memory")
CPU, QUOTA = 0.5, 15  # of one task, of all services together
DATABASE, RESERVED, POOL = 200, 10, 10  # connections: of all, of them for people, of each task
MONEY, PRICE = 1.0, 0.025  # USD an hour: of all, of each task
LIMITS = (
    "launch limits: {burst: 5, rate: 10/min}",
    f"launch limits: {{burst: 100, rate: 20/s, vcpu: {QUOTA}}}",
    f"budget: {{hourly: {MONEY:g} USD, daily: 5 USD}}",
    f"databases: {{main: {{connections: {DATABASE}, reserved: {RESERVED}, growth: 50/s}}}}",
)
#: What of all services together is limited -> (the units one task takes, the units there are).
SHARED = {
    "vcpu": (CPU, QUOTA),
    "hourly": (PRICE, MONEY),
    "databases": (POOL, DATABASE - RESERVED),
}
TRAFFIC = ("even", "step", "ramp", "flash", "on and off", "noise", "nothing")


@dataclass(frozen=True)
class Fault:
    """From second ``at`` for ``lasts`` seconds; ``what`` is a signal's name, or a figure, where the kind has one:
    a count, the share of its speed that is left, or the requests/s all tasks together get through."""

    kind: str
    service: int
    at: int
    lasts: int
    what: str = ""

    def __str__(self) -> str:
        kind = f"{self.kind} {self.what}".strip()
        return f"{kind} from {self.at} s for {self.lasts} s (service {self.service})"


@dataclass(frozen=True)
class Written:
    """One service: what stands in its file, and what is true of it."""

    policies: tuple[str, ...]
    guards: tuple[str, ...]
    low: int
    high: int
    declared: float | None  # requests/s and task, as the file says
    throughput: float  # as it is
    startup: int  # s
    tasks: int
    traffic: str
    rate: float  # requests/s at the end, and about it before

    def text(self, name: str) -> str:
        """Its part of the file."""
        task = f"cpu: {CPU}, price: {PRICE:g} USD/h, startup: {self.startup}s" + (
            f", throughput: {self.declared:g}/s" if self.declared else ""
        )
        lines = [
            f"  {name}:",
            "    run: app",
            "    listen: 127.0.0.1:0",
            f"    capacity: {{min: {self.low}, max: {self.high}}}",
            f"    task: {{{task}}}",
        ]
        if any("jobs" in policy for policy in self.policies):
            lines.append("    signals: {jobs: {from: agent, metric: app.jobs}}")
        lines += ["    policies:", *(f"      - {policy}" for policy in self.policies)] if self.policies else []
        lines += [f"    guards: {{{', '.join(self.guards)}}}"] if self.guards else []
        return "\n".join(lines)


@dataclass(frozen=True)
class Plan:
    seed: int
    seconds: int
    services: tuple[Written, ...]
    faults: tuple[Fault, ...]
    limits: str = ""  # of all services together, as written

    def text(self) -> str:
        """The file, with the signals of the user's own that its policies read."""
        body = "\n".join(one.text(f"s{number}") for number, one in enumerate(self.services))
        return f"services:\n{body}\n{self.limits}\n"

    def spec(self) -> Spec:
        return loads(self.text())

    def __str__(self) -> str:
        truth = [f"# s{i}: {s.traffic} {s.rate:.0f}/s, {s.throughput:g}/s a task" for i, s in enumerate(self.services)]
        faults = [f"# {fault}" for fault in self.faults]
        return "\n".join(
            [f"# seed {self.seed}, {self.seconds} s, {len(self.faults)} faults", *truth, *faults, self.text()]
        )


def plan(seed: int) -> Plan:
    """The plan of a seed: always the same."""
    rng = Random(seed)
    seconds = rng.choice([120, 240, 240, 400])
    services = tuple(_service(rng) for _ in range(rng.choice([1, 1, 1, 2, 3])))
    faults = tuple(_fault(rng, len(services), seconds) for _ in range(rng.randrange(7)))
    limits = rng.choice(LIMITS) if rng.random() < 0.4 else ""
    if "databases" in limits:
        rule = f"connections: {{database: main, per task: {POOL}}}"
        services = tuple(replace(one, guards=(*one.guards, rule)) for one in services)
    return Plan(seed, seconds, services, faults, limits)


def smaller(given: Plan) -> Iterator[Plan]:
    """Plans with one thing less."""
    for i in range(len(given.faults)):
        yield replace(given, faults=given.faults[:i] + given.faults[i + 1 :])
    if given.limits and "databases" not in given.limits:
        yield replace(given, limits="")
    if len(given.services) > 1:
        for i in range(len(given.services)):
            kept = tuple(replace(f, service=f.service - (f.service > i)) for f in given.faults if f.service != i)
            yield replace(given, services=given.services[:i] + given.services[i + 1 :], faults=kept)
    for i, one in enumerate(given.services):
        for part in ("policies", "guards"):
            rows = getattr(one, part)
            for j in range(len(rows) if part == "guards" or len(rows) > 1 else 0):
                if rows[j].startswith("connections"):
                    continue
                less = replace(one, **{part: rows[:j] + rows[j + 1 :]})
                yield replace(given, services=(*given.services[:i], less, *given.services[i + 1 :]))
        if one.traffic != "even":
            plain = replace(one, traffic="even")
            yield replace(given, services=(*given.services[:i], plain, *given.services[i + 1 :]))


def _service(rng: Random) -> Written:
    low = rng.choice([0, 1, 1, 2, 3])
    high = low + rng.choice([1, 4, 10, 30, 100])
    throughput = rng.choice([1.0, 5.0, 20.0, 100.0])
    declared = rng.choice([None, throughput, throughput, throughput * 2, throughput / 2])
    rate = throughput * high * rng.choice([0.0, 0.05, 0.2, 0.4, 0.6])
    kinds = sorted(KINDS)
    policies = tuple(dict.fromkeys(_policy(rng.choice(kinds), rng) for _ in range(rng.choice([0, 1, 1, 2, 3]))))
    guards = tuple(write(rng) for name, write in sorted(GUARDS.items()) if rng.random() < 0.25)
    return Written(
        policies, guards, low, high, declared, throughput, rng.choice([1, 5, 20, 60]),
        rng.randrange(low, high + 1) if rng.random() < 0.9 else high + 5, rng.choice(TRAFFIC), rate,
    )  # fmt: skip


def _policy(kind: str, rng: Random) -> str:
    """A policy as written; of a kind without settings here, its own example."""
    body = POLICIES[kind](rng) if kind in POLICIES else KINDS[kind].example
    return f"{kind}: {body}" if body else kind


def _step(rng: Random) -> str:
    change = rng.choice(["add: {0: 1, 50: 2, 100: 4}", "percent: {0: 50}", "exact: {0: 5}", "add: 2"])
    up = f"{{signal: requests, above: {rng.choice([5, 100])}/s, {change}, cooldown: {rng.choice([0, 10, 300])}s}}"
    return rng.choice([up, "{signal: cpu, below: 30%, remove: 1, cooldown: 30s}"])


POLICIES: dict[str, Callable[[Random], str]] = {
    "backlog": lambda rng: rng.choice(["{signal: jobs, per task: 10}", "{signal: queue, per task: 30}"]),
    "default": lambda rng: f"{{utilisation: {rng.choice([50, 70, 100])}%}}",
    "slo": lambda rng: f"{{spare: {rng.choice([0, 0, 2])}}}",
    "target": lambda rng: rng.choice(
        ["{signal: cpu, value: 70%}", "{signal: requests, per task: 14/s}", "{signal: queue, per task: 5}",
         "{signal: memory, value: 80%, scale in: off}", "{signal: latency, value: 500ms}"]
    ),
    "graded": lambda rng: rng.choice(
        ["{below: 30%}", "{level: by urgency, below: 30%, calm: 20s, window: 2s}",
         "{signal: queue, phases: {5: 50% after 5s, 50: emergency after 2s}, below: 2, calm: 10s}"]
    ),
    "schedule": lambda rng: rng.choice(
        [
            "{zone: UTC, rush: {when: '22:15-22:18', min: 3, max: 40}}",
            "{zone: Asia/Seoul, dawn: {when: 'daily 07:14-07:20', max: 5, ramp: 1m, min: 2}}",
        ]
    ),
    "step": _step,
    "thresholds": lambda rng: rng.choice(
        ["{out when any: {cpu: 80%, latency: 2s, errors: 5%}, in when all: {cpu: 20%, errors: 1%}, cooldown: 30s}",
         "{out when any: {queue: 10}, in when all: {queue: 1, cpu: 40%}, add: 3}"]
    ),
}  # fmt: skip

GUARDS: dict[str, Callable[[Random], str]] = {
    "cooldown": lambda rng: f"cooldown: {{out: {rng.choice([0, 30])}s, in: {rng.choice([0, 60, 300])}s}}",
    "hard": lambda rng: f"hard: {rng.choice(['on', 'off'])}",
    "incident": lambda rng: f"incident: {{enabled: {rng.choice(['on', 'off'])}, hold: {rng.choice([1, 30])}m}}",
    "launches": lambda rng: "launches: {slow after: 2, stop after: 4}",
    "pay": lambda rng: f"pay: {{enabled: {rng.choice(['on', 'off'])}, window: {rng.choice([5, 20])}s}}",
    "rate": lambda rng: rng.choice(["rate: {out: 4 per 15s}", "rate: {out: 100% per 60s, in: 1 per 60s}"]),
    "stabilisation": lambda rng: f"stabilisation: {{out: {rng.choice([0, 10])}s, in: {rng.choice([0, 60, 300])}s}}",
}  # fmt: skip


def _fault(rng: Random, services: int, seconds: int) -> Fault:
    kind = rng.choice(FAULTS)
    what = ""
    if kind in FAULTS[:8]:
        what = rng.choice(SIGNALS)
    elif kind == "bottleneck":
        what = rng.choice(["10", "100"])
    elif kind in ("scale", "another writer"):
        what = str(rng.randrange(12))
    at = rng.randrange(5, seconds - 20)
    return Fault(kind, rng.randrange(services), at, min(rng.choice([1, 5, 30, 90]), seconds - at), what)
