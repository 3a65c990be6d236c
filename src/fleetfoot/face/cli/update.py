"""``fleetfoot update``: the tasks as the file describes them now, without a stop."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import (
    Told,
    ask,
    file_option,
    json_option,
    load_spec,
    put,
    state_of,
    state_option,
    whoami,
)
from fleetfoot.face.cli.status import update_line

if TYPE_CHECKING:
    from fleetfoot.spec import Service, Spec

LOOK_S = 0.5
PATIENCE_S = 30  # without an answer: the controller, or the data plane, is being started again
CHANGEABLE = {"run", "start", "app", "directory", "env", "health", "update"}
OF_A_TASK = {"stop_timeout", "drain", "warm_up", "lifetime"}


@click.command(short_help="Bring in the tasks as the file describes them now.")
@click.argument("service", required=False)
@click.option("--force", is_flag=True, help="Replace the tasks although the file says the same of them.")
@click.option("--wait", is_flag=True, help="Until it is done; exit code 1 when it was rolled back.")
@click.option("--who", help="Who orders it. Default: the login name.")
@click.option("--reason", default="", help="Why, for the journal.")
@file_option
@state_option
@json_option
def update(
    service: str | None, force: bool, wait: bool, who: str | None, reason: str, file: Path, state: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Read the file again and replace the tasks of SERVICE (default: all) by a new version, start-first.

    It may change run, start, app, directory, env, health, update, and of task: stop timeout, drain, warm up and
    lifetime. Anything else is refused by name. A new version that fails is rolled back by itself.
    """
    spec = load_spec(file)
    folder = state.absolute() if state is not None else state_of(spec, file)
    names = _names(spec, service)
    if elsewhere := [name for name in names if spec.services[name].target == "ecs"]:
        raise Told(f"{', '.join(elsewhere)}: ECS brings in versions itself: deploy a new task definition there")
    _refuse(spec, folder, file, names, whole=service is None)
    body = {"force": force, "who": whoami(who), "reason": reason}
    wanted = _settings(spec, folder)
    for dry in (True, False):  # all of them or none
        answers = {
            name: ask(folder, "POST", f"/api/v1/services/{name}/update", {**body, "settings": wanted[name], "dry": dry})
            for name in names
        }
    begun = {
        name: answer["update"]["number"]
        for name, answer in answers.items()
        if answer["update"].get("state") == "in progress"  # also one that was begun before
    }
    if not as_json:
        for name in names:
            click.echo(_told(name, answers[name]))
    try:
        ends = _wait(folder, begun, quiet=as_json) if wait else {}
    except KeyboardInterrupt:
        click.echo("\nfleetfoot: no longer waiting; the update goes on, and `fleetfoot status` tells of it", err=True)
        sys.exit(130)
    updates = {name: ends.get(name, answer["update"]) for name, answer in answers.items()}
    good = all(one["state"] == "completed" for one in ends.values())
    if as_json:
        put(
            {
                "ok": good,
                "services": {name: {"begun": answers[name]["begun"], "update": updates[name]} for name in names},
            }
        )
    if not good:
        sys.exit(1)


def _names(spec: Spec, service: str | None) -> list[str]:
    if service is not None and service not in spec.services:
        raise Told(f"there is no service {service!r}: there are {', '.join(spec.services)}")
    return [service] if service is not None else list(spec.services)


def _refuse(spec: Spec, folder: Path, file: Path, names: list[str], *, whole: bool) -> None:
    """Raises Told for a change that needs a new `fleetfoot up`, and for what cannot run."""
    from fleetfoot.face.cli.up import cannot_run
    from fleetfoot.face.upfile import Up
    from fleetfoot.spec import loads

    try:
        up = Up.read(folder / "up.json")
    except (OSError, ValueError, KeyError) as failure:
        raise Told(f"nothing runs in {folder}: is `fleetfoot up` running?") from failure
    running = loads(up.text, up.source)
    fixed = [] if not whole else [key for key in ("budget",) if getattr(spec, key) != getattr(running, key)]
    if whole and (gone := sorted(set(spec.services) ^ set(running.services))):
        fixed += [f"services ({', '.join(gone)})"]
    for name in names:
        if name in running.services:
            fixed += [f"{name}: {key}" for key in fixed_changes(running.services[name], spec.services[name])]
    if fixed:
        raise Told(
            f"an update cannot change {', '.join(fixed)}: stop `fleetfoot up` and start it again, or take that back"
        )
    if problems := [problem for name in names for problem in cannot_run(spec.services[name], file)]:
        raise Told("\n".join(problems))


def fixed_changes(old: Service, new: Service) -> list[str]:
    """Keys that differ though an update cannot change them, as they are written."""
    from fleetfoot.spec.part import voice

    keys = [key for key in type(old).model_fields if key not in CHANGEABLE | {"task"}]
    found = [voice(key) for key in keys if getattr(old, key) != getattr(new, key)]
    parts = [key for key in type(old.task).model_fields if key not in OF_A_TASK]
    return found + [f"task.{voice(key)}" for key in parts if getattr(old.task, key) != getattr(new.task, key)]


def _settings(spec: Spec, folder: Path) -> dict[str, dict[str, Any]]:
    from fleetfoot.fleet import settings
    from fleetfoot.run.fleetfile import fleet_file

    raw = fleet_file(spec, folder, None)["services"]
    return {one["name"]: {key: one[key] for key in settings.CHANGEABLE} for one in raw}


def _told(name: str, answer: dict[str, Any]) -> str:
    if not answer["begun"]:
        return f"{name}: no task has to be replaced"
    return f"{name}: {(update_line(answer['update']) or [''])[0]}"


def _wait(folder: Path, begun: dict[str, int], *, quiet: bool) -> dict[str, dict[str, Any]]:
    """How each update ended."""
    ends: dict[str, dict[str, Any]] = {}
    heard = time.monotonic()
    while len(ends) < len(begun):
        time.sleep(LOOK_S)
        try:
            services = ask(folder, "GET", "/api/v1/status")["services"]
            heard = time.monotonic()
        except Told:
            if time.monotonic() - heard > PATIENCE_S:
                raise
            continue
        for name, number in begun.items():
            now = services[name]["notes"].get("update") or {}
            over = now.get("number", 0) > number or now.get("state") != "in progress"
            if name in ends or now.get("number", 0) < number or not over:
                continue
            if now["number"] > number:
                now = {**now, "state": "superseded", "why": "a newer update took over"}
            ends[name] = now
            if not quiet:
                click.echo(_end(name, now))
    return ends


def _end(name: str, update: dict[str, Any]) -> str:
    if update["state"] == "completed":
        return f"{name}: version {update['revision']} is deployed"
    return f"{name}: {(update_line(update) or [update['why']])[0]}"
