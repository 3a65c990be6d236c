"""What stands beside the service: the database and its user, the cache, the bastion, and who is told what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fleetfoot.provision.database import user_sql
from fleetfoot.spec import SpecErrors
from tests.unit.provision.made import EVERYTHING, body, of_type, plan


def ways(template: dict[str, Any]) -> set[tuple[str, int, str]]:
    """(group, port, from whom) of every way in."""
    found = of_type(template, "AWS::EC2::SecurityGroupIngress").values()
    return {
        (way["GroupId"]["Fn::GetAtt"][0].removesuffix("SecurityGroup"), way["FromPort"],
         way.get("CidrIp") or way["SourceSecurityGroupId"]["Fn::GetAtt"][0].removesuffix("SecurityGroup"))
        for way in found
    }  # fmt: skip


def test_the_database_is_reached_by_tasks_and_bastion_and_the_bastion_from_one_address() -> None:
    assert ways(body(provision=EVERYTHING)) == {
        ("Balancer", 80, "0.0.0.0/0"),
        ("Balancer", 443, "0.0.0.0/0"),
        ("Service", 19505, "Balancer"),
        ("Database", 5432, "Service"),
        ("Database", 5432, "Bastion"),
        ("Cache", 6379, "Service"),
        ("Bastion", 22, "203.0.113.7/32"),
    }


def test_only_tasks_and_controller_call_out_and_the_rest_reach_nothing_but_their_own() -> None:
    found = of_type(body("controller", provision=EVERYTHING), "AWS::EC2::SecurityGroup")
    out = {name.removesuffix("SecurityGroup"): one["SecurityGroupEgress"][0]["CidrIp"] for name, one in found.items()}
    anywhere, nowhere = "0.0.0.0/0", "255.255.255.255/32"
    assert out == {
        "Balancer": nowhere, "Service": anywhere, "Controller": anywhere, "Database": nowhere, "Cache": nowhere,
        "Bastion": nowhere,
    }  # fmt: skip


def test_the_bastion_gives_its_role_to_signed_questions_only_and_its_disk_is_encrypted() -> None:
    (host,) = of_type(body(provision=EVERYTHING), "AWS::EC2::Instance").values()
    assert host["MetadataOptions"]["HttpTokens"] == "required"
    assert [disk["Ebs"]["Encrypted"] for disk in host["BlockDeviceMappings"]] == [True]


def test_nothing_stands_beside_the_service_that_was_not_asked_for() -> None:
    kinds = {resource["Type"].split("::")[1] for resource in body()["Resources"].values()}
    assert not kinds & {"RDS", "ElastiCache", "SecretsManager", "Budgets"}


@pytest.mark.parametrize(("standby", "zones"), [("on", True), ("off", False)])
def test_a_database_is_encrypted_private_kept_and_in_two_zones_unless_off(standby: str, zones: bool) -> None:
    found = body(provision=f"database: postgres, standby: {standby}")
    (database,) = of_type(found, "AWS::RDS::DBInstance").values()
    assert (database["MultiAZ"], database["StorageEncrypted"], database["PubliclyAccessible"]) == (zones, True, False)
    assert database["MaxAllocatedStorage"] > int(database["AllocatedStorage"])
    assert "MasterUserPassword" not in database
    assert database["DeletionProtection"]
    assert database["EnableCloudwatchLogsExports"] == ["postgresql"]
    assert found["Resources"]["Database"]["DeletionPolicy"] == "Snapshot"
    (rules,) = of_type(found, "AWS::RDS::DBParameterGroup").values()
    assert rules["Parameters"]["rds.force_ssl"] == "1"


def test_aurora_is_serverless_from_a_half_to_sixteen_units() -> None:
    found = body(provision="database: aurora")
    (cluster,) = of_type(found, "AWS::RDS::DBCluster").values()
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 16}
    classes = [one["DBInstanceClass"] for one in of_type(found, "AWS::RDS::DBInstance").values()]
    assert classes == ["db.serverless"] * 2


@pytest.mark.parametrize(("standby", "nodes"), [("on", 2), ("off", 1)])
def test_a_cache_is_encrypted_on_disk_and_on_its_way_and_in_two_zones_unless_off(standby: str, nodes: int) -> None:
    found = body(provision=f"cache: on, standby: {standby}")
    (cache,) = of_type(found, "AWS::ElastiCache::ReplicationGroup").values()
    assert (cache["AtRestEncryptionEnabled"], cache["TransitEncryptionEnabled"]) == (True, True)
    assert (cache["NumCacheClusters"], cache["MultiAZEnabled"]) == (nodes, nodes == 2)
    assert "resolve:secretsmanager" in cache["AuthToken"]["Fn::Sub"]


def test_the_apps_user_may_use_tables_and_neither_make_change_nor_drop_one() -> None:
    sql = " ".join(line for line in user_sql().splitlines() if not line.startswith("--"))
    granted = {word.strip() for grant in sql.split("GRANT ")[1:] for word in grant.split(" ON ")[0].split(",")}
    assert granted == {"CONNECT", "USAGE", "SELECT", "INSERT", "UPDATE", "DELETE"}
    assert "REVOKE CREATE ON SCHEMA public FROM PUBLIC" in sql


def test_the_task_has_passwords_as_secrets_and_never_in_its_environment() -> None:
    (definition,) = of_type(body(provision=EVERYTHING), "AWS::ECS::TaskDefinition").values()
    (container,) = definition["ContainerDefinitions"]
    assert {row["Name"] for row in container["Secrets"]} == {"DATABASE", "CACHE_PASSWORD"}
    assert {row["Name"] for row in container["Environment"]} == {"PORT", "FLEETFOOT_SERVICE", "FLEETFOOT_NAMESPACE"}


@pytest.mark.parametrize(
    ("provision", "told"),
    [
        ("access: bastion", "write the one address"),
        ("bastion from: 203.0.113.7", "is not used with access: none"),
        ("access: bastion, bastion from: 203.0.113.0/24", "open to one /32"),
        ("access: bastion, bastion from: 999.0.113.7", "is no address"),
        ("logs: 8", "the nearest is 7"),
        ("nat: 3", "at most 2"),
        ("namespace: AWS/Mine", "is no namespace"),
        ("certificate: mine", "is no certificate"),
    ],
)
def test_what_cannot_be_provisioned_is_told_with_the_file(provision: str, told: str) -> None:
    with pytest.raises(SpecErrors, match=told):
        plan(provision=provision)


def test_no_healthy_task_is_told_also_when_nothing_is_measured_any_more() -> None:
    alarms = of_type(body(), "AWS::CloudWatch::Alarm")
    assert {name: alarms[name]["TreatMissingData"] for name in ("NoHealthyTask", "ManyErrors", "Refused")} == {
        "NoHealthyTask": "breaching", "ManyErrors": "notBreaching", "Refused": "notBreaching",
    }  # fmt: skip


def test_a_stopped_task_a_crash_loop_and_a_failed_deployment_are_told() -> None:
    rules = of_type(body(), "AWS::Events::Rule")
    assert set(rules) == {"OutOfMemory", "TaskFailed", "CrashLoop", "DeploymentFailed"}
    assert rules["OutOfMemory"]["EventPattern"]["detail"]["containers"] == {"exitCode": [137, 139]}
    for rule in rules.values():
        (target,) = rule["Targets"]
        assert target["Arn"] == {"Ref": "Alerts"}
        shown = target["InputTransformer"]
        assert all(f"<{name}>" in shown["InputTemplate"] for name in shown["InputPathsMap"])


def test_a_task_that_a_scale_in_stopped_is_no_failure() -> None:
    rules = of_type(body(), "AWS::Events::Rule")
    for name in ("OutOfMemory", "TaskFailed"):
        assert "ServiceSchedulerInitiated" not in rules[name]["EventPattern"]["detail"]["stopCode"]


@pytest.mark.parametrize(("mode", "groups"), [("alarms", 1), ("controller", 2)])
def test_a_controller_that_stops_is_told_as_the_tasks_are(mode: str, groups: int) -> None:
    rules = of_type(body(mode), "AWS::Events::Rule")
    names = {service["ServiceName"] for service in of_type(body(mode), "AWS::ECS::Service").values()}
    assert len(names) == groups
    for name in ("OutOfMemory", "TaskFailed"):
        assert set(rules[name]["EventPattern"]["detail"]["group"]) == {f"service:{one}" for one in names}
    for name in ("CrashLoop", "DeploymentFailed"):
        assert len(rules[name]["EventPattern"]["resources"]) == groups


def test_only_services_of_aws_that_tell_may_write_to_the_topic() -> None:
    (policy,) = of_type(body(), "AWS::SNS::TopicPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {
        "Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"]
    }
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_the_dashboard_is_json_with_the_services_own_metrics() -> None:
    (dashboard,) = of_type(body(), "AWS::CloudWatch::Dashboard").values()
    shown = json.loads(dashboard["DashboardBody"]["Fn::Sub"])
    first = shown["widgets"][0]["properties"]["metrics"][0]
    assert first[:4] == ["Fleetfoot/encryptor", "RequestsPerSecond", "Service", "encryptor"]


def test_the_budget_tells_at_50_80_90_and_100_per_cent() -> None:
    found = body(monthly=115.38)
    (budget,) = of_type(found, "AWS::Budgets::Budget").values()
    assert [row["Notification"]["Threshold"] for row in budget["NotificationsWithSubscribers"]] == [50, 80, 90, 100]
    assert found["Parameters"]["BudgetUsd"]["Default"] == "115.38"
