"""What who deploys the template may do: what CloudFormation does for the types that are in it, and only through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fleetfoot.provision.handlers import ROWS, Row
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.roles import Role, roles
from fleetfoot.provision.stack import stack
from fleetfoot.provision.statements import Allow, arn

STACK = (
    "CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents DescribeStacks ExecuteChangeSet "
    "GetTemplate ListStackResources UpdateStack"
)
THROUGH = {"ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}}
LINKED = {
    "AWS::ECS::Cluster": "ecs",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "elasticloadbalancing",
    "AWS::ApplicationAutoScaling::ScalableTarget": "ecs.application-autoscaling",
    "AWS::RDS::DBSubnetGroup": "rds",
    "AWS::ElastiCache::SubnetGroup": "elasticache",
}
"""Type -> the service of AWS that makes a role of its own in an account where it is used first."""


def deployment_role(plan: Plan) -> Role:
    """Of who makes, updates and removes the stack, which is called as ``provision.app`` says."""
    kinds = {one["Type"] for one in stack(plan).body()["Resources"].values()}
    about = f"makes, updates and removes the stack {plan.names.app}, and nothing but through CloudFormation"
    return Role("Deployment", "deployment", "", about, (_stack(plan), *_made(plan, kinds), *_passed(plan, kinds)))


def _stack(plan: Plan) -> Allow:
    actions = tuple(f"cloudformation:{action}" for action in STACK.split())
    return Allow(actions, arn("cloudformation", f"stack/{plan.names.app}/*"), "the stack itself, by change sets")


def _made(plan: Plan, kinds: set[str]) -> Iterator[Allow]:
    """Two statements at most for a service of AWS: on what it has, and on ``*``."""
    names = plan.names
    filled: dict[str, Any] = {
        "app": names.app, "task": names.task, "cluster": names.cluster, "alb": names.scaling("alb"),
        "tg": names.scaling("tg"), "logs": names.logs("").rstrip("/"),
    }  # fmt: skip
    groups: dict[tuple[str, bool], list[Row]] = {}
    for row in ROWS:
        if f"AWS::{row.kind}" in kinds:
            groups.setdefault((row.service, row.on == "*"), []).append(row)
    for (service, everything), rows in groups.items():
        actions = tuple(sorted({f"{service}:{action}" for row in rows for action in row.does.split()}))
        paths = sorted({path.format(**filled) for row in rows for path in row.on.split()})
        of = ", ".join(dict.fromkeys(row.kind for row in rows))
        why = f"{'asks and begins, without an ARN yet,' if everything else 'makes, changes and removes'} {of}"
        yield Allow(actions, "*" if everything else [arn(service, path) for path in paths], why, THROUGH)


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
