"""``fleetfoot iam``: what each role may do, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import Told, json_option, put
from fleetfoot.face.cli.synth import mode_option, plan_of, told

if TYPE_CHECKING:
    from fleetfoot.provision.roles import Role


@click.command(short_help="Print what each role on AWS may do, and why.")
@click.argument("role", required=False)
@click.option(
    "-f", "--file", type=click.Path(path_type=Path), default=Path("fleetfoot.yaml"), show_default=True,
    help="The file that describes the service.",
)  # fmt: skip
@click.option("--service", metavar="NAME", help="Which service of the file; not needed where there is one.")
@mode_option
@json_option
def iam(role: str | None, file: Path, service: str | None, mode: str, as_json: bool) -> None:
    """Print the policy of every role the template has, or of ROLE, with the reason for each action.

    No action has a wildcard. A resource is * only where AWS scopes the action to none, and the line says so. Beside
    the template's own roles ROLE may be deployment, for who deploys it, and adopt, for who runs `fleetfoot adopt`.

    \b
    fleetfoot iam
    fleetfoot iam controllerRole --json
    fleetfoot iam deployment --json | jq '.deployment.policies[0]'
    """
    chosen = _chosen(role, file, service, mode)
    if as_json:
        put({one.suffix: _json(one) for one in chosen})
        return
    for number, one in enumerate(chosen):
        click.echo(("\n" if number else "") + "\n".join(lines(one)))


def _chosen(role: str | None, file: Path, service: str | None, mode: str) -> list[Role]:
    from fleetfoot.provision.deployment import deployment_role
    from fleetfoot.provision.roles import adopt_role, roles

    if role == "adopt":
        return [adopt_role("CLUSTER", "SERVICE")]
    plan = plan_of(file, service, mode)
    if role == "deployment":
        with told(file, plan):
            return [deployment_role(plan)]
    found = {one.suffix: one for one in roles(plan)}
    if role is not None and role not in found:
        there = ", ".join(found)
        raise Told(f"there is no role {role!r} in mode {mode}: there are {there}; beside them deployment and adopt")
    return [found[role]] if role is not None else [*found.values()]


def _json(role: Role) -> dict[str, Any]:
    from fleetfoot.provision.statements import documents

    reasons = {action: allow.why for allow in role.allows for action in allow.actions}
    if not role.for_:
        return {"policies": documents(role.allows), "reasons": reasons}
    return {"for": role.for_, "policy": role.document(), "trust": role.trust(), "reasons": reasons}


def lines(role: Role) -> list[str]:
    """A role in words: who takes it, and a row for each statement."""
    from fleetfoot.provision.statements import LISTS, UNSCOPED, plain

    found = [f"{role.suffix}, for {role.for_ or 'people and pipelines'}: {role.about}"]
    for allow in role.allows:
        found.append(f"  {', '.join(allow.actions)}")
        found.append(f"      why    {allow.why}")
        on = allow.on if isinstance(allow.on, list) else [allow.on]
        found += [f"      on     {_said(one if role.for_ else plain(one))}" for one in on]
        if allow.on == "*":
            why = dict.fromkeys(UNSCOPED.get(action, LISTS) for action in allow.actions)
            found.append(f"      * is   {'; '.join(why)}")
        found += [
            f"      if     {key} is {_said(value)}" for test in allow.given.values() for key, value in test.items()
        ]
    return found


def _said(value: Any) -> str:
    """A resource as the template names it."""
    if isinstance(value, dict):
        inner = next(iter(value.values()))
        return ".".join(inner) if isinstance(inner, list) else str(inner)
    return ", ".join(map(_said, value)) if isinstance(value, list) else str(value)
