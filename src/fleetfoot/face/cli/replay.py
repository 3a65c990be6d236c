"""``fleetfoot replay``: a journal through the engine again; any difference fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import Told, json_option, known, lang_option, load_spec, put
from fleetfoot.face.times import NotATime, clock_time, date_time
from fleetfoot.face.times import window as meant

if TYPE_CHECKING:
    from fleetfoot.edge.journal.read import Reader
    from fleetfoot.sim.replay import Difference, Otherwise, Replayed

SHOWN = 10


@click.command(short_help="Decide again what a journal holds; fail on any difference.")
@click.argument("journal", type=click.Path(path_type=Path), default=Path())
@click.option("--service", "-s", help="Only this one. Default: every service of the journal.")
@click.option("--from", "start", metavar="TIME", help="From here: 09:03, an ISO time, '2 h ago'. Default: all kept.")
@click.option("--to", "end", metavar="TIME", help="Up to here. Default: the end.")
@click.option(
    "--with", "other", type=click.Path(path_type=Path, dir_okay=False),
    help="Another fleetfoot.yaml: what it would have decided of the same observations.",
)  # fmt: skip
@lang_option
@json_option
def replay(
    journal: Path, service: str | None, start: str | None, end: str | None, other: Path | None, lang: str, as_json: bool
) -> None:
    """Decide again what JOURNAL (a journal.db or a state folder) holds, and compare every decision and memory.

    Exit code 0: all came out equal; 1: something did not; 2: it cannot be replayed, and why.
    """
    from fleetfoot.edge.journal.read import CannotRead, Reader
    from fleetfoot.face.replaying import journal_path

    try:
        with Reader(journal_path(journal)) as reader:
            names = reader.services() if service is None else [service]
            if service is not None:
                known(reader, service)
            told = {name: _one(reader, name, _times(start, end), other) for name in names}
    except CannotRead as failure:
        raise Told(str(failure)) from failure
    if as_json:
        put({"services": {name: _json(found, otherwise) for name, (found, otherwise, _) in told.items()}})
    else:
        for name, (found, otherwise, shift) in told.items():
            _show(name, found, shift, lang)
            if otherwise is not None:
                _show_otherwise(otherwise, lang)
    if any(found.different for found, _, _ in told.values()):
        raise click.exceptions.Exit(1)


def _times(start: str | None, end: str | None) -> tuple[int | None, int | None]:
    import time

    wall = round(time.time() * 1000)
    try:
        begin = None if start is None else meant(start, wall, around=0)[0]
        return begin, None if end is None else meant(end, wall, around=0)[1]
    except NotATime as failure:
        raise Told(str(failure)) from failure


def _one(
    reader: Reader, service: str, times: tuple[int | None, int | None], other: Path | None
) -> tuple[Replayed, Otherwise | None, int]:
    """(what came out, what the other file would have done, wall minus ``now``)"""
    from fleetfoot.core.compile import compile_spec
    from fleetfoot.face.replaying import NotKept, rows, wall_of, window
    from fleetfoot.prices import listed_prices
    from fleetfoot.sim.replay import replay as again
    from fleetfoot.sim.replay import replay_with

    try:
        within = window(reader, service, *times)
    except NotKept as gone:
        raise Told(_not_kept(service, gone.first, gone.last)) from gone
    found = again(rows(reader, service, within), within.since)
    stretches = reader.stretches(service)
    if (found.lost and times != (None, None)) or (found.lost and not found.steps):
        walls = [wall_of(stretches, at) for at in (found.lost[0].first, found.lost[-1].last)]
        raise Told(_not_kept(service, *walls))
    shift = wall_of(stretches, found.spans[0].first) - found.spans[0].first if found.spans else 0
    if other is None:
        return found, None, shift
    spec = load_spec(other)
    settings = compile_spec(spec, listed_prices(spec)).get(service)
    if settings is None:
        raise Told(f"{other} has no service {service!r}")
    return found, replay_with(rows(reader, service, within), settings, within.since), shift


def _not_kept(service: str, first: int, last: int) -> str:
    return (
        f"{service} cannot be replayed from {date_time(first)} to {date_time(last)}: its observations, or the memory "
        "before them, are no longer kept; see docs/journal.md for how long they are"
    )


def _json(found: Replayed, otherwise: Otherwise | None) -> dict[str, Any]:
    from fleetfoot.sim.replay import as_kept

    def one(d: Difference) -> dict[str, Any]:
        kept, mine = (None if x is None else as_kept(x) for x in (d.kept, d.found))
        return {"now": d.now, "wall": d.wall, "what": d.what, "fields": d.fields, "kept": kept, "replayed": mine}

    row: dict[str, Any] = {
        "equal": not found.different,
        "steps": found.steps,
        "decisions": found.decisions,
        "memories": found.memories,
        "unseen": found.unseen,
        "different": found.different,
        "differences": [one(d) for d in found.differences],
        "spans": [span._asdict() for span in found.spans],
        "not_kept": [span._asdict() for span in found.lost],
    }
    if otherwise is not None:
        row["with"] = {
            "steps": otherwise.steps,
            "different": otherwise.different,
            "more": otherwise.more,
            "less": otherwise.less,
            "first": [{"as_it_was": as_kept(a), "with": as_kept(b)} for a, b in otherwise.first],
        }
    return row


def _show(name: str, found: Replayed, shift: int, lang: str) -> None:
    spans = ", ".join(f"{date_time(a + shift)} to {clock_time(b + shift)}" for a, b in found.spans)
    verdict = "every one came out equal" if not found.different else f"{found.different} DIFFERENT"
    what = f"{found.steps:,} observations, {found.decisions:,} decisions and {found.memories:,} memories"
    click.echo(f"{name}: {what}: {verdict}")
    if spans:
        click.echo(f"  replayed: {spans}")
    for first, last in found.lost:
        click.echo(f"  no longer kept, not replayed: {date_time(first + shift)} to {date_time(last + shift)}")
    if found.unseen:
        click.echo(f"  {found.unseen} decisions whose observations did not reach the disk were not compared")
    for difference in found.differences[:SHOWN]:
        for line in _words(difference, lang):
            click.echo(f"  {line}")
    if found.different > SHOWN:
        click.echo(f"  ... and {found.different - SHOWN} more")


def _words(d: Difference, lang: str) -> list[str]:
    from fleetfoot.core.words import tell

    at = clock_time(d.wall)
    if d.what == "memory":
        return [f"{at}  the memory differs in {', '.join(d.fields)}"]
    mine = tell(d.found, lang) if d.found is not None else ""
    if d.what == "missing":
        return [f"{at}  the journal has nothing; replayed: {mine}"]
    kept = tell(d.kept, lang) if d.kept is not None else ""
    return [f"{at}  kept:     {kept}", f"{' ' * len(at)}  replayed: {mine}  (differs in {', '.join(d.fields)})"]


def _show_otherwise(found: Otherwise, lang: str) -> None:
    from fleetfoot.core.words import tell

    click.echo(
        f"  with the other file: {found.different:,} of {found.steps:,} steps would have ordered another count "
        f"({found.more:,} more tasks, {found.less:,} fewer); what would have followed is not in it"
    )
    for was, would in found.first[:SHOWN]:
        click.echo(
            f"  {clock_time(was.wall)}  {was.current} -> {was.desired}, with the other file: {tell(would, lang)}"
        )
