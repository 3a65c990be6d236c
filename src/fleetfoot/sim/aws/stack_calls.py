"""The calls of CloudFormation that the simulated AWS answers. Forms and errors are those of AWS's API reference."""

from __future__ import annotations

import json
from typing import Any

from fleetfoot.sim.aws.call import Call, Refusal, Request
from fleetfoot.sim.aws.stacks import NO_CHANGES, Change, ChangeSet, Stack, shown
from fleetfoot.sim.aws.world import World

CLOUDFORMATION = "CloudFormation"
LIMIT = 51_200  # bytes of a TemplateBody
CAPABILITY = "CAPABILITY_NAMED_IAM"
PAGE = 100
WHOLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def describe_stacks(world: World, request: Request) -> dict[str, Any]:
    stack = _stack(world, request["StackName"])
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()]
    row = {"StackId": stack.id, "StackName": stack.name, "StackStatus": stack.status, "CreationTime": shown(0)}
    reason = {"StackStatusReason": stack.reason} if stack.reason else {}
    return {"Stacks": [{**row, **reason, "Parameters": parameters, "Outputs": stack.outputs()}]}


def create_change_set(world: World, request: Request) -> dict[str, Any]:
    name, kind, body = request["StackName"], request.get("ChangeSetType", "UPDATE"), request["TemplateBody"]
    if len(body.encode()) > LIMIT:
        raise Refusal("ValidationError", f"1 validation error detected: 'templateBody' has more than {LIMIT} bytes")
    there = world.stacks.find(name)
    fresh = there is None or there.status == "REVIEW_IN_PROGRESS"
    if kind == "CREATE" and not fresh:
        raise Refusal("ValidationError", f"Stack [{name}] already exists and cannot be created again with CREATE")
    if kind == "UPDATE" and fresh:
        raise Refusal("ValidationError", f"Stack [{name}] does not exist")
    if there is not None and not fresh and there.status not in WHOLE:
        raise Refusal("ValidationError", f"Stack:{there.id} is in {there.status} state and can not be updated.")
    template, given = json.loads(body), {}
    for row in request.get("Parameters", []):
        before = there.parameters.get(row["ParameterKey"], "") if there is not None else ""
        given[row["ParameterKey"]] = before if row.get("UsePreviousValue") == "true" else row["ParameterValue"]
    _check(template, given, request.get("Capabilities", []))
    stack = world.stacks.propose(name, request["ChangeSetName"], template, given)
    return {"Id": f"{stack.id}/{request['ChangeSetName']}", "StackId": stack.id}


def _check(template: dict[str, Any], given: dict[str, str], capabilities: list[str]) -> None:
    asked = template.get("Parameters", {})
    if unknown := sorted(given.keys() - asked.keys()):
        raise Refusal("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    if missing := [key for key, row in asked.items() if "Default" not in row and key not in given]:
        raise Refusal("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
    named = any(body["Type"] == "AWS::IAM::Role" for body in template["Resources"].values())
    if named and CAPABILITY not in capabilities:
        raise Refusal("InsufficientCapabilitiesException", f"Requires capabilities : [{CAPABILITY}]")


def describe_change_set(world: World, request: Request) -> dict[str, Any]:
    found = _set(_stack(world, request["StackName"]), request["ChangeSetName"])
    if not found.changes:
        return {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE", "StatusReason": NO_CHANGES, "Changes": []}
    start = int(request.get("NextToken") or 0)
    rows = [_change(change) for change in found.changes[start : start + PAGE]]
    more = {"NextToken": start + PAGE} if len(found.changes) > start + PAGE else {}
    return {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "Changes": rows, **more}


def _change(change: Change) -> dict[str, Any]:
    details = [{"Target": {"Attribute": "Properties", "Name": name}} for name in change.properties]
    row: dict[str, Any] = {
        "Action": change.action, "LogicalResourceId": change.logical, "ResourceType": change.kind, "Details": details,
    }  # fmt: skip
    if change.action == "Modify":
        row["Replacement"] = "True" if change.replaces else "False"
    return {"Type": "Resource", "ResourceChange": row}


def execute_change_set(world: World, request: Request) -> dict[str, Any]:
    stack = _stack(world, request["StackName"])
    if not _set(stack, request["ChangeSetName"]).changes:
        raise Refusal("InvalidChangeSetStatus", "ChangeSet cannot be executed in its current status of [FAILED]")
    world.stacks.execute(stack, request["ChangeSetName"])
    return {}


def delete_change_set(world: World, request: Request) -> dict[str, Any]:
    stack = _stack(world, request["StackName"])
    _set(stack, request["ChangeSetName"])
    del stack.sets[request["ChangeSetName"]]
    return {}


def describe_stack_events(world: World, request: Request) -> dict[str, Any]:
    """Newest first, as there."""
    stack = _stack(world, request["StackName"])
    rows = [
        {"EventId": str(number), "StackId": stack.id, "StackName": stack.name, "LogicalResourceId": event.logical,
         "ResourceType": event.kind, "Timestamp": shown(event.at), "ResourceStatus": event.status,
         "ResourceStatusReason": event.reason or None}
        for number, event in enumerate(stack.events)
    ]  # fmt: skip
    return {"StackEvents": [{key: value for key, value in row.items() if value is not None} for row in rows[::-1]]}


def list_stack_resources(world: World, request: Request) -> dict[str, Any]:
    stack = _stack(world, request["StackName"])
    rows = [
        {"LogicalResourceId": logical, "PhysicalResourceId": f"{stack.name}-{logical}", "ResourceType": kind,
         "ResourceStatus": status, "LastUpdatedTimestamp": shown(0)}
        for logical, (kind, status) in stack.there.items()
    ]  # fmt: skip
    return {"StackResourceSummaries": rows}


def delete_stack(world: World, request: Request) -> dict[str, Any]:
    stack = world.stacks.find(request["StackName"])
    if stack is not None and stack.status != "DELETE_COMPLETE":
        world.stacks.delete(stack)
    return {}


def _stack(world: World, name: str) -> Stack:
    found = world.stacks.find(name)
    if found is None:
        raise Refusal("ValidationError", f"Stack with id {name} does not exist")
    return found


def _set(stack: Stack, name: str) -> ChangeSet:
    if name not in stack.sets:
        raise Refusal("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
    return stack.sets[name]


STACK_CALLS: dict[str, Call] = {
    f"{CLOUDFORMATION}.DescribeStacks": Call(describe_stacks, ("StackName",)),
    f"{CLOUDFORMATION}.CreateChangeSet": Call(
        create_change_set, ("StackName", "ChangeSetName", "TemplateBody"),
        ("ChangeSetType", "Parameters", "Capabilities", "Description"),
    ),
    f"{CLOUDFORMATION}.DescribeChangeSet": Call(
        describe_change_set, ("StackName", "ChangeSetName"), ("NextToken",)
    ),
    f"{CLOUDFORMATION}.ExecuteChangeSet": Call(execute_change_set, ("StackName", "ChangeSetName")),
    f"{CLOUDFORMATION}.DeleteChangeSet": Call(delete_change_set, ("StackName", "ChangeSetName")),
    f"{CLOUDFORMATION}.DescribeStackEvents": Call(describe_stack_events, ("StackName",), ("NextToken",)),
    f"{CLOUDFORMATION}.ListStackResources": Call(list_stack_resources, ("StackName",), ("NextToken",)),
    f"{CLOUDFORMATION}.DeleteStack": Call(delete_stack, ("StackName",)),
}  # fmt: skip
