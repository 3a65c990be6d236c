"""AWS's scaling as drafts: answers of describe-..., and CloudFormation templates; Application Auto Scaling and EC2's.

Several files are one picture: targets, policies, alarms and scheduled actions are joined by their names, ARNs and
logical ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleetfoot.spec.adopt import asg
from fleetfoot.spec.adopt.actions import scheduled
from fleetfoot.spec.adopt.at import At, Refused
from fleetfoot.spec.adopt.draft import Draft
from fleetfoot.spec.adopt.predictive import predictive
from fleetfoot.spec.adopt.tracking import stepping, tracking
from fleetfoot.spec.errors import SpecError, shown
from fleetfoot.spec.nodes import Items, Node

LISTS = ("ScalableTargets", "ScalingPolicies", "MetricAlarms", "ScheduledActions", "AutoScalingGroups",
         "ScheduledUpdateGroupActions")  # fmt: skip
SCALING = "AWS::ApplicationAutoScaling::"
ALARM = "AWS::CloudWatch::Alarm"
EC2 = "AWS::AutoScaling::"
NOT_READ = (EC2, "AWS::AutoScalingPlans::")
ANSWERED = ("CreationTime", "RoleARN", "ScalableTargetARN", "PredictedCapacity", "PolicyARN", "Alarms", "NextToken")


@dataclass
class Resource:
    """One target with all that scales it."""

    key: str
    target: At | None = None
    policies: list[tuple[str, set[str], At]] = field(default_factory=list)  # (name, ids, its properties)
    actions: list[tuple[str, At]] = field(default_factory=list)


def is_aws(root: At) -> bool:
    """Whether a document is one of ours to read."""
    if any(isinstance(root.node.get(name), Items) for name in LISTS):
        return True
    return isinstance(root.node.get("Resources"), Node)


def drafts_of(roots: Sequence[At], names: Mapping[str, str], errors: list[SpecError]) -> list[Draft]:
    """A draft for every target, or every resource a policy is of."""
    found: dict[str, Resource] = {}
    alarms: list[At] = []
    skipped: list[str] = []
    for root in roots:
        try:
            if "Resources" in root:
                _template(root, found, alarms, skipped)
            else:
                _answers(root, found, alarms)
        except Refused as refused:
            errors.append(refused.error)
    drafts = []
    for resource in found.values():
        try:
            draft = _draft(resource, alarms, names)
        except Refused as refused:
            errors.append(refused.error)
            continue
        for note in skipped:
            draft.notes.append(note)
        drafts.append(draft)
    if skipped and not drafts and not errors:
        errors.append(SpecError(roots[0].file, *roots[0].mark, "", "", "; ".join(skipped)))
    return drafts


def _answers(root: At, found: dict[str, Resource], alarms: list[At]) -> None:
    for target in root.all("ScalableTargets"):
        _resource(found, target.need("ResourceId", "what is scaled")).target = target
    for one in root.all("AutoScalingGroups"):
        _resource(found, one.need(asg.GROUP_NAME, "its name")).target = asg.group(one)
    for row in root.all("ScalingPolicies"):
        policy = asg.policy(row) if asg.GROUP_NAME in row else row
        name = policy.need("PolicyName", "its name")
        resource = _resource(found, policy.need("ResourceId", "what is scaled"))
        resource.policies.append((name, {name, policy.text("PolicyARN")}, policy))
    for action in [*root.all("ScheduledActions"), *map(asg.action, root.all("ScheduledUpdateGroupActions"))]:
        name = action.text("ScheduledActionName", "scheduled")
        _resource(found, action.need("ResourceId", "what is scaled")).actions.append((name, action))
    alarms += root.all("MetricAlarms")


def _template(root: At, found: dict[str, Resource], alarms: list[At], skipped: list[str]) -> None:
    parameters = root.of("Parameters")
    defaults = {
        name: inner["Default"] for name, inner in parameters.node.items()
        if isinstance(inner, Node) and isinstance(inner.get("Default"), str)
    }  # fmt: skip
    resources = root.of("Resources")
    for name, value in resources.node.items():
        if not isinstance(value, Node):
            resources.refuse(f"must be a resource, not {shown(value)}", name)
        kind = str(value.get("Type") or "")
        one = resources.of(name)
        if kind == f"{SCALING}ScalableTarget":
            target = one.of("Properties").with_defaults(defaults)
            resource = _resource(found, name)
            resource.target = target
            actions = target.all("ScheduledActions")
            resource.actions += [(action.text("ScheduledActionName", "scheduled"), action) for action in actions]
        elif kind == f"{SCALING}ScalingPolicy":
            policy = one.of("Properties").with_defaults(defaults)
            key = policy.text("ScalingTargetId") or _last(policy.raw("ResourceId")) or name
            _resource(found, key).policies.append((policy.text("PolicyName", name), {name}, policy))
        elif kind == ALARM:
            alarms.append(one.of("Properties").with_defaults(defaults))
        elif kind == f"{EC2}AutoScalingGroup":
            _resource(found, name).target = asg.group(one.of("Properties").with_defaults(defaults))
        elif kind == f"{EC2}ScalingPolicy":
            policy = asg.policy(one.of("Properties").with_defaults(defaults))
            _resource(found, _last(policy.raw("ResourceId")) or name).policies.append((name, {name}, policy))
        elif kind == f"{EC2}ScheduledAction":
            action = asg.action(one.of("Properties").with_defaults(defaults))
            _resource(found, _last(action.raw("ResourceId")) or name).actions.append((name, action))
        elif kind.startswith(NOT_READ):
            skipped.append(f"{resources.line(name)}: {name} ({kind}) is not read: it says nothing of how to scale")


def _resource(found: dict[str, Resource], key: str) -> Resource:
    return found.setdefault(key, Resource(key))


def _last(value: Any) -> str:
    """The name at the end of service/cluster/name, written plainly, with Fn::Sub or with Fn::Join."""
    if isinstance(value, Node):
        return _last(next(iter(value.values()), ""))
    if isinstance(value, Items):
        return _last(value[-1]) if value else ""
    parts = re.findall(r"[A-Za-z0-9_.-]+", str(value or ""))
    return parts[-1].split(".")[0] if parts else ""


def _draft(resource: Resource, alarms: Sequence[At], names: Mapping[str, str]) -> Draft:
    at = resource.target or resource.policies[0][2] if resource.policies or resource.target else resource.actions[0][1]
    called = _last(at.raw("ResourceId")) or resource.key
    draft = Draft(called, f"{resource.key}, scaled by AWS, {at.place}", at)
    if resource.target is None:
        draft.note(at.place, "its scalable target is not in the files: capacity is fleetfoot's default, 1 to 10")
    else:
        draft.minimum, draft.maximum = resource.target.whole("MinCapacity"), resource.target.whole("MaxCapacity")
        if not 0 <= draft.minimum <= draft.maximum:
            resource.target.refuse(f"MaxCapacity {draft.maximum} is below MinCapacity {draft.minimum}", "MaxCapacity")
        _suspended(resource.target, draft)
    dimension = at.text("ScalableDimension", "ecs:service:DesiredCount")
    if dimension != "ecs:service:DesiredCount":
        what = "an instance" if dimension == asg.DIMENSION else "one of that"
        draft.note(at.place, f"it scales {dimension}: a task stands for {what} here")
    stepped = any("StepScalingPolicyConfiguration" in policy for _, _, policy in resource.policies)
    for name, ids, policy in resource.policies:
        draft.policies += _policy(policy, name, [one for one in alarms if ids & {*one.texts("AlarmActions")}],
                                  draft, names, not stepped)  # fmt: skip
    draft.policies += scheduled(resource.actions, draft)
    if not draft.policies:
        at.refuse("nothing of its scaling can be carried over: " + ("; ".join(draft.notes) or "it has no policy"))
    for _, _, policy in resource.policies:
        policy.skip("ServiceNamespace", "ResourceId", "ScalableDimension", "ScalingTargetId", "PolicyType", *ANSWERED)
        for place, path in policy.unread():
            draft.note(place, f"{path.rpartition('.')[2]} is not carried over")
    return draft


def _suspended(target: At, draft: Draft) -> None:
    for key, value in target.of("SuspendedState").node.items():
        if str(value).lower() == "true":
            draft.note(target.line("SuspendedState"), f"{key}: it is suspended there, and not here")


def _policy(
    policy: At, name: str, alarms: Sequence[At], draft: Draft, names: Mapping[str, str], alone: bool
) -> list[str]:  # fmt: skip
    policy.skip("PolicyName")
    name = re.sub(r"[^a-z0-9 _-]+", "-", name.lower()).strip("- _")[:36] or "policy"
    if "TargetTrackingScalingPolicyConfiguration" in policy:
        return tracking(policy, name, draft, names, alone)
    if "StepScalingPolicyConfiguration" in policy:
        return stepping(policy, name, alarms, draft, names)
    kind = policy.text("PolicyType", "?")
    if "PredictiveScalingPolicyConfiguration" in policy:
        return predictive(policy, name, draft)
    return policy.refuse(f"the policy {name} ({kind}) has no configuration")
