"""The policy ``forecast`` in simulation: the forecast of live, trained on the past of virtual time and nothing else.

The models that need no library are tried here: training the others every six simulated hours would take longer
than the run. What a history file tells counts as far as it lies before the virtual present.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fleetfoot.core.model import Signal
from fleetfoot.predict.backtest import TooShort
from fleetfoot.predict.history import STEP, History, HistoryError, Part, from_file, joined, slotted
from fleetfoot.predict.models import KINDS
from fleetfoot.predict.outlook import Forecaster
from fleetfoot.predict.setup import REFRESH, forecaster_of, lead_of, policy_of, speaker_of
from fleetfoot.predict.speaker import Speaker
from fleetfoot.sim import layout as k
from fleetfoot.sim.feed import Measured
from fleetfoot.spec import Service
from fleetfoot.spec.policies.forecast import JOURNAL

PERIOD = 10_000  # ms a set of signals stands


@dataclass(slots=True)
class Foresight:
    """One service's forecast in virtual time; ``start``: what the wall clock says at second 0, ms."""

    forecaster: Forecaster
    speaker: Speaker
    start: int
    older: History | None = None  # of a file
    _parts: list[Part] = field(default_factory=list)
    _begin: int = 0  # s of the run: where the slot began that is being measured
    _due: int = 0  # s of the run
    _told: int = -PERIOD
    _signals: dict[str, Signal] = field(default_factory=dict)

    def signals(self, now: int, feed: Measured) -> dict[str, Signal]:
        """What is heard of the forecast at ``now`` ms of the run, after a look at what was measured."""
        second = now // 1000
        if (self.start // 1000 + second) % STEP == 0 and second > self._begin:
            self._measure(second, feed)
            if second >= self._due:
                self._due = second + REFRESH
                self._look(self.start // 1000 + second)
        if now - self._told >= PERIOD:
            self._told = now
            self._signals = self.speaker.signals(self.start + now, self.start + now, PERIOD)
        return self._signals

    def _measure(self, second: int, feed: Measured) -> None:
        span = second - self._begin
        rate = feed.total(k.REQUESTS, self._begin, second) / span
        self._parts.append(Part(self.start // 1000 + self._begin, span, rate))
        self._begin = second

    def _look(self, wall: int) -> None:
        """``wall``: s since 1970."""
        older = self.older
        if older is not None:
            known = max(0, (wall - older.start) // older.step)
            older = older._replace(values=older.values[:known]) if known else None
        try:
            past = joined(older, slotted(self._parts, STEP, "the simulated past"))
            self.speaker.take(self.forecaster.look(past))
        except TooShort as short:
            self.speaker.fail(str(short), short.days)
        except HistoryError as failure:
            self.speaker.fail(str(failure))


def foresight_of(service: Service, start: int) -> Foresight | None:
    """None for a service without a forecast. Raises HistoryError (a ValueError) for a file that cannot be read."""
    policy = policy_of(service)
    if policy is None:
        return None
    lead = lead_of(policy, service)
    plain = tuple(kind for kind in KINDS if not kind.extra)
    older = None if policy.history == JOURNAL else from_file(policy.history)
    return Foresight(forecaster_of(policy, lead, plain), speaker_of(policy, lead), start, older)
