"""What the tests of the journal write into it."""

from __future__ import annotations

from fleetfoot.core.model import Action, Decision, Fleet, Observation, Reason, Signal, Start, Trail, Want
from fleetfoot.edge.base import Order

NOW = 1_700_000_040_000  # the start of a minute


def seen(now: int, rate: float = 50.0, bad: float = 0.0) -> Observation:
    signals = {
        "requests": Signal("requests", rate, now, now),
        "bad": Signal("bad", bad, now, now),
        "latency": Signal("latency", 0.1 + 0.2, now, now),
    }
    return Observation(
        now, now - 5, signals, Fleet(now, 2, serving=2, zones={"a": 2}, starts=(Start(1, "r", 9, True),))
    )


def decision(now: int) -> Decision:
    reason = Reason("demand", {"rate": 50.0, "per_task": 14.0, "extra": 0})
    trail = Trail("rate of change", 9, 4, Reason("rate_of_change", {"allowed": 4}))
    return Decision(
        "orders",
        now,
        now,
        Action.GROW,
        2,
        4,
        9,
        (reason,),
        (("default", Want(9, reason, True, 70.5)),),
        (trail,),
        onset=now - 900,
    )


def order(now: int, count: int = 4, name: str = "orders") -> Order:
    return Order(f"{name}@{now}", name, 2, count, now, now)
