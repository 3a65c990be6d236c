"""Least privilege: no wildcard that AWS does not force on everybody, and a reason for every action."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fleetfoot.edge.aws.buckets import LIMITS
from fleetfoot.provision import MODES, Plan, stack
from fleetfoot.provision.deployment import THROUGH, deployment_role
from fleetfoot.provision.handlers import rows
from fleetfoot.provision.roles import Role, adopt_role, roles
from fleetfoot.provision.statements import PARTLY, UNSCOPED, Allow, documents, plain
from tests.unit.provision.made import EVERYTHING, body, of_type, plan


def statements() -> list[Allow]:
    """Of everybody, in every mode, with everything beside the service."""
    return [
        allow
        for mode in MODES
        for access in (EVERYTHING, "access: exec")
        for role in everybody(plan(mode, provision=access))
        for allow in role.allows
    ]


def everybody(of: Plan) -> list[Role]:
    """The roles of the template, and those of the people beside it."""
    return [*roles(of), deployment_role(of), adopt_role("prod", "orders")]


def texts(on: Any) -> list[str]:
    """Every resource of a statement as text; a reference as ``ref``."""
    if isinstance(on, list):
        return [text for one in on for text in texts(one)]
    return [on if isinstance(on, str) else str(on.get("Fn::Sub", "ref"))]


def test_no_action_has_a_wildcard() -> None:
    for allow in statements():
        assert allow.actions
        assert not any("*" in action or "?" in action for action in allow.actions)


def test_a_wildcard_resource_stands_only_where_aws_scopes_the_action_to_none() -> None:
    for allow in statements():
        for text in texts(allow.on):
            if text == "*" and through(allow):
                assert all(looks(action) for action in set(allow.actions) - set(UNSCOPED)), allow
            elif text == "*":
                assert set(allow.actions) <= set(UNSCOPED), allow
            elif "*" in text:
                assert text.index("*") == len(text) - 1, allow
                assert set(allow.actions) <= set(PARTLY) or through(allow) or "my-app" in text, allow
                assert allow.given or "my-app" in text or all(looks(action) for action in allow.actions), allow


def through(allow: Allow) -> bool:
    """Whether it is for CloudFormation alone."""
    return THROUGH.items() <= allow.given.items()


def looks(action: str) -> bool:
    return action.partition(":")[2].startswith(("Describe", "Get", "List"))


def test_every_statement_says_why() -> None:
    assert min(len(allow.why) for allow in statements()) > 8


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


def test_a_host_takes_its_role_without_a_source_account_which_ec2_does_not_send() -> None:
    (role,) = [one for one in roles(plan(provision=EVERYTHING)) if one.id == "BastionRole"]
    (statement,) = role.trust()["Statement"]
    assert statement["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert "Condition" not in statement


def test_the_controller_may_read_the_queues_of_the_file_and_no_others() -> None:
    jobs = "signals: {jobs: {from: sqs, queue: orders-in}}"
    allowed = [a for role in roles(plan("controller", more=jobs)) for a in role.allows if "sqs" in a.actions[0]]
    assert [texts(allow.on) for allow in allowed] == [
        ["arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:orders-in"]
    ]
    assert not any("sqs" in a.actions[0] for role in roles(plan("controller")) for a in role.allows)


def test_every_row_of_the_two_lists_is_needed() -> None:
    used = {action for allow in statements() for action in allow.actions}
    assert set(UNSCOPED) | set(PARTLY) <= used


def test_each_call_of_aws_is_allowed_by_the_role_of_who_makes_it_and_the_controller_may_make_no_other() -> None:
    (role,) = [
        one
        for one in roles(plan("controller", more="signals: {jobs: {from: sqs, queue: orders-in}}"))
        if one.id == "ControllerRole"
    ]
    only_to_adopt = {"DescribeScalingPolicies", "DescribeScheduledActions", "DescribeAlarms"}
    deploying = {action.partition(":")[2] for allow in deployment_role(plan("controller")).allows
                 for action in allow.actions if action.startswith("cloudformation:")}  # fmt: skip
    of_stacks = next(calls for calls in LIMITS if "CreateChangeSet" in calls)
    assert set(of_stacks) <= deploying
    made = {call for calls in LIMITS for call in calls} - only_to_adopt - set(of_stacks)
    reads = {action.partition(":")[2] for allow in adopt_role("prod", "orders").allows for action in allow.actions}
    assert reads == only_to_adopt | {"DescribeServices", "DescribeScalableTargets"}
    assert {action.partition(":")[2] for allow in role.allows for action in allow.actions} == made


ALL = [(mode, beside) for mode in MODES for beside in (EVERYTHING, "database: aurora, access: exec", "nat: 1")]


@pytest.mark.parametrize(("mode", "beside"), ALL)
def test_who_deploys_may_make_every_type_of_the_template_and_no_other(mode: str, beside: str) -> None:
    of = plan(mode, provision=beside, monthly=100.0)
    kinds = {one["Type"] for one in stack(of).body()["Resources"].values()}
    assert kinds == {f"AWS::{row.kind}" for row in rows(kinds)}
    wanted = {f"{row.service}:{action}" for row in rows(kinds) for action in row.does}
    assert {action for allow in deployment_role(of).allows if through(allow) for action in allow.actions} == wanted


def test_who_deploys_does_nothing_but_through_cloudformation_and_passes_roles_to_their_services_only() -> None:
    own, *made, passes, linked_roles = deployment_role(plan("controller", provision=EVERYTHING)).allows
    assert texts(own.on) == ["arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/my-app/*"]
    assert all(through(allow) for allow in made)
    assert (passes.actions, texts(passes.on)) == (
        ("iam:PassRole",), ["arn:${AWS::Partition}:iam::${AWS::AccountId}:role/my-app-*"],
    )  # fmt: skip
    assert passes.given["StringEquals"]["iam:PassedToService"] == [
        "ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "vpc-flow-logs.amazonaws.com",
    ]  # fmt: skip
    assert "elasticache.amazonaws.com" in linked_roles.given["StringEquals"]["iam:AWSServiceName"]


def conditions(of: Plan, action: str) -> list[dict[str, str]]:
    """The further conditions of every statement of who deploys that has ``action``."""
    return [allow.given.get("StringEquals", {}) for allow in deployment_role(of).allows if action in allow.actions]


@pytest.mark.parametrize(
    "action", ["ec2:DeleteVpc", "ec2:TerminateInstances", "ec2:ReleaseAddress", "ec2:DetachInternetGateway"]
)
def test_who_deploys_takes_away_of_the_network_only_what_has_the_services_tag(action: str) -> None:
    of = plan("controller", provision=EVERYTHING)
    assert conditions(of, action) == [{"aws:ResourceTag/fleetfoot:service": "encryptor"}]


def test_who_deploys_scales_nothing_but_services_on_ecs() -> None:
    (found,) = conditions(plan(), "application-autoscaling:PutScalingPolicy")
    assert found["application-autoscaling:service-namespace"] == "ecs"


def test_with_a_boundary_every_role_has_it_and_who_deploys_makes_no_role_without() -> None:
    most = "arn:aws:iam::123456789012:policy/most"
    of = plan("controller", provision=f"boundary: {most}")
    made = of_type(stack(of).body(), "AWS::IAM::Role").values()
    assert [one["PermissionsBoundary"] for one in made] == [most] * 4
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"):
        assert conditions(of, action) == [{"iam:PermissionsBoundary": most}]
    everything = {action for allow in deployment_role(of).allows for action in allow.actions}
    assert "iam:DeleteRolePermissionsBoundary" not in everything
    assert "iam:AttachRolePolicy" not in everything


@pytest.mark.parametrize(("mode", "beside"), ALL)
def test_the_arns_of_who_deploys_name_what_the_template_names(mode: str, beside: str) -> None:
    """A name that changed in the template alone would be denied at the first deployment."""
    of = plan(mode, provision=beside)
    arns = [text for allow in deployment_role(of).allows for text in texts(plain(allow.on)) if text != "*"]
    paths = [text.split(":", 5)[5] for text in arns]

    def covered(path: str) -> bool:
        return any(path == one or (one.endswith("*") and path.startswith(one[:-1])) for one in paths)

    names = {
        "ECS::Cluster": ("ClusterName", "cluster/{}"),
        "ECS::Service": ("ServiceName", "service/my-app-cluster/{}"),
        "ECS::TaskDefinition": ("Family", "task-definition/{}:1"),
        "ECR::Repository": ("RepositoryName", "repository/{}"),
        "ElasticLoadBalancingV2::LoadBalancer": ("Name", "loadbalancer/app/{}/1"),
        "ElasticLoadBalancingV2::TargetGroup": ("Name", "targetgroup/{}/1"),
        "CloudWatch::Alarm": ("AlarmName", "alarm:{}"),
        "CloudWatch::Dashboard": ("DashboardName", "dashboard/{}"),
        "IAM::Role": ("RoleName", "role/{}"),
        "Logs::LogGroup": ("LogGroupName", "log-group:{}"),
        "SNS::Topic": ("TopicName", "{}"),
        "Events::Rule": ("Name", "rule/{}"),
        "SecretsManager::Secret": ("Name", "secret:{}"),
        "SSM::Parameter": ("Name", "parameter{}"),
        "RDS::DBInstance": ("DBInstanceIdentifier", "db:{}"),
        "RDS::DBCluster": ("DBClusterIdentifier", "cluster:{}"),
        "RDS::DBSubnetGroup": ("DBSubnetGroupName", "subgrp:{}"),
        "ElastiCache::ReplicationGroup": ("ReplicationGroupId", "replicationgroup:{}"),
        "ElastiCache::SubnetGroup": ("CacheSubnetGroupName", "subnetgroup:{}"),
    }
    template = stack(of).body()
    for kind, (name, path) in names.items():
        for properties in of_type(template, f"AWS::{kind}").values():
            assert covered(path.format(properties[name])), properties[name]


@pytest.mark.parametrize(("mode", "beside"), ALL)
def test_a_printed_policy_is_one_aws_takes_once_region_and_account_are_filled_in(mode: str, beside: str) -> None:
    role = deployment_role(plan(mode, provision=beside, monthly=100.0))
    printed = documents(role.allows)
    text = [json.dumps(one, separators=(",", ":")) for one in printed]
    assert max(len(re.sub("REGION", "ap-northeast-2", re.sub("ACCOUNT", "1" * 12, one))) for one in text) <= 6_144
    assert len(printed) <= 10  # that may be attached to a role
    assert sum(len(one["Statement"]) for one in printed) == len(role.allows)
    assert "${" not in "".join(text)
