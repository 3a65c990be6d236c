"""A policy `step`."""

from __future__ import annotations

from typing import Any

from fleetfoot.core.policies.step import CHANGE, Step

DEMO = ((0.0, 50.0, 1.0), (50.0, 100.0, 2.0), (100.0, None, 4.0))  # +1 / +2 / +4 above the threshold


def policy(steps: Any = DEMO, kind: str = CHANGE, **changes: Any) -> Step:
    given = {"threshold": 100.0, "above": True, "period": 1000, "cooldown": 300_000, **changes}
    return Step("step", "load", kind=kind, steps=steps, **given)
