"""``fleetfoot up``: check everything that can be checked, then become the keeper."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetfoot.face.cli.common import Told, file_option, lang_option, load_spec, state_of, state_option
from fleetfoot.face.files import write_text

if TYPE_CHECKING:
    from fleetfoot.spec import Service, Spec

WORDS_OF_THE_SHELL = {
    "cd", "exec", "if", "for", "while", "case", "test", "[", "set", "export", "eval", ".", "source", "ulimit", "umask",
    "trap", "exit", "read", "command", "wait", "{", "(",
}  # fmt: skip


@click.command(short_help="Start the services and keep them fast.")
@file_option
@state_option
@click.option("--shadow", is_flag=True, help="Order nothing: only journal what it would do. `fleetfoot scale` counts.")
@lang_option
def up(file: Path, state: Path | None, shadow: bool, lang: str) -> None:
    """Start the services of the file on this machine, and scale them, until Ctrl-C."""
    spec = load_spec(file)
    folder = state.absolute() if state is not None else state_of(spec, file)
    problems = [problem for service in spec.services.values() for problem in cannot_run(service, file)]
    if problems:
        raise Told("\n".join(problems))
    for warning in rolled_back(spec, file, folder):
        click.echo(f"fleetfoot: warning: {warning}", err=True)
    config = prepare(spec, file, folder, lang, shadow)
    os.execv(sys.executable, [sys.executable, "-P", "-m", "fleetfoot.fleet.keeper", str(config)])


def prepare(spec: Spec, file: Path, folder: Path, lang: str, shadow: bool = False) -> Path:
    """Write what keeper and controller read into the state folder; the keeper's file. Raises Told."""
    from fleetfoot.face.upfile import Up
    from fleetfoot.run.fleetfile import fleet_file

    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        up_file, config = folder / "up.json", folder / "fleet.json"
        text, beside = file.read_text(encoding="utf-8"), folder if shadow else None
        Up(folder, str(file.absolute()), text, lang, beside).write(up_file)
        controller = [sys.executable, "-P", "-m", "fleetfoot.face.controller", str(up_file)]
        write_text(json.dumps(fleet_file(spec, folder, controller), indent=1), config)
    except OSError as failure:
        raise Told(f"the state folder {folder} cannot be used: {failure.strerror or failure}") from failure
    return config


def rolled_back(spec: Spec, file: Path, folder: Path) -> list[str]:
    """Services whose last update was taken back, while the file still asks for the version it brought."""
    from fleetfoot.edge.journal.read import Reader
    from fleetfoot.face.times import date_time
    from fleetfoot.run.fleetfile import directory_of, revision_of

    found = []
    try:
        with Reader(folder / "journal.db") as reader:
            for name, service in spec.services.items():
                ends = [action for action in reader.actions(name) if action.kind in ("updated", "rolled back")]
                revision = revision_of(service, directory_of(service, file))
                if ends and ends[-1].kind == "rolled back" and ends[-1].reason.startswith(f"{revision} ->"):
                    why = ends[-1].reason.partition(": ")[2]
                    found.append(
                        f"{name}: version {revision}, which this file has, was rolled back at "
                        f"{date_time(ends[-1].wall)} ({why}); it starts all the same"
                    )
    except Exception:  # noqa: BLE001 - a journal that cannot be read keeps no fleet from its start
        return []
    return found


def cannot_run(service: Service, file: Path) -> list[str]:
    """Why this service's command cannot start, as far as it can be known without starting it."""
    from fleetfoot.fleet.haproxy.program import unusable
    from fleetfoot.run.fleetfile import directory_of

    if service.target == "ecs":
        return [f"{service.name}: its tasks run on ECS; `fleetfoot control {file}` scales them"]
    directory = directory_of(service, file)
    if service.run is None and service.app is None:
        return [f"{service.name}: there is no command to run; write run: COMMAND"]
    if why := unusable({"kind": service.balancer.kind}):
        return [f"{service.name}: {why}"]
    if not directory.is_dir():
        return [f"{service.name}: there is no directory {directory}"]
    if service.run is None:  # an app to fork: its import says what is wrong with it
        return []
    word = first_word(service.run)
    if word is None or word in WORDS_OF_THE_SHELL or not _plain(word):
        return []
    path = service.env.get("PATH", os.environ.get("PATH", os.defpath))
    found = shutil.which(str(directory / word) if "/" in word else word, path=path)
    return [] if found else [f"{service.name}: the command {word!r} is not found: run: {service.run}"]


def first_word(command: str) -> str | None:
    """The program of a command line, after any NAME=value; None when only a shell can tell."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    while words and "=" in words[0] and words[0].split("=", 1)[0].isidentifier():
        words.pop(0)
    return words[0] if words else None


def _plain(word: str) -> bool:
    return not any(c in word for c in "$`*?~;&|<>(){}")
