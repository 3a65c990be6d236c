"""Merges the members of one service into one snapshot, and that into ``app.*`` signals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fleetfoot.core.model import Signal, State
from fleetfoot.edge.sources.push_member import Growth, Member
from fleetfoot.edge.sources.signals import Interval
from fleetfoot_agent.histogram import Histogram

OUGHT_MS = 30_000  # for so long a silent incarnation counts as one that ought to report
FRONT = ("requests", "errors", "latency", "in_flight", "queue")
SILENT_PERIODS = 3  # after so many periods without a push it is silent


@dataclass
class Snapshot:
    """The pushes of one service as one: what its signals are made of."""

    end: int  # ms: of the newest interval
    received: int
    span: int  # ms: the longest interval in it
    period: int
    stale: bool  # every task is silent; the values are the last ones
    tasks: dict[str, int]  # task -> ms of its last push
    coverage: float = 0.0  # of the levels
    rate_coverage: float = 0.0
    rates: bool = False  # whether any interval is known
    requests: float = 0.0  # began, per second
    completed: float = 0.0  # ended well, per second
    ended: int = 0
    errors: int = 0
    latency: Histogram = field(default_factory=Histogram)
    in_flight: int = 0
    in_flight_max: int = 0
    queue: int | None = None
    gauges: dict[str, tuple[float, float]] = field(default_factory=dict)  # sum and mean
    counts: dict[str, float] = field(default_factory=dict)  # per second


def snapshot_of(
    members: Sequence[Member], now: int, period: int, expected: int | Collection[str], series: Mapping[str, str]
) -> Snapshot | None:
    """All members as one at ``now``; None when none has ever been heard in time.

    ``expected``: how many tasks ought to report, or which. ``series``: the known names, "gauge" or "count".
    """
    heard = [m for m in members if m.seen is not None and not m.final]
    if not heard:
        return None
    newest = max(m.seen or 0 for m in heard)
    stale = now - newest > SILENT_PERIODS * period
    since = (newest if stale else now) - SILENT_PERIODS * period
    present = [m for m in heard if (m.seen or 0) >= since]
    grown = [m for m in present if m.growth is not None]
    shot = Snapshot(max(m.end for m in present), newest, period, period, stale, {})
    for member in heard:
        shot.tasks[member.task] = max(shot.tasks.get(member.task, 0), member.arrived)
    if not stale:
        ought = [m for m in members if not m.final and now - m.arrived <= OUGHT_MS]
        shot.coverage = coverage(present, ought, expected)
        shot.rate_coverage = coverage(grown, ought, expected)
    _levels(shot, present, series)
    _rates(shot, [m.growth for m in grown if m.growth is not None], series)
    return shot


def signals_of(shot: Snapshot, percentile: float) -> dict[str, Signal]:
    """The signals of a snapshot, by name."""
    found = [*_level_signals(shot), *(_rate_signals(shot, percentile) if shot.rates else ())]
    if shot.stale:
        found = [signal._replace(state=State.STALE) for signal in found]
    return {signal.name: signal for signal in found}


def front_of(shot: Snapshot, signals: Mapping[str, Signal], objective: int) -> dict[str, Signal]:
    """The tasks' figures under the names a balancer of ours would give them. ``objective``: ms.

    ``signals``: those of ``signals_of``. What ended late or with an error is bad; what is still open is not known yet.
    """
    found = {name: signals[f"app.{name}"]._replace(name=name) for name in FRONT if f"app.{name}" in signals}
    if "requests" in found:
        state, rate = found["requests"].state, shot.completed + shot.errors * 1000 / shot.span
        bad = min(shot.errors + shot.latency.count_over_ms(objective), shot.ended)
        values = {"completed": shot.completed, "bad": rate * bad / max(shot.ended, 1)}
        found |= {
            name: found["requests"]._replace(name=name, value=value, state=state) for name, value in values.items()
        }
    return found


def coverage(reporting: Iterable[Member], ought: Iterable[Member], expected: int | Collection[str]) -> float:
    """Reporting / expected tasks, 0..1; a task of several workers counts by the share that reports."""
    have, all_of = Counter(m.task for m in reporting), Counter(m.task for m in ought)
    if isinstance(expected, int):
        names, number = list(have), expected
    else:
        names, number = [task for task in have if task in expected], len(expected)
    if not number:
        return 1.0 if have else 0.0
    return min(sum(have[task] / max(all_of[task], have[task]) for task in names) / number, 1.0)


def _levels(shot: Snapshot, members: Iterable[Member], series: Mapping[str, str]) -> None:
    levels: dict[str, list[float]] = {}
    for push in [m.last for m in members if m.last is not None]:
        shot.in_flight += push.in_flight
        shot.in_flight_max += push.in_flight_max
        if push.queue is not None:
            shot.queue = (shot.queue or 0) + push.queue
        for name, value in push.gauges.items():
            if series.get(name) == "gauge":
                levels.setdefault(name, []).append(value)
    shot.gauges = {name: (sum(values), sum(values) / len(values)) for name, values in sorted(levels.items())}


def _rates(shot: Snapshot, grown: Iterable[Growth], series: Mapping[str, str]) -> None:
    for growth in grown:
        shot.rates = True
        shot.span = max(shot.span, int(growth.span))
        shot.requests += growth.requests / growth.span * 1000
        shot.completed += max(growth.ended - growth.errors, 0) / growth.span * 1000
        shot.ended += growth.ended
        shot.errors += growth.errors
        shot.latency.merge(growth.latency)
        for name, n in growth.counts.items():
            if series.get(name) == "count":
                shot.counts[name] = shot.counts.get(name, 0.0) + n / growth.span * 1000


def _level_signals(shot: Snapshot) -> Iterable[Signal]:
    at = Interval(shot.end, shot.received, shot.period, shot.period)
    yield at.signal("app.in_flight", shot.in_flight, coverage=shot.coverage)
    if shot.queue is not None:
        yield at.signal("app.queue", shot.queue, coverage=shot.coverage)
    for name, (total, mean) in shot.gauges.items():
        yield at.signal(f"app.{name}", total, coverage=shot.coverage)
        yield at.signal(f"app.{name}.mean", mean, coverage=shot.coverage)


def _rate_signals(shot: Snapshot, percentile: float) -> Iterable[Signal]:
    at = Interval(shot.end, shot.received, shot.span, shot.period)
    share = shot.rate_coverage
    yield at.signal("app.requests", shot.requests, coverage=share)
    for name, rate in sorted(shot.counts.items()):
        yield at.signal(f"app.{name}", rate, coverage=share)
    errors = at.signal("app.errors", shot.errors / max(shot.ended, 1), empty=not shot.ended, coverage=share)
    latency = at.signal(
        "app.latency", shot.latency.quantile_ms(percentile), empty=not shot.latency.total, coverage=share
    )
    for signal in (errors, latency):
        # Nothing ended but something is open: that is not nothing, only not known yet.
        censored = signal.state is State.EMPTY and shot.in_flight > 0
        yield signal._replace(state=State.CENSORED) if censored else signal
