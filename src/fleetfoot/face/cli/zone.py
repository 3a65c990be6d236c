"""``fleetfoot zone``: zones that are lost, and there again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fleetfoot.face.cli.common import Told, ask, file_option, json_option, put, state_folder, state_option, whoami


@click.group(short_help="Mark a zone as lost, or as there again.")
def zone() -> None:
    """Zones of the tasks: which there are, and which are lost."""


def _marking(command: Any) -> Any:
    for option in (
        click.argument("names", nargs=-1, metavar="[SERVICE] ZONE"),
        click.option("--all", "everywhere", is_flag=True, help="In every service that has the zone."),
        click.option("--who", help="Who orders it. Default: the login name."),
        click.option("--reason", default="", help="Why, for the journal."),
        file_option,
        state_option,
        json_option,
    ):
        command = option(command)
    return command


@zone.command(short_help="Move the tasks of a zone to the others.")
@_marking
def lost(as_json: bool, **more: Any) -> None:
    """Mark ZONE of SERVICE as lost: no task is started there, and those there are replaced in the other zones,
    which serve before the old ones go. The mark holds until zone back."""
    _mark(more, as_json, lost=True)


@zone.command(short_help="Use a zone again.")
@_marking
def back(as_json: bool, **more: Any) -> None:
    """Mark ZONE of SERVICE as there again; the tasks are evened out, one at a time."""
    _mark(more, as_json, lost=False)


def _mark(more: dict[str, Any], as_json: bool, *, lost: bool) -> None:
    state = state_folder(more["file"], more["state"])
    body = {"lost": lost, "who": whoami(more["who"]), "reason": more["reason"]}
    answers = {}
    for service, name in _meant(state, more["names"], everywhere=more["everywhere"]):
        answer = ask(state, "POST", f"/api/v1/services/{service}/zone", {**body, "zone": name})
        answers[service] = answer["lost"]
        if not as_json:
            click.echo(f"{service}: zone {name} is {'lost; its tasks move' if lost else 'there again'}")
    if as_json:
        put({"ok": True, "lost": answers})


def _meant(state: Path, names: tuple[str, ...], *, everywhere: bool) -> list[tuple[str, str]]:
    """Pairs of service and zone."""
    if everywhere and len(names) == 1:
        services = ask(state, "GET", "/api/v1/status")["services"]
        found = [(service, names[0]) for service, one in services.items() if names[0] in one["zones"]]
        if not found:
            raise Told(f"no service has a zone {names[0]!r}")
        return found
    if everywhere or len(names) != 2:
        raise Told("write SERVICE and ZONE, or --all and ZONE")
    return [(names[0], names[1])]


@zone.command("list", short_help="Show the zones.")
@click.argument("service", required=False)
@file_option
@state_option
@json_option
def list_zones(service: str | None, file: Path, state: Path | None, as_json: bool) -> None:
    """Show the zones of SERVICE (default: all), and how many tasks serve in each."""
    services = ask(state_folder(file, state), "GET", "/api/v1/status")["services"]
    if service is not None and service not in services:
        raise Told(f"there is no service {service!r}: there are {', '.join(services)}")
    found = {name: _zones(one) for name, one in services.items() if service in (None, name)}
    if as_json:
        put(found)
        return
    if not any(found.values()):
        raise Told("the tasks run elsewhere: the platform places them in zones")
    for name, zones in found.items():
        for one in zones:
            click.echo(f"{name}  {one['zone']}  {one['serving']} serving{'  lost' if one['lost'] else ''}")


def _zones(one: dict[str, Any]) -> list[dict[str, Any]]:
    serving = one["fleet"]["zones"] if one["fleet"] else {}
    lost = one["notes"].get("lost", ())
    return [{"zone": name, "serving": serving.get(name, 0), "lost": name in lost} for name in one["zones"]]
