"""Who may do what: a role is one inline policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fleetfoot.provision.plan import Plan
from fleetfoot.provision.statements import SCALABLE, Allow, arn, document
from fleetfoot.provision.template import Tagged, Value, attribute


class RoleResource(Tagged, of="AWS::IAM::Role", named="RoleName"):
    AssumeRolePolicyDocument: Value
    Policies: Value = None
    PermissionsBoundary: Value = None
    Description: Value = None


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
        return document(*(allow.body() for allow in self.allows))

    def trust(self) -> dict[str, Any]:
        """Who may take it: the service, for this account only."""
        statement: dict[str, Any] = {
            "Effect": "Allow", "Principal": {"Service": self.for_}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        }  # fmt: skip
        if self.for_.startswith("ec2"):
            del statement["Condition"]  # an instance profile brings no source account
        return document(statement)

    def resource(self, plan: Plan) -> RoleResource:
        policies = [{"PolicyName": self.suffix, "PolicyDocument": self.document()}] if self.allows else None
        return RoleResource(
            called=plan.names.of(self.suffix), AssumeRolePolicyDocument=self.trust(), Policies=policies,
            PermissionsBoundary=plan.asks.boundary, Description=self.about, why=self.about,
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
            "suspends the scale-in of the backstop, and hands it back at release", {"StringEquals": SCALABLE},
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


def _service(plan: Plan) -> Value:
    return arn("ecs", f"service/{plan.names.cluster}/{plan.names.ecs}")


def _tasks(plan: Plan) -> Value:
    return arn("ecs", f"task/{plan.names.cluster}/*")


def _parameter(plan: Plan, what: str) -> Value:
    return arn("ssm", f"parameter{plan.names.logs(what)}")
