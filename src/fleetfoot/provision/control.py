"""Mode controller: fleetfoot itself as a service of one task, and the address the tasks push to."""

from __future__ import annotations

from typing import Any

from fleetfoot.provision.logs import LogGroup
from fleetfoot.provision.network import subnets
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.roles import controller_role
from fleetfoot.provision.security import PUSH, group
from fleetfoot.provision.service import Service, TaskDefinition, container, platform
from fleetfoot.provision.template import Parameter, Part, Resource, Skip, Value, attribute, ref

SIZE = ("256", "512")
"""CPU units and MiB: a tick of 10,000 services takes one core, of one service next to nothing."""


class Namespace(Resource, of="AWS::ServiceDiscovery::PrivateDnsNamespace"):
    Name: Value
    Vpc: Value
    Tags: Value = None


class Discovery(Resource, of="AWS::ServiceDiscovery::Service"):
    Name: Value
    NamespaceId: Value
    DnsConfig: Value
    Tags: Value = None


class Secret(Resource, of="AWS::SecretsManager::Secret"):
    Name: Value
    Description: Value
    GenerateSecretString: Value
    Tags: Value = None


class SsmParameter(Resource, of="AWS::SSM::Parameter"):
    Name: Value
    Type: Value
    Value: Value
    Description: Value


def secret(plan: Plan, what: str, about: str, **more: Any) -> Secret:
    """A secret nobody has seen: AWS makes it up."""
    name = plan.names.logs(what)
    shape = {"PasswordLength": 40, "ExcludePunctuation": True} | more
    return Secret(
        Name=name, Description=about, GenerateSecretString=shape, Tags=plan.tagged(name),
        skips=(Skip("CKV_AWS_149", "secrets are encrypted with AWS's own key; a customer key is a price more"),),
    )  # fmt: skip


def controller(plan: Plan) -> Part:
    if plan.mode != "controller":
        return Part(title="controller", resources={})
    names = plan.names
    config = SsmParameter(
        Name=names.logs("config"), Type="String", Value=ref("ControllerConfig"),
        Description="the fleetfoot.yaml the controller runs",
    )  # fmt: skip
    found: dict[str, Resource] = {
        "PushToken": secret(plan, "push-token", "tasks sign their pushes with it"),
        "ControllerConfiguration": config,
        "ControllerLogGroup": LogGroup.of(plan, "controller"),
        "ControllerRole": controller_role(plan).resource(plan),
        "Internal": Namespace(Name=f"{names.app}.internal", Vpc=ref("Vpc"), Tags=plan.tagged(f"{names.app}.internal")),
        "ControllerAddress": Discovery(
            Name="controller", NamespaceId=ref("Internal"), Tags=plan.tagged(names.of("controller")),
            DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 5}], "RoutingPolicy": "MULTIVALUE"},
        ),
        "ControllerDefinition": _definition(plan),
        "ControllerService": _service(plan),
    }  # fmt: skip
    image = Parameter(Description="The image of fleetfoot, with its tag or digest")
    text = Parameter(Description="fleetfoot.yaml as text, at most 4 KB: the controller's file")
    return Part(title="controller", resources=found, parameters={"ControllerImage": image, "ControllerConfig": text})


def _definition(plan: Plan) -> TaskDefinition:
    run = 'printf "%s" "$FLEETFOOT_YAML" > /tmp/fleetfoot.yaml && '
    run += f"exec fleetfoot control -f /tmp/fleetfoot.yaml --state /tmp/state --listen 0.0.0.0:{PUSH}"
    name = plan.names.of("controller")
    more: dict[str, Any] = {
        "EntryPoint": ["/bin/sh", "-c"], "Command": [run], "StopTimeout": 30,
        "PortMappings": [{"ContainerPort": PUSH, "Protocol": "tcp"}],
        "Secrets": [
            {"Name": "FLEETFOOT_YAML", "ValueFrom": ref("ControllerConfiguration")},
            {"Name": "FLEETFOOT_TOKEN", "ValueFrom": ref("PushToken")},
        ],
    }  # fmt: skip
    return TaskDefinition(
        Family=name, Cpu=SIZE[0], Memory=SIZE[1], RuntimePlatform=platform(plan) | {"CpuArchitecture": "X86_64"},
        ExecutionRoleArn=attribute("ExecutionRole", "Arn"), TaskRoleArn=attribute("ControllerRole", "Arn"),
        ContainerDefinitions=[container("controller", ref("ControllerImage"), "ControllerLogGroup", **more)],
        Tags=plan.tagged(name),
    )  # fmt: skip


def _service(plan: Plan) -> Service:
    name = plan.names.of("controller")
    return Service(
        ServiceName=name, Cluster=ref("Cluster"), TaskDefinition=ref("ControllerDefinition"), DesiredCount=1,
        why="one at a time: a new one starts when the old one is gone; the backstop holds meanwhile",
        CapacityProviderStrategy=[{"CapacityProvider": "FARGATE", "Weight": 1}],
        DeploymentConfiguration={
            "MinimumHealthyPercent": 0, "MaximumPercent": 100,
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
        },
        NetworkConfiguration={
            "AwsvpcConfiguration": {
                "AssignPublicIp": "DISABLED", "SecurityGroups": [group("Controller")], "Subnets": subnets("private"),
            }
        },
        ServiceRegistries=[{"RegistryArn": attribute("ControllerAddress", "Arn")}],
        DependsOn=("PrivateRouteA", "PrivateRouteB"), Tags=plan.tagged(name),
    )  # fmt: skip
