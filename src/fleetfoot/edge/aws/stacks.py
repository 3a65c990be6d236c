"""A stack of CloudFormation: what a change set would do, doing it, and what happens meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from fleetfoot.edge.aws.errors import AwsError
from fleetfoot.edge.aws.session import Aws

API = "cloudformation"
STACK = "AWS::CloudFormation::Stack"
REVIEW, GONE = "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"
LARGEST = 51_200  # bytes of a template that is sent and not fetched from S3 (AWS, CloudFormation quotas)
POLL_S = 2.0
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
CANCELLED = "cancelled"


class Change(NamedTuple):
    """``action``: Add, Modify or Remove. ``replaces``: True, False or Conditional, as AWS says; '' for the others."""

    action: str
    logical: str
    kind: str
    replaces: str
    properties: tuple[str, ...]

    @property
    def loses(self) -> bool:
        """Whether what is there goes."""
        return self.action == "Remove" or self.replaces in ("True", "Conditional")


class Event(NamedTuple):
    id: str
    at: datetime
    logical: str
    kind: str
    status: str
    reason: str

    @property
    def cause(self) -> bool:
        """Whether it failed by itself, and not since something else did."""
        return self.status.endswith("_FAILED") and CANCELLED not in self.reason and self.kind != STACK


class Stack(NamedTuple):
    id: str
    status: str
    reason: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != REVIEW

    @property
    def begun(self) -> bool:
        """Whether anything of it was ever made."""
        return self.status != REVIEW

    @property
    def whole(self) -> bool:
        """Whether it can be changed."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


class Resource(NamedTuple):
    logical: str
    kind: str
    physical: str
    status: str


class Stacks:
    """The stacks of one region. Every call raises AwsError."""

    def __init__(self, aws: Aws, poll: float = POLL_S) -> None:
        """``poll``: s between two looks at what goes on."""
        self._aws, self._poll = aws, poll

    @property
    def region(self) -> str:
        return self._aws.region

    async def find(self, name: str) -> Stack | None:
        """The stack of this name or id; None where there is none."""
        try:
            answer = await self._aws.call(API, "DescribeStacks", StackName=name)
        except AwsError as failure:
            if failure.code == "ValidationError" and "does not exist" in str(failure):
                return None
            raise
        raw = answer.data["Stacks"][0]
        parameters = {row["ParameterKey"]: row.get("ParameterValue", "") for row in raw.get("Parameters", ())}
        outputs = {row["OutputKey"]: row["OutputValue"] for row in raw.get("Outputs", ())}
        return Stack(raw["StackId"], raw["StackStatus"], raw.get("StackStatusReason", ""), parameters, outputs)

    async def propose(
        self,
        name: str,
        change_set: str,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        there: Stack | None,
    ) -> list[Change]:
        """What ``template`` would change; parameters that are not given stay as they are. Nothing is changed yet.

        ValueError: the template is larger than a call takes.
        """
        body = json.dumps(template, separators=(",", ":"), ensure_ascii=False)
        if (size := len(body.encode())) > LARGEST:
            raise ValueError(f"the template has {size:,} bytes; CloudFormation takes {LARGEST:,} in a call")
        fresh = there is None or not there.begun
        kept = set() if there is None or fresh else there.parameters.keys() & template.get("Parameters", {}).keys()
        rows: list[dict[str, Any]] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ]
        rows += [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept - parameters.keys())]
        await self._aws.call(
            API, "CreateChangeSet", StackName=name, ChangeSetName=change_set, TemplateBody=body, Parameters=rows,
            ChangeSetType="CREATE" if fresh else "UPDATE", Capabilities=["CAPABILITY_NAMED_IAM"],
        )  # fmt: skip
        return await self._proposed(name, change_set)

    async def _proposed(self, name: str, change_set: str) -> list[Change]:
        found: list[Change] = []
        token: dict[str, str] = {}
        while True:
            answer = await self._aws.call(
                API, "DescribeChangeSet", StackName=name, ChangeSetName=change_set, **token
            )  # fmt: skip
            raw = answer.data
            if raw["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                await asyncio.sleep(self._poll)
                continue
            if raw["Status"] == "FAILED":
                reason = raw.get("StatusReason", "")
                if any(said in reason for said in NO_CHANGES):
                    return []
                raise AwsError(f"CloudFormation refuses the change: {reason}", "ChangeSetFailed")
            found += [_change(row["ResourceChange"]) for row in raw.get("Changes", ()) if "ResourceChange" in row]
            if not raw.get("NextToken"):
                return found
            token = {"NextToken": raw["NextToken"]}

    async def withdraw(self, name: str, change_set: str) -> None:
        """Forget a proposal, and the stack that was only to be looked at."""
        await self._aws.call(API, "DeleteChangeSet", StackName=name, ChangeSetName=change_set)
        left = await self.find(name)
        if left is not None and not left.begun:
            await self._aws.call(API, "DeleteStack", StackName=name)

    async def execute(self, name: str, change_set: str) -> None:
        await self._aws.call(API, "ExecuteChangeSet", StackName=name, ChangeSetName=change_set)

    async def remove(self, name: str) -> None:
        await self._aws.call(API, "DeleteStack", StackName=name)

    async def resources(self, name: str) -> list[Resource]:
        found: list[Resource] = []
        token: dict[str, str] = {}
        while True:
            answer = await self._aws.call(API, "ListStackResources", StackName=name, **token)
            found += [
                Resource(raw["LogicalResourceId"], raw["ResourceType"], raw.get("PhysicalResourceId", ""),
                         raw["ResourceStatus"])
                for raw in answer.data["StackResourceSummaries"]
            ]  # fmt: skip
            if not answer.data.get("NextToken"):
                return found
            token = {"NextToken": answer.data["NextToken"]}

    async def seen(self, name: str) -> set[str]:
        """The ids of every event so far."""
        return {event.id for event in await self._events(name)}

    async def follow(self, id_: str, before: set[str], told: Callable[[Event], None]) -> Stack:
        """Tell every event that is not in ``before`` until what was begun is over; how the stack is then."""
        known, begun = set(before), False
        while True:
            now = await self.find(id_)
            for event in await self._events(id_):
                if event.id not in known:
                    known.add(event.id)
                    begun = begun or event.kind == STACK
                    told(event)
            if now is None:
                return Stack(id_, GONE, "", {}, {})
            if begun and not now.busy:  # before that it stands as it stood
                return now
            await asyncio.sleep(self._poll)

    async def _events(self, name: str) -> list[Event]:
        """Oldest first; the newest page, which is 100 at least."""
        answer = await self._aws.call(API, "DescribeStackEvents", StackName=name)
        return [
            Event(raw["EventId"], raw["Timestamp"], raw["LogicalResourceId"], raw["ResourceType"],
                  raw["ResourceStatus"], raw.get("ResourceStatusReason", ""))
            for raw in reversed(answer.data["StackEvents"])
        ]  # fmt: skip


def _change(raw: Mapping[str, Any]) -> Change:
    names = {row.get("Target", {}).get("Name") for row in raw.get("Details", ())}
    return Change(
        raw["Action"], raw["LogicalResourceId"], raw["ResourceType"], raw.get("Replacement", ""),
        tuple(sorted(name for name in names if name)),
    )  # fmt: skip
