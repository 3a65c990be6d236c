"""The arbiter's part of the budget: what all services spend, what each may have of it, and who goes down first."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from fleetfoot.core.guards.budget import ALERTS, SLICE, Calendar, billed, calendar, needed_floor, spent
from fleetfoot.core.model import Grant
from fleetfoot.core.settings import Budget
from fleetfoot.core.share import DUST, Ask, share
from fleetfoot.core.view import WHOLE

if TYPE_CHECKING:
    from fleetfoot.core.engine import Wish


class Limit(NamedTuple):
    """One limit and how much of it is used: spent in its day or month, or spent an hour at this moment."""

    span: str
    soft: float | None
    hard: float | None
    used: float

    @property
    def amount(self) -> float:
        return self.hard if self.hard is not None else self.soft or 0.0


class _Payer(NamedTuple):
    name: str
    wish: Wish
    price: float


def budget(rules: Budget, wishes: Mapping[str, Wish], found: dict[str, Grant]) -> None:
    """Add the money to every grant."""
    prices = [(name, wish, wish.view.settings.price) for name, wish in wishes.items()]
    payers = [_Payer(name, wish, price) for name, wish, price in prices if price is not None]
    if not payers:
        return
    today = calendar(payers[0].wish.view.seen.wall)
    used, told = _survey(payers, today)
    limits = [Limit(*limit, used[limit[0]]) for limit in rules.limits]
    urgent = [limit for limit in limits if limit.used >= rules.emergency * limit.amount]
    tightest = max(limits, key=lambda limit: limit.used / limit.amount if limit.amount else 0.0)
    usual = Grant(span=tightest.span, spent=tightest.used, limit=tightest.amount)
    special = _special(limits, urgent, payers, usual)
    _alert(limits, payers, told, special, usual)
    merged: dict[int, Grant] = {}  # most services were granted the very same before
    for name, _, _ in payers:
        before, given = found.get(name, WHOLE), special.get(name)
        if given is not None:
            found[name] = _both(before, given)
            continue
        if id(before) not in merged:
            merged[id(before)] = _both(before, usual)
        found[name] = merged[id(before)]


def _both(before: Grant, given: Grant) -> Grant:
    """What the platform's limits leave and what the money pays for."""
    if before is WHOLE:
        return given
    return given._replace(tasks=before.tasks, launches=before.launches, debt=before.debt)


def _special(limits: list[Limit], urgent: list[Limit], payers: list[_Payer], usual: Grant) -> dict[str, Grant]:
    """The grants of those whom a limit or an emergency concerns."""
    paid, eased, why = _counts(limits, payers)
    found = {
        name: usual._replace(
            span=limit.span, spent=limit.used, limit=limit.amount, paid=paid.get(name), eased=eased.get(name)
        )
        for name, limit in why.items()
    }
    if urgent:
        down, last = _down(urgent, payers), urgent[0]
        for name, wish, _ in payers:
            given = found.get(name, usual)
            most = wish.view.current if wish.view.settings.priority else given.paid
            found[name] = given._replace(
                span=last.span, spent=last.used, limit=last.amount, down=down.get(name), paid=most
            )
    return found


def _survey(payers: list[_Payer], today: Calendar) -> tuple[dict[str, float], dict[str, int]]:
    """(what is used by hour, day and month, the highest alert told in each of them)."""
    hour = day = month = 0.0
    told = dict.fromkeys(Calendar._fields, 0)
    for payer in payers:
        view = payer.wish.view
        hour += payer.price * billed(view.fleet)
        mine = view.memory.slices.get(SLICE)
        if not mine or "at" not in mine:
            continue
        day += spent(mine, "day", today.day)
        month += spent(mine, "month", today.month)
        for span, (number, percent) in mine.get("alerts", {}).items():
            if number == getattr(today, span):
                told[span] = max(told[span], percent)
    return {"hour": hour, "day": day, "month": month}, told


def _counts(limits: list[Limit], payers: list[_Payer]) -> tuple[dict[str, int], dict[str, int], dict[str, Limit]]:
    """(tasks up to the hard limits, up to the soft ones, the limit that says so), for those who wish for more."""
    paid: dict[str, int] = {}
    eased: dict[str, int] = {}
    why: dict[str, Limit] = {}
    grow = [payer for payer in payers if payer.wish.tasks > payer.wish.view.current]
    if not grow:
        return paid, eased, why
    beside = sum(p.price * max(0, billed(p.wish.view.fleet) - p.wish.view.fleet.desired) for p in payers)
    keeps = sum(p.price * min(p.wish.tasks, p.wish.view.current) for p in payers)
    asks = [
        Ask(p.name, p.wish.view.settings.priority, 0, p.wish.tasks - p.wish.view.current, p.price) for p in grow
    ]  # fmt: skip
    for limit in limits:
        for amount, into in ((limit.soft, eased), (limit.hard, paid)):
            if amount is None:
                continue
            if limit.span == "hour":
                more: Mapping[str, int] = share(max(0.0, amount - keeps - beside), asks)
            elif limit.used >= amount:
                more = dict.fromkeys([ask.name for ask in asks], 0)
            else:
                continue
            for ask, payer in zip(asks, grow, strict=True):
                most = payer.wish.view.current + more[ask.name]
                if more[ask.name] < ask.wish and most < into.get(ask.name, most + 1):
                    into[ask.name], why[ask.name] = most, limit
    return paid, eased, why


def _down(urgent: list[Limit], payers: list[_Payer]) -> dict[str, int]:
    """The counts an emergency asks for: those of one rank, the least important that has tasks to give; of the
    critical ones never."""
    running = sum(payer.price * billed(payer.wish.view.fleet) for payer in payers)
    over = max(running - (limit.amount if limit.span == "hour" else 0.0) for limit in urgent)
    found: dict[str, int] = {}
    rank = 0
    for payer in sorted(payers, key=lambda payer: (-payer.wish.view.settings.priority, payer.name)):
        view = payer.wish.view
        if over <= DUST or view.settings.priority == 0 or (found and view.settings.priority != rank):
            break
        rank = view.settings.priority
        if view.now < view.seen.operator.permit:
            continue
        gone = min(max(0, view.current - needed_floor(view)), ceil(over / payer.price - DUST) if payer.price else 0)
        if gone > 0:
            found[payer.name] = view.current - gone
            over -= gone * payer.price
    return found


def _alert(
    limits: list[Limit], payers: list[_Payer], told: Mapping[str, int], special: dict[str, Grant], usual: Grant
) -> None:
    """The first limit with news is told by who spends most."""
    for limit in limits:
        passed = max((level for level in ALERTS if limit.used >= level / 100.0 * limit.amount), default=0)
        if passed > told[limit.span]:
            name = max(payers, key=lambda payer: (payer.price * payer.wish.view.current, payer.name)).name
            special[name] = special.get(name, usual)._replace(
                alert=passed, alert_span=limit.span, alert_spent=limit.used, alert_limit=limit.amount
            )
            return
