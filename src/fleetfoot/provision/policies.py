"""Policies of fleetfoot.yaml as scaling policies of AWS, with the alarms of those that go by steps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fleetfoot.provision.metrics import Alarm, period_of, watched
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.predictive import predictive
from fleetfoot.provision.template import Resource, Value, ref, sub
from fleetfoot.spec.cloudwatch import METRICS
from fleetfoot.spec.policies import ForecastPolicy, Policy, StepPolicy, TargetPolicy

BACKSTOP = 85  # % CPU, above what any policy of ours would let it come to
SATURATED = 0.95  # of the CPU for a minute and a half: the controller does not let that be, so it is doubled
ECS_LAG = 50_000  # ms: a period of 20 s and its publication
MINUTE_LAG = 120_000  # ms: the same for metrics by the minute
STARTUP = 30_000  # ms, of a task whose file does not say
TARGET = ref("ScalableTarget")


class ScalingPolicy(Resource, of="AWS::ApplicationAutoScaling::ScalingPolicy"):
    PolicyName: Value
    PolicyType: Value
    ScalingTargetId: Value
    StepScalingPolicyConfiguration: Value = None
    TargetTrackingScalingPolicyConfiguration: Value = None
    PredictiveScalingPolicyConfiguration: Value = None


def made(plan: Plan, policy: Policy) -> dict[str, Resource]:
    """The resources of a policy its mode can express."""
    if isinstance(policy, ForecastPolicy):
        forecast = ScalingPolicy(
            PolicyName=plan.names.scaling(policy.name), PolicyType="PredictiveScaling", ScalingTargetId=TARGET,
            PredictiveScalingPolicyConfiguration=predictive(policy),
        )  # fmt: skip
        return {f"{camel(policy.name)}Policy": forecast}
    if isinstance(policy, TargetPolicy):
        return {f"{camel(policy.name)}Policy": _tracking(plan, policy)}
    return dict(_stepping(plan, policy)) if isinstance(policy, StepPolicy) else {}


def camel(name: str) -> str:
    return "".join(word.title() for word in re.split(r"[^A-Za-z0-9]+", name))


def backstop(plan: Plan) -> dict[str, Resource]:
    """Two policies. A CPU at its end says 100 % however much comes, so target tracking alone adds a fifth at a time."""
    rest = _rest(plan, ECS_LAG)
    tracking = ScalingPolicy(
        PolicyName=plan.names.scaling("backstop"), PolicyType="TargetTrackingScaling", ScalingTargetId=TARGET,
        why="AWS grows by itself should the controller be gone: published, 86 s to its trigger",
        TargetTrackingScalingPolicyConfiguration=_track(
            "ECSServiceAverageCPUUtilizationHighResolution", BACKSTOP, rest, 300, grow_only=True
        ),
    )  # fmt: skip
    doubling = StepPolicy(
        name="saturated", signal="cpu", above=SATURATED, percent={0.0: 100.0}, period=30_000, datapoints=3,
        cooldown=1000 * rest,
    )  # fmt: skip
    return {"BackstopPolicy": tracking, **dict(_stepping(plan, doubling))}


def _rest(plan: Plan, lag: int) -> int:
    """s until a growth shows in the metric: start-up, a period, its publication. Shorter grows twice for one surge."""
    task = plan.service.task
    return max(plan.service.guards.cooldown.out, (task.startup or STARTUP) + lag) // 1000


def _track(metric: str, target: float, out: int, back: int, *, grow_only: bool, label: Value = None) -> Value:
    kind = {"PredefinedMetricType": metric} | ({"ResourceLabel": label} if label else {})
    return {
        "PredefinedMetricSpecification": kind, "TargetValue": target, "ScaleOutCooldown": out, "ScaleInCooldown": back,
        "DisableScaleIn": grow_only,
    }  # fmt: skip


def _tracking(plan: Plan, policy: TargetPolicy) -> ScalingPolicy:
    """CPU and memory by 20 s; requests per task only by the minute, AWS has nothing finer."""
    back = max(1, plan.service.guards.cooldown.in_ // 1000)
    label: Value = None
    if policy.signal == "requests":
        kind, target, out = "ALBRequestCountPerTarget", 60 * policy.value, _rest(plan, MINUTE_LAG)
        label = sub("${LoadBalancer.LoadBalancerFullName}/${TargetGroup.TargetGroupFullName}")
    else:
        what = "CPU" if policy.signal == "cpu" else "Memory"
        kind, target = f"ECSServiceAverage{what}UtilizationHighResolution", 100 * policy.value
        out = _rest(plan, ECS_LAG)
    return ScalingPolicy(
        PolicyName=plan.names.scaling(policy.name), PolicyType="TargetTrackingScaling", ScalingTargetId=TARGET,
        TargetTrackingScalingPolicyConfiguration=_track(
            kind, round(target, 6), out, back, grow_only=not policy.scale_in, label=label
        ),
    )  # fmt: skip


Row = tuple[float | None, float | None, float]


def _stepping(plan: Plan, policy: StepPolicy) -> Iterator[tuple[str, Resource]]:
    """An alarm and a policy for each step up; one of both for all steps down, and for exact counts.

    Exact counts are not split: the alarm of a lower step, repeating its own count each minute, would shrink the fleet.
    """
    rows = list(policy.steps)
    split = policy.above is not None and policy.exact is None and len(rows) > 1
    groups: list[tuple[str, float, list[Row]]] = [("", 0.0, rows)]
    if split:
        groups = [(str(number), low or 0.0, [(0.0, None, by)]) for number, (low, _, by) in enumerate(rows, 1)]
    for suffix, distance, steps in groups:
        name = camel(policy.name) + suffix
        full = plan.names.scaling(policy.name) + (f"-{suffix}" if suffix else "")
        yield f"{name}Policy", _step_policy(plan, policy, full, steps)
        yield f"{name}Alarm", _alarm(plan, policy, full, f"{name}Policy", distance)


def _step_policy(plan: Plan, policy: StepPolicy, full: str, steps: list[Row]) -> ScalingPolicy:
    _, level = watched(plan, policy.signal, period_of(policy.signal, policy.period))
    adjustments = []
    for low, high, by in steps:
        bounds = {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high}
        scaled = {key: level(value) for key, value in bounds.items() if value is not None}
        adjustments.append(scaled | {"ScalingAdjustment": round(by)})
    kind = {"change": "ChangeInCapacity", "percent": "PercentChangeInCapacity", "exact": "ExactCapacity"}
    shape = {
        "AdjustmentType": kind[policy.kind_of_change], "Cooldown": policy.cooldown // 1000,
        "MetricAggregationType": "Average", "StepAdjustments": adjustments,
    } | ({"MinAdjustmentMagnitude": policy.at_least} if policy.kind_of_change == "percent" else {})  # fmt: skip
    return ScalingPolicy(
        PolicyName=full, PolicyType="StepScaling", ScalingTargetId=TARGET, StepScalingPolicyConfiguration=shape
    )  # fmt: skip


def datapoints(policy: StepPolicy) -> int:
    """Two at least for a sum that falls: where the metric breaks off, its last period has half a sum, and then none."""
    return max(2 if METRICS[policy.signal].total and policy.below is not None else 1, policy.datapoints)


def _alarm(plan: Plan, policy: StepPolicy, full: str, does: str, distance: float) -> Alarm:
    metric, level = watched(plan, policy.signal, period_of(policy.signal, policy.period))
    threshold = policy.above if policy.above is not None else policy.below
    assert threshold is not None  # one of them is written
    points = datapoints(policy)
    # a step begins at its lower bound, that included; the first begins above the threshold itself
    at = "GreaterThanOrEqualToThreshold" if distance else "GreaterThanThreshold"
    return Alarm(
        AlarmName=full, AlarmDescription=f"{policy.name} of {plan.service.name}, as fleetfoot.yaml has it",
        ComparisonOperator=at if policy.above is not None else "LessThanThreshold",
        Threshold=level(threshold + distance), EvaluationPeriods=points, DatapointsToAlarm=points,
        AlarmActions=[ref(does)], **metric,
    )  # fmt: skip
