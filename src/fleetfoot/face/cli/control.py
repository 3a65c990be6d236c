"""``fleetfoot control --shadow``: a controller beside a fleet that somebody else scales. It only watches."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import click

from fleetfoot.face.cli.common import FOLDER, Told, file_option, lang_option, load_spec, state_of, state_option

SHADOW_FOLDER = ".fleetfoot-shadow"


@click.command(short_help="Watch a fleet that another scaler keeps, and journal what fleetfoot would do.")
@click.option(
    "--shadow", is_flag=True, help="Order nothing. Needed: a controller that orders belongs to `fleetfoot up`."
)
@click.option(
    "--beside", type=click.Path(path_type=Path, file_okay=False),
    help=f"The state folder of the fleet to watch. Default: as the file says, or {FOLDER} beside it.",
)  # fmt: skip
@file_option
@state_option
@lang_option
def control(shadow: bool, beside: Path | None, file: Path, state: Path | None, lang: str) -> None:
    """Run a shadow of the services in the file beside a running fleet, until Ctrl-C.

    It reads, and has no way to write: see `fleetfoot report --shadow` for what came of it. Its own state folder
    is .fleetfoot-shadow beside the file.
    """
    if not shadow:
        raise Told("write --shadow: a controller that orders is started by `fleetfoot up`")
    spec = load_spec(file)
    watched = beside.absolute() if beside is not None else state_of(spec, file)
    folder = shadow_folder(file, state)
    if folder == watched:
        raise Told(f"{folder} is the watched fleet's own: give the shadow another --state")
    if not (watched / "plane.sock").exists():
        raise Told(f"no fleet runs in {watched}: give its state folder with --beside")
    _run(file, folder, watched, lang)


def shadow_folder(file: Path, state: Path | None) -> Path:
    """Where a shadow keeps its journal."""
    return state.absolute() if state is not None else file.absolute().parent / SHADOW_FOLDER


def _run(file: Path, folder: Path, watched: Path, lang: str) -> None:
    from fleetfoot.edge.journal.sqlite import JournalError
    from fleetfoot.face.controller import run
    from fleetfoot.face.upfile import Up

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        up = Up(folder, str(file.absolute()), file.read_text(encoding="utf-8"), lang, watched)
        click.echo(f"a shadow beside {watched}: it orders nothing; Ctrl-C ends it, `fleetfoot report --shadow` tells")
        asyncio.run(run(up, None, ""))
    except (JournalError, OSError) as failure:
        raise Told(f"the shadow cannot run in {folder}: {failure}") from failure
