"""Mode controller: fleetfoot itself as a service of one task, and the address the tasks push to."""

from __future__ import annotations

from typing import Any

from fleetfoot.provision.logs import LogGroup
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.roles import controller_role
from fleetfoot.provision.security import PUSH
from fleetfoot.provision.service import Service, TaskDefinition, container, platform, private, rolling
from fleetfoot.provision.template import Parameter, Part, Resource, Skip, Tagged, Value, attribute, pairs, ref

SIZE = ("256", "512")
"""CPU units and MiB: a tick of 10,000 services takes one core, of one service next to nothing."""


class Namespace(Tagged, of="AWS::ServiceDiscovery::PrivateDnsNamespace", named="Name"):
    Vpc: Value


class Discovery(Tagged, of="AWS::ServiceDiscovery::Service"):
    Name: Value
    NamespaceId: Value
    DnsConfig: Value


class Secret(Tagged, of="AWS::SecretsManager::Secret", named="Name"):
    Description: Value
    GenerateSecretString: Value


class SsmParameter(Resource, of="AWS::SSM::Parameter"):
    Name: Value
    Type: Value
    Value: Value
    Description: Value


def secret(plan: Plan, what: str, about: str, **more: Any) -> Secret:
    """A secret nobody has seen: AWS makes it up."""
    shape = {"PasswordLength": 40, "ExcludePunctuation": True} | more
    return Secret(
        called=plan.names.logs(what), Description=about, GenerateSecretString=shape,
        skips=(Skip("CKV_AWS_149", "secrets are encrypted with AWS's own key; a customer key is a price more"),),
    )  # fmt: skip


def controller(plan: Plan) -> Part:
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
        "Internal": Namespace(called=f"{names.app}.internal", Vpc=ref("Vpc")),
        "ControllerAddress": Discovery(
            called=names.of("controller"), Name="controller", NamespaceId=ref("Internal"),
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
    more: dict[str, Any] = {
        "EntryPoint": ["/bin/sh", "-c"], "Command": [run], "StopTimeout": 30,
        "PortMappings": [{"ContainerPort": PUSH, "Protocol": "tcp"}],
        "Secrets": pairs(
            {"FLEETFOOT_YAML": ref("ControllerConfiguration"), "FLEETFOOT_TOKEN": ref("PushToken")}, "Name", "ValueFrom"
        ),
    }  # fmt: skip
    return TaskDefinition(
        called=plan.names.of("controller"), Cpu=SIZE[0], Memory=SIZE[1],
        RuntimePlatform=platform(plan) | {"CpuArchitecture": "X86_64"},
        ExecutionRoleArn=attribute("ExecutionRole", "Arn"), TaskRoleArn=attribute("ControllerRole", "Arn"),
        ContainerDefinitions=[container("controller", ref("ControllerImage"), "ControllerLogGroup", **more)],
    )  # fmt: skip


def _service(plan: Plan) -> Service:
    return Service(
        called=plan.names.of("controller"), Cluster=ref("Cluster"), TaskDefinition=ref("ControllerDefinition"),
        why="one at a time: a new one starts when the old one is gone; the backstop holds meanwhile", DesiredCount=1,
        CapacityProviderStrategy=[{"CapacityProvider": "FARGATE", "Weight": 1}],
        DeploymentConfiguration=rolling(0, 100), NetworkConfiguration=private("Controller"),
        ServiceRegistries=[{"RegistryArn": attribute("ControllerAddress", "Arn")}],
        DependsOn=("PrivateRouteA", "PrivateRouteB"),
    )  # fmt: skip
