"""``fleetfoot init``: a commented fleetfoot.yaml to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from fleetfoot.face.cli.common import Told, file_option


@click.command(short_help="Write a commented fleetfoot.yaml.")
@file_option
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(file: Path, force: bool) -> None:
    """Write a fleetfoot.yaml that says what each line means."""
    from fleetfoot.spec import template

    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            out.write(template())
    except FileExistsError:
        raise Told(f"{file} is there already: --force writes over it, --file names another") from None
    except OSError as failure:
        raise Told(f"{file} cannot be written: {failure.strerror}") from failure
    click.echo(f"wrote {file}: change the command under run, then fleetfoot check and fleetfoot up")
