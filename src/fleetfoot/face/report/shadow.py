"""The page of ``fleetfoot report --shadow``: the figures, who acted when, and four pictures."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from fleetfoot.face.report.html import page
from fleetfoot.face.report.lines import Line, chart, spread, table
from fleetfoot.face.times import clock_time, date_time

if TYPE_CHECKING:
    from fleetfoot.sim.shadow import Beside

BOTH = (("present scaler", "var(--queue)"), ("fleetfoot", "var(--serving)"))


def render(found: Mapping[str, Beside]) -> str:
    """The HTML text."""
    title = "The present scaler and fleetfoot, side by side"
    return page(title, f"<header><h1>{title}</h1></header>{''.join(_service(*one) for one in found.items())}")


def _service(name: str, one: Beside) -> str:
    seen, told = one.watched, one.to_json()
    notes = "".join(f"<li>{escape(line)}</li>" for line in honesty(told))
    ends = f"{date_time(int(seen.wall[0]))} to {clock_time(int(seen.wall[-1]))}"
    middle, last = seen.seconds // 2, seen.seconds - 1
    times = [(at / max(last, 1), clock_time(int(seen.wall[at]))) for at in dict.fromkeys((0, middle, last))]
    ordered = (seen.present.desired, seen.shadow.desired)
    bad = (one.present.bad, one.shadow.bad)
    return (
        f"<h2>{escape(name)}</h2><p class='when'>{ends}</p>"
        + table(("", "present scaler", "fleetfoot"), rows(told, one.task_hour))
        + chart("Traffic, requests/s", [Line("arrivals", "var(--offered)", spread(seen.arrivals))], times)
        + chart("Tasks ordered", [Line(*who, spread(v)) for who, v in zip(BOTH, ordered, strict=True)], times)
        + chart(
            "Bad requests a second, simulated", [Line(*w, spread(v)) for w, v in zip(BOTH, bad, strict=True)], times
        )
        + chart("Bad requests a second, measured", [Line(*BOTH[0], spread(seen.bad))], times)
        + _surges(one)
        + f'<footer><h2>What these figures are</h2><ul class="notes">{notes}</ul></footer>'
    )


def _surges(one: Beside) -> str:
    def after(grew: int | None) -> str:
        return "not in 10 min" if grew is None else f"{grew} s"

    found = [
        (clock_time(int(one.watched.wall[s.at])), f"{s.before:.0f} → {s.after:.0f}", after(s.present), after(s.shadow))
        for s in one.surges
    ]
    return table(("surge", "requests/s", "present grew after", "fleetfoot after"), found) if found else ""


def rows(told: dict[str, Any], price: float) -> list[tuple[str, str, str]]:
    """The figures side by side, as text."""
    present, shadow = told["present"], told["shadow"]
    measured, again, would = present["measured"], present["simulated"], shadow["simulated"]
    found = [
        ("bad requests, measured", _bad(measured), "-"),
        ("bad requests, simulated", _bad(again), _bad(would)),
        ("seconds over, measured", str(measured["seconds_over"]), "-"),
        ("seconds over, simulated", str(again["seconds_over"]), str(would["seconds_over"])),
        ("task-hours", f"{measured['task_hours']:.2f}", f"{shadow['task_hours']:.2f}"),
        ("most tasks", f"{measured['most_tasks']:.0f}", f"{shadow['most_tasks']:.0f}"),
    ]
    if price:
        coin = getattr(price, "currency", "USD")
        found.insert(5, (f"money, {coin}", f"{measured['money']:.4f}", f"{shadow['money']:.4f}"))
    return found


def _bad(figures: dict[str, Any]) -> str:
    return f"{figures['bad']:,} of {figures['requests']:,} ({figures['share_bad']:.2%})"


def honesty(told: dict[str, Any]) -> list[str]:
    """What the figures are, and how far the estimate may be trusted."""
    measured, again = told["present"]["measured"], told["present"]["simulated"]
    apart = abs(measured["share_bad"] - again["share_bad"])
    learnt = f"{told['throughput']:.1f} requests/s a task and {told['startup_ms'] / 1000:.1f} s start-up"
    return [
        f"Simulated: both counts over the recorded arrivals, same seed, {learnt}. An estimate, not a measurement.",
        f"How far to trust it: for the present scaler simulation and measurement are {100 * apart:.2f} points apart.",
        "Measured requests count when they turn out bad, simulated ones in the second they arrived.",
    ]
