"""The row of guards itself; each guard has a file of its own."""

from __future__ import annotations

from fleetfoot.core.guards import GUARDS, RESOURCE, SERVICE
from tests.unit.core.build import CPU, Service, guarded


def test_the_order_of_the_guards_is_the_one_of_the_design() -> None:
    assert [name for name, _ in SERVICE] == [
        "launches",
        "pay",
        "incident",
        "conflict",
        "stabilisation",
        "cooldown",
        "rate",
    ]
    assert [name for name, _ in RESOURCE] == ["connections", "budget", "launch limits", "last good", "bounds"]
    assert list(GUARDS) == [name for name, _ in (*SERVICE, *RESOURCE)]


def test_guards_that_let_everything_pass_leave_no_trail() -> None:
    assert guarded().tick(cpu=0.9).trail == ()


def test_windows_filling_says_how_long_they_still_need() -> None:
    young = Service(CPU, tasks=10, seeing=60_000)
    left = [trail.reason.data["left"] for tick in young.ticks(3, cpu=0.1) for trail in tick.trail]
    assert left == [60_000, 59_000, 58_000]
