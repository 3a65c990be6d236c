"""``fleetfoot check``: every mistake in the file at once, or what it means in words."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from fleetfoot.face.cli.common import file_option, json_option, load_spec, put
from fleetfoot.face.cli.up import cannot_run


@click.command(short_help="Explain the file, or every mistake in it.")
@file_option
@json_option
def check(file: Path, as_json: bool) -> None:
    """Say in words what the file asks for; every mistake with file, line and column, and exit code 2."""
    from fleetfoot.spec import SpecErrors, load
    from fleetfoot.spec.explain import explain

    if as_json and file.exists():
        try:
            load(file)
        except SpecErrors as errors:
            put({"ok": False, "errors": [asdict(error) for error in errors.errors]})
            raise SystemExit(2) from None
    spec = load_spec(file)
    problems = [problem for service in spec.services.values() for problem in cannot_run(service, file)]
    if as_json:
        put({"ok": True, "text": explain(spec), "cannot_run": problems})
        return
    click.echo("\n".join(explain(spec)))
    for problem in problems:
        click.echo(f"fleetfoot up would refuse: {problem}", err=True)
