"""What each mode makes of the policies, and what it refuses by name."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.provision import Refused, stack
from fleetfoot.provision.scaling import notes
from fleetfoot.sim.rivals.step_scaling import Step, faults
from fleetfoot.spec.cloudwatch import METRICS, PUBLISHED
from fleetfoot_agent import emf
from tests.unit.provision.made import STEPS, body, of_type, plan

ALERTS = {"Ref": "Alerts"}
ALARM, POLICY = "AWS::CloudWatch::Alarm", "AWS::ApplicationAutoScaling::ScalingPolicy"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"


def alarms(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Those that scale; the others tell people."""
    return {name: alarm for name, alarm in of_type(template, ALARM).items() if alarm["AlarmActions"] != [ALERTS]}


def test_alarms_read_what_the_agent_publishes_and_as_often() -> None:
    assert {metric.name for metric in METRICS.values() if not metric.ecs} == set(emf.UNITS)
    assert PUBLISHED == 1000 * emf.INTERVAL_S


def test_each_step_up_has_an_alarm_of_its_own() -> None:
    """An alarm repeats its action once a minute only; 5 s publications: a sum over 10 s is twice the rate."""
    rising = {name: alarm for name, alarm in alarms(body()).items() if name.startswith("Rps")}
    assert [alarm["Threshold"] for alarm in rising.values()] == [200, 300, 400]
    assert {(alarm["Period"], alarm["Statistic"]) for alarm in rising.values()} == {(10, "Sum")}
    added = [
        of_type(body(), POLICY)[alarm["AlarmActions"][0]["Ref"]]["StepScalingPolicyConfiguration"]["StepAdjustments"]
        for alarm in rising.values()
    ]
    assert [[step["ScalingAdjustment"] for step in steps] for steps in added] == [[1], [2], [4]]


def test_a_step_begins_at_its_lower_bound_and_the_first_above_the_threshold() -> None:
    comparisons = [alarm["ComparisonOperator"] for name, alarm in alarms(body()).items() if "Rps" in name]
    assert comparisons == ["GreaterThanThreshold"] + 2 * ["GreaterThanOrEqualToThreshold"]


def test_no_alarm_shrinks_or_grows_on_data_that_is_missing() -> None:
    assert {alarm["TreatMissingData"] for alarm in alarms(body()).values()} == {"notBreaching"}


def test_a_sum_that_falls_is_asked_for_twice_at_least() -> None:
    policies = "[step: {signal: requests, below: 50/s, remove: 1}]"
    (alarm,) = alarms(body(policies=policies)).values()
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (2, 2)
    assert "2 datapoints" in "\n".join(notes(plan(policies=policies)))


def test_exact_counts_stay_in_one_policy() -> None:
    """Two alarms would order 3 and 5 in turn each minute."""
    found = body(policies="[step: {signal: cpu, above: 30%, exact: {0: 3, 30%: 5}}]")
    (policy,) = of_type(found, POLICY).values()
    steps = policy["StepScalingPolicyConfiguration"]
    assert steps["AdjustmentType"] == "ExactCapacity"
    assert steps["StepAdjustments"] == [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 30, "ScalingAdjustment": 3},
        {"MetricIntervalLowerBound": 30, "ScalingAdjustment": 5},
    ]
    (alarm,) = alarms(found).values()
    assert (alarm["Namespace"], alarm["Threshold"], alarm["Period"]) == ("AWS/ECS", 30, 30)


STEP_FORMS = {
    "several": "step: {signal: requests, above: 100/s, percent: {0: 10, 50: 50}, at least: 2}",
    "down": "step: {signal: requests, below: 100/s, remove: {0: 1, 50: 3}}",
    "exact": "step: {signal: requests, above: 100/s, exact: {0: 3, 50: 9}}",
    "latency": "step: {signal: latency, above: 500ms, add: {0: 1, 500ms: 4}}",
}


@pytest.mark.parametrize("policy", STEP_FORMS.values(), ids=STEP_FORMS)
def test_every_step_policy_is_one_that_aws_takes(policy: str) -> None:
    """No gap, no overlap, at most one open end each way: the rules the simulated rival refuses by."""
    for found in of_type(body(policies=f"[{policy}]"), POLICY).values():
        steps = found["StepScalingPolicyConfiguration"]["StepAdjustments"]
        rows = tuple(Step(s.get("MetricIntervalLowerBound"), s.get("MetricIntervalUpperBound"), s["ScalingAdjustment"])
                     for s in steps)  # fmt: skip
        assert faults(rows) == []


@pytest.mark.parametrize(("objective", "statistic"), [("p95", "p95"), ("p99.5", "p99.5")])
def test_latency_is_the_objectives_percentile(objective: str, statistic: str) -> None:
    found = body(policies="[step: {signal: latency, above: 500ms, add: 1}]", more=f"objective: {{{objective}: 500ms}}")
    (alarm,) = alarms(found).values()
    assert (alarm["ExtendedStatistic"], alarm["Threshold"]) == (statistic, 500)
    assert "Statistic" not in alarm


def test_target_tracking_reads_cpu_and_memory_every_twenty_seconds() -> None:
    found = body("native20")
    kinds = {
        name: (
            shape["PredefinedMetricSpecification"]["PredefinedMetricType"],
            shape["TargetValue"],
            shape["DisableScaleIn"],
        )
        for name, policy in of_type(found, POLICY).items()
        for shape in [policy["TargetTrackingScalingPolicyConfiguration"]]
    }
    assert kinds == {
        "TargetPolicy": ("ECSServiceAverageCPUUtilizationHighResolution", 70, False),
        "Target2Policy": ("ECSServiceAverageMemoryUtilizationHighResolution", 80, True),
        "Target3Policy": ("ALBRequestCountPerTarget", 840, False),
    }
    monitoring = found["Resources"]["Service"]["Properties"]["Monitoring"]["MetricConfigurations"]
    assert [row["ResolutionSeconds"] for row in monitoring] == [20]


def test_target_tracking_lets_go_no_sooner_than_the_guard_says() -> None:
    found = of_type(body("native20", more="guards: {cooldown: {in: 120s}}"), POLICY).values()
    assert [one["TargetTrackingScalingPolicyConfiguration"]["ScaleInCooldown"] for one in found] == [120] * 3


def test_metrics_of_20_s_are_asked_for_where_the_scaling_reads_them_only() -> None:
    assert "Monitoring" not in body("alarms")["Resources"]["Service"]["Properties"]
    assert "Monitoring" in body("controller")["Resources"]["Service"]["Properties"]


def test_the_controllers_backstop_grows_and_never_shrinks() -> None:
    found = body("controller")
    (target,) = of_type(found, TARGET).values()
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }
    tracking, doubling = of_type(found, POLICY).values()
    shape = tracking["TargetTrackingScalingPolicyConfiguration"]
    assert (shape["DisableScaleIn"], shape["TargetValue"]) == (True, 85)
    assert doubling["StepScalingPolicyConfiguration"]["StepAdjustments"] == [
        {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 100}
    ]
    (alarm,) = [one for one in of_type(found, ALARM).values() if one["AlarmActions"] == [{"Ref": "SaturatedPolicy"}]]
    assert (alarm["Threshold"], alarm["Period"], alarm["EvaluationPeriods"]) == (95, 30, 3)


def actions(policies: str) -> list[tuple[str, str, int, int]]:
    (target,) = of_type(body("native20", policies=policies), TARGET).values()
    return [
        (row["Schedule"], row["Timezone"], *row["ScalableTargetAction"].values())
        for row in target.get("ScheduledActions", [])
    ]


def test_a_window_is_opened_and_closed_by_an_action_each() -> None:
    policies = "[schedule: {zone: Asia/Seoul, office: {when: weekdays 08:00-19:00, min: 4}}]"
    assert actions(policies) == [
        ("cron(0 8 ? * MON-FRI *)", "Asia/Seoul", 4, 14),
        ("cron(0 19 ? * MON-FRI *)", "Asia/Seoul", 2, 14),
    ]


def test_windows_within_windows_give_back_what_was_before() -> None:
    policies = (
        "[schedule: {office: {when: weekdays 08:00-19:00, min: 4}, lunch: {when: Mon 11:30-13:30, min: 8, max: 20}}]"
    )
    assert actions(policies) == [
        ("cron(0 8 ? * MON-FRI *)", "UTC", 4, 14),
        ("cron(30 11 ? * MON *)", "UTC", 8, 20),
        ("cron(30 13 ? * MON *)", "UTC", 4, 14),
        ("cron(0 19 ? * MON-FRI *)", "UTC", 2, 14),
    ]


def test_a_window_over_midnight_ends_on_the_next_day() -> None:
    assert actions("[schedule: {night: {when: Sun 22:00-06:00, max: 4}}]") == [
        ("cron(0 6 ? * MON *)", "UTC", 2, 14),
        ("cron(0 22 ? * SUN *)", "UTC", 2, 4),
    ]


def test_a_forecast_is_aws_own_with_the_files_buffer_and_breach() -> None:
    policies = "[target: {signal: cpu, value: 60%}, forecast: {mode: forecast and scale, on breach: raise}]"
    made = of_type(body("native20", policies=policies), POLICY)["ForecastPolicy"]
    assert made["PredictiveScalingPolicyConfiguration"] == {
        "Mode": "ForecastAndScale",
        "SchedulingBufferTime": 600,
        "MetricSpecifications": [
            {
                "TargetValue": 70,
                "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"},
            }
        ],
        "MaxCapacityBreachBehavior": "IncreaseMaxCapacity",
        "MaxCapacityBuffer": 20,
    }


def test_a_forecast_looks_less_than_an_hour_ahead_whatever_the_file_says() -> None:
    made = of_type(body("native20", policies="[forecast: {buffer: 1h}]"), POLICY)["ForecastPolicy"]
    assert made["PredictiveScalingPolicyConfiguration"]["SchedulingBufferTime"] == 3599


def test_where_two_windows_disagree_the_floor_wins() -> None:
    policies = "[schedule: {sale: {when: daily 08:00-20:00, min: 8}, thrift: {when: daily 08:00-20:00, max: 4}}]"
    assert actions(policies)[0] == ("cron(0 8 ? * MON-SUN *)", "UTC", 8, 8)


REFUSED: dict[str, tuple[str, str, str]] = {
    "slo": ("alarms", "[slo]", "AWS has no policy slo; use --mode controller"),
    "default": ("alarms", "[default]", "target: {signal: requests, per task: 14/s}"),
    "a step in native20": ("native20", STEPS, "use --mode alarms"),
    "a target on latency": ("native20", "[target: {signal: latency, value: 500ms}]", "a step on latency"),
    "the largest second": ("alarms", "[step: {signal: requests, above: 9/s, add: 1, statistic: max}]", "no max"),
    "an app's own": ("alarms", "[step: {signal: app.jobs, above: 9, add: 1}]", "nobody publishes app.jobs"),
    "a forecast that lets go": ("alarms", "[forecast: {scale in: on}]", "AWS's forecast lets no task go"),
    "a ramp": ("native20", "[schedule: {a: {when: weekdays 08:00-19:00, min: 4, ramp: 10m}}]", "no ramp"),
    "two schedules": (
        "alarms",
        "[schedule: {name: a, day: {when: Mon, min: 4}}, schedule: {name: b, night: {when: Tue, max: 7}}]",
        "policy b: mode alarms cannot do it: AWS keeps one row of bounds",
    ),
    "a feast": ("native20", "[schedule: {a: {when: 24 Dec 18:00-24:00, min: 4}}]", "not 24 Dec"),
    "two zones": (
        "native20",
        "[schedule: {a: {when: Mon, min: 4, zone: Asia/Seoul}, b: {when: Tue, min: 4}}]",
        "several time zones",
    ),
}


@pytest.mark.parametrize(("mode", "policies", "told"), REFUSED.values(), ids=REFUSED)
def test_what_a_mode_cannot_express_is_refused_by_name(mode: str, policies: str, told: str) -> None:
    with pytest.raises(Refused) as refused:
        stack(plan(mode, policies))
    text = str(refused.value)
    assert f"mode {mode} cannot do it" in text
    assert told in text


def test_every_refusal_is_told_at_once() -> None:
    with pytest.raises(Refused) as refused:
        stack(plan("alarms", "[slo, default, graded: {signal: cpu, level: moderate, below: 30%}]"))
    assert [refusal.what for refusal in refused.value.refusals] == ["policy slo", "policy default", "policy graded"]


@pytest.mark.parametrize("policies", ["[slo]", "[default]", STEPS])
def test_the_controller_refuses_nothing(policies: str) -> None:
    found: dict[str, Any] = body("controller", policies=policies)
    assert "ControllerService" in found["Resources"]


def test_names_under_which_the_controller_would_find_nothing_are_told() -> None:
    (told,) = notes(plan("controller"))
    assert "ecs: {cluster: my-app-cluster, service: my-app-autoscaling-service}" in told


def test_guards_that_stay_behind_are_told() -> None:
    told = notes(plan(more="guards: {cooldown: {in: 120s}, rate: {out: 4 per 15s}}"))
    assert told == ["guards.rate is held by the controller only: mode alarms does without"]
