"""What must hold at every tick, said without the engine's own words for it.

Each promise is one function of one moment; it answers with what is wrong, or with "".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, isfinite

from fleetfoot.core.engine import Wish
from fleetfoot.core.model import Action, Decision, Observation
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import PERCENT, Settings
from fleetfoot.core.words import LANGUAGES, tell
from tests.storms.weather import Weather

CODES = frozenset(str(code) for code in Code)
SIZING = ("default", "slo")  # policies that size for the demand themselves


@dataclass
class Moment:
    """One decision, and everything that led to it."""

    settings: Settings
    weather: Weather
    seen: Observation
    wish: Wish
    decision: Decision
    past: Past


@dataclass
class Past:
    """What the watcher remembers of one service; its own books, not the engine's."""

    since: int = 0  # ms: begin of this controller's life
    counts: list[tuple[int, int]] = field(default_factory=list)  # (ms, the count the decision started from)
    urgent: int | None = None  # ms: newest fast growth
    failed: int = 0  # starts in a row
    revision: str = ""

    def remember(self, moment: Moment) -> None:
        decision = moment.decision
        self.counts.append((decision.now, decision.current))
        while self.counts[0][0] <= decision.now - 600_000:
            self.counts.pop(0)
        if decision.urgent and decision.action is Action.GROW:
            self.urgent = decision.now

    def starts(self, seen: Observation) -> None:
        if seen.fleet.revision != self.revision:
            self.revision, self.failed = seen.fleet.revision, 0
        for start in seen.fleet.starts:
            self.failed = 0 if start.ok else self.failed + 1

    def lately(self, now: int, span: int) -> list[int]:
        return [count for at, count in self.counts if at >= now - span]


def bounds(m: Moment) -> str:
    """The minimum beats everything; the maximum is passed by nobody, and left from above only downwards."""
    low, high, d = m.wish.view.minimum, m.wish.view.maximum, m.decision
    if d.desired < low:
        return f"{d.desired} ordered under the minimum of {low}"
    if d.desired > max(high, d.current):
        return f"{d.desired} ordered above the maximum of {high} from {d.current}"
    return ""


def action(m: Moment) -> str:
    d = m.decision
    way = Action.GROW if d.desired > d.current else Action.SHRINK if d.desired < d.current else Action.HOLD
    return "" if d.action is way else f"{d.action} from {d.current} to {d.desired}"


def reasons(m: Moment) -> str:
    """Always a reason, from the closed list; every change of the number has its own."""
    d = m.decision
    if not d.reasons:
        return "no reason"
    told = [*d.reasons, *(vote.reason for _, vote in d.votes), *(row.reason for row in d.trail)]
    unknown = [reason.code for reason in told if str(reason.code) not in CODES]
    if unknown:
        return f"unknown codes {unknown}"
    number = d.trail[0].before if d.trail else d.desired
    for row in d.trail:
        if row.before != number or row.before == row.after:
            return f"the trail breaks at {row.guard}: {number} then {row.before} -> {row.after}"
        number = row.after
    if number != d.desired:
        return f"the trail ends with {number}, ordered is {d.desired}"
    return ""


def words(m: Moment) -> str:
    """What is told of a change has no gap, in any language."""
    if m.decision.action is Action.HOLD:
        return ""
    for language in LANGUAGES:
        told = "\n".join(tell(m.decision, language))
        if "{" in told or "?" in told.replace("?/s", "?"):
            return f"{language}: {told}"
    return ""


def _shrinks(m: Moment) -> bool:
    """Whether it lets tasks go of its own will.

    No person said so, it is within its maximum, the money is there, and it is more than orders for tasks that cannot
    start.
    """
    d, seen, view = m.decision, m.seen, m.wish.view
    broken = any(trail.guard == "last good" for trail in d.trail) and d.desired >= seen.fleet.serving
    own = seen.operator.fixed is None and view.grant.down is None and not broken
    return own and d.action is Action.SHRINK and d.current <= view.maximum


def unseen(m: Moment) -> str:
    """What cannot be seen is not let go."""
    if not _shrinks(m):
        return ""
    read = {name for policy in m.settings.policies for name in policy.reads} - m.settings.ignored
    dark = sorted(read & m.weather.disturbed())
    if dark:
        return f"scale-in to {m.decision.desired} although {dark} cannot be believed"
    if m.weather.on("fleet stale"):
        return "scale-in of a fleet that cannot be seen"
    return ""


def young(m: Moment) -> str:
    """A new controller watches for as long as its windows are before it lets anything go."""
    age = m.decision.now - m.past.since
    return f"scale-in after {age} ms of watching" if _shrinks(m) and age < m.settings.seeing else ""


def deploying(m: Moment) -> str:
    return "scale-in during a deployment" if _shrinks(m) and m.seen.fleet.deploying else ""


def surge(m: Moment) -> str:
    """What was just ordered in haste is not let go before it serves."""
    if not _shrinks(m) or m.past.urgent is None:
        return ""
    age = m.decision.now - m.past.urgent
    return f"scale-in {age} ms after a fast growth" if age < m.wish.view.startup else ""


def paused(m: Moment) -> str:
    operator, d = m.seen.operator, m.decision
    if operator.fixed is not None or d.current > m.wish.view.maximum or d.current < m.wish.view.minimum:
        return ""
    if m.wish.view.grant.down is not None:  # the money is gone: only a permit stops that
        return ""
    if operator.hold_growth and d.action is Action.GROW:
        return "scale-out although a person paused it"
    if operator.hold_shrink and d.action is Action.SHRINK:
        return "scale-in although a person paused it"
    return ""


def pace(m: Moment) -> str:
    """Growth within a period is what the largest rule allows from the highest count of that period, at most."""
    d, rules = m.decision, m.settings.guards.rate_out
    if d.action is not Action.GROW or not rules or m.seen.operator.fixed is not None:
        return ""
    most = m.wish.view.minimum
    for rule in rules:
        top = max([*m.past.lately(d.now, rule.period), d.current])
        most = max(most, ceil(top * (1 + rule.value / 100)) if rule.unit == PERCENT else int(top + rule.value))
    return f"grows from {d.current} to {d.desired}, {most} is allowed" if d.desired > most else ""


def crash_loop(m: Moment) -> str:
    """When nothing starts, no more than one task at a time is tried."""
    d, stop = m.decision, m.settings.guards.launches_stop_after
    if m.seen.operator.fixed is not None or m.past.failed < stop or d.desired <= m.wish.view.minimum:
        return ""
    by = d.desired - d.current
    return f"{by} more tasks after {m.past.failed} failed starts in a row" if by > 1 else ""


def needed(m: Moment) -> str:
    """A fleet that sees a steady demand is not cut below it."""
    if not _shrinks(m) or m.weather.faults or m.weather.written.traffic != "even":
        return ""
    if not any(policy.name in SIZING for policy in m.settings.policies):
        return ""
    carried = m.decision.desired * m.weather.written.throughput
    if carried < 0.8 * m.weather.written.rate:
        return f"scale-in to {m.decision.desired} tasks, which carry {carried:g}/s of {m.weather.written.rate:g}/s"
    return ""


def figures(m: Moment) -> str:
    d = m.decision
    if d.flip is not None and not (isfinite(d.flip) and d.flip >= 0):
        return f"flip point {d.flip}"
    if d.onset is not None and d.onset > d.now:
        return "the onset lies in the future"
    return "" if d.now == max(m.seen.now, d.now) else "decided before it saw"


PROMISES: tuple[Callable[[Moment], str], ...] = (
    bounds, action, reasons, words, unseen, young, deploying, surge, paused, pace, crash_loop, needed, figures,
)  # fmt: skip
