"""``fleetfoot check``: every mistake in the file at once, or what it means in words."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetfoot.face.cli.common import file_option, instant_of, json_option, load_spec, put
from fleetfoot.face.cli.up import cannot_run

if TYPE_CHECKING:
    from fleetfoot.spec import Service


@click.command(short_help="Explain the file, or every mistake in it.")
@click.argument("named", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@file_option
@click.option("--from", "begins", metavar="TIME", help="Show a schedule's changes from then on. Default: now.")
@json_option
def check(named: Path | None, file: Path, begins: str | None, as_json: bool) -> None:
    """Say in words what the file asks for; every mistake with file, line and column, and exit code 2.

    With a schedule, also its next ten changes, in local time and UTC. FILE and --file are the same.
    """
    file = named or file
    from fleetfoot.face.schedules import changes, rows
    from fleetfoot.prices import listed_prices
    from fleetfoot.spec import SpecErrors, load
    from fleetfoot.spec.explain import explain

    if as_json and file.exists():
        try:
            load(file)
        except SpecErrors as errors:
            put({"ok": False, "errors": [asdict(error) for error in errors.errors]})
            raise SystemExit(2) from None
    spec = load_spec(file)
    walls = {name: _wall(begins, service) for name, service in spec.services.items()}
    text = explain(spec, listed_prices(spec))
    here = [service for service in spec.services.values() if service.target != "ecs"]
    problems = [problem for service in here for problem in cannot_run(service, file)]
    if as_json:
        found = {name: [c.to_json() for c in changes(s, walls[name])] for name, s in spec.services.items()}
        put({"ok": True, "text": text, "cannot_run": problems, "changes": found})
        return
    click.echo("\n".join(text))
    for name, service in spec.services.items():
        if lines := rows(service, walls[name]):
            click.echo("\n".join(["", f"{name}: the schedule's next changes", *(f"  {line}" for line in lines)]))
    for problem in problems:
        click.echo(f"fleetfoot up would refuse: {problem}", err=True)


def _wall(begins: str | None, service: Service) -> int:
    return instant_of(begins, service) if begins is not None else time.time_ns() // 1_000_000
