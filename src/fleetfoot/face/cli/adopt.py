"""``fleetfoot adopt``: a running ECS service and what scales it as a fleetfoot.yaml."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from fleetfoot.face.cli.common import Mistakes, Told, json_option, put, write
from fleetfoot.face.cli.importing import named

NOTHING = """\
# Written by `fleetfoot adopt`. Nothing scales this service: the bounds are from its count of now.

services:
  {name}:
{target}
    objective: {{p95: 1s}}           # write what you promise
    capacity: {{min: {least}, max: {most}}}
"""


@click.command(short_help="A running ECS service and what scales it as a fleetfoot.yaml.")
@click.option("--cluster", default="default", show_default=True, help="The cluster's name.")
@click.option("--service", help="The service's name on ECS.")
@click.option("--region", help="Its region. Default: as AWS_REGION or the profile says.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there. [default: show]")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option(
    "--signal", "signals", metavar="METRIC=SIGNAL", multiple=True, help="What a metric of theirs is called here."
)
@click.option("--permissions", is_flag=True, help="Only print the IAM policy it needs; it reads, and writes nothing.")
@json_option
def adopt(
    cluster: str, service: str | None, region: str | None, output: Path | None, force: bool, signals: tuple[str, ...],
    permissions: bool, as_json: bool,
) -> None:  # fmt: skip
    """Read a service on ECS, its scaling policies, alarms and schedule, and write a fleetfoot.yaml that decides as
    they do, with target ecs. What has no equal here is told. It only reads.

    \b
    fleetfoot adopt --cluster prod --service orders -o fleetfoot.yaml
    fleetfoot control --shadow fleetfoot.yaml
    """
    if permissions:
        from fleetfoot.provision.roles import adopt_role
        from fleetfoot.provision.statements import plain

        role = adopt_role(cluster, service or "*")
        click.echo(json.dumps(plain(role.document(), region or "*", "*"), indent=1))
        return
    if not service:
        raise Told("write --service NAME, as it is called on ECS")
    text, notes = _adopted(cluster, service, region, named(signals))
    if output is not None:
        write(output, text, force)
        if not as_json:
            click.echo(
                f"wrote {output}; `fleetfoot control --shadow {output}` orders nothing and tells what it would do"
            )
    if as_json:
        put({"text": text, "notes": notes})
    elif output is None:
        click.echo(text, nl=False)
    for note in notes:
        click.echo(f"not carried over as it was: {note}", err=True)


def _adopted(cluster: str, service: str, region: str | None, names: dict[str, str]) -> tuple[str, list[str]]:
    from fleetfoot.edge.aws.errors import AwsError
    from fleetfoot.edge.aws.scaling import answers_of
    from fleetfoot.edge.aws.services import EcsName
    from fleetfoot.edge.aws.session import PATIENT_S, Aws, NotInstalled
    from fleetfoot.spec import SpecErrors
    from fleetfoot.spec.adopt import adopt as adopted
    from fleetfoot.spec.adopt.draft import flow, service_name

    try:
        line = Aws(region, lambda: 0, read_s=PATIENT_S)
        desired, answers = asyncio.run(answers_of(line, EcsName(cluster, service)))
        line.close()
    except (AwsError, NotInstalled) as failure:
        raise Told(str(failure)) from failure
    where = {"cluster": cluster, "service": service, "region": line.region}
    target = ("target: ecs", f"ecs: {flow(where.items())}")
    if not json.loads(answers)["ScalingPolicies"] and not json.loads(answers)["ScheduledActions"]:
        lines = "\n".join(f"    {row}" for row in target)
        least = max(desired, 1)
        return NOTHING.format(name=service_name(service, ()), target=lines, least=least, most=2 * least), []
    try:
        found = adopted([("AWS", answers)], names, target)
    except SpecErrors as errors:
        raise Mistakes(str(errors)) from errors
    return found.text, [note for notes in found.notes.values() for note in notes]
