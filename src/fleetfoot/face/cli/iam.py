"""``fleetfoot iam``: what each role may do, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import Told, json_option, put
from fleetfoot.face.cli.synth import mode_option, plan_of

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

    No action has a wildcard. A resource is * only where AWS scopes the action to none, and the line says so.

    \b
    fleetfoot iam
    fleetfoot iam controllerRole --json
    """
    from fleetfoot.provision.roles import roles

    found = {one.suffix: one for one in roles(plan_of(file, service, mode))}
    if role is not None and role not in found:
        raise Told(f"there is no role {role!r} in mode {mode}: there are {', '.join(found)}")
    chosen = [found[role]] if role is not None else [*found.values()]
    if as_json:
        put({one.suffix: _json(one) for one in chosen})
        return
    for number, one in enumerate(chosen):
        click.echo(("\n" if number else "") + "\n".join(lines(one)))


def _json(role: Role) -> dict[str, Any]:
    reasons = {action: allow.why for allow in role.allows for action in allow.actions}
    return {"for": role.for_, "policy": role.document(), "trust": role.trust(), "reasons": reasons}


def lines(role: Role) -> list[str]:
    """A role in words: who takes it, and a row for each statement."""
    from fleetfoot.provision.roles import UNSCOPED

    found = [f"{role.suffix}, for {role.for_}: {role.about}"]
    for allow in role.allows:
        found.append(f"  {', '.join(allow.actions)}")
        found.append(f"      why    {allow.why}")
        on = allow.on if isinstance(allow.on, list) else [allow.on]
        found += [f"      on     {_said(one)}" for one in on]
        if allow.on == "*":
            found.append(f"      * is   {UNSCOPED[allow.actions[0]]}")
        found += [
            f"      if     {key} is {_said(value)}" for test in allow.given.values() for key, value in test.items()
        ]
    return found


def _said(value: Any) -> str:
    """A resource as the template names it."""
    if isinstance(value, dict):
        inner = next(iter(value.values()))
        return ".".join(inner) if isinstance(inner, list) else str(inner)
    return str(value)
