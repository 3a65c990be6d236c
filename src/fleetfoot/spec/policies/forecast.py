"""``forecast``: tasks ahead of a season that the service's own past shows."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from fleetfoot.spec.beside import path_of
from fleetfoot.spec.errors import Wrong, did_you_mean, shown
from fleetfoot.spec.forms import ChoiceForm, TextForm
from fleetfoot.spec.policies.base import Policy
from fleetfoot.spec.policies.schedule import dates_of
from fleetfoot.spec.units import DurationForm, Flag, ShareForm
from fleetfoot.spec.when import DateForm
from fleetfoot.spec.zones import ZoneForm

JOURNAL = "journal"
LATER = ("cloudwatch", "prometheus")
ONLY, SCALE = "forecast only", "forecast and scale"
HOLD, RAISE = "hold", "raise"
MOST = 2
"""Times capacity.max: a guess raises the maximum no further."""


def _history(text: str) -> str:
    if text in LATER:
        raise Wrong(f"history from {text} is not built yet: allowed is journal, or a file of timestamp,value")
    if text != JOURNAL and not re.search(r"\.(csv|csv\.gz|parquet)$", text):
        message = f"{shown(text)} is no history: write journal, or a file such as traffic.csv or traffic.parquet"
        raise Wrong(message, suggestion=did_you_mean(text, (JOURNAL,)))
    return text


class ForecastPolicy(Policy):
    """`forecast`: a floor of tasks before a daily or weekly rise, from a forecast that the service's own history
    has tested. It abstains while the forecast is not to be trusted, and lets nothing go by itself.
    """

    kind: ClassVar[str] = "forecast"
    shapes: ClassVar[dict[str, dict[str, Any]]] = {
        "holidays": {"anyOf": [{"type": "string"}, {"type": "array", "items": DateForm().schema()}]}
    }
    example: ClassVar[str] = "{mode: forecast and scale, zone: Asia/Seoul}"

    mode: Annotated[str, ChoiceForm((ONLY, SCALE))] = ONLY
    """Whether it may order tasks, or only says what it would have wanted. Default forecast only: look first."""
    history: Annotated[str, TextForm("journal or a file", "journal or traffic.csv", _history)] = JOURNAL
    """Where the past comes from: the journal, or a file of timestamp,value (CSV or Parquet, requests/s) before what
    the journal has. Default journal."""
    zone: Annotated[str, ZoneForm()] = "UTC"
    """The time zone whose hours the traffic keeps. Default UTC."""
    holidays: tuple[Annotated[int, DateForm()], ...] = ()
    """Dates, or a file with one date a line, beside this file: no example for other days. Default none; days on which
    the clocks change are none anyway."""
    horizon: Annotated[int, DurationForm(low=3_600_000, high=604_800_000)] = 86_400_000
    """How far ahead is told. Default 24h: one season."""
    buffer: Annotated[int, DurationForm(high=3_600_000)] = 600_000
    """How long before the forecast rate is due its tasks are to serve already. Default 10m."""
    utilisation: Annotated[float, ShareForm(low=0.05, high=1)] = 0.7
    """How full a task should be at the upper end of the forecast, as a share of its throughput. Default 70%."""
    on_breach: Annotated[str, ChoiceForm((HOLD, RAISE))] = HOLD
    """When more is forecast than capacity.max carries: hold keeps the maximum, raise lifts it meanwhile,
    to twice itself at most. Default hold: a guess is no reason to spend more than was allowed."""
    breach_buffer: Annotated[float, ShareForm(low=0, high=1)] = 0.2
    """With on breach raise: by how much the maximum is above what is forecast. Default 20%."""
    max_error: Annotated[float, ShareForm(low=0.01, high=1)] = 0.3
    """The error of its last two hours, as a share of the traffic, from which on the forecast is silent. Default 30%."""
    scale_in: Flag = False
    """Whether it may also let tasks go, with no other policy wanting so. Default off."""

    @property
    def grows(self) -> bool:
        return self.mode == SCALE

    @property
    def shrinks(self) -> bool:
        return self.mode == SCALE and self.scale_in

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        history = data.get("history")
        if isinstance(history, str) and history.strip() not in (JOURNAL, *LATER):
            try:
                data["history"] = path_of(_history(history.strip()))
            except Wrong as wrong:
                raise wrong.under("history") from None
        if isinstance(data.get("holidays"), str):
            data["holidays"] = tuple(dates_of(data["holidays"]))
        return data
