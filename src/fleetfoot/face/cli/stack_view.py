"""A stack in words: what would change, what goes on, why it failed. And the question before anything is lost."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import Told

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from fleetfoot.edge.aws.stacks import Change, Event

SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}
REVISED = "AWS::ECS::TaskDefinition"  # a new one is a new revision; the old one stays as it was
DATA = ("AWS::RDS::", "AWS::S3::", "AWS::ECR::", "AWS::ElastiCache::", "AWS::Logs::LogGroup", "AWS::DynamoDB::")


def holds_data(kind: str) -> bool:
    """Whether what goes with a resource of this type is more than its settings."""
    return kind.startswith(DATA) and not kind.endswith("Policy")


def loses(change: Change) -> bool:
    """Whether something that is there goes, so that the stack's name must be typed."""
    return change.loses and change.kind != REVISED


def diff(changes: Sequence[Change]) -> list[str]:
    """A line for each change, what goes last."""
    return [
        _line(change) for change in sorted(changes, key=lambda one: (loses(one), one.action, one.kind, one.logical))
    ]


def _line(change: Change) -> str:
    about = f" ({', '.join(change.properties)})" if change.properties else ""
    if change.action == "Remove":
        about = ": it goes, with what is in it" if holds_data(change.kind) else ": it goes"
    elif change.kind == REVISED and change.loses:
        about += ": a new revision"
    elif change.loses:
        sure = "is" if change.replaces == "True" else "may be"
        about += f": it {sure} REPLACED" + (", and what is in it goes" if holds_data(change.kind) else "")
    sign = "!" if change.action == "Modify" and loses(change) else SIGNS[change.action]
    return f"  {sign} {change.kind.removeprefix('AWS::'):42} {change.logical}{about}"


def agreed(name: str, losing: bool, yes: bool, confirm: str | None) -> bool:
    """Whether a person has said to go on. Raises Told where nobody can be asked.

    ``losing``: the stack's name must be typed, or be in ``confirm``; else ``yes`` is enough.
    """
    if confirm is not None and confirm != name:
        raise Told(f"--confirm {confirm} is not the stack's name, {name}: nothing was changed")
    if confirm == name or (yes and not losing):
        return True
    if not sys.stdin.isatty():
        asks = f"--confirm {name}" if losing else "--yes"
        raise Told(f"nobody is there to be asked: write {asks} to go on; nothing was changed")
    if losing:
        typed = click.prompt(f"Something that is there goes. Type the stack's name ({name}) to go on", err=True)
        return bool(typed.strip() == name)
    return click.confirm("Go on?", err=True)


@dataclass
class Watched:
    """What went on: tells each resource that is done, keeps the first cause of a failure and what was kept."""

    bar: Progress
    task: TaskID
    cause: Event | None = None
    kept: list[str] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        from fleetfoot.edge.aws.stacks import STACK

        if event.cause and self.cause is None:
            self.cause = event
        if event.kind == STACK:
            return
        if event.status == "DELETE_SKIPPED":
            self.kept.append(event.logical)
        if not event.status.endswith("_IN_PROGRESS"):
            self.bar.advance(self.task)
            reason = f": {event.reason}" if event.reason else ""
            self.bar.console.print(
                f"  {event.status.replace('_', ' ').lower():18} {event.logical}{reason}", markup=False, highlight=False
            )


@contextmanager
def watching(about: str, total: int) -> Iterator[Watched]:
    """A progress bar over ``total`` resources on stderr, and a line for each that is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, soft_wrap=True), transient=True) as bar:
        yield Watched(bar, bar.add_task(about, total=total))


def cause(event: Event | None) -> str:
    """The first cause, in a line."""
    if event is None:
        return "CloudFormation names no cause"
    return f"the first cause: {event.logical} ({event.kind}): {event.reason or event.status}"


def change_json(change: Change) -> dict[str, Any]:
    return {
        "action": change.action, "logical": change.logical, "type": change.kind, "replaces": change.replaces,
        "properties": list(change.properties),
    }  # fmt: skip
