"""Scaling in the template, in three modes; what one cannot express is refused by name.

``alarms``: high-resolution alarms, one for each step. An alarm repeats its scaling action only once a minute, so one
alarm with three steps answers the first it meets and then waits; three alarms answer each level as it is passed.
``native20``: AWS's target tracking on its own 20 s metrics. ``controller``: fleetfoot sets the count; AWS's scale-out
stays armed above it and its scale-in is suspended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from fleetfoot.provision.metrics import period_of, watched
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.predictive import predictive
from fleetfoot.provision.predictive import why_not as not_forecast
from fleetfoot.provision.refusals import Refusal, Refused
from fleetfoot.provision.scheduled import scheduled, why_not
from fleetfoot.provision.template import Parameter, Part, Resource, Value, ref, sub
from fleetfoot.spec.cloudwatch import METRICS
from fleetfoot.spec.policies import ForecastPolicy, Policy, SchedulePolicy, StepPolicy, TargetPolicy

BACKSTOP = 85  # % CPU, above what any policy of ours would let it come to
ECS_LAG = 50_000  # ms: a period of 20 s and its publication
MINUTE_LAG = 120_000  # ms: the same for metrics by the minute
STARTUP = 30_000  # ms, of a task whose file does not say


class ScalableTarget(Resource, of="AWS::ApplicationAutoScaling::ScalableTarget"):
    MinCapacity: Value
    MaxCapacity: Value
    ResourceId: Value
    ScalableDimension: Value = "ecs:service:DesiredCount"
    ServiceNamespace: Value = "ecs"
    SuspendedState: Value = None
    ScheduledActions: Value = None


class ScalingPolicy(Resource, of="AWS::ApplicationAutoScaling::ScalingPolicy"):
    PolicyName: Value
    PolicyType: Value
    ScalingTargetId: Value
    StepScalingPolicyConfiguration: Value = None
    TargetTrackingScalingPolicyConfiguration: Value = None
    PredictiveScalingPolicyConfiguration: Value = None


class Alarm(Resource, of="AWS::CloudWatch::Alarm"):
    AlarmName: Value
    AlarmDescription: Value
    ComparisonOperator: Value
    Threshold: Value
    EvaluationPeriods: Value
    DatapointsToAlarm: Value
    AlarmActions: Value
    MetricName: Value
    Namespace: Value
    Period: Value
    Dimensions: Value
    Statistic: Value = None
    ExtendedStatistic: Value = None
    TreatMissingData: Value = "notBreaching"
    OKActions: Value = None


def scaling(plan: Plan) -> Part:
    """Raises ``Refused`` with everything the mode cannot express."""
    refusals = tuple(refused(plan))
    if refusals:
        raise Refused(refusals)
    capacity, actions = plan.service.capacity, []
    if plan.mode != "controller":
        actions = [action for policy in plan.service.policies if isinstance(policy, SchedulePolicy)
                   for action in scheduled(policy, plan.service.capacity)]  # fmt: skip
    found: dict[str, Resource] = {
        "ScalableTarget": ScalableTarget(
            MinCapacity=ref("MinTasks"), MaxCapacity=ref("MaxTasks"), DependsOn=("Service",),
            ResourceId=sub(f"service/${{Cluster}}/{plan.names.ecs}"), ScheduledActions=actions or None,
            SuspendedState=_suspended() if plan.mode == "controller" else None,
            why="the bounds" if plan.there else "the bounds; what the service starts with when the stack is made",
        )
    }  # fmt: skip
    if plan.mode == "controller":
        found["BackstopPolicy"] = _backstop(plan)
    else:
        for policy in plan.service.policies:
            found |= _policy(plan, policy)
    return Part(
        title=f"scaling, mode {plan.mode}",
        resources=found,
        parameters={
            "MinTasks": Parameter(Description="Fewest tasks", Type="Number", Default=capacity.min, MinValue=0),
            "MaxTasks": Parameter(Description="Most tasks", Type="Number", Default=capacity.max, MinValue=1),
        },
    )


def refused(plan: Plan) -> Iterator[Refusal]:
    """Everything of the service its mode cannot express."""
    if plan.mode == "controller":
        return
    for policy in plan.service.policies:
        found = _why_not(plan, policy)
        if found is not None:
            yield Refusal(f"policy {policy.name}", plan.mode, *found)


def notes(plan: Plan) -> list[str]:
    """What the template does without, that the controller would do, and where its names are others: a line each."""
    if plan.mode == "controller":
        return _other_names(plan)
    written = plan.service.guards.model_fields_set - {"cooldown"}
    names = sorted(name.replace("_", " ") for name in written)
    found = [f"guards.{name} is held by the controller only: mode {plan.mode} does without" for name in names]
    steps = [policy for policy in plan.service.policies if isinstance(policy, StepPolicy)]
    takes = [(policy, period_of(policy.signal, policy.period)) for policy in steps]
    found += [
        f"policy {policy.name}: AWS has no datapoint of {policy.period / 1000:g} s on {policy.signal}; "
        f"its alarm takes {took // 1000} s"
        for policy, took in takes
        if took != policy.period
    ]
    found += [
        f"policy {policy.name}: its alarm takes 2 datapoints, since a metric that breaks off ends with half a sum"
        for policy in steps
        if datapoints(policy) != policy.datapoints
    ]
    return found


def _other_names(plan: Plan) -> list[str]:
    """The controller runs the same file: it looks for the service under the names of ``ecs``."""
    asked = (plan.service.ecs.cluster, plan.service.ecs.service or plan.service.name)
    named = (plan.names.cluster, plan.names.ecs)
    if plan.service.target == "ecs" and (plan.there or asked == named):
        return []
    wanted = f"target: ecs, ecs: {{cluster: {named[0]}, service: {named[1]}}}"
    return [f"the controller finds the service of this template with {wanted}"]


def _why_not(plan: Plan, policy: Policy) -> tuple[str, str] | None:
    """(why, what to do instead) for a policy the mode cannot express."""
    use = "use --mode controller"
    if isinstance(policy, SchedulePolicy):
        if policy is not next(one for one in plan.service.policies if isinstance(one, SchedulePolicy)):
            return "AWS keeps one row of bounds, and another schedule sets it", "write its windows into that one"
        return next(((why, f"{use}, or write weekly windows") for why in why_not(policy)), None)
    if isinstance(policy, ForecastPolicy):
        found = not_forecast(policy)
        return None if found is None else (found, f"{use}, or leave it out")
    if isinstance(policy, TargetPolicy):
        if policy.signal in ("cpu", "memory") or (policy.signal == "requests" and policy.per_task):
            return None
        return "AWS tracks cpu, memory and requests per task on ECS", f"{use}, or a step on {policy.signal}"
    if not isinstance(policy, StepPolicy):
        carried = plan.service.task.throughput
        example = f"target: {{signal: requests, per task: {carried * 0.7:g}/s}}" if carried else "target or step"
        return f"AWS has no policy {policy.kind}", f"{use}, or write {example} in its place"
    if plan.mode == "native20":
        return "it is target tracking only", "use --mode alarms or --mode controller"
    if policy.signal not in METRICS:
        return f"nobody publishes {policy.signal} to CloudWatch", use
    if policy.statistic != "mean":
        return f"CloudWatch has no {policy.statistic} of the fleet's mean", f"{use}, or statistic: mean"
    return None


def _policy(plan: Plan, policy: Policy) -> dict[str, Resource]:
    if isinstance(policy, ForecastPolicy):
        made = ScalingPolicy(
            PolicyName=plan.names.scaling(policy.name), PolicyType="PredictiveScaling",
            ScalingTargetId=ref("ScalableTarget"), PredictiveScalingPolicyConfiguration=predictive(policy),
        )  # fmt: skip
        return {f"{camel(policy.name)}Policy": made}
    if isinstance(policy, TargetPolicy):
        return {f"{camel(policy.name)}Policy": _tracking(plan, policy)}
    return dict(_stepping(plan, policy)) if isinstance(policy, StepPolicy) else {}


def camel(name: str) -> str:
    return "".join(word.title() for word in re.split(r"[^A-Za-z0-9]+", name))


def _suspended() -> dict[str, bool]:
    return {
        "DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False,
    }  # fmt: skip


def _backstop(plan: Plan) -> ScalingPolicy:
    return ScalingPolicy(
        PolicyName=plan.names.scaling("backstop"), PolicyType="TargetTrackingScaling",
        ScalingTargetId=ref("ScalableTarget"),
        why="AWS grows by itself should the controller be gone: published, 86 s to its trigger",
        TargetTrackingScalingPolicyConfiguration=_track(
            "ECSServiceAverageCPUUtilizationHighResolution", BACKSTOP, _rest(plan, ECS_LAG), 300, grow_only=True
        ),
    )  # fmt: skip


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
        PolicyName=plan.names.scaling(policy.name), PolicyType="TargetTrackingScaling",
        ScalingTargetId=ref("ScalableTarget"),
        TargetTrackingScalingPolicyConfiguration=_track(
            kind, round(target, 6), out, back, grow_only=not policy.scale_in, label=label
        ),
    )  # fmt: skip


Row = tuple[float | None, float | None, float]


def _stepping(plan: Plan, policy: StepPolicy) -> Iterable[tuple[str, Resource]]:
    """An alarm and a policy for each step up; one of both for all steps down, and for exact counts.

    Exact counts are not split: the alarm of a lower step, repeating its own count each minute, would shrink the fleet.
    """
    rows = list(policy.steps)
    split = policy.above is not None and policy.exact is None and len(rows) > 1
    groups: list[tuple[str, float, list[Row]]] = []
    if split:
        for number, (low, _, by) in enumerate(rows, 1):
            groups.append((str(number), low or 0.0, [(0.0, None, by)]))
    else:
        groups.append(("", 0.0, rows))
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
        PolicyName=full, PolicyType="StepScaling", ScalingTargetId=ref("ScalableTarget"),
        StepScalingPolicyConfiguration=shape,
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
