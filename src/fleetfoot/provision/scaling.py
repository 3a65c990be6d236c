"""Scaling in the template, in three modes; what one cannot express is refused by name.

``alarms``: high-resolution alarms, one for each step. An alarm repeats its scaling action only once a minute, so one
alarm with three steps answers the first it meets and then waits; three alarms answer each level as it is passed.
``native20``: AWS's target tracking on its own 20 s metrics. ``controller``: fleetfoot sets the count; AWS's scale-out
stays armed above it and its scale-in is suspended.
"""

from __future__ import annotations

from collections.abc import Iterator

from fleetfoot.provision.metrics import period_of
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.policies import backstop, datapoints, made
from fleetfoot.provision.predictive import why_not as not_forecast
from fleetfoot.provision.refusals import Refusal, Refused
from fleetfoot.provision.scheduled import scheduled, why_not
from fleetfoot.provision.template import Parameter, Part, Resource, Value, ref, sub
from fleetfoot.spec.cloudwatch import METRICS
from fleetfoot.spec.policies import ForecastPolicy, Policy, SchedulePolicy, StepPolicy, TargetPolicy


class ScalableTarget(Resource, of="AWS::ApplicationAutoScaling::ScalableTarget"):
    MinCapacity: Value
    MaxCapacity: Value
    ResourceId: Value
    ScalableDimension: Value = "ecs:service:DesiredCount"
    ServiceNamespace: Value = "ecs"
    SuspendedState: Value = None
    ScheduledActions: Value = None


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
        found |= backstop(plan)
    else:
        for policy in plan.service.policies:
            found |= made(plan, policy)
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


def _suspended() -> dict[str, bool]:
    return {
        "DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False,
    }  # fmt: skip
