"""The scaling of a CloudFormation template, read back out of its text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fleetfoot.core.policies.step import CHANGE, EXACT, PERCENT
from fleetfoot.sim.native.cloudwatch import COMPARISONS, MetricAlarm, metric_of
from fleetfoot.sim.native.scaling import Bounds, Native, StepPolicy
from fleetfoot.sim.rivals.aws import Cooldown
from fleetfoot.sim.rivals.step_scaling import Step, Watch, faults
from fleetfoot.sim.rivals.target_tracking import Policy, Track
from fleetfoot.spec.adopt.actions import week_of
from fleetfoot.spec.adopt.at import At, Refused, documents
from fleetfoot.spec.nodes import Node
from fleetfoot.spec.zones import offset_at, zone_named

AAS, ALARM = "AWS::ApplicationAutoScaling::", "AWS::CloudWatch::Alarm"
KINDS = {"ChangeInCapacity": CHANGE, "PercentChangeInCapacity": PERCENT, "ExactCapacity": EXACT}
MINUTE = 60_000  # ms


@dataclass(frozen=True)
class Executed:
    """``make(start)``: the template's scaling, fresh, for a run that begins at the wall clock's ``start`` ms.

    ``mode``: as fleetfoot wrote it, empty in anybody else's. ``notes``: what is not executed, a line each.
    """

    bounds: Bounds
    mode: str
    notes: tuple[str, ...]
    make: Callable[[int], Native]


def execute(name: str, data: bytes) -> Executed:
    """The scaling in the template ``data``. Raises ValueError with file:line for what cannot be read or executed."""
    try:
        roots = documents(name, data)
        if len(roots) != 1 or "Resources" not in roots[0]:
            roots[0].refuse("is no CloudFormation template: it has no Resources")
        return _executed(roots[0])
    except Refused as refused:
        raise ValueError(str(refused.error)) from None


def _executed(root: At) -> Executed:
    defaults = _defaults(root)
    resources = root.with_defaults(defaults).of("Resources")
    found = {key: resources.of(key) for key in resources.node if isinstance(resources.node[key], Node)}
    targets = [one for one in found.values() if one.text("Type") == f"{AAS}ScalableTarget"]
    if len(targets) != 1:
        root.refuse(f"has {len(targets)} scalable targets: one service is simulated at a time", "Resources")
    target = targets[0].of("Properties")
    bounds = Bounds(target.whole("MinCapacity"), target.whole("MaxCapacity"))
    if not 0 <= bounds.least <= bounds.most or bounds.most < 1:
        target.refuse(f"{bounds.most} is below MinCapacity {bounds.least}, or below 1", "MaxCapacity")
    notes: list[str] = []
    policies = {key: one.of("Properties") for key, one in found.items() if one.text("Type") == f"{AAS}ScalingPolicy"}
    alarms = [(key, one.of("Properties")) for key, one in found.items() if one.text("Type") == ALARM]
    suspended = target.of("SuspendedState").flag("DynamicScalingInSuspended")
    for key, policy in policies.items():
        _check(key, policy, notes)

    def make(start: int) -> Native:
        steps = [_step(key, alarm, policies[does]) for key, alarm in alarms for does in _acts(alarm, policies)]
        tracking = [made for one in policies.values() if (made := _tracking(one, suspended)) is not None]
        return Native(root.file, bounds, tuple(steps), tuple(tracking), _week(target, bounds, start), start)

    make(0)  # what cannot be read is told before any run
    notes += [
        f"{action.place}: {action.text('Schedule')} is not executed: cron of days of the week is"
        for action in target.all("ScheduledActions")
        if not week_of(action.text("Schedule"))
    ]
    mode = root.of("Metadata").of("Fleetfoot").text("Mode")
    return Executed(bounds, mode, tuple(notes), make)


def _defaults(root: At) -> Mapping[str, str]:
    parameters = root.of("Parameters")
    return {
        name: node["Default"]
        for name, node in parameters.node.items()
        if isinstance(node, Node) and isinstance(node.get("Default"), str)
    }


def _acts(alarm: At, policies: Mapping[str, At]) -> list[str]:
    """The scaling policies an alarm asks."""
    return [name for name in alarm.texts("AlarmActions") if name in policies]


def _check(key: str, policy: At, notes: list[str]) -> None:
    kind = policy.text("PolicyType")
    if kind not in ("StepScaling", "TargetTrackingScaling"):
        notes.append(f"{policy.place}: {key} is {kind}, which is not executed")
    elif kind == "TargetTrackingScaling" and _tracking(policy, suspended=False) is None:
        notes.append(f"{policy.place}: {key} tracks what the simulated world does not measure; it is not executed")


def _alarm(name: str, alarm: At) -> MetricAlarm:
    comparison = alarm.need("ComparisonOperator", f"one of {', '.join(COMPARISONS)}")
    if comparison not in COMPARISONS:
        alarm.refuse(f"{comparison} is not executed: {', '.join(COMPARISONS)} are", "ComparisonOperator")
    statistic = alarm.text("ExtendedStatistic") or alarm.text("Statistic", "Average")
    period = 1000 * alarm.whole("Period")
    try:
        metric = metric_of(alarm.text("Namespace"), alarm.need("MetricName", "what it looks at"), statistic, period)
    except ValueError as error:
        alarm.refuse(str(error), "MetricName")
    of = alarm.whole("EvaluationPeriods")
    return MetricAlarm(
        name, metric, comparison, alarm.number("Threshold"), alarm.whole("DatapointsToAlarm", of), of,
        alarm.text("TreatMissingData", "missing"),
    )  # fmt: skip


def _step(name: str, alarm: At, policy: At) -> StepPolicy:
    made, shape = _alarm(name, alarm), policy.of("StepScalingPolicyConfiguration")
    rows = tuple(
        Step(_bound(row, "MetricIntervalLowerBound"), _bound(row, "MetricIntervalUpperBound"),
             row.number("ScalingAdjustment"))
        for row in shape.all("StepAdjustments")
    )  # fmt: skip
    kind = KINDS.get(shape.text("AdjustmentType"), CHANGE)
    if wrong := faults(rows, kind):
        shape.refuse("; ".join(wrong), "StepAdjustments")
    watch = Watch(
        made.threshold, rows, made.comparison.startswith("Greater"), kind, made.of,
        shape.whole("MinAdjustmentMagnitude", 1),
    )  # fmt: skip
    rest = 1000 * shape.whole("Cooldown", 300)
    return StepPolicy(made, watch, Cooldown(rest, rest))


def _bound(row: At, key: str) -> float | None:
    return row.number(key) if key in row else None


def _tracking(policy: At, suspended: bool) -> Policy | None:
    """None for another kind, and for a metric the world does not measure."""
    if policy.text("PolicyType") != "TargetTrackingScaling":
        return None
    shape = policy.of("TargetTrackingScalingPolicyConfiguration")
    kind, target = shape.of("PredefinedMetricSpecification").text("PredefinedMetricType"), shape.number("TargetValue")
    keeps = suspended or shape.flag("DisableScaleIn")
    if kind == "ALBRequestCountPerTarget":
        track = Track("requests", target, per_task=True, scale_in=not keeps)
    elif kind == "ECSServiceAverageCPUUtilizationHighResolution":
        track = Track("cpu", target / 100, 20_000, 30_000, scale_in=not keeps)
    elif kind == "ECSServiceAverageCPUUtilization":
        track = Track("cpu", target / 100, scale_in=not keeps)
    else:
        return None
    rest = Cooldown(1000 * shape.whole("ScaleOutCooldown", 300), 1000 * shape.whole("ScaleInCooldown", 300))
    return Policy(track, rest)


def _week(target: At, bounds: Bounds, start: int) -> tuple[tuple[int, Bounds], ...]:
    """When in the week, ms from the epoch's Thursday, the bounds change; the zone's offset is that of ``start``."""
    found = []
    for action in target.all("ScheduledActions"):
        minutes = week_of(action.text("Schedule"))
        sets = action.of("ScalableTargetAction")
        new = Bounds(sets.whole("MinCapacity", bounds.least), sets.whole("MaxCapacity", bounds.most))
        offset = offset_at(zone_named(action.text("Timezone", "UTC")), start)
        monday = 4 * 86_400_000  # the epoch was a Thursday
        found += [((monday + minute * MINUTE - offset) % (7 * 86_400_000), new) for minute in minutes]
    return tuple(sorted(found))
