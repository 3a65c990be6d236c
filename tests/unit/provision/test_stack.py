"""The template says what the source documents ask for, and the same words every time."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.provision import MODES, Plan, stack
from fleetfoot.provision.write import to_json, to_yaml
from fleetfoot.spec import loads
from fleetfoot.spec.adopt import adopt
from fleetfoot.spec.adopt.at import documents
from fleetfoot.spec.policies import StepPolicy
from tests.unit.provision.made import STEPS, body, of_type, plan


def plainly(value: Any) -> Any:
    """As YAML's reader gives it: scalars as text, short tags as mappings; ``!GetAtt A.B`` is one text."""
    if isinstance(value, dict):
        if set(value) == {"Fn::GetAtt"}:
            return {"Fn::GetAtt": ".".join(value["Fn::GetAtt"])}
        return {key: plainly(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plainly(inner) for inner in value]
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("mode", MODES)
def test_the_yaml_says_what_the_json_says(mode: str) -> None:
    template = stack(plan(mode, provision="nat: 2, access: exec, spot: 50%"))
    (root,) = documents("stack.yaml", to_yaml(template).encode())
    assert root.node == plainly(template.body())


@pytest.mark.parametrize("mode", MODES)
def test_the_same_file_gives_the_same_bytes(mode: str) -> None:
    assert to_yaml(stack(plan(mode))) == to_yaml(stack(plan(mode)))
    assert to_json(stack(plan(mode))) == to_json(stack(plan(mode)))


def test_names_are_those_of_the_lab_table() -> None:
    found = body()
    names = {
        "AWS::ECS::Cluster": ("ClusterName", "my-app-cluster"),
        "AWS::ECS::Service": ("ServiceName", "my-app-autoscaling-service"),
        "AWS::ECS::TaskDefinition": ("Family", "my-app-encryptor"),
        "AWS::ECR::Repository": ("RepositoryName", "my-app-encryptor"),
        "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Name", "my-app-autoscaling-alb"),
        "AWS::ElasticLoadBalancingV2::TargetGroup": ("Name", "my-app-autoscaling-tg"),
    }
    for kind, (key, name) in names.items():
        assert [properties[key] for properties in of_type(found, kind).values()] == [name]
    groups = {properties["GroupName"] for properties in of_type(found, "AWS::EC2::SecurityGroup").values()}
    assert groups == {"my-app-autoscaling-lb-sg", "my-app-autoscaling-service-sg"}
    tags = {
        next(tag["Value"] for tag in properties["Tags"] if tag["Key"] == "Name")
        for kind in ("AWS::EC2::VPC", "AWS::EC2::Subnet")
        for properties in of_type(found, kind).values()
    }
    assert tags >= {"my-workspace-vpc", "my-workspace-subnet-app-public1-a", "my-workspace-subnet-app-public1-b"}


def test_the_network_has_three_tiers_in_two_zones_and_none_overlap() -> None:
    found = body()
    assert [vpc["CidrBlock"] for vpc in of_type(found, "AWS::EC2::VPC").values()] == ["10.0.0.0/16"]
    ranges = [subnet["CidrBlock"] for subnet in of_type(found, "AWS::EC2::Subnet").values()]
    assert len(ranges) == len(set(ranges)) == 6
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in of_type(found, "AWS::EC2::Subnet").values())


def test_nothing_leads_from_the_database_tier_to_the_internet() -> None:
    routes = of_type(body(), "AWS::EC2::Route").values()
    assert routes
    assert all(route["RouteTableId"] != {"Ref": "DbRouteTable"} for route in routes)


@pytest.mark.parametrize(("nat", "gateways"), [(1, {"NatGatewayA"}), (2, {"NatGatewayA", "NatGatewayB"})])
def test_each_zone_leaves_through_its_own_gateway_where_there_are_two(nat: int, gateways: set[str]) -> None:
    found = body(provision=f"nat: {nat}")
    assert set(of_type(found, "AWS::EC2::NatGateway")) == gateways
    used = {
        route["NatGatewayId"]["Ref"] for route in of_type(found, "AWS::EC2::Route").values() if "NatGatewayId" in route
    }
    assert used == gateways


def test_the_ways_in_are_the_whitelist_and_no_more() -> None:
    found = body()
    ways = {
        (way["GroupId"]["Fn::GetAtt"][0], way["FromPort"], way["ToPort"], way.get("CidrIp", "a group"))
        for way in of_type(found, "AWS::EC2::SecurityGroupIngress").values()
    }
    assert ways == {
        ("BalancerSecurityGroup", 80, 80, "0.0.0.0/0"),
        ("BalancerSecurityGroup", 443, 443, "0.0.0.0/0"),
        ("ServiceSecurityGroup", 19505, 19505, "a group"),
    }
    assert all("SecurityGroupIngress" not in group for group in of_type(found, "AWS::EC2::SecurityGroup").values())


def test_the_balancer_checks_every_five_seconds_and_lets_go_in_thirty() -> None:
    (group,) = of_type(body(), "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (5, 2)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 2)
    assert (group["HealthCheckPath"], group["Matcher"]) == ("/health", {"HttpCode": "200-499"})
    attributes = {pair["Key"]: pair["Value"] for pair in group["TargetGroupAttributes"]}
    assert attributes["deregistration_delay.timeout_seconds"] == "30"
    assert attributes["stickiness.enabled"] == "false"
    assert attributes["load_balancing.algorithm.type"] == "least_outstanding_requests"


def test_the_access_logs_are_written_by_the_balancer_alone_and_over_tls() -> None:
    (policy,) = of_type(body(), "AWS::S3::BucketPolicy").values()
    deliver, plainly = policy["PolicyDocument"]["Statement"]
    assert (deliver["Effect"], deliver["Action"]) == ("Allow", "s3:PutObject")
    assert deliver["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert (plainly["Effect"], plainly["Principal"]) == ("Deny", "*")
    assert plainly["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_https_is_there_with_a_certificate_only_and_then_http_redirects() -> None:
    resources = body()["Resources"]
    assert resources["HttpsListener"]["Condition"] == "HasCertificate"
    condition, with_it, without = resources["HttpListener"]["Properties"]["DefaultActions"][0]["Fn::If"]
    assert (condition, with_it["Type"], without["Type"]) == ("HasCertificate", "redirect", "forward")


@pytest.mark.parametrize("mode", MODES)
def test_an_update_of_the_stack_leaves_the_count_alone(mode: str) -> None:
    service = body(mode)["Resources"]["Service"]["Properties"]
    assert "DesiredCount" not in service
    breaker = {"Enable": True, "Rollback": True}
    rolling = service["DeploymentConfiguration"]
    assert rolling["DeploymentCircuitBreaker"] == breaker
    assert (rolling["MinimumHealthyPercent"], rolling["MaximumPercent"]) == (100, 200)
    assert service["HealthCheckGracePeriodSeconds"] == 300
    assert service["AvailabilityZoneRebalancing"] == "ENABLED"


def test_the_controller_is_one_task_and_never_two_at_a_time() -> None:
    service = body("controller")["Resources"]["ControllerService"]["Properties"]
    rolling = service["DeploymentConfiguration"]
    assert (service["DesiredCount"], rolling["MinimumHealthyPercent"], rolling["MaximumPercent"]) == (1, 0, 100)


@pytest.mark.parametrize("mode", MODES)
def test_no_container_is_root_or_writes_to_its_own_root(mode: str) -> None:
    for definition in of_type(body(mode), "AWS::ECS::TaskDefinition").values():
        for container in definition["ContainerDefinitions"]:
            assert container["User"] not in ("", "0", "root")
            assert container["ReadonlyRootFilesystem"] is True
            assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
            assert [mount["ContainerPath"] for mount in container["LinuxParameters"]["Tmpfs"]] == ["/tmp"]
            assert "MountPoints" not in container, "a bind mount of Fargate's is root's alone"
            assert 2 <= container["StopTimeout"] <= 120
            assert container["LogConfiguration"]["LogDriver"] == "awslogs"


@pytest.mark.parametrize(("asked", "seconds"), [("45s", 45), ("10m", 120)], ids=["as asked", "Fargate's longest"])
def test_a_task_has_the_time_to_stop_that_the_file_gives_it(asked: str, seconds: int) -> None:
    services = f"services: {{orders: {{target: dryrun, task: {{stop timeout: {asked}}}, policies: [default]}}}}"
    made = stack(Plan(loads(services).services["orders"], "controller")).body()
    container = made["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"][0]
    assert container["StopTimeout"] == seconds


def test_the_size_of_a_task_is_one_that_fargate_has() -> None:
    (definition,) = of_type(body(), "AWS::ECS::TaskDefinition").values()
    assert (definition["Cpu"], definition["Memory"]) == ("512", "1024")


def test_a_task_that_is_too_large_for_fargate_is_told() -> None:
    with pytest.raises(ValueError, match="no Fargate task has 64"):
        stack(plan(cpu=64))


@pytest.mark.parametrize("mode", MODES)
def test_every_log_is_kept_for_the_days_the_file_says(mode: str) -> None:
    groups = of_type(body(mode, provision="logs: 14"), "AWS::Logs::LogGroup")
    assert groups
    assert {group["RetentionInDays"] for group in groups.values()} == {14}


def test_spot_takes_its_share_above_the_minimum_only() -> None:
    service = body(provision="spot: 70%")["Resources"]["Service"]["Properties"]
    assert service["CapacityProviderStrategy"] == [
        {"CapacityProvider": "FARGATE", "Base": 2, "Weight": 30},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 70},
    ]


def test_a_shell_in_a_task_is_had_by_asking_only_and_may_write() -> None:
    for asked in (False, True):
        found = body(provision="access: exec" if asked else "")["Resources"]
        assert found["Service"]["Properties"]["EnableExecuteCommand"] is asked
        (container,) = found["TaskDefinition"]["Properties"]["ContainerDefinitions"]
        assert container["ReadonlyRootFilesystem"] is not asked


def test_the_scaling_does_not_change_a_logical_id_of_anything_else() -> None:
    """An update from one mode to another replaces nothing that holds requests or data."""
    kept = [
        {name for name, resource in body(mode)["Resources"].items() if "AutoScaling" not in resource["Type"]}
        for mode in MODES
    ]
    assert kept[0] - {name for name in kept[0] if name.endswith("Alarm")} == kept[1]
    assert kept[1] <= kept[2]


def test_import_reads_the_same_thresholds_back_out_of_the_template() -> None:
    """100/s, 150/s and 200/s for the steps, 50/s for the shrink; a level of requests in flight as it was."""
    policies = f"{STEPS}      - step: {{signal: in_flight, above: 1000, add: 1}}\n"
    text = to_yaml(stack(plan("alarms", policies)))
    (service,) = adopt([("stack.yaml", text.encode())], {}).spec.services.values()
    found = [(p.signal, p.above or p.below) for p in service.policies if isinstance(p, StepPolicy)]
    assert found == [("requests", 100), ("requests", 150), ("requests", 200), ("requests", 50), ("in_flight", 1000)]
