"""``fleetfoot init``: a commented fleetfoot.yaml to begin with."""

from __future__ import annotations

import re
from pathlib import Path

import click

from fleetfoot.face.cli.common import Told, file_option, write


@click.command(short_help="Write a commented fleetfoot.yaml.")
@click.argument("command", required=False)
@click.option("--name", default="app", show_default=True, help="The service's name: small letters, digits and hyphens.")
@file_option
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(command: str | None, name: str, file: Path, force: bool) -> None:
    """Write a fleetfoot.yaml that says what each line means, for COMMAND (quote it; $PORT is the port it is given)."""
    from fleetfoot.spec.template import initial

    if not re.fullmatch(r"[a-z0-9-]{1,40}", name):
        raise Told(f"{name!r} is no name of a service: write 1 to 40 small letters, digits and hyphens")
    write(file, initial(command, name), force)
    then = "" if command else "put your command under run, then "
    click.echo(f"wrote {file}: {then}fleetfoot check explains it, fleetfoot up starts it")
