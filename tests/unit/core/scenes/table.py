"""The table of scenes, and what most of them begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fleetfoot.core.model import Decision, Reason
from fleetfoot.core.policies import Default, Target
from fleetfoot.core.reasons import Code
from tests.unit.core.build import Service

CALM: dict[str, Any] = {"completed": 40.0, "latency": 80.0, "errors": 0.0, "in_flight": 2.0, "queue": 0.0}
LATE: dict[str, Any] = {**CALM, "latency": 10_000.0, "in_flight": 400.0}
CPU = Target("cpu", "cpu", 0.5, window=1000)
Scene = Callable[[], Iterable[Decision]]
SCENES: dict[Code, Scene] = {}


def scene(code: Code) -> Callable[[Scene], Scene]:
    def keep(play: Scene) -> Scene:
        SCENES[code] = play
        return play

    return keep


def reasons_of(decision: Decision) -> list[Reason]:
    """All of them: the decision's, its votes' and its guards'."""
    votes = [vote.reason for _, vote in decision.votes]
    return [*decision.reasons, *votes, *(trail.reason for trail in decision.trail)]


def played(code: Code) -> list[tuple[Decision, Reason]]:
    """The decisions of a scene that carry its code, with the reason."""
    return [
        (decision, reason)
        for decision in SCENES[code]()
        for reason in reasons_of(decision)
        if str(reason.code) == code.value
    ]


def default(tasks: int = 4, **changes: Any) -> Service:
    """A calm minute and a half has passed."""
    service = Service(Default(), tasks=tasks, **changes)
    service.run(90, requests=40.0, **CALM)
    return service
