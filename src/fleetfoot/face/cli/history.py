"""``fleetfoot history``: every order and what people did, newest last. Reads the journal itself."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

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
from fleetfoot.face.times import NotATime, date_time, length_ms


@click.command(short_help="List orders and what people did.")
@click.argument("service", required=False)
@click.option("--since", metavar="TIME", help="How far back: 2h, 3 days. Default: all that is kept.")
@click.option(
    "--limit", "-n", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many orders."
)
@lang_option
@file_option
@state_option
@json_option
def history(
    service: str | None, since: str | None, limit: int, lang: str, file: Path, state: Path | None, as_json: bool
) -> None:
    """List the orders given to SERVICE (default: all) with their stages, and what people did."""
    after = 0
    if since:
        try:
            after = round(time.time() * 1000) - length_ms(since)
        except NotATime as failure:
            raise Told(str(failure)) from failure
    with journal(state_folder(file, state)) as reader:
        if service is not None:
            known(reader, service)
        orders = [order for order in reader.orders(service, limit=limit) if order.wall >= after]
        actions = [action for action in reader.actions(service, limit=limit) if action.wall >= after]
    if as_json:
        put({"orders": [asdict(order) for order in orders], "actions": [asdict(action) for action in actions]})
        return
    rows = [
        (order.wall, order.service, f"{order.before} -> {order.count}  {order_line(order, lang)}") for order in orders
    ]
    for action in actions:
        until = action.until - action.now + action.wall if action.until else 0
        text = action_line(
            action.kind, action.who, action.count, action.growth, action.shrink, until, action.reason, lang
        )
        rows.append((action.wall, action.service, text))
    for wall, name, text in sorted(rows, key=lambda row: row[0]):
        click.echo(f"{date_time(wall)}  {name}  {text}")
    if not rows:
        click.echo(PHRASES[lang]["nothing"])
