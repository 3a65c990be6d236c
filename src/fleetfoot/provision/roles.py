"""Who may do what: every statement says why, no action has a wildcard, and a role is one inline policy.

``*`` stands as a resource only where AWS scopes the action to none; ``UNSCOPED`` is the list of those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fleetfoot.provision.plan import Plan
from fleetfoot.provision.template import Resource, Value, attribute, sub

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
    "servicediscovery:CreatePrivateDnsNamespace": "its id is not known before",
}
"""Action -> why AWS leaves no choice but ``*`` (IAM's service authorization reference)."""
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


class RoleResource(Resource, of="AWS::IAM::Role"):
    RoleName: Value
    AssumeRolePolicyDocument: Value
    Policies: Value = None
    Description: Value = None
    Tags: Value = None


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


@dataclass(frozen=True)
class Role:
    """``for_``: the service of AWS that takes it; empty: people. ``allows``: all it may do."""

    id: str
    suffix: str
    for_: str
    about: str
    allows: tuple[Allow, ...]

    def document(self) -> dict[str, Any]:
        """The policy of the role."""
        return {"Version": "2012-10-17", "Statement": [allow.body() for allow in self.allows]}

    def trust(self) -> dict[str, Any]:
        """Who may take it: the service, for this account only."""
        statement: dict[str, Any] = {
            "Effect": "Allow", "Principal": {"Service": self.for_}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        }  # fmt: skip
        if self.for_.startswith("ec2"):
            del statement["Condition"]  # an instance profile brings no source account
        return {"Version": "2012-10-17", "Statement": [statement]}

    def resource(self, plan: Plan) -> RoleResource:
        policies = [{"PolicyName": self.suffix, "PolicyDocument": self.document()}] if self.allows else None
        name = plan.names.of(self.suffix)
        return RoleResource(
            RoleName=name, AssumeRolePolicyDocument=self.trust(), Policies=policies, Description=self.about,
            Tags=plan.tagged(name), why=self.about,
        )  # fmt: skip


def roles(plan: Plan) -> tuple[Role, ...]:
    """Every role of the stack, in the order of the template."""
    found = [flow_role(), execution_role(plan), task_role(plan)]
    if plan.mode == "controller":
        found.append(controller_role(plan))
    if plan.asks.access == "bastion":
        found.append(bastion_role())
    return tuple(found)


def flow_role() -> Role:
    return Role(
        "FlowLogRole", "flowLogRole", "vpc-flow-logs.amazonaws.com", "lets the network write its flow logs",
        (
            Allow(("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"),
                  attribute("FlowLogGroup", "Arn"), "one stream for each network interface"),
        ),
    )  # fmt: skip


def execution_role(plan: Plan) -> Role:
    """What ECS itself needs to start a task."""
    logs = ["TaskLogGroup", *(["ControllerLogGroup"] if plan.mode == "controller" else [])]
    allows = [
        Allow(("ecr:GetAuthorizationToken",), "*", "a token to pull with"),
        Allow(("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
              attribute("Repository", "Arn"), "the image of the task"),
        Allow(("logs:CreateLogStream", "logs:PutLogEvents"), [attribute(log, "Arn") for log in logs],
              "what the containers print"),
    ]  # fmt: skip
    if plan.mode == "controller":
        allows.append(Allow(("ssm:GetParameters",), [_parameter(plan, "config")], "the controller's fleetfoot.yaml"))
        allows.append(
            Allow(("secretsmanager:GetSecretValue",), {"Ref": "PushToken"}, "the token tasks sign their pushes with")
        )
    if plan.asks.database != "none":
        allows.append(
            Allow(("secretsmanager:GetSecretValue",), {"Ref": "DatabaseAppSecret"}, "the app's own database user")
        )
    if plan.asks.cache:
        allows.append(Allow(("secretsmanager:GetSecretValue",), {"Ref": "CacheSecret"}, "the password of the cache"))
    return Role(
        "ExecutionRole", "ecsTaskExecutionRole", "ecs-tasks.amazonaws.com",
        "lets ECS pull the image and write the logs; the containers never have it", tuple(allows),
    )  # fmt: skip


def task_role(plan: Plan) -> Role:
    """What the service's own code may do."""
    own = {"StringEquals": {"cloudwatch:namespace": plan.namespace}}
    allows = [
        Allow(
            ("cloudwatch:PutMetricData",),
            "*",
            "metrics the app puts itself, in its own namespace only; those of the agent need no permission",
            own,
        )
    ]
    cluster = {"ArnEquals": {"ecs:cluster": attribute("Cluster", "Arn")}}
    allows.append(
        Allow(("ecs:GetTaskProtection", "ecs:UpdateTaskProtection"), _tasks(plan),
              "a task that is busy asks not to be taken in a scale-in", cluster)
    )  # fmt: skip
    if plan.asks.access == "exec":
        channels = tuple(
            f"ssmmessages:{verb}{what}Channel" for verb in ("Create", "Open") for what in ("Control", "Data")
        )
        allows.append(Allow(channels, "*", "a shell in a task, through SSM"))
    return Role("TaskRole", "taskRole", "ecs-tasks.amazonaws.com", "what the service's own code may do", tuple(allows))


def controller_role(plan: Plan) -> Role:
    """A pure change of the count needs no iam:PassRole."""
    cluster = {"ArnEquals": {"ecs:cluster": attribute("Cluster", "Arn")}}
    scalable = {
        "application-autoscaling:service-namespace": "ecs",
        "application-autoscaling:scalable-dimension": "ecs:service:DesiredCount",
    }
    instances = arn("ecs", f"container-instance/{plan.names.cluster}/*")
    target = arn("application-autoscaling", "scalable-target/*")
    about = "lets the controller set the count of one service"
    queues = [arn("sqs", signal.queue) for signal in plan.service.signals.values() if signal.queue is not None]
    allows = [
        Allow(("ecs:DescribeServices", "ecs:UpdateService"), _service(plan), "reads the count, sets it", cluster),
        Allow(("ecs:ListTasks",), instances, "which tasks an open order started", cluster),
        Allow(("ecs:DescribeTasks",), _tasks(plan), "when they were ready, and why they stopped", cluster),
        Allow(("cloudwatch:GetMetricData",), "*", "signals from CloudWatch"),
        Allow(("application-autoscaling:DescribeScalableTargets",), "*", "whether the backstop is there and armed"),
        Allow(
            ("application-autoscaling:RegisterScalableTarget",), target,
            "suspends the scale-in of the backstop, and hands it back at release", {"StringEquals": scalable},
        ),
    ]  # fmt: skip
    if queues:
        allows.append(Allow(("sqs:GetQueueAttributes", "sqs:GetQueueUrl"), queues, "how many messages wait"))
    return Role("ControllerRole", "controllerRole", "ecs-tasks.amazonaws.com", about, tuple(allows))


def adopt_role(cluster: str, service: str) -> Role:
    """What ``fleetfoot adopt`` reads with; it writes nothing."""
    return Role("Adopt", "adopt", "", f"reads how the service {service} is scaled, and writes nothing", (
        Allow(("ecs:DescribeServices",), arn("ecs", f"service/{cluster}/{service}"), "the service and its count"),
        Allow(("application-autoscaling:DescribeScalableTargets",), "*", "its bounds"),
        Allow(("application-autoscaling:DescribeScalingPolicies",), "*", "what scales it"),
        Allow(("application-autoscaling:DescribeScheduledActions",), "*", "its schedule"),
        Allow(("cloudwatch:DescribeAlarms",), arn("cloudwatch", "alarm:*"), "the alarms of its step policies"),
    ))  # fmt: skip


def bastion_role() -> Role:
    return Role("BastionRole", "bastionRole", "ec2.amazonaws.com", "the bastion may do nothing in AWS", ())


def arn(service: str, path: str) -> Value:
    """The ARN of something of ``service``, in the stack's own account and Region where it has them."""
    worldwide = service in ("budgets", "iam", "route53", "s3") or path.startswith("dashboard/")
    of_all = service in ("route53", "s3") or path.startswith(("image/", "parameter/aws/"))
    region, account = "" if worldwide else "${AWS::Region}", "" if of_all else "${AWS::AccountId}"
    return sub(f"arn:${{AWS::Partition}}:{service}:{region}:{account}:{path}")


def policies(role: Role) -> list[dict[str, Any]]:
    """The policy of a role of people, as many documents as AWS's longest managed policy makes it."""
    found: list[dict[str, Any]] = []
    for allow in role.allows:
        statement = plain(allow.body())
        if found and len(json.dumps([*found[-1]["Statement"], statement], separators=(",", ":"))) <= LONGEST:
            found[-1]["Statement"].append(statement)
        else:
            found.append({"Version": "2012-10-17", "Statement": [statement]})
    return found


def plain(value: Any, region: str = "REGION", account: str = "ACCOUNT") -> Any:
    """A document for people, who know the Region and the account, or write them in."""
    if isinstance(value, dict):
        if "Fn::Sub" in value:
            known = {"Partition": "aws", "Region": region, "AccountId": account}
            return re.sub(r"\$\{AWS::(\w+)\}", lambda found: known[found[1]], value["Fn::Sub"])
        return {key: plain(one, region, account) for key, one in value.items()}
    return [plain(one, region, account) for one in value] if isinstance(value, list) else value


def _service(plan: Plan) -> Value:
    return arn("ecs", f"service/{plan.names.cluster}/{plan.names.ecs}")


def _tasks(plan: Plan) -> Value:
    return arn("ecs", f"task/{plan.names.cluster}/*")


def _parameter(plan: Plan, what: str) -> Value:
    return arn("ssm", f"parameter{plan.names.logs(what)}")
