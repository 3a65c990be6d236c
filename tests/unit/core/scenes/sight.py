"""What is seen, badly seen and not seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fleetfoot.core.contract import Contract
from fleetfoot.core.model import Decision, State
from fleetfoot.core.policies import Step, Thresholds
from fleetfoot.core.policies.base import Policy
from fleetfoot.core.policies.step import CHANGE
from fleetfoot.core.reasons import Code
from tests.unit.core.build import START, Service
from tests.unit.core.scenes.table import CPU, scene

STEP = Step("step", "load", 100.0, True, CHANGE, ((0.0, None, 2.0),), period=1000)
ANY = Thresholds("any", (("cpu", 0.8),), (("cpu", 0.3),), window=1000)


@scene(Code.SIGNAL_UNUSABLE)
def nothing_is_seen() -> Iterable[Decision]:
    for shown in (None, float("nan"), {"value": 1.0, "end": START - 60_000}):
        yield Service(CPU).tick(cpu=shown)
    yield Service(CPU).tick(cpu={"value": 0.1, "state": State.CENSORED})
    yield Service(CPU).tick(cpu=0.1, fleet={"state": State.MISSING})


def agreed(policy: Policy, signal: str, **contract: Any) -> Service:
    """Four tasks under ``policy``, with a contract of ``signal``."""
    return Service(policy, contracts={signal: Contract(**contract)})


@scene(Code.FALLBACK)
def a_lost_signal_with_a_fallback() -> Iterable[Decision]:
    yield agreed(CPU, "cpu", absent="fallback", fallback=0.1).tick(cpu=None)


@scene(Code.VETOES)
def a_hot_signal_that_only_vetoes() -> Iterable[Decision]:
    yield agreed(CPU, "cpu", role="vetoes").tick(cpu=0.9)
    yield agreed(ANY, "cpu", role="vetoes").tick(cpu=0.9)


@scene(Code.ADVISES)
def a_hot_signal_that_only_advises() -> Iterable[Decision]:
    yield agreed(CPU, "cpu", role="advises").tick(cpu=0.9)
    yield agreed(ANY, "cpu", role="advises").tick(cpu=0.9)


@scene(Code.COVERAGE_LOW)
def half_of_the_tasks_are_silent() -> Iterable[Decision]:
    yield Service(CPU).tick(cpu={"value": 0.1, "coverage": 0.5})


@scene(Code.NO_WANT)
def nobody_wants() -> Iterable[Decision]:
    yield Service(STEP).tick(load=30.0)
    yield Service().tick()


@scene(Code.BLIND_HOLDS_SHRINK)
def one_wants_less_and_one_is_blind() -> Iterable[Decision]:
    yield Service(CPU, STEP, tasks=10).tick(cpu=0.1, load=None)
