"""After a change the next one waits, unless it is larger or the other way round."""

from __future__ import annotations

import pytest

from tests.unit.core.build import guarded


@pytest.mark.parametrize(
    ("cpu", "ms", "desired"),
    [
        pytest.param(0.1, 59_000, 15, id="no scale-in inside it"),
        pytest.param(0.1, 60_000, 3, id="scale-in after it"),
        pytest.param(0.65, 3_000, 15, id="an equal growth waits"),
        pytest.param(0.9, 3_000, 27, id="a larger growth passes"),
        pytest.param(0.65, 20_000, 20, id="any growth after it"),
    ],
)
def test_cooldown_after_a_growth(cpu: float, ms: int, desired: int) -> None:
    rested = guarded(cooldown_in=60_000, cooldown_out=20_000)
    rested.tick(cpu=0.75)  # 15
    rested.tick(cpu=0.5)  # the cooldown begins when the count is seen to have moved
    rested.run(ms / 1000 - 1, cpu=0.5)
    assert rested.tick(cpu=cpu).desired == desired


def test_cooldown_growth_after_a_shrink_acts_at_once() -> None:
    rested = guarded(cooldown_in=60_000, cooldown_out=20_000)
    assert rested.tick(cpu=0.25).desired == 5
    assert rested.tick(cpu=0.6).desired == 6


def test_cooldown_counts_from_anybodys_change() -> None:
    rested = guarded(cooldown_in=60_000)
    rested.run(100, cpu=0.5)
    rested.set(12)
    assert rested.run(30, cpu=0.1).desired == 12
