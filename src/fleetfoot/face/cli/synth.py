"""``fleetfoot synth``: fleetfoot.yaml as files of a platform."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetfoot.face.cli.common import Told, load_spec, write
from fleetfoot.face.cli.simulating import service_of

if TYPE_CHECKING:
    from fleetfoot.provision import Plan
    from fleetfoot.spec import Spec


mode_option = click.option(
    "--mode",
    type=click.Choice(("alarms", "native20", "controller")),
    default="controller",
    show_default=True,
    help="Who scales: staggered 10 s alarms, AWS's 20 s target tracking, or fleetfoot's controller.",
)


file_argument = click.argument("file", type=click.Path(path_type=Path), default=Path("fleetfoot.yaml"))
service_option = click.option(
    "--service", metavar="NAME", help="Which service of the file; not needed where there is one."
)
output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there. [default: show]"
)


@click.group(short_help="Write templates of a platform from fleetfoot.yaml.")
def synth() -> None:
    """Write fleetfoot.yaml as files of a platform, which need no fleetfoot to be read or deployed."""


@synth.command(short_help="A CloudFormation template: network, balancer, service, scaling, roles.")
@file_argument
@service_option
@mode_option
@click.option("--format", "form", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@output_option
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def cloudformation(file: Path, service: str | None, mode: str, form: str, output: Path | None, as_json: bool) -> None:
    """A complete, parameterised template of one service of FILE (default fleetfoot.yaml).

    What a mode cannot express is refused by name, with what to do instead; nothing is written then.

    \b
    fleetfoot synth cloudformation -o stack.yaml
    fleetfoot synth cloudformation --mode alarms -o stack.yaml
    fleetfoot simulate --template stack.yaml --traffic 20@30m,200@30m
    """
    from fleetfoot.provision import stack
    from fleetfoot.provision.scaling import notes
    from fleetfoot.provision.write import to_json, to_yaml

    plan = plan_of(file, service, mode)
    with told(file, plan):
        template = stack(plan)
    text = to_json(template) if as_json or form == "json" else to_yaml(template)
    show(text, notes(plan), output, f"{len(template.body()['Resources'])} resources, mode {mode}")


@synth.command(short_help="The scaling of a service that is there, as JSON for Terraform.")
@file_argument
@service_option
@mode_option
@output_option
def terraform(file: Path, service: str | None, mode: str, output: Path | None) -> None:
    """The scaling of one service of FILE (default fleetfoot.yaml) for the ECS service you have: its scalable target,
    policies, alarms, schedule, dashboard and roles. Cluster and service are variables.

    What a mode cannot express is refused by name, with what to do instead; nothing is written then.

    \b
    fleetfoot synth terraform --mode alarms -o scaling.tf.json && terraform plan
    """
    from fleetfoot.provision.terraform import SUFFIX, notes
    from fleetfoot.provision.terraform import terraform as file_of

    if output is not None and not output.name.endswith(SUFFIX):
        raise Told(f"{output}: Terraform reads JSON from names that end in {SUFFIX} only: write -o scaling{SUFFIX}")
    plan = plan_of(file, service, mode)
    with told(file, plan):
        found = file_of(plan)
    count = sum(len(labels) for labels in found["resource"].values())
    show(json.dumps(found, indent=2, ensure_ascii=False) + "\n", notes(plan), output, f"{count} resources, mode {mode}")


@contextlib.contextmanager
def told(file: Path, plan: Plan) -> Iterator[None]:
    """What the mode cannot express, and a task too large, as an error for the user."""
    from fleetfoot.provision import Refused

    try:
        yield
    except Refused as refused:
        raise Told(f"{file}, service {plan.service.name}:\n" + "\n".join(f"  {r}" for r in refused.refusals)) from None
    except ValueError as error:
        raise Told(str(error)) from None


def show(text: str, notes: list[str], output: Path | None, about: str) -> None:
    """Write ``text`` where it is asked for; the notes go to stderr."""
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if output is None:
        click.echo(text, nl=False)
        return
    write(output, text, force=True)
    click.echo(f"wrote {output}: {about}")


@synth.command("sql", short_help="The SQL of the app's own database user, which may not change tables.")
def user() -> None:
    """Print the SQL that makes the app's database user: SELECT, INSERT, UPDATE, DELETE and no DDL.

    \b
    fleetfoot synth sql > user.sql
    """
    from fleetfoot.provision.database import user_sql

    click.echo(user_sql(), nl=False)


def plan_of(file: Path, service: str | None, mode: str) -> Plan:
    """The service of ``file`` as a stack. Raises Told."""
    from fleetfoot.provision import Plan

    spec = load_spec(file)
    chosen = service_of(spec.services, service, file)
    return Plan(chosen, mode, monthly_usd(spec))


def monthly_usd(spec: Spec) -> float | None:
    """The monthly budget in USD, which AWS Budgets counts in; None without one, or without a rate to USD."""
    from fleetfoot.spec import Price

    budget = spec.budget
    amount = None if budget is None else budget.hard("monthly") or budget.soft("monthly")
    dollar = None if budget is None else budget.priced(Price(1.0, "USD"))
    return None if amount is None or dollar is None else round(amount / dollar, 2)
