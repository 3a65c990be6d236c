"""``fleetfoot control``: a controller without a data plane. It scales services on ECS, or, a shadow, watches only."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetfoot.face.cli.common import FOLDER, Told, answers, file_option, lang_option, load_spec, state_of, state_option

if TYPE_CHECKING:
    from fleetfoot.face.upfile import Up
    from fleetfoot.spec import Spec

SHADOW_FOLDER = ".fleetfoot-shadow"
TOKEN_FILE = "push.token"
LISTEN = "127.0.0.1:8900"
MOST_PORT = 65_535


@click.command(short_help="Scale services on Amazon ECS; or, as a shadow, only watch another scaler's fleet.")
@click.argument("named", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@click.option("--shadow", is_flag=True, help="Order nothing: only journal what it would do.")
@click.option(
    "--beside", type=click.Path(path_type=Path, file_okay=False),
    help=f"Of a fleet on this machine: the state folder to watch. Default: as the file says, or {FOLDER} beside it.",
)  # fmt: skip
@click.option("--listen", metavar="HOST:PORT", default=LISTEN, show_default=True, help="Where tasks on ECS push to.")
@file_option
@state_option
@lang_option
def control(
    named: Path | None, shadow: bool, beside: Path | None, listen: str, file: Path, state: Path | None, lang: str
) -> None:
    """Scale the services of the file whose target is ecs, until Ctrl-C. FILE and --file are the same.

    Their tasks push to --listen with the token in FLEETFOOT_TOKEN, or else the one in the state folder. The counts
    stay as they are when it ends; `fleetfoot release` gives AWS's own scaling back what was suspended.

    With --shadow it orders nothing: on ECS, or beside a fleet on this machine. See `fleetfoot report --shadow` for
    what came of it. A shadow's own state folder is .fleetfoot-shadow beside the file.
    """
    file = named or file
    spec = load_spec(file)
    elsewhere = [service.name for service in spec.services.values() if service.target == "ecs"]
    here = [name for name in spec.services if name not in elsewhere]
    if elsewhere and here:
        raise Told(f"{', '.join(here)} would run on this machine: keep them in a file of their own for `fleetfoot up`")
    if elsewhere:
        folder = shadow_folder(file, state) if shadow else state.absolute() if state else state_of(spec, file)
        _scale(spec, file, folder, lang, shadow, listen)
    elif not shadow:
        raise Told("no service has target: ecs; a fleet on this machine is scaled by `fleetfoot up`")
    else:
        _watch(spec, file, state, beside, lang)


def shadow_folder(file: Path, state: Path | None) -> Path:
    """Where a shadow keeps its journal."""
    return state.absolute() if state is not None else file.absolute().parent / SHADOW_FOLDER


def _watch(spec: Spec, file: Path, state: Path | None, beside: Path | None, lang: str) -> None:
    from fleetfoot.face.upfile import Up

    watched = beside.absolute() if beside is not None else state_of(spec, file)
    folder = shadow_folder(file, state)
    if folder == watched:
        raise Told(f"{folder} is the watched fleet's own: give the shadow another --state")
    if not (watched / "plane.sock").exists():
        raise Told(f"no fleet runs in {watched}: give its state folder with --beside")
    up = Up(_folder(folder), str(file.absolute()), file.read_text(encoding="utf-8"), lang, watched)
    click.echo(f"a shadow beside {watched}: it orders nothing; Ctrl-C ends it, `fleetfoot report --shadow` tells")
    _run(up, None, "")


def _scale(spec: Spec, file: Path, folder: Path, lang: str, shadow: bool, listen: str) -> None:
    from fleetfoot.edge.aws.session import NotInstalled
    from fleetfoot.face.upfile import Up
    from fleetfoot.run.aws import why_not

    address = _address(listen)
    try:
        problems = asyncio.run(why_not(spec))
    except NotInstalled as missing:
        raise Told(str(missing)) from missing
    if problems:
        raise Told("\n".join([*problems, "nothing was changed"]))
    if answers(folder):
        raise Told(f"a controller runs in {folder} already: two would order against each other")
    token = token_of(_folder(folder), os.environ.get("FLEETFOOT_TOKEN", "").strip())
    with _listening(*address) as push:
        host, port = push.getsockname()[:2]
        click.echo(f"{'a shadow: it orders nothing; ' if shadow else ''}tasks push to http://{host}:{port}/push")
        if host not in ("127.0.0.1", "::1"):
            click.echo("open to the network: only pushes with the token are taken, and TLS is for who stands before it")
        up = Up(folder, str(file.absolute()), file.read_text(encoding="utf-8"), lang, watches=shadow)
        _run(up, push, token)


def token_of(folder: Path, given: str) -> str:
    """``given``, or the state folder's own, made the first time. Raises Told."""
    path = folder / TOKEN_FILE
    if given:
        return given
    try:
        path.touch(mode=0o600)
        token = path.read_text(encoding="ascii").strip()
        if not token:  # new, or one that was never written to its end
            token = secrets.token_urlsafe(24)
            path.write_text(token, encoding="ascii")
        click.echo(f"the token of the pushes is in {path}")
        return token
    except (OSError, ValueError) as failure:
        raise Told(f"no token for the pushes: {failure}") from failure


def _address(listen: str) -> tuple[str, int]:
    """Host and port. Raises Told."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise Told(f"--listen {listen!r} is no address: write host:port, such as {LISTEN}")
    if int(port) > MOST_PORT:
        raise Told(f"--listen {listen!r}: a port is at most {MOST_PORT}")
    return host.strip("[]"), int(port)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as failure:
        why = os.strerror(failure.errno) if failure.errno and failure.errno > 0 else failure.strerror
        told = f"cannot listen on {host}:{port} for the tasks' pushes: {why}; choose another with --listen"
        raise Told(told) from failure


def _folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as failure:
        raise Told(f"the state folder {folder} cannot be used: {failure.strerror or failure}") from failure
    return folder


def _run(up: Up, push: socket.socket | None, token: str) -> None:
    from fleetfoot.edge.journal.sqlite import JournalError
    from fleetfoot.face.controller import run

    level = logging.WARNING if up.shadow else logging.INFO
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells where each setting was found
    try:
        asyncio.run(run(up, push, token))
    except (JournalError, OSError) as failure:
        raise Told(f"the controller cannot run in {up.state}: {failure}") from failure
