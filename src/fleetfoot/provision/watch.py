"""Who is told what: stopped tasks, failed deployments, errors, the bill; and one dashboard to look at."""

from __future__ import annotations

import json
from typing import Any

from fleetfoot.provision.metrics import Alarm
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.statements import document
from fleetfoot.provision.template import (
    Parameter,
    Part,
    Resource,
    Skip,
    Tagged,
    Value,
    attribute,
    filled,
    pairs,
    ref,
    sub,
)
from fleetfoot.spec.cloudwatch import METRICS

SENDERS = ("budgets", "cloudwatch", "events")
"""Services of AWS that may write to the topic."""
BUDGET_AT = (50, 80, 90, 100)  # % of the month's budget


class Topic(Tagged, of="AWS::SNS::Topic", named="TopicName"):
    pass


class TopicPolicy(Resource, of="AWS::SNS::TopicPolicy"):
    Topics: Value
    PolicyDocument: Value


class Subscription(Resource, of="AWS::SNS::Subscription"):
    TopicArn: Value
    Protocol: Value
    Endpoint: Value


class Rule(Resource, of="AWS::Events::Rule"):
    Name: Value
    Description: Value
    EventPattern: Value
    Targets: Value


class Dashboard(Resource, of="AWS::CloudWatch::Dashboard"):
    DashboardName: Value
    DashboardBody: Value


class Budget(Resource, of="AWS::Budgets::Budget"):
    Budget: Value
    NotificationsWithSubscribers: Value


def watch(plan: Plan) -> Part:
    names = plan.names
    found: dict[str, Resource] = {
        "Alerts": Topic(
            called=names.of("alerts"),
            skips=(Skip("CKV_AWS_26", "alarms and events cannot write to a topic under SNS's own key"),),
        ),
        "AlertsPolicy": _policy(),
        "AlertsByEmail": Subscription(
            TopicArn=ref("Alerts"), Protocol="email", Endpoint=ref("AlertEmail"), Condition="HasEmail"
        ),
        **_rules(plan),
        **_alarms(plan),
        "Dashboard": dashboard(plan),
    }  # fmt: skip
    parameters = {
        "AlertEmail": Parameter(
            Description="Who is told of stopped tasks, errors and the bill; empty: nobody",
            Default=plan.asks.email or "",
        )
    }
    if plan.monthly is not None:
        found["MonthlyBudget"] = _budget(plan)
        parameters["BudgetUsd"] = Parameter(
            Description="What the account may cost a month, USD", Type="Number", Default=str(plan.monthly)
        )
    return Part(
        title="who is told what",
        resources=found,
        parameters=parameters,
        conditions={"HasEmail": filled("AlertEmail")},
        outputs={
            "AlertTopic": ("Where alerts go; subscribe what you like", ref("Alerts")),
            "DashboardUrl": (
                "The dashboard",
                sub(
                    "https://console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}#dashboards:name=${Dashboard}"
                ),
            ),
        },
    )


def _policy() -> TopicPolicy:
    statement = {
        "Effect": "Allow", "Principal": {"Service": [f"{name}.amazonaws.com" for name in SENDERS]},
        "Action": "sns:Publish", "Resource": ref("Alerts"),
        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
    }  # fmt: skip
    return TopicPolicy(Topics=[ref("Alerts")], PolicyDocument=document(statement))


def _rules(plan: Plan) -> dict[str, Resource]:
    watched = {"Service": plan.names.ecs}
    if plan.mode == "controller":
        watched["ControllerService"] = plan.names.of("controller")
    groups = [f"service:{name}" for name in watched.values()]
    task = {"clusterArn": [attribute("Cluster", "Arn")], "group": groups, "lastStatus": ["STOPPED"]}
    told = {"task": "$.detail.taskArn", "group": "$.detail.group", "reason": "$.detail.stoppedReason"}
    killed = {"stopCode": ["EssentialContainerExited"], "containers": {"exitCode": [137, 139]}}
    here = [attribute(name, "ServiceArn") for name in watched]
    return {
        "OutOfMemory": _rule(
            plan, "out-of-memory", "a container was killed (137, most often out of memory) or crashed (139)",
            "ECS Task State Change", task | killed,
            "<task> of <group> was killed or crashed: <reason>", **told,
        ),
        "TaskFailed": _rule(
            plan, "task-failed", "a task ended by itself, or never started",
            "ECS Task State Change", task | {"stopCode": ["EssentialContainerExited", "TaskFailedToStart"]},
            "<task> of <group> stopped: <reason>", **told,
        ),
        "CrashLoop": _rule(
            plan, "crash-loop", "tasks fail to start again and again: a person is needed",
            "ECS Service Action", {"eventName": ["SERVICE_TASK_START_IMPAIRED", "SERVICE_TASK_PLACEMENT_FAILURE"]},
            "<event>: a person is needed", resources=here, event="$.detail.eventName",
        ),
        "DeploymentFailed": _rule(
            plan, "deployment-failed", "a deployment failed and was rolled back",
            "ECS Deployment State Change", {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            "deployment failed: <reason>", resources=here, reason="$.detail.reason",
        ),
    }  # fmt: skip


def _rule(
    plan: Plan, name: str, about: str, kind: str, detail: dict[str, Any], says: str, resources: Value = None,
    **paths: str,
) -> Rule:  # fmt: skip
    pattern = {"source": ["aws.ecs"], "detail-type": [kind], "detail": detail}
    text = json.dumps(f"{plan.service.name}: {says}")
    target = {"Arn": ref("Alerts"), "Id": "alerts", "InputTransformer": {"InputPathsMap": paths, "InputTemplate": text}}
    return Rule(
        Name=plan.names.of(name), Description=about, Targets=[target],
        EventPattern=pattern | ({"resources": resources} if resources is not None else {}),
    )  # fmt: skip


def _alarms(plan: Plan) -> dict[str, Resource]:
    """What ECS does not say itself."""
    balancer = {"LoadBalancer": attribute("LoadBalancer", "LoadBalancerFullName")}
    targets = balancer | {"TargetGroup": attribute("TargetGroup", "TargetGroupFullName")}
    found = {
        "NoHealthyTask": ("HealthyHostCount", "Minimum", "LessThanThreshold", 1, 2, "breaching", targets,
                          "no task is healthy"),
        "ManyErrors": ("HTTPCode_Target_5XX_Count", "Sum", "GreaterThanThreshold", 50, 3, "notBreaching", targets,
                       "more than 50 answers a minute are errors of the tasks"),
        "Refused": ("RejectedConnectionCount", "Sum", "GreaterThanThreshold", 0, 1, "notBreaching", balancer,
                    "the balancer is at its own limit"),
    }  # fmt: skip
    return {
        name: Alarm(
            AlarmName=plan.names.of(name.lower()), AlarmDescription=about, Namespace="AWS/ApplicationELB",
            MetricName=metric, Statistic=statistic, ComparisonOperator=how, Threshold=level, EvaluationPeriods=count,
            DatapointsToAlarm=count, TreatMissingData=missing, Period=60, AlarmActions=[ref("Alerts")],
            OKActions=[ref("Alerts")], Dimensions=pairs(where, "Name"),
        )
        for name, (metric, statistic, how, level, count, missing, where, about) in found.items()
    }  # fmt: skip


def dashboard(plan: Plan) -> Dashboard:
    return Dashboard(DashboardName=plan.names.of("service"), DashboardBody=sub(_widgets(plan)))


def _widgets(plan: Plan) -> str:
    """Traffic, latency, tasks, load: one row of two each."""
    own = [plan.namespace, None, "Service", plan.service.name]
    ecs = ["ClusterName", "${Cluster}", "ServiceName", plan.names.ecs]
    fine = {"period": 10}

    def mine(signal: str, statistic: str) -> list[Any]:
        return [own[0], METRICS[signal].name, *own[2:], {"stat": statistic} | fine]

    insights = "ECS/ContainerInsights"
    tasks = [[insights, f"{name}TaskCount", *ecs] for name in ("Desired", "Running", "Pending")]
    rows = {
        "traffic": [mine("requests", "Sum")],
        "latency, ms": [mine("latency", "p50"), mine("latency", "p95"), mine("latency", "p99")],
        "tasks": tasks,
        "cpu and memory, %": [
            ["AWS/ECS", METRICS[name].name, *ecs, {"period": 20 if plan.fine else 60}] for name in ("cpu", "memory")
        ],
    }
    widgets = [
        {
            "type": "metric", "x": 12 * (number % 2), "y": 6 * (number // 2), "width": 12, "height": 6,
            "properties": {"title": title, "region": "${AWS::Region}", "view": "timeSeries", "metrics": metrics},
        }
        for number, (title, metrics) in enumerate(rows.items())
    ]  # fmt: skip
    return json.dumps({"widgets": widgets}, separators=(",", ":"))


def _budget(plan: Plan) -> Budget:
    subscriber = {"SubscriptionType": "SNS", "Address": ref("Alerts")}
    told = [
        {
            "Notification": {
                "NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": share,
                "ThresholdType": "PERCENTAGE",
            },
            "Subscribers": [subscriber],
        }
        for share in BUDGET_AT
    ]  # fmt: skip
    return Budget(
        Budget={
            "BudgetName": plan.names.of("monthly"), "BudgetType": "COST", "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": ref("BudgetUsd"), "Unit": "USD"},
        },
        NotificationsWithSubscribers=told, DependsOn=("AlertsPolicy",),
        why="of the whole account: a filter by tag counts nothing until the tag is activated for billing",
    )  # fmt: skip
