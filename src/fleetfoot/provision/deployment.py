"""What who deploys the template may do: what CloudFormation does for the types that are in it, and only through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from fleetfoot.provision.handlers import Row, rows
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.roles import Role, roles
from fleetfoot.provision.stack import stack
from fleetfoot.provision.statements import SCALABLE, Allow, arn

STACK = (
    "CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents DescribeStacks ExecuteChangeSet "
    "GetTemplate ListStackResources UpdateStack"
)
THROUGH = {"ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}}
REMOVES = ("Delete", "Detach", "Release", "Stop", "Terminate")
"""How actions begin that take away what is there, and so has its tags. What is being made has none for a moment."""
SCALES = ("ScalableTarget", "ScalingPolicy", "ScheduledAction")
BOUNDED = ("CreateRole", "PutRolePermissionsBoundary", "PutRolePolicy")
LINKED = {
    "AWS::ECS::Cluster": "ecs",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "elasticloadbalancing",
    "AWS::ApplicationAutoScaling::ScalableTarget": "ecs.application-autoscaling",
    "AWS::RDS::DBSubnetGroup": "rds",
    "AWS::ElastiCache::SubnetGroup": "elasticache",
}
"""Type -> the service of AWS that makes a role of its own in an account where it is used first."""


Pairs = tuple[tuple[str, str], ...]


class _Scope(NamedTuple):
    """What the actions of one statement have in common; ``given``: (key, value) of its conditions."""

    service: str
    everything: bool
    given: Pairs


def deployment_role(plan: Plan) -> Role:
    """Of who makes, updates and removes the stack, which is called as ``provision.app`` says."""
    kinds = {one["Type"] for one in stack(plan).body()["Resources"].values()}
    about = f"makes, updates and removes the stack {plan.names.app}, and nothing but through CloudFormation"
    return Role("Deployment", "deployment", "", about, (_stack(plan), *_made(plan, kinds), *_passed(plan, kinds)))


def _stack(plan: Plan) -> Allow:
    actions = tuple(f"cloudformation:{action}" for action in STACK.split())
    return Allow(actions, arn("cloudformation", f"stack/{plan.names.app}/*"), "the stack itself, by change sets")


def _made(plan: Plan, kinds: set[str]) -> Iterator[Allow]:
    """A statement for a service of AWS on ``*``, one on what it has, and one for each condition."""
    names = plan.names
    filled: dict[str, Any] = {
        "app": names.app, "task": names.task, "cluster": names.cluster, "alb": names.scaling("alb"),
        "tg": names.scaling("tg"), "logs": names.logs("").rstrip("/"),
    }  # fmt: skip
    groups: dict[_Scope, list[tuple[str, Row]]] = {}
    for row in rows(kinds):
        everything = row.on == ("*",)
        for action in row.does:
            scope = _Scope(row.service, everything, () if everything else _given(plan, row.service, action))
            groups.setdefault(scope, []).append((action, row))
    for (service, everything, given), asked in groups.items():
        actions = tuple(sorted({f"{service}:{action}" for action, _ in asked}))
        paths = sorted({path.format(**filled) for _, row in asked for path in row.on})
        of = ", ".join(dict.fromkeys(row.kind for _, row in asked))
        why = f"{'asks and begins, without an ARN yet,' if everything else 'makes, changes and removes'} {of}"
        conditions: dict[str, Any] = {"StringEquals": dict(given)} if given else {}
        on = "*" if everything else [arn(service, path) for path in paths]
        yield Allow(actions, on, why, THROUGH | conditions)


def _given(plan: Plan, service: str, action: str) -> Pairs:
    """What has to hold beside, where an ARN cannot say it: keys and values AWS knows for the action."""
    if service == "ec2" and action.startswith(REMOVES):
        return tuple((f"aws:ResourceTag/{name}", value) for name, value in plan.tags.items())
    if service == "application-autoscaling" and action.endswith(SCALES):
        return tuple(SCALABLE.items())
    if service == "iam" and action in BOUNDED and plan.asks.boundary is not None:
        return (("iam:PermissionsBoundary", plan.asks.boundary),)
    return ()


def _passed(plan: Plan, kinds: set[str]) -> Iterator[Allow]:
    services = sorted({role.for_ for role in roles(plan)})
    yield Allow(
        ("iam:PassRole",), arn("iam", f"role/{plan.names.app}-*"), "gives tasks and flow logs their roles",
        {"StringEquals": {"iam:PassedToService": services}},
    )  # fmt: skip
    linked = sorted(f"{service}.amazonaws.com" for kind, service in LINKED.items() if kind in kinds)
    yield Allow(
        ("iam:CreateServiceLinkedRole",), arn("iam", "role/aws-service-role/*"),
        "roles of AWS's own, where the account has none yet", {"StringEquals": {"iam:AWSServiceName": linked}},
    )  # fmt: skip
