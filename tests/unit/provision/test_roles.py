"""Least privilege: no wildcard that AWS does not force on everybody, and a reason for every action."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.edge.aws.buckets import LIMITS
from fleetfoot.provision import MODES
from fleetfoot.provision.roles import PARTLY, UNSCOPED, Allow, roles
from tests.unit.provision.made import EVERYTHING, body, of_type, plan


def statements() -> list[Any]:
    return [
        pytest.param(allow, id=f"{mode}-{role.id}-{allow.actions[0]}")
        for mode in MODES
        for access in (EVERYTHING, "access: exec")
        for role in roles(plan(mode, provision=access))
        for allow in role.allows
    ]


def texts(on: Any) -> list[str]:
    """Every resource of a statement as text; a reference as ``ref``."""
    if isinstance(on, list):
        return [text for one in on for text in texts(one)]
    return [on if isinstance(on, str) else str(on.get("Fn::Sub", "ref"))]


@pytest.mark.parametrize("allow", statements())
def test_no_action_has_a_wildcard(allow: Allow) -> None:
    assert allow.actions
    assert not any("*" in action or "?" in action for action in allow.actions)


@pytest.mark.parametrize("allow", statements())
def test_a_wildcard_resource_stands_only_where_aws_scopes_the_action_to_none(allow: Allow) -> None:
    for text in texts(allow.on):
        if text == "*":
            assert set(allow.actions) <= set(UNSCOPED)
        elif "*" in text:
            assert set(allow.actions) <= set(PARTLY)
            assert text.endswith("/*")
            assert allow.given, "what has a wildcard in its ARN has a condition"


@pytest.mark.parametrize("allow", statements())
def test_every_statement_says_why(allow: Allow) -> None:
    assert len(allow.why) > 8


def test_metrics_go_to_the_services_own_namespace_only() -> None:
    for role in roles(plan()):
        for allow in role.allows:
            if "cloudwatch:PutMetricData" in allow.actions:
                assert allow.given == {"StringEquals": {"cloudwatch:namespace": "Fleetfoot/encryptor"}}


def test_a_namespace_of_ones_own_is_the_condition_too() -> None:
    task = next(role for role in roles(plan(provision="namespace: MyApp/Performance")) if role.id == "TaskRole")
    assert task.allows[0].given == {"StringEquals": {"cloudwatch:namespace": "MyApp/Performance"}}


@pytest.mark.parametrize("mode", MODES)
def test_the_template_has_the_printed_roles_and_no_others(mode: str) -> None:
    found = of_type(body(mode), "AWS::IAM::Role")
    printed = {role.id: role for role in roles(plan(mode))}
    assert set(found) == set(printed)
    for name, properties in found.items():
        assert [policy["PolicyDocument"] for policy in properties["Policies"]] == [printed[name].document()]
        assert "ManagedPolicyArns" not in properties


@pytest.mark.parametrize("mode", MODES)
def test_a_role_is_taken_by_its_service_for_this_account_only(mode: str) -> None:
    for role in roles(plan(mode)):
        (statement,) = role.trust()["Statement"]
        assert statement["Principal"] == {"Service": role.for_}
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_controller_may_read_the_queues_of_the_file_and_no_others() -> None:
    jobs = "signals: {jobs: {from: sqs, queue: orders-in}}"
    allowed = [a for role in roles(plan("controller", more=jobs)) for a in role.allows if "sqs" in a.actions[0]]
    assert [texts(allow.on) for allow in allowed] == [
        ["arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:orders-in"]
    ]
    assert not any("sqs" in a.actions[0] for role in roles(plan("controller")) for a in role.allows)


def test_every_row_of_the_two_lists_is_needed() -> None:
    used = {action for case in statements() for action in case.values[0].actions}
    assert set(UNSCOPED) | set(PARTLY) <= used


def test_the_controllers_role_allows_every_call_it_makes_and_no_other() -> None:
    (role,) = [
        one
        for one in roles(plan("controller", more="signals: {jobs: {from: sqs, queue: orders-in}}"))
        if one.id == "ControllerRole"
    ]
    only_to_adopt = {"DescribeScalingPolicies", "DescribeScheduledActions", "DescribeAlarms"}
    made = {call for calls in LIMITS for call in calls} - only_to_adopt
    assert {action.partition(":")[2] for allow in role.allows for action in allow.actions} == made
