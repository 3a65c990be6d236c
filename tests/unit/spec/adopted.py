"""Scaling as AWS's commands answer it, and what is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fleetfoot.core.compile import compile_service
from fleetfoot.spec.adopt import Adopted, adopt

EXAMPLES = Path(__file__).parents[3] / "examples/import"
WEB = {"ServiceNamespace": "ecs", "ResourceId": "service/prod/web", "ScalableDimension": "ecs:service:DesiredCount"}


def read(*answers: dict[str, Any]) -> Adopted:
    return adopt(
        [(f"{number}.json", json.dumps(answer, indent=1).encode()) for number, answer in enumerate(answers)], {}
    )


def example(name: str) -> Adopted:
    return adopt([(name, (EXAMPLES / name).read_bytes())], {})


def target(low: int = 2, high: int = 40) -> dict[str, Any]:
    return {"ScalableTargets": [{**WEB, "MinCapacity": low, "MaxCapacity": high}]}


def policy(name: str = "p", **config: Any) -> dict[str, Any]:
    return {"ScalingPolicies": [{**WEB, "PolicyName": name, "PolicyARN": f"arn:{name}", "PolicyType": "x", **config}]}


def steps(kind: str = "ChangeInCapacity", *rows: tuple[int | None, int | None, int], **more: Any) -> dict[str, Any]:
    adjustments = []
    for low, high, by in rows or ((0, None, 1),):
        row = {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high, "ScalingAdjustment": by}
        adjustments.append({key: value for key, value in row.items() if value is not None})
    config = {"AdjustmentType": kind, "StepAdjustments": adjustments, "Cooldown": 60, **more}
    return policy(StepScalingPolicyConfiguration=config)


def alarm(metric: str = "CPUUtilization", threshold: float = 70, above: bool = True, **more: Any) -> dict[str, Any]:
    operator = "GreaterThanThreshold" if above else "LessThanThreshold"
    row = {"AlarmName": "a", "AlarmActions": ["arn:p"], "MetricName": metric, "Statistic": "Average", "Period": 60,
           "EvaluationPeriods": 1, "Threshold": threshold, "ComparisonOperator": operator, **more}  # fmt: skip
    return {"MetricAlarms": [row]}


def compiled(found: Adopted, name: str = "web") -> tuple[Any, ...]:
    return compile_service(found.spec.services[name]).policies


def notes(found: Adopted, name: str = "web") -> str:
    return "\n".join(found.notes[name])
