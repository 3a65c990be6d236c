"""``fleetfoot report --shadow``: what the present scaler did beside what fleetfoot would have done."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import Told, file_option, journal, json_option, known, put, state_folder, state_option
from fleetfoot.face.cli.control import shadow_folder
from fleetfoot.face.cli.simulating import report_option, writable, write_page
from fleetfoot.face.files import write_text
from fleetfoot.face.times import NotATime, clock_time, date_time
from fleetfoot.face.times import window as meant

if TYPE_CHECKING:
    from fleetfoot.edge.journal.read import Reader
    from fleetfoot.sim.shadow import Beside
    from fleetfoot.spec import Service


@click.command("report", short_help="Compare a shadow with the present scaler: bad requests, money, who acted when.")
@click.option("--shadow", is_flag=True, help="The report of a shadow: the only one there is yet.")
@click.option("--service", "-s", help="Only this one. Default: every service the shadow watched.")
@click.option("--from", "start", metavar="TIME", help="From here: 09:03, an ISO time, '2 h ago'. Default: all kept.")
@click.option("--to", "end", metavar="TIME", help="Up to here. Default: the end.")
@report_option
@file_option
@state_option
@json_option
def report_verb(
    shadow: bool, service: str | None, start: str | None, end: str | None, report: Path | None, file: Path,
    state: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Show both side by side: bad requests, money, and who would have acted when.

    Reads the shadow's journal; needs the extra sim (make dev). What the shadow would have meant to users is an
    estimate: both scalers' counts go through the simulated world with the arrivals that were recorded.
    """
    if not shadow:
        raise Told("write --shadow: there is no other report yet")
    writable(report)
    folder = shadow_folder(file, state)
    if state is None and not (folder / "journal.db").exists():
        folder = state_folder(file, state)  # of `fleetfoot up --shadow`
    with journal(folder) as reader:
        if service is not None:
            known(reader, service)
        names = [service] if service is not None else reader.services()
        found = {name: _one(reader, name, start, end) for name in names}
    if as_json:
        put({"services": {name: one.to_json() for name, one in found.items()}})
    else:
        for name, one in found.items():
            _show(name, one)
    if report is not None:
        from fleetfoot.face.report.shadow import render

        page = render(found)
        write_page(report, lambda path: write_text(page, path), quiet=as_json)


def _one(reader: Reader, name: str, start: str | None, end: str | None) -> Beside:
    try:
        from fleetfoot.sim.service import plan_of
        from fleetfoot.sim.shadow import NotWatched, beside, watched
    except ImportError as missing:
        raise Told(str(missing)) from missing
    begin, until = _times(start, end)
    lives = reader.lives()
    spec = _spec(lives[-1].text, name) if lives else None
    if spec is None:
        raise Told(f"the shadow's file tells of no service {name!r}")
    kept = (one for one in reader.observations(name, 0, 1 << 62) if begin <= one.wall <= until)
    try:
        return beside(watched(kept), plan_of(spec).setup, spec.task.price or 0.0)
    except NotWatched as failure:
        raise Told(f"{name}: {failure}") from failure


def _spec(text: str, name: str) -> Service | None:
    from fleetfoot.spec import loads

    return loads(text).services.get(name)


def _times(start: str | None, end: str | None) -> tuple[int, int]:
    wall = round(time.time() * 1000)
    try:
        begin = 0 if start is None else meant(start, wall, around=0)[0]
        return begin, (1 << 62) if end is None else meant(end, wall, around=0)[1]
    except NotATime as failure:
        raise Told(str(failure)) from failure


def _show(name: str, one: Beside) -> None:
    from rich.console import Console
    from rich.table import Table

    from fleetfoot.face.report.shadow import honesty, rows

    seen, told = one.watched, one.to_json()
    console = Console(highlight=False)
    hours = f"{seen.seconds / 3600:.1f} h" if seen.seconds >= 7200 else f"{seen.seconds / 60:.0f} min"
    gone = f", {seen.unwatched} s between not watched and left out" if seen.unwatched else ""
    console.print(f"{name}  {date_time(int(seen.wall[0]))} to {clock_time(int(seen.wall[-1]))}: {hours}{gone}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "present scaler", "fleetfoot"):
        table.add_column(column, justify="right" if column else "left")
    for row in rows(told, one.task_hour):
        table.add_row(*row)
    console.print(table)
    _show_surges(console, one)
    for line in honesty(told):
        console.print(line, style="dim", soft_wrap=True)


def _show_surges(console: Any, one: Beside) -> None:
    from rich.table import Table

    if not one.surges:
        console.print("no surge: traffic never rose by a third within a minute")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("surge", "requests/s", "present grew after", "fleetfoot after"):
        table.add_column(column, justify="right")
    for surge in one.surges:
        table.add_row(
            clock_time(int(one.watched.wall[surge.at])),
            f"{surge.before:.0f} -> {surge.after:.0f}",
            *("not in 10 min" if grew is None else f"{grew} s" for grew in (surge.present, surge.shadow)),
        )
    console.print(table)
