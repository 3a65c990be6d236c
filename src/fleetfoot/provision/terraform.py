"""The scaling of a service that is there already, as JSON for Terraform: the template's resources, written otherwise.

Its scaling layer only: scalable target, policies, alarms, scheduled actions, dashboard, and what task and controller
may do. The arguments of Terraform's AWS provider are CloudFormation's properties in snake case, but for ``RENAMED``;
the tests hold the table of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fleetfoot.provision.metrics import Alarm
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.policies import ScalingPolicy
from fleetfoot.provision.roles import Role, controller_role, task_role
from fleetfoot.provision.scaling import ScalableTarget, scaling
from fleetfoot.provision.scaling import notes as scaling_notes
from fleetfoot.provision.template import Resource
from fleetfoot.provision.watch import Dashboard, dashboard

SUFFIX = ".tf.json"  # Terraform reads no other name as JSON
PROVIDER = ">= 6.13"  # predictive scaling is there since 6.13, the region of aws_region since 6.0
KNOWN = {
    "Cluster": "var.cluster",
    "Cluster.Arn": "data.aws_ecs_cluster.this.arn",
    "ScalableTarget": "aws_appautoscaling_target.scalable_target.resource_id",
    "MinTasks": "var.min_tasks",
    "MaxTasks": "var.max_tasks",
    "LoadBalancer.LoadBalancerFullName": "var.load_balancer",
    "TargetGroup.TargetGroupFullName": "var.target_group",
    "AWS::AccountId": "data.aws_caller_identity.current.account_id",
    "AWS::Partition": "data.aws_partition.current.partition",
    "AWS::Region": "data.aws_region.current.region",
}
"""What the template makes, asks or is told by AWS -> where Terraform finds it."""
DATA: dict[str, dict[str, Any]] = {
    "aws_ecs_cluster": {"this": {"cluster_name": "${var.cluster}"}},
    "aws_caller_identity": {"current": {}},
    "aws_partition": {"current": {}},
    "aws_region": {"current": {}},
}
RENAMED = {
    "PolicyName": "name",
    "ScalingTargetId": "resource_id",
    "ScheduledActionName": "name",
    "StepAdjustments": "step_adjustment",
    "MetricSpecifications": "metric_specification",
}
OF_TARGET = {
    name: f"${{aws_appautoscaling_target.scalable_target.{name}}}"
    for name in ("resource_id", "scalable_dimension", "service_namespace")
}
Row = tuple[str, str, dict[str, Any]]
"""Type, label and arguments of a resource of Terraform."""


def terraform(plan: Plan) -> dict[str, Any]:
    """The file as Terraform takes it. Raises ``Refused`` for what the mode cannot express."""
    plan = attached(plan)
    made = {**scaling(plan).resources, "Dashboard": dashboard(plan)}
    arns = {
        name: f"aws_appautoscaling_policy.{snake(name)}.arn" for name, one in made.items()
        if isinstance(one, ScalingPolicy)
    }  # fmt: skip
    known, resources = KNOWN | arns, dict[str, dict[str, Any]]()
    rows = [row for name, one in made.items() for row in _rows(name, one, known)]
    for kind, label, arguments in rows + [row for role in _roles(plan) for row in _role(plan, role, known)]:
        resources.setdefault(kind, {})[label] = arguments
    text = json.dumps(resources)
    found: dict[str, Any] = {
        "//": f"scaling of {plan.service.name} on ECS, mode {plan.mode}, written by fleetfoot synth",
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": PROVIDER}}},
        "variable": {name: one for name, one in _variables(plan).items() if f"var.{name}" in text},
        "data": {kind: one for kind, one in DATA.items() if f"data.{kind}." in text},
        "resource": resources,
    }
    if plan.mode == "controller":
        found["output"] = {"controller_role": {
            "description": "What the controller's own task has as its task role",
            "value": "${aws_iam_role.controller_role.arn}",
        }}  # fmt: skip
    return found


def notes(plan: Plan) -> list[str]:
    """What the file does without, and what the service that is there has to have: a line each."""
    fine = "the service's cpu and memory have to come every 20 s: switch its high-resolution metrics on (monitoring)"
    return scaling_notes(attached(plan)) + ([fine] if plan.fine else [])


def attached(plan: Plan) -> Plan:
    """The same, of a cluster and a service that are variables."""
    return replace(plan, there=("${var.cluster}", "${var.service}"))


def snake(name: str) -> str:
    """``StepAdjustments`` as ``step_adjustments``, ``sat,sun-0000`` as ``sat_sun_0000``."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W", "_", apart).lower()


def _rows(name: str, resource: Resource, known: Mapping[str, str]) -> Iterator[Row]:
    properties = _resolved(resource.properties(), known)
    why = {"//": resource.why} if resource.why else {}
    if isinstance(resource, ScalableTarget):
        actions = properties.pop("ScheduledActions", [])
        # an action moves the bounds: without this the next apply would take them back in the middle of a window
        kept = {"lifecycle": {"ignore_changes": ["min_capacity", "max_capacity"]}} if actions else {}
        yield "aws_appautoscaling_target", snake(name), why | _arguments(properties) | kept
        for action in actions:
            label = snake(action["ScheduledActionName"])
            yield "aws_appautoscaling_scheduled_action", label, _arguments(action) | OF_TARGET
    elif isinstance(resource, ScalingPolicy):
        yield "aws_appautoscaling_policy", snake(name), why | _arguments(properties) | OF_TARGET
    elif isinstance(resource, Alarm):
        dimensions = {"dimensions": {row["Name"]: row["Value"] for row in properties.pop("Dimensions")}}
        yield "aws_cloudwatch_metric_alarm", snake(name), why | _arguments(properties) | dimensions
    elif isinstance(resource, Dashboard):
        yield "aws_cloudwatch_dashboard", snake(name), why | _arguments(properties)
    else:
        raise TypeError(f"{resource.TYPE} has no equal in Terraform here")


def _roles(plan: Plan) -> tuple[Role, ...]:
    return (task_role(plan), *([controller_role(plan)] if plan.mode == "controller" else []))


def _role(plan: Plan, role: Role, known: Mapping[str, str]) -> Iterator[Row]:
    """The task's role is there; the controller's is made."""
    label, name = snake(role.id), plan.names.of(role.suffix)
    policy = {"name": name, "policy": json.dumps(_resolved(role.document(), known))}
    if role.id == "TaskRole":
        asked = {"count": "${var.task_role == null ? 0 : 1}", "role": "${var.task_role}"}
        yield "aws_iam_role_policy", label, policy | asked
        return
    trust = json.dumps(_resolved(role.trust(), known))
    made = {"name": name, "description": role.about, "assume_role_policy": trust, "tags": {"Name": name, **plan.tags}}
    if plan.asks.boundary is not None:
        made["permissions_boundary"] = plan.asks.boundary
    yield "aws_iam_role", label, made
    yield "aws_iam_role_policy", label, policy | {"role": f"${{aws_iam_role.{label}.name}}"}


def _variables(plan: Plan) -> dict[str, dict[str, Any]]:
    capacity, ecs = plan.service.capacity, plan.service.ecs
    on_ecs = plan.service.target == "ecs"
    return {
        "cluster": _text("The cluster's name") | ({"default": ecs.cluster} if on_ecs else {}),
        "service": _text("The service's name on ECS")
        | ({"default": ecs.service or plan.service.name} if on_ecs else {}),
        "min_tasks": {"description": "Fewest tasks", "type": "number", "default": capacity.min},
        "max_tasks": {"description": "Most tasks", "type": "number", "default": capacity.max},
        "load_balancer": _text("arn_suffix of the load balancer"),
        "target_group": _text("arn_suffix of the target group"),
        "task_role": _text("Name of the task's role; without, the app itself may put no metrics") | {"default": None},
    }


def _text(about: str) -> dict[str, Any]:
    return {"description": about, "type": "string"}


def _resolved(value: Any, known: Mapping[str, str]) -> Any:
    """``value`` with every intrinsic function as Terraform's expression. Raises KeyError for one without an equal."""
    if isinstance(value, (list, tuple)):
        return [_resolved(one, known) for one in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return f"${{{known[value['Ref']]}}}"
    if "Fn::GetAtt" in value:
        return f"${{{known['.'.join(value['Fn::GetAtt'])]}}}"
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([A-Z][\w:.]*)\}", lambda found: f"${{{known[found[1]]}}}", value["Fn::Sub"])
    return {key: _resolved(one, known) for key, one in value.items()}


def _arguments(value: Any) -> Any:
    """Properties as arguments and nested blocks."""
    if isinstance(value, list):
        return [_arguments(one) for one in value]
    if isinstance(value, dict):
        return {RENAMED.get(key, snake(key)): _arguments(one) for key, one in value.items()}
    return value
