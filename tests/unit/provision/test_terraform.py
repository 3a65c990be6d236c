"""The scaling for Terraform: the template's own resources, under the names Terraform's AWS provider gives them.

No Terraform runs here. ``TAKES`` is what the provider takes, of what we write: read on 2026-11-21 in the schemas of
hashicorp/terraform-provider-aws (internal/service/appautoscaling, cloudwatch, iam) and in the documentation of the
provider; ``suspended_state`` is there since 5.64.0 (#38942), predictive scaling since 6.13.0 (#44211).
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fleetfoot.provision import MODES, Refused
from fleetfoot.provision.roles import controller_role, task_role
from fleetfoot.provision.terraform import attached, notes, terraform
from tests.unit.provision.made import POLICIES, TRACKING, body, of_type, plan

OF = {"resource_id": None, "scalable_dimension": None, "service_namespace": None}
TAKES: dict[str, dict[str, Any]] = {
    "aws_appautoscaling_target": OF
    | {
        "min_capacity": None,
        "max_capacity": None,
        "suspended_state": {
            "dynamic_scaling_in_suspended": None,
            "dynamic_scaling_out_suspended": None,
            "scheduled_scaling_suspended": None,
        },
        "lifecycle": {"ignore_changes": None},
    },
    "aws_appautoscaling_scheduled_action": OF
    | {
        "name": None,
        "schedule": None,
        "timezone": None,
        "scalable_target_action": {"min_capacity": None, "max_capacity": None},
    },
    "aws_appautoscaling_policy": OF
    | {
        "name": None,
        "policy_type": None,
        "step_scaling_policy_configuration": {
            "adjustment_type": None,
            "cooldown": None,
            "metric_aggregation_type": None,
            "min_adjustment_magnitude": None,
            "step_adjustment": {
                "metric_interval_lower_bound": None,
                "metric_interval_upper_bound": None,
                "scaling_adjustment": None,
            },
        },
        "target_tracking_scaling_policy_configuration": {
            "predefined_metric_specification": {"predefined_metric_type": None, "resource_label": None},
            "target_value": None,
            "scale_in_cooldown": None,
            "scale_out_cooldown": None,
            "disable_scale_in": None,
        },
        "predictive_scaling_policy_configuration": {
            "mode": None,
            "scheduling_buffer_time": None,
            "max_capacity_breach_behavior": None,
            "max_capacity_buffer": None,
            "metric_specification": {
                "target_value": None,
                "predefined_metric_pair_specification": {"predefined_metric_type": None},
            },
        },
    },
    "aws_cloudwatch_metric_alarm": {
        "alarm_name": None,
        "alarm_description": None,
        "alarm_actions": None,
        "comparison_operator": None,
        "threshold": None,
        "evaluation_periods": None,
        "datapoints_to_alarm": None,
        "metric_name": None,
        "namespace": None,
        "period": None,
        "dimensions": None,  # a map, its keys are CloudWatch's
        "statistic": None,
        "extended_statistic": None,
        "treat_missing_data": None,
    },
    "aws_cloudwatch_dashboard": {"dashboard_name": None, "dashboard_body": None},
    "aws_iam_role": {"name": None, "description": None, "assume_role_policy": None, "tags": None},
    "aws_iam_role_policy": {"name": None, "policy": None, "role": None, "count": None},
}
"""Type -> argument -> None, or what its nested block takes."""
REQUIRED = {
    "aws_appautoscaling_target": {*OF, "min_capacity", "max_capacity"},
    "aws_appautoscaling_scheduled_action": {*OF, "name", "schedule", "scalable_target_action"},
    "aws_appautoscaling_policy": {*OF, "name"},
    "aws_cloudwatch_metric_alarm": {"alarm_name", "comparison_operator", "evaluation_periods"},
    "aws_cloudwatch_dashboard": {"dashboard_name", "dashboard_body"},
    "aws_iam_role": {"assume_role_policy"},
    "aws_iam_role_policy": {"policy", "role"},
}
SCHEDULE = "\n      - schedule: {zone: Asia/Seoul, office: {when: weekdays 08:00-19:00, min: 4}}"
FORECAST = "\n      - forecast: {utilisation: 60%, buffer: 5m, on breach: raise, breach buffer: 10%}"
PERCENT = "\n      - step: {name: hot, signal: cpu, above: 80%, percent: {0: 10, 10%: 30}, at least: 2}"
SLOW = "\n      - step: {name: slow, signal: latency, above: 500ms, add: 1}"
EXTRA = {"alarms": TRACKING + SLOW + PERCENT + SCHEDULE + FORECAST, "native20": SCHEDULE + FORECAST, "controller": ""}


def full(mode: str) -> dict[str, Any]:
    """Everything the mode can express."""
    return terraform(plan(mode, POLICIES[mode].rstrip() + EXTRA[mode], "access: exec"))


def unknown(found: Any, takes: dict[str, Any] | None, at: str) -> list[str]:
    """What ``found`` has and the provider does not take."""
    if takes is None:
        return []
    if isinstance(found, list):
        return [wrong for one in found for wrong in unknown(one, takes, at)]
    wrong = [f"{at}.{name}" for name in found if name not in takes and name != "//"]
    return wrong + [
        w for name, one in found.items() if name in takes for w in unknown(one, takes[name], f"{at}.{name}")
    ]


def rows(found: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return dict(found["resource"].get(kind, {}))


@pytest.mark.parametrize("mode", MODES)
def test_every_argument_is_one_the_provider_takes(mode: str) -> None:
    resources = full(mode)["resource"]
    assert set(resources) <= set(TAKES)
    for kind, labels in resources.items():
        for label, arguments in labels.items():
            assert unknown(arguments, TAKES[kind], f"{kind}.{label}") == []
            assert REQUIRED[kind] <= set(arguments)


def test_every_row_of_the_table_is_written_by_some_mode() -> None:
    def names(takes: dict[str, Any]) -> set[str]:
        return set(takes) | {n for inner in takes.values() if inner for n in names(inner)}

    text = json.dumps([full(mode) for mode in MODES])
    assert [name for takes in TAKES.values() for name in names(takes) if f'"{name}"' not in text] == []


@pytest.mark.parametrize("mode", MODES)
def test_every_reference_leads_to_something_declared_and_nothing_is_declared_in_vain(mode: str) -> None:
    found = full(mode)
    used = set(re.findall(r"\$\{((?:var|data\.\w+|aws_\w+)\.\w+)", json.dumps(found)))
    variables = {f"var.{name}" for name in found["variable"]}
    data = {f"data.{kind}.{label}" for kind, labels in found["data"].items() for label in labels}
    resources = {f"{kind}.{label}" for kind, labels in found["resource"].items() for label in labels}
    assert used <= variables | data | resources
    assert variables | data <= used
    assert not re.search(r"Fn::|\"Ref\"|\$\{[A-Z]", json.dumps(found))


@pytest.mark.parametrize("mode", MODES)
def test_labels_are_such_as_terraform_takes(mode: str) -> None:
    for labels in full(mode)["resource"].values():
        assert all(re.fullmatch(r"[a-z_][a-z0-9_]*", label) for label in labels)


def test_alarms_and_policies_are_the_templates_own() -> None:
    policies = POLICIES["alarms"].rstrip() + EXTRA["alarms"]
    template, found = body(policies=policies), terraform(plan(policies=policies))

    def told(rows: list[dict[str, Any]], *keys: str) -> list[list[Any]]:
        return [[row.get(key) for key in keys] for row in rows]

    scaling = [one for one in of_type(template, "AWS::CloudWatch::Alarm").values() if "OKActions" not in one]
    assert told(
        [*rows(found, "aws_cloudwatch_metric_alarm").values()],
        "alarm_name", "threshold", "period", "evaluation_periods", "comparison_operator", "extended_statistic",
    ) == told(
        scaling, "AlarmName", "Threshold", "Period", "EvaluationPeriods", "ComparisonOperator", "ExtendedStatistic"
    )  # fmt: skip
    of_template = [*of_type(template, "AWS::ApplicationAutoScaling::ScalingPolicy").values()]
    assert told([*rows(found, "aws_appautoscaling_policy").values()], "name", "policy_type") == told(
        of_template, "PolicyName", "PolicyType"
    )


def test_an_alarm_calls_its_own_policy_and_watches_by_a_map() -> None:
    found = terraform(plan())
    alarm = rows(found, "aws_cloudwatch_metric_alarm")["rps2_alarm"]
    assert alarm["alarm_actions"] == ["${aws_appautoscaling_policy.rps2_policy.arn}"]
    assert alarm["dimensions"] == {"Service": "encryptor"}
    assert (alarm["threshold"], alarm["period"], alarm["treat_missing_data"]) == (300, 10, "notBreaching")


def test_the_service_is_the_one_that_is_there() -> None:
    found = terraform(plan("alarms", PERCENT))
    assert rows(found, "aws_appautoscaling_target")["scalable_target"]["resource_id"] == (
        "service/${var.cluster}/${var.service}"
    )
    (watched,) = {json.dumps(one["dimensions"]) for one in rows(found, "aws_cloudwatch_metric_alarm").values()}
    assert json.loads(watched) == {"ClusterName": "${var.cluster}", "ServiceName": "${var.service}"}
    assert "my-app-cluster" not in json.dumps(found)
    assert "my-app-autoscaling-service" not in json.dumps(found)


def test_the_next_apply_takes_no_window_back() -> None:
    """A scheduled action moves the bounds of the target; Terraform would move them back."""
    held = rows(terraform(plan(policies=SCHEDULE)), "aws_appautoscaling_target")["scalable_target"]
    assert held["lifecycle"] == {"ignore_changes": ["min_capacity", "max_capacity"]}
    assert "lifecycle" not in rows(terraform(plan()), "aws_appautoscaling_target")["scalable_target"]


def test_the_dashboard_is_json_still() -> None:
    (dashboard,) = rows(terraform(plan()), "aws_cloudwatch_dashboard").values()
    shown = json.loads(dashboard["dashboard_body"])
    assert shown["widgets"][2]["properties"]["metrics"][0][2:] == [
        "ClusterName", "${var.cluster}", "ServiceName", "${var.service}",
    ]  # fmt: skip


def test_task_and_controller_may_do_what_the_template_lets_them() -> None:
    of = attached(plan("controller"))
    found = rows(terraform(of), "aws_iam_role_policy")
    for label, role in (("task_role", task_role(of)), ("controller_role", controller_role(of))):
        policy = json.loads(found[label]["policy"])
        assert [row["Action"] for row in policy["Statement"]] == [[*allow.actions] for allow in role.allows]
    assert "controller_role" not in rows(terraform(plan()), "aws_iam_role_policy")


def test_the_role_that_is_made_has_the_boundary_the_file_names() -> None:
    most = "arn:aws:iam::123456789012:policy/most"
    made = terraform(plan("controller", provision=f"boundary: {most}"))["resource"]["aws_iam_role"]["controller_role"]
    assert made["permissions_boundary"] == most
    plainly = terraform(plan("controller"))["resource"]["aws_iam_role"]["controller_role"]
    assert "permissions_boundary" not in plainly


def test_in_mode_controller_scale_in_is_suspended_and_scale_out_armed() -> None:
    target = rows(terraform(plan("controller")), "aws_appautoscaling_target")["scalable_target"]
    assert target["suspended_state"]["dynamic_scaling_in_suspended"]
    assert not target["suspended_state"]["dynamic_scaling_out_suspended"]


def test_what_a_mode_cannot_express_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="policy rps: mode native20 cannot do it"):
        terraform(plan("native20", POLICIES["alarms"]))


def test_the_same_file_gives_the_same_text() -> None:
    for mode in MODES:
        assert json.dumps(full(mode)) == json.dumps(full(mode))


def test_metrics_every_20_s_are_asked_for_where_something_reads_them() -> None:
    assert "high-resolution" in "\n".join(notes(plan("native20")))
    assert "high-resolution" not in "\n".join(notes(plan("alarms")))
