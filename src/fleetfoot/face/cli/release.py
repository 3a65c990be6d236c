"""``fleetfoot release``: hand back to AWS's own scaling what the controller had suspended."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetfoot.face.cli.common import Told, answers, file_option, json_option, load_spec, put, state_of, state_option

if TYPE_CHECKING:
    from fleetfoot.run.aws import Released

STILL = """\
{name}: its scale-in is suspended still, as it was found or by a controller whose folder is gone; to arm it:
  aws application-autoscaling register-scalable-target --service-namespace ecs --resource-id {name} \\
    --scalable-dimension ecs:service:DesiredCount --suspended-state DynamicScalingInSuspended=false"""


@click.command(short_help="Give AWS's own scaling back as it was found.")
@click.argument("named", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@file_option
@state_option
@json_option
def release(named: Path | None, file: Path, state: Path | None, as_json: bool) -> None:
    """Let Application Auto Scaling scale the services of the file again, as before `fleetfoot control` began.

    The counts stay as they are. The controller must have ended: it would suspend nothing again, but order on.
    """
    from fleetfoot.edge.aws.session import NotInstalled
    from fleetfoot.run.aws import release as hand_back

    file = named or file
    spec = load_spec(file)
    folder = state.absolute() if state is not None else state_of(spec, file)
    if answers(folder):
        raise Told(f"a controller runs in {folder}: end it first, or it orders on")
    try:
        found = asyncio.run(hand_back(spec, folder))
    except NotInstalled as missing:
        raise Told(str(missing)) from missing
    if as_json:
        ok = not found.problems
        put({"ok": ok, "released": found.back, "suspended": found.suspended, "problems": found.problems})
    else:
        _show(found)
    if found.problems:
        raise Told("\n".join(found.problems))


def _show(found: Released) -> None:
    for name in found.back:
        click.echo(f"{name}: AWS's own scaling is as it was found")
    if not found.back and not found.problems:
        click.echo("nothing was suspended from here")
    for name in found.suspended:
        click.echo(STILL.format(name=name))
