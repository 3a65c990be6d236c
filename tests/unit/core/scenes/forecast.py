"""What a forecast of the day says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fleetfoot.core.model import Decision
from fleetfoot.core.policies import Forecast
from fleetfoot.core.reasons import Code
from tests.unit.core.build import Service
from tests.unit.core.scenes.table import CALM, scene


def foreseen(policy: Forecast, upper: float | None, tasks: int = 4, **changes: Any) -> Iterable[Decision]:
    """One step with so much forecast; None is a silent forecast that was off by 45 %."""
    told: dict[str, Any] = {"forecast.upper": upper, "forecast.median": 150.0, "forecast.days": 9.0}
    told |= {"forecast.error": 0.1 if upper else 0.45}
    return [Service(policy, tasks=tasks, **changes).tick(requests=40.0, **CALM, **told)]


@scene(Code.PREDICTED)
def _() -> Iterable[Decision]:
    return foreseen(Forecast(scale=True), 180.0)


@scene(Code.PREDICTED_ONLY)
def _() -> Iterable[Decision]:
    return foreseen(Forecast(), 180.0)


@scene(Code.PREDICTED_BREACH)
def _() -> Iterable[Decision]:
    return foreseen(Forecast(scale=True, raises=True), 180.0, maximum=10)


@scene(Code.PREDICTION_SILENT)
def _() -> Iterable[Decision]:
    return foreseen(Forecast(scale=True), None)


@scene(Code.PREDICTION_MISSING)
def _() -> Iterable[Decision]:
    days: dict[str, Any] = {"forecast.days": 1.2}
    return [Service(Forecast(scale=True)).tick(requests=40.0, **CALM, **days)]


@scene(Code.PREDICTION_UNSIZED)
def _() -> Iterable[Decision]:
    return foreseen(Forecast(scale=True), 180.0, throughput=None)
