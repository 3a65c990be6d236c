"""The cooldown that adapts: the design notes' factors on 300 and 900 s, each product worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.guards.cooldown import cooldown
from fleetfoot.core.urgency import urgency
from fleetfoot.core.view import View, look
from fleetfoot.spec import loads
from tests.unit.core.build import CPU, OPEN, Service, told

ADAPTED = replace(OPEN, cooldown_adapt=True, cooldown_out=300_000, cooldown_in=900_000)


def view(**shown: Any) -> View:
    """Ten tasks; the objective is 1 s."""
    service = Service(tasks=10, guards=ADAPTED)
    return look(service.settings, service.memory, service.see(**shown))


def lasts(count: int, seen: View, changes: int) -> float:
    """Seconds of the cooldown from 10 to ``count`` tasks, after so many changes within ten minutes."""
    mine: dict[str, Any] = {"count": 10, "at": seen.now, "by": 5, "changes": [seen.now - 1000] * changes}
    verdict = cooldown(count, seen, mine)
    assert verdict is not None
    assert verdict[0] == 10
    return float(verdict[1].data["span"]) / 1000


@pytest.mark.parametrize(
    ("shown", "score", "seconds"),
    [
        pytest.param({}, 1.0, 300, id="nothing is seen"),
        pytest.param({"cpu": 0.5, "latency": 500.0, "errors": 0.0}, 1.0, 300, id="calm"),
        pytest.param({"cpu": 0.8}, 1.0, 300, id="cpu on 80 % is not over it"),
        pytest.param({"cpu": 0.85}, 1.0, 300, id="cpu over 80 % scores 1, the least there is"),
        pytest.param({"errors": 0.06}, 1.5, 200, id="errors over 5 %"),
        pytest.param({"cpu": 0.95}, 2.0, 150, id="cpu over 90 %"),
        pytest.param({"latency": 6000.0}, 2.0, 150, id="response over 5 s"),
        pytest.param({"cpu": 0.85, "latency": 3000.0}, 2.0, 150, id="cpu over 80 % and response over 2 s"),
        pytest.param({"errors": 0.12}, 3.0, 100, id="errors over 10 %"),
        pytest.param({"cpu": 0.95, "errors": 0.06}, 3.5, 85.714, id="cpu over 90 %, errors over 5 %"),
        pytest.param({"cpu": 0.95, "latency": 6000.0}, 4.0, 75, id="cpu over 90 %, response over 5 s"),
        pytest.param({"cpu": 0.95, "latency": 6000.0, "errors": 0.12}, 7.0, 60, id="all: 42.9 s, but never under 60"),
    ],
)
def test_a_growth_waits_the_less_the_more_urgent_it_is(shown: dict[str, float], score: float, seconds: float) -> None:
    """Two recent changes are a factor of 1: 300 s / urgency."""
    seen = view(**shown)
    assert urgency(seen) == score
    assert lasts(12, seen, changes=2) == pytest.approx(seconds, abs=0.001)


@pytest.mark.parametrize(("changes", "out", "back"), [(1, 150, 450), (2, 300, 900), (3, 450, 1350), (4, 600, 1800),
                                                      (9, 600, 1800)])  # fmt: skip
def test_recent_changes_lengthen_both_up_to_twice(changes: int, out: float, back: float) -> None:
    calm = view(cpu=0.4)
    assert (lasts(12, calm, changes), lasts(8, calm, changes)) == (out, back)


@pytest.mark.parametrize(
    ("shown", "seconds"),
    [
        pytest.param({"cpu": 0.5}, 900, id="half of the work there could be"),
        pytest.param({"cpu": 0.75}, 1350, id="three quarters"),
        pytest.param({"cpu": 1.0}, 1800, id="all of it"),
        pytest.param({"requests": 150.0}, 1350, id="by the rate where cpu is not seen: 150 of 200/s"),
        pytest.param({}, 900, id="nothing is seen"),
    ],
)
def test_a_shrink_waits_the_longer_the_more_there_is_to_do(shown: dict[str, float], seconds: float) -> None:
    assert lasts(8, view(**shown), changes=2) == seconds


def test_a_larger_growth_still_passes_and_urgency_is_that_of_the_moment() -> None:
    service = Service(CPU, tasks=10, guards=ADAPTED)
    assert service.tick(cpu=0.6).desired == 12
    held = service.tick(cpu=0.56)
    assert held.desired == 12
    assert "cooldown_adapted" in told(held)
    assert service.tick(cpu=0.65).desired == 16, "four more are more than the two before"
    service.run(200, cpu=0.6)
    assert service.tasks == 16, "two changes: 300 s"
    service.run(60, cpu=0.6, errors=0.12)
    assert service.tasks == 20, "errors over 10 %: 100 s, and they are over"


def test_changes_older_than_ten_minutes_count_no_more() -> None:
    service = Service(CPU, tasks=10, guards=ADAPTED)
    service.tick(cpu=0.6)
    service.run(700, cpu=0.5)
    assert service.tick(cpu=0.56).desired == 14


def test_in_a_file_adapt_makes_the_sources_base_the_default() -> None:
    text = "services: {{orders: {{run: x $PORT, guards: {{cooldown: {}}}}}}}"
    for body, out, back in (
        ("{adapt: on}", 300_000, 900_000),
        ("{adapt: on, out: 2m}", 120_000, 900_000),
        ("{adapt: on, in: 10m}", 300_000, 600_000),
        ("{adapt: off}", 0, 60_000),
        ("{}", 0, 60_000),
    ):
        rules = compile_service(loads(text.format(body)).services["orders"]).guards
        assert (rules.cooldown_out, rules.cooldown_in) == (out, back)
        assert rules.cooldown_adapt is ("on" in body)
