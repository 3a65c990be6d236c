"""Stacks of a simulated CloudFormation: change sets, events one after the other, a failure to order and its rollback.

A resource is its text in the template: it takes a moment to be made and does nothing. What it is compared by are its
properties with the parameters filled in.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from fleetfoot.sim.aws.clock import ACCOUNT, REGION, SimClock

STACK = "AWS::CloudFormation::Stack"
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
REPLACES: dict[str, tuple[str, ...]] = {
    "AWS::ECS::TaskDefinition": ("ContainerDefinitions", "Cpu", "Memory"),
    "AWS::ECS::Service": ("ServiceName", "Cluster"),
    "AWS::EC2::VPC": ("CidrBlock",),
    "AWS::EC2::Subnet": ("CidrBlock", "AvailabilityZone"),
    "AWS::RDS::DBInstance": ("DBInstanceIdentifier", "Engine", "StorageEncrypted"),
    "AWS::CloudWatch::Alarm": ("AlarmName",),
}
"""Type -> the properties whose change makes a new one; the few that are tried here."""


class Event(NamedTuple):
    at: float  # s
    logical: str
    kind: str
    status: str
    reason: str = ""


class Change(NamedTuple):
    action: str  # Add, Modify, Remove
    logical: str
    kind: str
    replaces: bool = False
    properties: tuple[str, ...] = ()


@dataclass
class ChangeSet:
    """``new``: the template it would lead to, and its parameters."""

    name: str
    changes: tuple[Change, ...]
    new: tuple[Mapping[str, Any], Mapping[str, str]]


@dataclass
class Stack:
    name: str
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    template: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    sets: dict[str, ChangeSet] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    ahead: deque[Event] = field(default_factory=deque)
    there: dict[str, tuple[str, str]] = field(default_factory=dict)  # logical id -> (type, status)

    @property
    def id(self) -> str:
        return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self.name}/1"

    def catch_up(self, now: float) -> None:
        while self.ahead and self.ahead[0].at <= now:
            event = self.ahead.popleft()
            self.events.append(event)
            if event.kind == STACK:
                self.status, self.reason = event.status, event.reason
            elif event.status == "DELETE_COMPLETE":
                self.there.pop(event.logical, None)
            else:
                self.there[event.logical] = (event.kind, event.status)

    def outputs(self) -> list[dict[str, str]]:
        rows = self.template.get("Outputs", {})
        return [
            {"OutputKey": key, "OutputValue": _said(row["Value"], self.template, self.parameters)}
            for key, row in rows.items()
        ]


class Stacks:
    """All of one account. ``failing``: logical id -> why making it fails; ``pace``: s that each resource takes."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self.failing: dict[str, str] = {}
        self.pace = 0.2
        self._stacks: list[Stack] = []

    def find(self, name: str) -> Stack | None:
        """The newest of this name or id; one that is gone is there by its id only."""
        for stack in reversed(self._stacks):
            stack.catch_up(self.clock.now())
            if name == stack.id or (name == stack.name and stack.status != "DELETE_COMPLETE"):
                return stack
        return None

    def propose(self, stack: str, name: str, template: Mapping[str, Any], given: Mapping[str, str]) -> Stack:
        """A change set; the stack comes to be in review where there is none."""
        made = self.find(stack)
        if made is None:
            made = Stack(stack)
            self._stacks.append(made)
        asked = template.get("Parameters", {})
        parameters = {key: str(given.get(key, row.get("Default", ""))) for key, row in asked.items()}
        changes = tuple(_changes((made.template, made.parameters), (template, parameters)))
        made.sets[name] = ChangeSet(name, changes, (template, parameters))
        return made

    def execute(self, stack: Stack, name: str) -> None:
        changes, (template, parameters) = stack.sets[name].changes, stack.sets[name].new
        begins = stack.status == "REVIEW_IN_PROGRESS"
        stack.sets.clear()
        plan = _Plan(stack, self.clock.now(), self.pace)
        plan.whole("CREATE_IN_PROGRESS" if begins else "UPDATE_IN_PROGRESS", "User Initiated")
        failed = next((change for change in changes if change.logical in self.failing), None)
        done = changes[: changes.index(failed)] if failed else changes
        for change in done:
            plan.one(change.logical, change.kind, _verb(change))
        if failed is None:
            stack.template, stack.parameters = template, parameters
            plan.whole("CREATE_COMPLETE" if begins else "UPDATE_COMPLETE")
        else:
            plan.fail(failed, self.failing[failed.logical], changes[len(done) + 1 :])
            plan.back(done, begins)
        stack.catch_up(self.clock.now())

    def delete(self, stack: Stack) -> None:
        plan = _Plan(stack, self.clock.now(), self.pace)
        plan.whole("DELETE_IN_PROGRESS", "User Initiated")
        bodies = stack.template.get("Resources", {})
        for logical, (kind, _) in reversed(list(stack.there.items())):
            kept = bodies.get(logical, {}).get("DeletionPolicy") == "Retain"
            plan.one(logical, kind, "DELETE", "SKIPPED" if kept else "COMPLETE")
        plan.whole("DELETE_COMPLETE")
        stack.catch_up(self.clock.now())


@dataclass
class _Plan:
    """Writes events that lie ahead."""

    stack: Stack
    at: float
    pace: float

    def put(self, logical: str, kind: str, status: str, reason: str = "") -> None:
        self.stack.ahead.append(Event(self.at, logical, kind, status, reason))

    def whole(self, status: str, reason: str = "") -> None:
        self.put(self.stack.name, STACK, status, reason)

    def one(self, logical: str, kind: str, verb: str, ends: str = "COMPLETE") -> None:
        self.put(logical, kind, f"{verb}_IN_PROGRESS")
        self.at += self.pace
        self.put(logical, kind, f"{verb}_{ends}")

    def fail(self, change: Change, reason: str, others: tuple[Change, ...]) -> None:
        verb = _verb(change)
        self.put(change.logical, change.kind, f"{verb}_IN_PROGRESS")
        self.at += self.pace
        self.put(change.logical, change.kind, f"{verb}_FAILED", reason)
        for other in others[:2]:  # what had begun beside it
            self.put(other.logical, other.kind, f"{_verb(other)}_FAILED", "Resource creation cancelled")

    def back(self, done: tuple[Change, ...], begins: bool) -> None:
        name = "ROLLBACK" if begins else "UPDATE_ROLLBACK"
        self.whole(f"{name}_IN_PROGRESS", "The following resource(s) failed")
        for change in reversed(done):
            self.one(change.logical, change.kind, "DELETE" if change.action == "Add" else "UPDATE")
        self.whole(f"{name}_COMPLETE")


def _verb(change: Change) -> str:
    return {"Add": "CREATE", "Modify": "UPDATE", "Remove": "DELETE"}[change.action]


Whole = tuple[Mapping[str, Any], Mapping[str, str]]


def _changes(old: Whole, new: Whole) -> Iterator[Change]:
    before, after = _resolved(*old), _resolved(*new)
    for logical, body in after.items():
        kind, had = body["Type"], before.get(logical)
        if had is None:
            yield Change("Add", logical, kind)
        elif had != body:
            was, now = had.get("Properties", {}), body.get("Properties", {})
            names = tuple(sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key)))
            yield Change("Modify", logical, kind, bool(set(names) & set(REPLACES.get(kind, ()))), names)
    for logical in before.keys() - after.keys():
        yield Change("Remove", logical, before[logical]["Type"])


def _resolved(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """The resources whose condition holds, with parameters filled in."""
    conditions = template.get("Conditions", {})
    rows = template.get("Resources", {})
    there = {
        key: body
        for key, body in rows.items()
        if "Condition" not in body or _holds({"Condition": body["Condition"]}, conditions, parameters)
    }
    return {key: _filled(body, parameters) for key, body in there.items()}


def _filled(value: Any, parameters: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"Ref"} and value["Ref"] in parameters:
            return parameters[value["Ref"]]
        return {key: _filled(inner, parameters) for key, inner in value.items()}
    return [_filled(inner, parameters) for inner in value] if isinstance(value, list) else value


def _holds(test: Mapping[str, Any], conditions: Mapping[str, Any], parameters: Mapping[str, str]) -> bool:
    ((word, inner),) = test.items()
    if word == "Condition":
        return _holds(conditions[inner], conditions, parameters)
    if word == "Fn::Equals":
        one, other = _filled(inner, parameters)
        return bool(one == other)
    parts = [_holds(one, conditions, parameters) for one in inner]
    return {"Fn::Not": not parts[0], "Fn::And": all(parts), "Fn::Or": any(parts)}[word]


def _said(value: Any, template: Mapping[str, Any], parameters: Mapping[str, str]) -> str:
    """An output's value: what resources tell is made up from their names."""
    value = _filled(value, parameters)
    if not isinstance(value, dict):
        return str(value)
    ((word, inner),) = value.items()
    if word == "Fn::If":
        holds = _holds({"Condition": inner[0]}, template["Conditions"], parameters)
        return _said(inner[1 if holds else 2], template, parameters)
    if word == "Fn::GetAtt":
        return f"{inner[0]}.{inner[1]}.simulated".lower()
    if word == "Fn::Sub":
        return re.sub(r"\$\{([^}]+)\}", lambda found: parameters.get(found[1], f"{found[1]}.simulated".lower()), inner)
    return f"{inner}.simulated".lower() if word == "Ref" else json.dumps(value)


def shown(at: float) -> str:
    """An instant as the query protocol writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
