"""``fleetfoot destroy``: a stack removed, after its name was typed."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetfoot.face.cli.common import Told, json_option, put
from fleetfoot.face.cli.deploy import confirm_option, going_on, region_option, stack_option, stacks
from fleetfoot.face.cli.stack_view import agreed, cause, holds_data, watching
from fleetfoot.face.cli.synth import file_argument, plan_of, service_option

if TYPE_CHECKING:
    from fleetfoot.edge.aws.stacks import Resource, Stacks


@click.command(short_help="Remove the service's stack on AWS.")
@file_argument
@service_option
@stack_option
@region_option
@confirm_option
@json_option
def destroy(
    file: Path, service: str | None, stack: str | None, region: str | None, confirm: str | None, as_json: bool
) -> None:
    """Remove the stack that `fleetfoot deploy` made, with everything in it that its template does not keep.

    What there is is shown first. The stack's name must be typed, or be given with --confirm. With --stack
    and --region no FILE is read.

    \b
    fleetfoot destroy
    fleetfoot destroy --stack my-app --region eu-west-1 --confirm my-app
    """
    if stack is None or (region is None and file.exists()):
        plan = plan_of(file, service, "controller")
        stack, region = stack or plan.names.app, region or plan.service.ecs.region
    with stacks(region) as line:
        asyncio.run(_removed(line, stack, confirm, as_json))


async def _removed(line: Stacks, name: str, confirm: str | None, as_json: bool) -> None:
    there = await line.find(name)
    if there is None:
        raise Told(f"there is no stack {name} there: look at --stack and --region")
    if there.busy:
        raise Told(f"{name} is {there.status}: something goes on there; try again when it is over")
    resources = [one for one in await line.resources(name) if one.status != "DELETE_COMPLETE"]
    if not as_json:
        for row in _lines(name, resources):
            click.echo(row)
    if not agreed(name, losing=True, yes=False, confirm=confirm):
        raise Told("that is not its name: nothing was removed")
    before = await line.seen(there.id)
    await line.remove(there.id)
    with watching(name, len(resources)) as watched, going_on(name):
        now = await line.follow(there.id, before, watched)
    gone = now.status == "DELETE_COMPLETE"
    if as_json:
        why = None if gone else cause(watched.cause)
        put({"ok": gone, "stack": name, "status": now.status, "kept": watched.kept, "cause": why})
    elif gone:
        click.echo(f"{name} is removed" + (f"; its template keeps {', '.join(watched.kept)}" if watched.kept else ""))
    if not gone:
        click.echo(f"fleetfoot: {name} is {now.status}, {cause(watched.cause)}", err=True)
        raise SystemExit(1)


def _lines(name: str, resources: list[Resource]) -> list[str]:
    """How many of what there are, and by name what holds data."""
    found = [f"{name}: {len(resources)} resources go"]
    counts = Counter(one.kind for one in resources if not holds_data(one.kind))
    found += [f"  - {kind.removeprefix('AWS::'):42} {count}" for kind, count in sorted(counts.items())]
    held = [one for one in resources if holds_data(one.kind)]
    found += [f"  ! {one.kind.removeprefix('AWS::'):42} {one.logical}, with what is in it, unless its template keeps it"
              for one in held]  # fmt: skip
    return found
