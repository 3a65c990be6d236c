"""The cluster, the image's repository, the task definition and the service."""

from __future__ import annotations

from math import ceil
from typing import Any

from fleetfoot.prices.fargate import size
from fleetfoot.provision.logs import LogGroup
from fleetfoot.provision.network import subnets
from fleetfoot.provision.plan import Plan
from fleetfoot.provision.roles import execution_role, task_role
from fleetfoot.provision.security import PUSH, group
from fleetfoot.provision.template import REGION, Parameter, Part, Resource, Skip, Tagged, Value, attribute, pairs, ref

USER = "10001:10001"
"""No name, no home, no rights: what a container that needs none should be."""
STOP_MOST = 120  # s, Fargate's longest from SIGTERM to SIGKILL
SCRATCH = 128
"""MiB of /tmp, in the task's memory: a bind mount of Fargate's belongs to root, and no other user may write there."""
CPU, MEMORY = 0.5, 1 << 30  # cores and bytes of a task whose file does not say


class Cluster(Tagged, of="AWS::ECS::Cluster", named="ClusterName"):
    ClusterSettings: Value
    CapacityProviders: Value
    DefaultCapacityProviderStrategy: Value = None


class Repository(Tagged, of="AWS::ECR::Repository", named="RepositoryName"):
    ImageScanningConfiguration: Value
    ImageTagMutability: Value
    EncryptionConfiguration: Value
    LifecyclePolicy: Value


class TaskDefinition(Tagged, of="AWS::ECS::TaskDefinition", named="Family"):
    Cpu: Value
    Memory: Value
    ExecutionRoleArn: Value
    TaskRoleArn: Value
    ContainerDefinitions: Value
    RuntimePlatform: Value
    NetworkMode: Value = "awsvpc"
    RequiresCompatibilities: Value = ("FARGATE",)


class Service(Tagged, of="AWS::ECS::Service", named="ServiceName"):
    Cluster: Value
    TaskDefinition: Value
    CapacityProviderStrategy: Value
    DeploymentConfiguration: Value
    NetworkConfiguration: Value
    LoadBalancers: Value = None
    HealthCheckGracePeriodSeconds: Value = None
    AvailabilityZoneRebalancing: Value = None
    EnableExecuteCommand: Value = None
    Monitoring: Value = None
    ServiceRegistries: Value = None
    DesiredCount: Value = None
    PropagateTags: Value = "SERVICE"
    EnableECSManagedTags: Value = True


def service(plan: Plan) -> Part:
    names, execution, task = plan.names, execution_role(plan), task_role(plan)
    found: dict[str, Resource] = {
        "Repository": _repository(plan),
        "Cluster": Cluster(
            called=names.cluster, ClusterSettings=[{"Name": "containerInsights", "Value": "enabled"}],
            CapacityProviders=["FARGATE", "FARGATE_SPOT"],
        ),
        "TaskLogGroup": LogGroup.of(plan, "task"),
        "ExecutionRole": execution.resource(plan),
        "TaskRole": task.resource(plan),
        "TaskDefinition": _definition(plan),
        "Service": _service(plan),
    }  # fmt: skip
    image = Parameter(Description="The image of a task, with its tag or digest", Default=plan.asks.image)
    return Part(
        title="service",
        resources=found,
        parameters={"Image": image},
        outputs={
            "ClusterName": ("The cluster", ref("Cluster")),
            "ServiceName": ("The service", attribute("Service", "Name")),
            "RepositoryUri": ("Where its image is pushed to", attribute("Repository", "RepositoryUri")),
        },
    )


def _repository(plan: Plan) -> Repository:
    keep = '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan",'
    keep += '"countNumber":30},"action":{"type":"expire"}}]}'
    return Repository(
        called=plan.names.task, ImageScanningConfiguration={"ScanOnPush": True}, ImageTagMutability="IMMUTABLE",
        EncryptionConfiguration={"EncryptionType": "AES256"}, LifecyclePolicy={"LifecyclePolicyText": keep},
        DeletionPolicy="Retain",
        why="kept when the stack goes: a repository with images cannot be deleted",
        skips=(Skip("CKV_AWS_136", "the registry's own key encrypts images; a customer key is a price more"),),
    )  # fmt: skip


def fargate(plan: Plan) -> tuple[int, int]:
    """(CPU units, MiB) of the smallest task that holds what the file asks for. Raises ValueError for none."""
    task = plan.service.task
    found = size(task.cpu or CPU, task.memory or MEMORY)
    if found is None:
        raise ValueError(f"service {plan.service.name}: no Fargate task has {task.cpu} cores and {task.memory} bytes")
    return round(1024 * found[0]), round(1024 * found[1])


def container(name: str, image: Value, log: str, **more: Any) -> dict[str, Any]:
    """A container without rights: no root, nothing to write to but /tmp, nothing inherited from the kernel."""
    return {
        "Name": name, "Image": image, "Essential": True, "User": USER, "ReadonlyRootFilesystem": True,
        "LinuxParameters": {
            "InitProcessEnabled": True, "Capabilities": {"Drop": ["ALL"]},
            "Tmpfs": [{"ContainerPath": "/tmp", "Size": SCRATCH}],
        },
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": ref(log), "awslogs-region": REGION, "awslogs-stream-prefix": name,
                "mode": "non-blocking", "max-buffer-size": "25m",
            },
        },
        **more,
    }  # fmt: skip


def platform(plan: Plan) -> dict[str, str]:
    kind = "ARM64" if plan.asks.architecture == "arm" else "X86_64"
    return {"CpuArchitecture": kind, "OperatingSystemFamily": "LINUX"}


def _definition(plan: Plan) -> TaskDefinition:
    cpu, memory = fargate(plan)
    task, port = plan.service.task, plan.asks.port
    own = {"PORT": str(port), "FLEETFOOT_SERVICE": plan.service.name, "FLEETFOOT_NAMESPACE": plan.namespace}
    if plan.mode == "controller":
        own["FLEETFOOT_PUSH_URL"] = f"http://controller.{plan.names.app}.internal:{PUSH}/push"
    env = plan.service.env | own
    more: dict[str, Any] = {
        "PortMappings": [{"ContainerPort": port, "Protocol": "tcp"}],
        "ReadonlyRootFilesystem": plan.asks.access != "exec",  # its agent writes there
        "Environment": pairs(env, "Name"),
        "StopTimeout": min(STOP_MOST, max(2, ceil(task.stop_timeout / 1000))),
        "HealthCheck": _check(plan),
    }
    if secrets := _secrets(plan):
        more["Secrets"] = secrets
    return TaskDefinition(
        called=plan.names.task, Cpu=str(cpu), Memory=str(memory), RuntimePlatform=platform(plan),
        ExecutionRoleArn=attribute("ExecutionRole", "Arn"), TaskRoleArn=attribute("TaskRole", "Arn"),
        ContainerDefinitions=[container("app", ref("Image"), "TaskLogGroup", **more)],
    )  # fmt: skip


def _secrets(plan: Plan) -> list[dict[str, Any]]:
    found = {}
    if plan.mode == "controller":
        found["FLEETFOOT_TOKEN"] = ref("PushToken")
    if plan.asks.database != "none":
        found["DATABASE"] = ref("DatabaseAppSecret")
    if plan.asks.cache:
        found["CACHE_PASSWORD"] = ref("CacheSecret")
    return pairs(found, "Name", "ValueFrom")


def _check(plan: Plan) -> dict[str, Any]:
    """Liveness, asked from inside: a task that hangs is replaced. The tool is whichever the image has."""
    check = plan.service.health.liveness or plan.service.health.readiness
    path = check.path.replace("'", "%27")  # within the shell's quotes
    url = f"http://127.0.0.1:{plan.asks.port}{path}"
    ask = f"curl -fsS -m 4 -o /dev/null '{url}' || wget -q -T 4 -O /dev/null '{url}' || exit 1"
    grace = min(300, ceil(plan.service.health.grace / 1000))
    return {"Command": ["CMD-SHELL", ask], "Interval": 10, "Timeout": 5, "Retries": 3, "StartPeriod": grace}


def _service(plan: Plan) -> Service:
    names = plan.names
    fast = {"MetricNames": ["CPUUtilization", "MemoryUtilization"], "ResolutionSeconds": 20}
    return Service(
        called=names.ecs, Cluster=ref("Cluster"), TaskDefinition=ref("TaskDefinition"),
        why="no DesiredCount: an update of the stack leaves the count as the scaling has set it",
        CapacityProviderStrategy=_strategy(plan),
        DeploymentConfiguration=rolling(100, 200), NetworkConfiguration=private("Service"),
        LoadBalancers=[
            {"ContainerName": "app", "ContainerPort": plan.asks.port, "TargetGroupArn": ref("TargetGroup")}
        ],
        HealthCheckGracePeriodSeconds=ceil(plan.service.health.grace / 1000), AvailabilityZoneRebalancing="ENABLED",
        EnableExecuteCommand=plan.asks.access == "exec",
        Monitoring={"MetricConfigurations": [fast]} if plan.fine else None,
        DependsOn=("HttpListener", "PrivateRouteA", "PrivateRouteB"),
    )  # fmt: skip


def rolling(least: int, most: int) -> Value:
    """A deployment that keeps ``least`` to ``most`` % of the tasks, and goes back where new ones do not start."""
    return {
        "MinimumHealthyPercent": least, "MaximumPercent": most,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }  # fmt: skip


def private(name: str) -> Value:
    """Tasks of the security group ``name``, without an address of their own on the internet."""
    own = {"AssignPublicIp": "DISABLED", "SecurityGroups": [group(name)], "Subnets": subnets("private")}
    return {"AwsvpcConfiguration": own}


def _strategy(plan: Plan) -> list[dict[str, Any]]:
    """The minimum on demand, what comes above it shared out as the file says."""
    spot = round(100 * plan.asks.spot)
    base = {"CapacityProvider": "FARGATE", "Base": plan.service.capacity.min, "Weight": 100 - spot}
    return [base, *([{"CapacityProvider": "FARGATE_SPOT", "Weight": spot}] if spot else [])]
