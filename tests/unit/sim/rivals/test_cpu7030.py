"""The design notes' CPU 70/30 engine: their figures, and the assumptions where they say nothing."""

from __future__ import annotations

import pytest

from fleetfoot.sim.rivals.cpu7030 import Cpu7030, engine
from tests.unit.sim.rivals.feeds import Run, step


@pytest.mark.parametrize(
    ("cpu", "current", "count"),
    [
        pytest.param(70, 6, 6, id="70 % is not above 70 %"),
        pytest.param(80, 6, 8, id="80 % of six aims at 60 %"),
        pytest.param(100, 10, 16, id="cut towards zero"),
        pytest.param(89, 2, 2, id="two do not grow below 90 %"),
        pytest.param(90, 2, 3, id="at 90 % they do"),
        pytest.param(100, 45, 50, id="up to the maximum"),
        pytest.param(30, 6, 6, id="30 % is not below 30 %"),
        pytest.param(29, 6, 5, id="one less below 30 %"),
        pytest.param(5, 2, 2, id="never under the minimum"),
    ],
)
def test_the_engine_counts_as_the_document_writes_it(cpu: float, current: int, count: int) -> None:
    assert engine(cpu, current, 2, 50) == count


def test_actions_are_five_minutes_apart() -> None:
    run = Run(Cpu7030("cpu 70/30"), {"cpu": step(0.5, 1.0, 600)}, desired=6)
    assert run.until(1500) == [(720.0, 10), (1080.0, 16), (1440.0, 26)]
