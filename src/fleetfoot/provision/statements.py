"""Statements of policies: every one says why, no action has a wildcard.

``*`` stands as a resource only where AWS scopes the action to none; ``UNSCOPED`` is the list of those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fleetfoot.provision.template import Value, sub

UNSCOPED = {
    "cloudwatch:PutMetricData": "no metric has an ARN; the namespace is the condition",
    "cloudwatch:GetMetricData": "no metric has an ARN, and there is no condition key",
    "ecr:GetAuthorizationToken": "the token is the registry's",
    "ssmmessages:CreateControlChannel": "the channels of ECS Exec have no ARN",
    "ssmmessages:CreateDataChannel": "the channels of ECS Exec have no ARN",
    "ssmmessages:OpenControlChannel": "the channels of ECS Exec have no ARN",
    "ssmmessages:OpenDataChannel": "the channels of ECS Exec have no ARN",
    "application-autoscaling:DescribeScalableTargets": "not scoped by AWS",
    "application-autoscaling:DescribeScalingPolicies": "not scoped by AWS",
    "application-autoscaling:DescribeScheduledActions": "not scoped by AWS",
    "ecs:DeregisterTaskDefinition": "not scoped by AWS",
    "ecs:RegisterTaskDefinition": "it has no ARN before it is registered",
    "logs:CreateLogDelivery": "not scoped by AWS",
    "logs:DeleteLogDelivery": "not scoped by AWS",
    "route53:CreateHostedZone": "its id is not known before",
    "sns:Unsubscribe": "a subscription is no resource of IAM",
    "servicediscovery:CreatePrivateDnsNamespace": "its id is not known before",
    "servicediscovery:TagResource": "not scoped by AWS",
    "servicediscovery:UntagResource": "not scoped by AWS",
}
"""Action -> why AWS leaves no choice but ``*`` (IAM's service authorization reference)."""
SCALABLE = {
    "application-autoscaling:service-namespace": "ecs",
    "application-autoscaling:scalable-dimension": "ecs:service:DesiredCount",
}
"""Conditions of actions on a scalable target, whose id is AWS's own."""
LONGEST = 5_400  # characters of statements: AWS takes 6,144 once REGION and ACCOUNT are filled in
LISTS = "it only looks, and AWS scopes that to nothing"
"""Why of any other action."""

PARTLY = {
    "ecs:ListTasks": "the cluster is the scope; a task's id is not known before",
    "ecs:DescribeTasks": "a task's id is not known before",
    "ecs:GetTaskProtection": "a task's id is not known before",
    "ecs:UpdateTaskProtection": "a task's id is not known before",
    "application-autoscaling:RegisterScalableTarget": "a target's id is AWS's; the conditions say which kind",
    "cloudwatch:DescribeAlarms": "the names are not known before; it only reads",
    "iam:CreateServiceLinkedRole": "the roles are AWS's own; the condition says of which services",
}
"""Action -> why its ARN ends in ``*``, under a condition or only to read."""


@dataclass(frozen=True)
class Allow:
    """One statement: ``actions`` on ``on``, and the reason."""

    actions: tuple[str, ...]
    on: Value
    why: str
    given: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        found = {"Effect": "Allow", "Action": list(self.actions), "Resource": self.on}
        return found | ({"Condition": dict(self.given)} if self.given else {})


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def documents(allows: Iterable[Allow]) -> list[dict[str, Any]]:
    """``allows`` for people: as many policies as AWS's longest managed one makes it."""
    found: list[dict[str, Any]] = []
    for allow in allows:
        statement = plain(allow.body())
        if found and len(json.dumps([*found[-1]["Statement"], statement], separators=(",", ":"))) <= LONGEST:
            found[-1]["Statement"].append(statement)
        else:
            found.append(document(statement))
    return found


def arn(service: str, path: str) -> Value:
    """The ARN of something of ``service``, in the stack's own account and Region where it has them."""
    worldwide = service in ("billing", "budgets", "iam", "route53", "s3") or path.startswith("dashboard/")
    of_all = service in ("route53", "s3") or path.startswith(("image/", "parameter/aws/"))
    region, account = "" if worldwide else "${AWS::Region}", "" if of_all else "${AWS::AccountId}"
    return sub(f"arn:${{AWS::Partition}}:{service}:{region}:{account}:{path}")


def plain(value: Any, region: str = "REGION", account: str = "ACCOUNT") -> Any:
    """A document for people, who know the Region and the account, or write them in."""
    if isinstance(value, dict):
        if "Fn::Sub" in value:
            known = {"Partition": "aws", "Region": region, "AccountId": account}
            return re.sub(r"\$\{AWS::(\w+)\}", lambda found: known[found[1]], value["Fn::Sub"])
        return {key: plain(one, region, account) for key, one in value.items()}
    return [plain(one, region, account) for one in value] if isinstance(value, list) else value
