"""``fleetfoot deploy``: the stack of a service made, or changed, after its difference was shown."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from fleetfoot.face.cli.common import Told, json_option, put
from fleetfoot.face.cli.stack_view import agreed, cause, change_json, diff, loses, watching
from fleetfoot.face.cli.synth import file_argument, mode_option, plan_of, service_option, told

if TYPE_CHECKING:
    from fleetfoot.edge.aws.stacks import Change, Stack, Stacks
    from fleetfoot.provision import Plan

HOURS = 730  # of a month, as AWS reckons
CHANGE_SET = "fleetfoot"
CONFIG, CONFIG_MAX = "ControllerConfig", 4096  # bytes

stack_option = click.option(
    "--stack", metavar="NAME", help="The stack's name. [default: provision.app, or the service]"
)
region_option = click.option(
    "--region", help="Its region. [default: of ecs in the file, else of AWS_REGION or the profile]"
)
confirm_option = click.option("--confirm", metavar="NAME", help="For scripts: the stack's name, as one would type it.")


class Asked(NamedTuple):
    """What the command line said."""

    stack: str
    parameters: Mapping[str, str]
    yes: bool
    confirm: str | None
    show: bool
    as_json: bool


@click.command(short_help="Make or change the service's stack on AWS.")
@file_argument
@service_option
@mode_option
@stack_option
@region_option
@click.option("--set", "pairs", metavar="NAME=VALUE", multiple=True, help="A parameter of the template, such as Image.")
@click.option("--show", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Do not ask, unless something that is there goes.")
@confirm_option
@json_option
def deploy(
    file: Path, service: str | None, mode: str, stack: str | None, region: str | None, pairs: tuple[str, ...],
    show: bool, yes: bool, confirm: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Make the stack of one service of FILE (default fleetfoot.yaml), or change it where it is there.

    The template is that of `fleetfoot synth cloudformation`. What would change is shown first, and what it costs; then
    it asks. Where something that is there would go or be replaced, the stack's name must be typed. CloudFormation goes
    back to what was there when a step fails, and the first cause is told.

    \b
    fleetfoot deploy --set Image=000000000000.dkr.ecr.eu-west-1.amazonaws.com/orders:1 --show
    fleetfoot deploy --set Image=000000000000.dkr.ecr.eu-west-1.amazonaws.com/orders:2 --yes
    """
    plan = plan_of(file, service, mode)
    with told(file, plan):
        from fleetfoot.provision import stack as template_of

        template = template_of(plan).body()
    parameters = _file(file, template) | _pairs(pairs)
    asked = Asked(stack or plan.names.app, parameters, yes, confirm, show, as_json)
    with stacks(region or plan.service.ecs.region) as line:
        asyncio.run(_deployed(line, plan, template, asked))


async def _deployed(line: Stacks, plan: Plan, template: Mapping[str, Any], asked: Asked) -> None:
    there = await line.find(asked.stack)
    _ready(asked.stack, there)
    _given(template, asked.parameters, there)
    try:
        changes = await line.propose(asked.stack, CHANGE_SET, template, asked.parameters, there)
    except ValueError as large:
        raise Told(f"{large}: write it with fleetfoot synth cloudformation, and deploy it from S3") from None
    go = False
    try:
        if not asked.as_json:
            _tell(asked.stack, there, changes, cost(plan, line.region, asked.parameters))
        losing = any(map(loses, changes))
        go = bool(changes) and not asked.show and agreed(asked.stack, losing, asked.yes, asked.confirm)
    finally:
        if not go:
            await line.withdraw(asked.stack, CHANGE_SET)
    found = {"stack": asked.stack, "changes": [change_json(change) for change in changes]}
    if not go:
        if asked.as_json:
            put(found | {"ok": True, "status": there.status if there is not None else "", "done": False})
        elif changes and not asked.show:
            click.echo("nothing was changed")
        return
    await _executed(line, asked, found)


async def _executed(line: Stacks, asked: Asked, found: dict[str, Any]) -> None:
    """Let it happen, and tell what does."""
    before = await line.seen(asked.stack)
    await line.execute(asked.stack, CHANGE_SET)
    with watching(asked.stack, len(found["changes"])) as watched, going_on(asked.stack):
        now = await line.follow(asked.stack, before, watched)
    well = now.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    if asked.as_json:
        why = None if well else cause(watched.cause)
        put(found | {"ok": well, "status": now.status, "done": True, "outputs": dict(now.outputs), "cause": why})
    elif well:
        click.echo(f"{asked.stack}: {now.status}")
        for name, value in now.outputs.items():
            click.echo(f"  {name:24} {value}")
    if not well:
        again = f"; fleetfoot destroy --stack {asked.stack} before it is tried again" if not now.whole else ""
        click.echo(f"fleetfoot: {asked.stack} is {now.status}, {cause(watched.cause)}{again}", err=True)
        raise SystemExit(1)


def _tell(name: str, there: Stack | None, changes: list[Change], cost: str) -> None:
    if not changes:
        click.echo(f"{name} is as the file says: nothing changes")
        return
    new = there is None or not there.begun
    many = "1 change" if len(changes) == 1 else f"{len(changes)} changes"
    click.echo(f"{name}: a new stack of {len(changes)} resources" if new else f"{name}: {many}")
    for row in [*diff(changes), f"  {cost}"]:
        click.echo(row)


def cost(plan: Plan, region: str, parameters: Mapping[str, str]) -> str:
    """What its tasks cost a month, and what is not in that."""
    from fleetfoot.prices.fargate import LISTS, task_hour

    task, capacity = plan.service.task, plan.service.capacity
    few, many = _count(parameters, "MinTasks", capacity.min), _count(parameters, "MaxTasks", capacity.max)
    price = task_hour(task.cpu, task.memory, region) if task.cpu and task.memory else None
    if price is None:
        return (
            f"what its tasks cost is not known: task.cpu and task.memory, and prices of {' and '.join(LISTS)}, tell it"
        )
    least, most = (count * price * HOURS for count in (few, many))
    listed = LISTS[region]
    return (
        f"its tasks cost {least:,.0f} to {most:,.0f} USD a month ({few} to {many} on demand; "
        f"{listed.source}, {listed.dated}); balancer, NAT, logs and data are not in it"
    )


def _count(parameters: Mapping[str, str], name: str, default: int) -> int:
    """A number of tasks as --set has it. Raises Told."""
    text = parameters.get(name, str(default))
    if not text.isdecimal():
        raise Told(f"--set {name}={text}: write a whole number of tasks, 0 or more")
    return int(text)


def _ready(name: str, there: Stack | None) -> None:
    """Raises Told where CloudFormation would refuse any change."""
    if there is None or not there.begun or there.whole:
        return
    if there.busy:
        raise Told(f"{name} is {there.status}: something goes on there; try again when it is over")
    if there.status == "UPDATE_ROLLBACK_FAILED":
        raise Told(f"{name} is {there.status}: `aws cloudformation continue-update-rollback --stack-name {name}` first")
    raise Told(
        f"{name} is {there.status}, and can only be removed: fleetfoot destroy --stack {name}, then deploy again"
    )


def _given(template: Mapping[str, Any], parameters: Mapping[str, str], there: Stack | None) -> None:
    """Raises Told for a parameter that is not there, and one that needs a value."""
    asked = template.get("Parameters", {})
    if unknown := sorted(parameters.keys() - asked.keys()):
        raise Told(f"the template has no parameter {unknown[0]}: it has {', '.join(asked)}")
    had = there.parameters if there is not None and there.begun else {}
    missing = [name for name, row in asked.items() if "Default" not in row and name not in {**had, **parameters}]
    if missing:
        rows = (f"  --set {name}=VALUE{'':{16 - min(16, len(name))}} {asked[name]['Description']}" for name in missing)
        raise Told("the template needs\n" + "\n".join(rows))


def _file(file: Path, template: Mapping[str, Any]) -> dict[str, str]:
    """The controller's file is the one that is deployed."""
    if CONFIG not in template.get("Parameters", {}):
        return {}
    text = file.read_text(encoding="utf-8")
    if (size := len(text.encode())) > CONFIG_MAX:
        raise Told(f"{file} has {size:,} bytes: a parameter of CloudFormation takes {CONFIG_MAX:,}")
    return {CONFIG: text}


def _pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise Told(f"--set {wrong[0]}: write NAME=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


@contextlib.contextmanager
def stacks(region: str | None) -> Iterator[Stacks]:
    """The line to CloudFormation. Raises Told for what AWS refuses."""
    import time

    from fleetfoot.edge.aws.errors import AwsError
    from fleetfoot.edge.aws.session import PATIENT_S, Aws, NotInstalled
    from fleetfoot.edge.aws.stacks import Stacks

    try:
        line = Aws(region, lambda: time.monotonic_ns() // 1_000_000, read_s=PATIENT_S)
        with contextlib.closing(line):
            yield Stacks(line)
    except (AwsError, NotInstalled) as failure:
        raise Told(str(failure)) from failure


@contextlib.contextmanager
def going_on(name: str) -> Iterator[None]:
    """Ctrl-C ends the looking only."""
    try:
        yield
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo(f"fleetfoot: {name} goes on by itself on AWS; nobody looks on any more", err=True)
        raise SystemExit(130) from None
