"""A forecast as words and rows: for the terminal and for the page alike."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

from fleetfoot.predict.outlook import Outlook
from fleetfoot.predict.setup import REFRESH

COLUMNS = ("model", "when ordered", "all spans", "loss", "in band", "")
NOTE = (
    "Errors are sums of |came - said| over sums of what came: at the span ahead for which tasks are ordered, and over "
    "all spans from a quarter of an hour to a day. The loss is the pinball loss of the median and the band's ends "
    "at the former; the band is to hold 90 % of the values. Each of the last days was forecast every hour from what "
    "was before it, and all models are judged by the same days. 'as now' is no forecast: a model that tells no more is "
    "of no use."
)


def rows(outlook: Outlook) -> list[tuple[str, ...]]:
    """The back-test, a model a row."""
    found = list[tuple[str, ...]]()
    for score in outlook.scores:
        if score.why:
            found.append((score.name, "-", "-", "-", "-", score.why))
            continue
        mark = "chosen" if score.name == outlook.model else "the yardstick" if score.yardstick else ""
        shares = (f"{score.near:.1%}", f"{score.wape:.1%}", f"{score.near_pinball:.3f}", f"{score.inside:.0%}")
        found.append((score.name, *shares, mark))
    return found


def heading(name: str, outlook: Outlook, zone: tzinfo) -> str:
    step = f"{outlook.step // 60} min" if outlook.step < 3600 else f"{outlook.step // 3600} h"
    return f"{name}: {outlook.days:.1f} days, every {step}, to {moment(outlook.made, zone)}"


def peak(outlook: Outlook, zone: tzinfo, lead: int) -> str:
    """What is told of the horizon, and of the moment an order now is for."""
    top = max(outlook.points, key=lambda point: point.median)
    soon = outlook.highest(outlook.made, outlook.made + lead)
    told = f"highest at {moment(top.at, zone)}: {top.median:,.0f}/s, {top.low:,.0f} to {top.high:,.0f}"
    return told if soon is None else f"{told}; within {lead / 60:.0f} min up to {soon.high:,.0f}/s"


def doubts(outlook: Outlook, bound: float) -> list[str]:
    """What speaks against believing it."""
    found = []
    scores = {score.name: score for score in outlook.scores}
    best = scores[outlook.model]
    rival = next((score for score in outlook.scores if score.yardstick and not score.why), None)
    if rival is not None and rival.near_pinball <= best.near_pinball:
        found.append("no model beats the rate of now: this traffic has no season worth a forecast that far ahead")
    if best.near > bound:
        found.append(f"an error of {best.near:.0%} is above the {bound:.0%} of max error: the policy would be silent")
    return found


def moment(at: float, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


def note_line(note: dict[str, Any]) -> str:
    """What ``status`` says of a running forecast."""
    if not note:
        return ""
    if note["why"] and not note["model"]:
        return f"forecast: {note['why']}"
    said = f"forecast: {note['model']} of {note['days']:.3g} days"
    if note["error"] is not None:
        said += f", off by {note['error']:.1%} in the last two hours (bound {note['bound']:.0%})"
    if note["inside"] is not None:
        said += f", {note['inside']:.0%} of the last day inside its band"
    if note["silent"]:
        said += "; it is silent until that is better"
    if note["why"]:
        said += f"; not renewed ({note['why']}), it is tried every {REFRESH // 60} min"
    return said
