"""``fleetfoot why``: the decisions around a moment, with every reason. Reads the journal itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import (
    Told,
    file_option,
    journal,
    json_option,
    known,
    lang_option,
    put,
    state_folder,
    state_option,
)
from fleetfoot.face.phrases import PHRASES, action_line, order_line
from fleetfoot.face.times import NotATime, clock_time, date_time, window

if TYPE_CHECKING:
    from fleetfoot.core.model import Decision
    from fleetfoot.edge.journal.read import Reader

LAST_MS = 3_600_000  # without a time: the newest decisions of the last hour
LAST = 8


@click.command(short_help="Explain the decisions around a moment.")
@click.argument("service")
@click.argument("when", metavar="[TIME]", required=False)
@click.option("--full", is_flag=True, help="One decision unfolded: every vote, every guard, and what would flip it.")
@lang_option
@file_option
@state_option
@json_option
def why(
    service: str, when: str | None, full: bool, lang: str, file: Path, state: Path | None, as_json: bool
) -> None:  # fmt: skip
    """Explain the decisions for SERVICE around TIME: 09:03, 09:03:12, an ISO time, '2 min ago'. Default: the newest.

    With --full, the one that acted within TIME, else the one in force at it, held ones too: every vote, what each
    guard did, and at which level of each signal, and when, it would have been otherwise.
    """
    with journal(state_folder(file, state)) as reader:
        known(reader, service)
        start, end = _window(when, reader, service)
        if full:
            _unfold(reader, service, start, end, when, lang, as_json)
            return
        decisions = _decisions(reader, service, start, end, newest=when is None)
        told = [_told(reader, decision, lang) for decision in decisions]
        actions = _actions(reader, service, start, end, lang)
        pool = _pool(reader, service, start, end, lang)
    if as_json:
        put({"service": service, "from": start, "to": end, "decisions": told, "actions": actions, "warm_pool": pool})
        return
    if not told and not actions and not pool:
        click.echo(PHRASES[lang]["nothing"])
    rows = [(row["wall"], _lines(row)) for row in told]
    rows += [(row["wall"], [row["text"]]) for row in [*actions, *pool]]
    for wall, lines in sorted(rows, key=lambda row: row[0]):
        stamp = clock_time(wall) if start - 86_400_000 < wall else date_time(wall)
        for line in lines:
            click.echo(f"{stamp}  {line}")
            stamp = " " * len(stamp)


def _window(when: str | None, reader: Reader, service: str) -> tuple[int, int]:
    now = round(time.time() * 1000)
    if when is None:
        end = max(now, reader.last_wall(service) or 0)
        return end - LAST_MS, end
    try:
        return window(when, now)
    except NotATime as failure:
        raise Told(str(failure)) from failure


def _decisions(reader: Reader, service: str, start: int, end: int, newest: bool) -> list[Decision]:
    decisions = reader.decisions(service, start, end, LAST if newest else 1000)
    before = reader.decision_before(service, start - 1)
    if before is not None and (not decisions or decisions[0].action == "hold") and len(decisions) < LAST:
        decisions.insert(0, before)  # what still held when the window began
    return decisions


def _unfold(
    reader: Reader, service: str, start: int, end: int, when: str | None, lang: str, as_json: bool
) -> None:  # fmt: skip
    from fleetfoot.core.flips import flips
    from fleetfoot.core.whole import facts, flip_facts, flip_lines, lines
    from fleetfoot.face.explaining import moment

    last = reader.last_wall(service) or end
    acted = (
        None if when is None else next((d for d in reader.decisions(service, start, end) if d.action != "hold"), None)
    )
    wall = acted.wall if acted is not None else min(last, end if when is None else (start + end) // 2)
    found = moment(reader, service, wall, acted)
    decision = found.decision if found is not None else acted or reader.decision_before(service, wall)
    if decision is None:
        raise Told(f"nothing is known of {service} at {date_time(wall)}")
    flipped = flips(*found) if found is not None else None
    told = _told(reader, decision, lang)
    if as_json:
        more = {"flips": flip_facts(flipped) if flipped is not None else None}
        put({"service": service, **told, **facts(decision, lang), **more})
        return
    stamp = clock_time(decision.wall) if time.time() * 1000 - decision.wall < 86_400_000 else date_time(decision.wall)
    click.echo(f"{stamp}  {told['headline']}  {told['reasons'][0] if told['reasons'] else ''}")
    rest = [*lines(decision, lang), *flip_lines(flipped, lang), *([told["order_text"]] if told["order_text"] else [])]
    for line in rest:
        click.echo(f"{' ' * len(stamp)}  {line}")


def _told(reader: Reader, decision: Decision, lang: str) -> dict[str, Any]:
    from dataclasses import asdict

    from fleetfoot.core.pack import decision_to_json
    from fleetfoot.core.words import headline, votes, why

    order = reader.order_at(decision.service, decision.now)
    return {
        "wall": decision.wall,
        "headline": headline(decision, lang),
        "reasons": why(decision, lang),
        "votes": votes(decision, lang),
        "order_text": order_line(order, lang) if order is not None else "",
        "decision": decision_to_json(decision),
        "order": asdict(order) if order is not None else None,
    }


def _lines(row: dict[str, Any]) -> list[str]:
    first, *rest = row["reasons"] or [""]
    lines = [f"{row['headline']}  {first}"]
    if rest:
        lines.append("; ".join(rest))
    if row["votes"] and row["decision"]["action"] != "hold":
        lines.append(row["votes"])
    if row["order_text"]:
        lines.append(row["order_text"])
    return lines


def _pool(reader: Reader, service: str, start: int, end: int, lang: str) -> list[dict[str, Any]]:
    """The size of the warm pool each time it was a new one."""
    from fleetfoot.core.warm import last
    from fleetfoot.core.words import pool

    found, before = [], -1
    for wall, memory in reader.checkpoints(service, start, end):
        size = last(memory["slices"])
        if size is not None and size.tasks != before:
            before = size.tasks
            code, data = str(size.reason.code), dict(size.reason.data)
            found.append({"wall": wall, "tasks": size.tasks, "code": code, "data": data, "text": pool(size, lang)})
    return found


def _actions(reader: Reader, service: str, start: int, end: int, lang: str) -> list[dict[str, Any]]:
    from dataclasses import asdict

    found = []
    for action in reader.actions(service):
        if start <= action.wall <= end:
            until = action.until - action.now + action.wall if action.until else 0
            text = action_line(
                action.kind, action.who, action.count, action.growth, action.shrink, until, action.reason, lang
            )
            found.append({**asdict(action), "text": text})
    return found
