"""The table of rivals: every one can be made, is its own, and is described."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetfoot.sim.rivals import RIVALS, fixed_peak, make
from fleetfoot.sim.setup import Setup
from tests.unit.sim.rivals.feeds import Run, fleet, step

PAGE = Path(__file__).resolve().parents[4] / "docs" / "rivals.md"
STEADY = {"requests": 140.0, "concurrency": 7.0, "cpu": 0.58}


@pytest.mark.parametrize("name", RIVALS)
def test_a_rival_bears_its_name_and_is_made_fresh(name: str) -> None:
    one, other = make(name, Setup()), make(name, Setup())
    assert one.name == name
    assert one is not other
    assert one.period % 1000 == 0


@pytest.mark.parametrize("name", RIVALS)
def test_a_steady_load_at_its_target_is_left_alone(name: str) -> None:
    signals = {signal: step(value, value, 0) for signal, value in STEADY.items()}
    run = Run(make(name, Setup()), signals, desired=10, minimum=2, maximum=200)
    assert run.until(3600) == []


@pytest.mark.parametrize("name", RIVALS)
def test_a_threefold_load_grows_every_fleet_within_six_minutes(name: str) -> None:
    signals = {"requests": step(140.0, 420.0, 1200), "concurrency": step(7.0, 60.0, 1200), "cpu": step(0.58, 1.0, 1200)}
    run = Run(make(name, Setup()), signals, desired=10, minimum=2, maximum=200)
    at, count = run.until(1200 + 360)[0]
    assert at > 1200
    assert count > 10


def test_settings_replace_attributes_of_a_rival() -> None:
    assert make("cpu 70/30", Setup(), cooldown=1000) != make("cpu 70/30", Setup())
    with pytest.raises(TypeError):
        make("cpu 70/30", Setup(), nonsense=1)
    with pytest.raises(KeyError):
        make("nonsense", Setup())


def test_a_fixed_fleet_holds_what_the_peak_needs() -> None:
    fixed = fixed_peak(Setup(), peak=1400.0)
    assert fixed.decide(60_000, fleet(10), Run(fixed, {}, 10)) == 100  # type: ignore[arg-type]
    assert fixed.decide(60_000, fleet(10, maximum=50), Run(fixed, {}, 10)) == 50  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*RIVALS, "fixed peak"])
def test_a_rival_is_described(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")
