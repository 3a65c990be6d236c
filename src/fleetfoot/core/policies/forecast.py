"""Forecast: a floor of tasks before a rise that the service's past has shown, from signals the forecast sends.

    tasks = ceil(upper / (utilisation x throughput))

``upper`` is the upper end of the band over the time from now until a task ordered now, plus the buffer, would
serve (``predict/speaker.py``). A forecast that is missing, or silent because its error passed the bound, makes the
policy abstain: it blocks nothing. Its wish keeps others from shrinking below it and shrinks nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Self

from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Data, Reason, State, Vote, Want
from fleetfoot.core.reasons import Code
from fleetfoot.core.view import View
from fleetfoot.spec.policies.forecast import MOST

if TYPE_CHECKING:
    from fleetfoot.spec.policies.forecast import ForecastPolicy

UPPER, MEDIAN, ERROR, DAYS = "forecast.upper", "forecast.median", "forecast.error", "forecast.days"
EDGE = 1e-9
AGAIN = 0.8  # of the bound: under that a forecast that was silent speaks again (``predict/speaker.py``)


@dataclass(frozen=True, slots=True)
class Forecast:
    name: str = "forecast"
    scale: bool = False  # whether it may order
    buffer: int = 600_000  # ms
    utilisation: float = 0.7
    raises: bool = False  # the maximum, when more is forecast than it carries
    breach_buffer: float = 0.2
    max_error: float = 0.3
    scale_in: bool = False

    reads = (UPPER,)
    looks_back = 0
    monotone = True

    @classmethod
    def of(cls, spec: ForecastPolicy) -> Self:
        """As written in the file."""
        return cls(
            spec.name, spec.mode == "forecast and scale", spec.buffer, spec.utilisation, spec.on_breach == "raise",
            spec.breach_buffer, spec.max_error, spec.scale_in,
        )  # fmt: skip

    def vote(self, view: View, mine: Slice) -> Vote:  # noqa: ARG002
        if view.state(UPPER) is not State.FRESH:
            return Abstain(self._silence(view))
        upper = view.value(UPPER)
        if view.learnt.throughput is None and view.settings.throughput is None:
            return Abstain(Reason(Code.PREDICTION_UNSIZED, {"upper_rate": round(upper, 1)}))
        carried = self.utilisation * view.throughput
        want = ceil(upper / carried - EDGE)
        median = view.value(MEDIAN) if view.usable(MEDIAN) else upper
        data: Data = {
            "upper_rate": round(upper, 1), "median": round(median, 1), "per_task": round(carried, 2), "to": want,
            "lead": view.settings.startup + self.buffer,
        }  # fmt: skip
        if not self.scale:
            return Abstain(Reason(Code.PREDICTED_ONLY, data))
        if want > view.maximum and self.raises:
            data = {**data, "from": view.maximum}
            raised = min(ceil(want * (1.0 + self.breach_buffer) - EDGE), MOST * view.settings.maximum)
            view.maximum = max(view.maximum, raised)
            return Want(want, Reason(Code.PREDICTED_BREACH, {**data, "maximum": view.maximum}), keeps=not self.scale_in)
        return Want(want, Reason(Code.PREDICTED, data), keeps=not self.scale_in)

    def _silence(self, view: View) -> Reason:
        error = view.value(ERROR) if view.state(ERROR) is State.FRESH else 0.0
        if error > AGAIN * self.max_error and view.state(DAYS) is State.FRESH:
            return Reason(Code.PREDICTION_SILENT, {"error": round(error, 3), "bound": self.max_error})
        days = view.value(DAYS) if view.state(DAYS) is State.FRESH else 0.0
        return Reason(Code.PREDICTION_MISSING, {"days": round(days, 1)})
