"""A scaling policy of Application Auto Scaling -> a policy: target tracking, and step scaling with its alarms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fleetfoot.spec.adopt.at import At
from fleetfoot.spec.adopt.draft import Draft, flow, quoted, seconds
from fleetfoot.spec.adopt.metrics import Level, level
from fleetfoot.spec.errors import listed, shown
from fleetfoot.spec.forms import plain

PREDEFINED = {
    "ECSServiceAverageCPUUtilization": ("cpu", 60), "ECSServiceAverageMemoryUtilization": ("memory", 60),
    "ECSServiceAverageCPUUtilizationHighResolution": ("cpu", 20),
    "ECSServiceAverageMemoryUtilizationHighResolution": ("memory", 20),
    "ECSServiceHighResolutionAverageCPUUtilization": ("cpu", 20),
    "ECSServiceHighResolutionAverageMemoryUtilization": ("memory", 20),
    "RDSReaderAverageCPUUtilization": ("cpu", 60), "ASGAverageCPUUtilization": ("cpu", 60),
}  # fmt: skip
HIGH, LOW = 3, 15  # datapoints of AWS's own two alarms
STATISTICS = {"Average": "mean", "Maximum": "max", "Minimum": "min", "Sum": "mean"}
ABOVE = {"GreaterThanThreshold": True, "GreaterThanOrEqualToThreshold": True,
         "LessThanThreshold": False, "LessThanOrEqualToThreshold": False}  # fmt: skip
TASKS = ("RunningTaskCount", "DesiredTaskCount", "HealthyHostCount", "GroupInServiceInstances")
LONGEST = 3600  # s of one datapoint


def tracking(policy: At, name: str, draft: Draft, names: Mapping[str, str], alone: bool) -> list[str]:
    """Target tracking. ``alone``: no step policy beside it, so that its waits may be the guards'."""
    config = policy.of("TargetTrackingScalingPolicyConfiguration")
    value = config.number("TargetValue")
    keys, period = _tracked(config, value, draft, names)
    if not keys:
        return []
    if config.flag("DisableScaleIn"):
        keys.append(("scale in", "off"))
    out, back = config.number("ScaleOutCooldown", 300), config.number("ScaleInCooldown", 300)
    if alone:
        for guard, waits in (("stabilisation", ((HIGH - 1) * period, (LOW - 1) * period)), ("cooldown", (out, back))):
            _longest(draft, guard, waits, policy)
    else:
        draft.note(
            policy.place,
            f"the waits of {name} ({HIGH} and {LOW} datapoints, cooldowns) are not carried over: beside step policies "
            "they would hold those too; its window is as long as three datapoints",
        )
    draft.note(policy.place, f"{name}: AWS grows from its target on, a target here from 10% above (tolerance)")
    window = seconds(period if alone else HIGH * period)
    return [f"- target: {flow([('name', quoted(name)), *keys, ('window', window)])}"]


def _longest(draft: Draft, guard: str, waits: tuple[float, float], policy: At) -> None:
    """Two policies have one guard: the longer wait of both."""
    before = draft.waits.get(guard)
    if before is not None and before != waits:
        draft.note(policy.place, f"its {guard} differs from that of another policy: the longer one is taken for both")
        waits = (max(before[0], waits[0]), max(before[1], waits[1]))
    draft.waits[guard] = waits
    draft.guards[guard] = flow(zip(("out", "in"), map(seconds, waits), strict=True))


def _tracked(
    config: At, value: float, draft: Draft, names: Mapping[str, str]
) -> tuple[list[tuple[str, object]], float]:  # fmt: skip
    if "PredefinedMetricSpecification" in config:
        spec = config.of("PredefinedMetricSpecification")
        kind = spec.need("PredefinedMetricType", "such as ECSServiceAverageCPUUtilization")
        spec.skip("ResourceLabel")
        if kind == "ALBRequestCountPerTarget":
            draft.task.setdefault("throughput", f"{plain(round(value / 60 / 0.7, 3))}/s")
            draft.note(spec.place, "task.throughput is a guess: the target taken as 70% of what a task carries")
            return [("signal", "requests"), ("per task", f"{plain(round(value / 60, 6))}/s")], 60
        if kind not in PREDEFINED:
            spec.refuse(f"{shown(kind)} is not known: allowed is {listed([*PREDEFINED, 'ALBRequestCountPerTarget'])}",
                        "PredefinedMetricType")  # fmt: skip
        signal, period = PREDEFINED[kind]
        return [("signal", signal), ("value", f"{plain(value)}%")], period
    spec = config.of("CustomizedMetricSpecification")
    if not spec.node:
        config.refuse("missing: PredefinedMetricSpecification or CustomizedMetricSpecification")
    if "Metrics" in spec:
        return _per_task(spec, value, draft, names), 60
    found = level(spec, draft, names, 60)
    total = found.signal in ("requests", "completed", "in_flight", "queue")
    if total:
        draft.note(spec.place, f"{found.signal} counts all tasks together here: the target is taken for each task")
    return [("signal", found.signal), ("per task" if total else "value", found.show(value))], 60


def _per_task(spec: At, value: float, draft: Draft, names: Mapping[str, str]) -> list[tuple[str, object]]:
    """The one metric math that has an equal here: a metric over the count of tasks."""
    metrics, quotient = dict[str, At](), None
    for query in spec.all("Metrics"):
        query.skip("Label", "ReturnData")
        quotient = quotient or re.fullmatch(r"\s*\(?(\w+)\)?\s*/\s*\(?(\w+)\)?\s*", query.text("Expression"))
        if "MetricStat" in query:
            stat = query.of("MetricStat")
            stat.skip("Stat", "Unit", "Period")
            metrics[query.text("Id")] = stat.of("Metric")
    over, under = (metrics.get(quotient[side]) if quotient else None for side in (1, 2))
    if over is None or under is None or under.text("MetricName") not in TASKS:
        draft.note(spec.place, f"metric math is carried over only as a metric over one of {listed(TASKS)}")
        spec.skip(*spec.node)
        spec.inner.clear()
        return []
    under.skip(*under.node)
    found = level(over, draft, names, 60)
    return [("signal", found.signal), ("per task", found.show(value))]


def stepping(policy: At, name: str, alarms: Sequence[At], draft: Draft, names: Mapping[str, str]) -> list[str]:
    """Step scaling: one policy here for every alarm that calls it."""
    config = policy.of("StepScalingPolicyConfiguration")
    kind = config.need("AdjustmentType", "ChangeInCapacity, PercentChangeInCapacity or ExactCapacity")
    config.skip("MetricAggregationType")
    steps = config.all("StepAdjustments")
    if not steps:
        config.refuse("missing: StepAdjustments")
    rows = [_row(step) for step in steps]
    config.raw("Cooldown"), config.raw("MinAdjustmentMagnitude")
    if not alarms:
        draft.note(policy.place, f"no alarm of the files calls {name}: give describe-alarms or the template beside it")
    found = []
    for number, alarm in enumerate(alarms):
        line = _step(config, kind, rows, alarm, name if number == 0 else f"{name}-{number + 1}", draft, names)
        found += [f"- step: {line}"] if line else []
    return found


def _row(step: At) -> tuple[float | None, float | None, float]:
    low = step.number("MetricIntervalLowerBound") if "MetricIntervalLowerBound" in step else None
    high = step.number("MetricIntervalUpperBound") if "MetricIntervalUpperBound" in step else None
    return low, high, step.number("ScalingAdjustment")


def _step(
    config: At, kind: str, rows: Sequence[tuple[float | None, float | None, float]], alarm: At, name: str,
    draft: Draft, names: Mapping[str, str],
) -> str:  # fmt: skip
    operator = alarm.need("ComparisonOperator", listed(ABOVE))
    if operator not in ABOVE or "Metrics" in alarm:
        draft.note(alarm.place, f"the alarm of {name} ({'metric math' if 'Metrics' in alarm else operator}) is not "
                   "carried over")  # fmt: skip
        alarm.skip(*alarm.node)
        return ""
    above, threshold = ABOVE[operator], alarm.number("Threshold")
    if "OrEqual" in operator:
        draft.note(
            alarm.line("ComparisonOperator"), "a threshold is passed strictly here: at exactly it nothing is done"
        )
    period, datapoints = _points(alarm, draft)
    found = level(alarm, draft, names, period)
    statistic = _statistic(alarm, found, draft)
    change, told = _changes(kind, rows, above, found)
    if not change:
        draft.note(config.place, f"{name} shrinks above or grows below its threshold: not carried over")
        return ""
    if told:
        draft.note(config.place, told)
    pairs = [("name", quoted(name)), ("signal", found.signal), ("above" if above else "below", found.show(threshold)),
             change, ("cooldown", seconds(config.number("Cooldown", 300))), ("period", seconds(period))]  # fmt: skip
    pairs += [("datapoints", str(datapoints))] if datapoints > 1 else []
    pairs += [("statistic", statistic)] if statistic != "mean" else []
    least = config.whole("MinAdjustmentMagnitude", 1)
    pairs += [("at least", str(least))] if kind == "PercentChangeInCapacity" and least > 1 else []
    return flow(pairs)


def _points(alarm: At, draft: Draft) -> tuple[float, int]:
    period = alarm.number("Period", 60)
    if period > LONGEST:
        draft.note(alarm.line("Period"), "a datapoint of more than an hour is one of an hour here")
        period = LONGEST
    periods = alarm.whole("EvaluationPeriods", 1)
    needed = alarm.whole("DatapointsToAlarm", periods)
    if needed < periods:
        draft.note(alarm.line("DatapointsToAlarm"), f"{needed} of {periods} datapoints are {needed} in a row here")
    if alarm.text("TreatMissingData") == "breaching":
        draft.note(alarm.line("TreatMissingData"), "missing data never counts as a breach here")
    return period, needed


def _statistic(alarm: At, found: Level, draft: Draft) -> str:
    extended, statistic = alarm.text("ExtendedStatistic"), alarm.text("Statistic", "Average")
    if extended:
        if found.signal != "latency":
            draft.note(alarm.line("ExtendedStatistic"), f"{extended} is the mean here")
        return "mean"
    if statistic not in STATISTICS:
        draft.note(alarm.line("Statistic"), f"{statistic} is the mean here")
    if found.signal == "latency":
        draft.note(alarm.line("Statistic"), "latency is the objective's percentile here, not the average")
    return STATISTICS.get(statistic, "mean")


def _changes(
    kind: str, rows: Sequence[tuple[float | None, float | None, float]], above: bool, found: Level
) -> tuple[tuple[str, str] | None, str]:
    """(key and steps, a note)."""
    sign = 1.0 if above else -1.0
    steps = sorted((max(0.0, sign * ((low if above else high) or 0.0)), by) for low, high, by in rows
                   if above or (high or 0.0) <= 0)  # fmt: skip
    kept = steps if kind == "ExactCapacity" else [(at, by) for at, by in steps if by * sign > 0]
    if not kept:
        return None, ""
    note = "" if len(kept) == len(rows) else "a step that works against its alarm, or is none, is not carried over"
    key = {"ChangeInCapacity": "add" if above else "remove", "ExactCapacity": "exact"}.get(kind, "percent")
    texts = [(found.distance(at), plain(by if key in ("percent", "exact") else abs(by))) for at, by in kept]
    return (key, texts[0][1] if len(texts) == 1 and kept[0][0] == 0 else flow(texts)), note
