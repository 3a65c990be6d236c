"""The engine: observe, decide, guard; acting and recording are the caller's.

Rules for whoever edits this file:
1. Nothing here reads a clock, a file, the network, the environment or a random number.
2. ``step`` takes any ``now``; the caller may wake it early, and delays are spans, never tick counts.
3. Growth takes the highest Want; shrink goes to the largest Want; no Want holds. Blind blocks every
   shrink and no growth. Abstain blocks nothing.
4. Every decision carries its reasons, a held one too. Each guard that changes the number appends a Trail.
5. ``memory`` is the one argument that is updated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fleetfoot.core import arbiter
from fleetfoot.core.guards import FLEET, RESOURCE, SERVICE
from fleetfoot.core.guards.base import Guard
from fleetfoot.core.guards.bounds import below
from fleetfoot.core.guards.conflict import ordered
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import (
    FRESH,
    GROW,
    HOLD,
    SHRINK,
    Blind,
    Decision,
    Grant,
    Observation,
    Reason,
    State,
    Trail,
    Vote,
    Want,
)  # fmt: skip
from fleetfoot.core.reasons import Code
from fleetfoot.core.roles import in_roles
from fleetfoot.core.settings import Settings
from fleetfoot.core.view import GONE, WHOLE, View, look

RATE = "requests"  # a flip point of another signal is in that signal's own unit
ONSET_BACK = 30_000  # ms a surge's onset is looked for


@dataclass(slots=True)
class Wish:
    """What one service wants after its own guards, before it is told what it may use."""

    view: View
    tasks: int
    wanted: int
    reasons: tuple[Reason, ...]
    votes: tuple[tuple[str, Vote], ...]
    trail: list[Trail]
    urgent: bool
    flip: float | None


def step(settings: Settings, memory: Memory, observation: Observation) -> Decision:
    """Decide within the grant of the observation; a lone service is granted the whole of every limit."""
    wanted = wish(settings, memory, observation)
    return settle(wanted, arbiter.alone(wanted) if observation.grant is None else observation.grant)


def settle_all(wishes: Mapping[str, Wish]) -> dict[str, tuple[Decision, Grant | None]]:
    """The second pass over several services: each wish settled within its grant, which its observation must keep."""
    grants = arbiter.grants(wishes)
    return {name: (settle(w, grants.get(name, WHOLE)), grants.get(name)) for name, w in wishes.items()}


def wish(settings: Settings, memory: Memory, observation: Observation) -> Wish:
    """Observe, let the policies vote, let the service's own guards correct the number."""
    view, slices = look(settings, memory, observation), memory.slices
    votes = tuple([(policy.name, policy.vote(view, slices[policy.name])) for policy in settings.policies])
    if settings.roles:
        votes = in_roles(view, settings.policies, votes)
    wanted, reasons, urgent, flip = combine(view, votes)
    if wanted == 0 and view.current == 0 and _knocked(view):
        wanted, reasons, urgent = 1, (Reason(Code.FROM_ZERO),), True
    if settings.roles:
        view.remarks = [remark for remark in view.remarks if remark not in reasons]
    count, trail = wanted, list[Trail]()
    if wanted < view.current and wanted < view.minimum:  # no guard need look at what the minimum forbids anyway
        count = min(view.current, view.minimum)
        trail.append(Trail("bounds", wanted, count, below(wanted, view)))
    count = _through(SERVICE, count, view, trail)
    if view.fixed is not None:
        count = wanted
        trail.clear()
    return Wish(view, count, wanted, reasons, votes, trail, urgent, flip)


def settle(wish: Wish, grant: Grant) -> Decision:
    """Let the resource guards correct the wish within the grant, then remember and tell."""
    view, trail = wish.view, [*wish.trail]
    view.grant = grant
    count = _through(RESOURCE if view.settings.limited else FLEET, wish.tasks, view, trail)
    return _decide(wish, count, tuple(trail))


def combine(view: View, votes: tuple[tuple[str, Vote], ...]) -> tuple[int, tuple[Reason, ...], bool, float | None]:
    """One number from all votes: (count, reasons, urgent, flip)."""
    current, fixed = view.current, view.fixed
    if fixed is not None:
        operator = view.seen.operator
        return fixed, (Reason(Code.OPERATOR_SCALE, {"who": operator.who, "count": fixed}),), False, None
    largest, winners, flip, blind = _poll(votes, view.settings.ignored)
    unseen = blind or (None if view.fleet.state is FRESH else _fleet_unseen(view.fleet.state))
    if not winners:
        told = (unseen.reason,) if unseen else tuple(vote.reason for _, vote in votes)
        return current, (Reason(Code.NO_WANT), *told), False, flip
    reasons = tuple([vote.reason for vote in winners])
    if largest > current:
        if view.seen.operator.hold_growth:
            return current, (*reasons, _pause(view, "growth")), False, flip
        return largest, reasons, any(vote.urgent for vote in winners), flip
    if largest < current:
        if all(vote.keeps for _, vote in votes if isinstance(vote, Want)):
            return current, reasons, False, flip  # only floors, and none of them asks for a shrink
        if unseen is not None:
            return current, (Reason(Code.BLIND_HOLDS_SHRINK, unseen.reason.data), unseen.reason), False, flip
        if view.seen.operator.hold_shrink:
            return current, (*reasons, _pause(view, "scale-in")), False, flip
    return largest, reasons if unseen is None else (*reasons, unseen.reason), False, flip


def _poll(
    votes: tuple[tuple[str, Vote], ...], ignored: frozenset[str]
) -> tuple[int, list[Want], float | None, Blind | None]:
    """The largest wish, everybody who has it, the nearest flip point of the rate, and the first Blind vote.

    A signal the user wrote ``absent: ignore`` for may be gone, but not wrong.
    """
    largest, winners, flip, unseen = -1, list[Want](), None, None
    for _, vote in votes:
        if isinstance(vote, Want):
            tasks, reason, _, mark, _ = vote
            if tasks > largest:
                largest, winners = tasks, [vote]
            elif tasks == largest:
                winners.append(vote)
            if mark is not None and (flip is None or mark < flip) and reason.data.get("signal", RATE) == RATE:
                flip = mark
        elif unseen is None and isinstance(vote, Blind) and not (vote.signal in ignored and vote.state in GONE):
            unseen = vote
    return largest, winners, flip, unseen


def _fleet_unseen(state: State) -> Blind:
    """A fleet whose state is not known is not shrunk."""
    return Blind("fleet", state, Reason(Code.SIGNAL_UNUSABLE, {"signal": "fleet", "state": str(state)}))


def _knocked(view: View) -> bool:
    """Whether a request has come that no task is there for, and nobody said there should be none.

    At zero most policies see nothing, and one request is no evidence of a rate: it is a reason all the same.
    """
    if view.fixed is not None or view.seen.operator.hold_growth:
        return False
    return any(view.usable(name) and view.value(name) > 0 for name in ("queue", "requests"))


def _pause(view: View, what: str) -> Reason:
    return Reason(Code.OPERATOR_PAUSE, {"what": what, "who": view.seen.operator.who})


def _through(guards: tuple[tuple[str, Guard], ...], count: int, view: View, trail: list[Trail]) -> int:
    """Hand the number from guard to guard; who changes it is put on the ``trail``."""
    slices = view.memory.slices
    for name, guard in guards:
        verdict = guard(count, view, slices[name])
        if verdict is not None:
            after, reason = verdict
            if after != count:
                trail.append(Trail(name, count, after, reason))
                count = after
    return count


def _decide(wish: Wish, count: int, trail: tuple[Trail, ...]) -> Decision:
    view = wish.view
    memory, current, seen, now = view.memory, view.current, view.seen, view.now
    action, urgent, onset = HOLD, False, None
    if count != current:
        memory.ordered, memory.ordered_at = count, now
        ordered(memory, count, now)
        action = SHRINK
        if count > current:
            action, urgent, onset = GROW, wish.urgent, _onset(view)
            if urgent:
                memory.surge_at = now
    requests = seen.signals.get("requests")
    sampled, received = (requests.end, requests.received) if requests else (now, now)
    reasons = (*wish.reasons, *view.remarks) if view.remarks else wish.reasons
    return Decision(
        view.settings.service, now, seen.wall, action, current, count, wish.wanted, reasons, wish.votes, trail,
        sampled, received, onset, wish.flip, urgent,
    )  # fmt: skip


def _onset(view: View) -> int | None:
    """The first of the latest unbroken run of samples whose rate exceeds what the serving tasks carry; an estimate."""
    window = view.memory.windows.get("requests")
    if window is None or not len(window):
        return None
    limit = max(1, view.fleet.serving) * view.throughput
    onset = None
    for i in range(len(window.ends) - 1, 0, -1):
        if window.value(i) <= limit or window.ends[i] < view.now - ONSET_BACK:
            break
        onset = window.ends[i] - (window.covered[i] - window.covered[i - 1])
    return onset
