"""Scheduled bounds: floors and ceilings at days and hours known beforehand. The windows are held by ``core/view.py``
as bounds of the count; the vote says which are open. A service that has nothing but schedules goes to the floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from fleetfoot.core.memory import Slice
from fleetfoot.core.model import Abstain, Blind, Reason, State, Vote, Want
from fleetfoot.core.reasons import Code
from fleetfoot.core.schedule import Window
from fleetfoot.core.view import View

if TYPE_CHECKING:
    from fleetfoot.spec.policies.schedule import SchedulePolicy


@dataclass(frozen=True, slots=True)
class Schedule:
    """``alone``: no other policy has a wish, so that the floor is one."""

    name: str
    calendar: tuple[Window, ...]
    alone: bool = False

    reads: tuple[str, ...] = ()
    looks_back: int = 0

    monotone = True

    @classmethod
    def of(cls, spec: SchedulePolicy) -> Self:
        """As written in the file."""
        days = frozenset(spec.holidays)
        return cls(
            spec.name,
            tuple(
                Window(name, w.zone or spec.zone, w.when, w.min, w.max, w.ramp, days, spec.holidays_like, w.holidays)
                for name, w in spec.windows.items()
            ),
        )

    def vote(self, view: View, mine: Slice) -> Vote:  # noqa: ARG002
        held = view.held
        if held is None or held.unknown:
            zone = held.unknown if held is not None else ""
            data = {"signal": zone, "state": str(State.MISSING)}
            return Blind(zone, State.MISSING, Reason(Code.SIGNAL_UNUSABLE, data))
        reason = held.floor or held.ceiling or Reason(Code.SCHEDULE_CLOSED, {"minimum": view.minimum})
        return Want(view.minimum, reason) if self.alone else Abstain(reason)
