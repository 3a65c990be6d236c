"""The one table: which calls the simulated AWS answers, which fields of each it reads, and how.

A call that is not here, and a field that is not here, is refused by name: a test that leans on more than this table
has is told so, and does not pass by luck. Forms and errors are those of AWS's API references.
"""

from __future__ import annotations

from typing import Any

from fleetfoot.sim.aws.call import Call, Refusal, Request
from fleetfoot.sim.aws.metrics import newest_first
from fleetfoot.sim.aws.stack_calls import STACK_CALLS
from fleetfoot.sim.aws.world import Service, World, arn, definition_arn

ECS, AAS = "AmazonEC2ContainerServiceV20141113", "AnyScaleFrontendService"
CLOUDWATCH, SQS = "GraniteServiceVersion20100801", "AmazonSQS"


def _service(world: World, cluster: str, name: str) -> Service:
    if not any(there == cluster for there, _ in world.services):
        raise Refusal("ClusterNotFoundException", "Cluster not found.")
    found = world.services.get((cluster, name))
    if found is None:
        raise Refusal("ServiceNotFoundException", "Service not found.")
    return found


def _shown(service: Service, now: float) -> dict[str, Any]:
    states = [task.status(now) for task in service.tasks]
    counts = {
        "desiredCount": service.desired,
        "runningCount": states.count("RUNNING"),
        "pendingCount": states.count("PENDING") + states.count("PROVISIONING"),
    }
    primary = {"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": definition_arn(service.definition), **counts}
    primary["rolloutState"] = "IN_PROGRESS" if service.deploying else "COMPLETED"
    older = [{**primary, "id": "ecs-svc/0", "status": "ACTIVE", "desiredCount": 0}] if service.deploying else []
    return {
        "serviceName": service.name, "serviceArn": arn("service", service.cluster, service.name),
        "clusterArn": arn("cluster", service.cluster, "").rstrip("/"), "status": service.status, **counts,
        "taskDefinition": definition_arn(service.definition), "deployments": [primary, *older],
    }  # fmt: skip


def describe_services(world: World, request: Request) -> dict[str, Any]:
    now, cluster, names = world.settle(), request.get("cluster", "default"), request["services"]
    if len(names) > 10:
        raise Refusal("InvalidParameterException", "Services length must be at most 10.")
    if not any(there == cluster for there, _ in world.services):
        raise Refusal("ClusterNotFoundException", "Cluster not found.")
    found = [world.services[cluster, name] for name in names if (cluster, name) in world.services]
    lost = [name for name in names if (cluster, name) not in world.services]
    failures = [{"arn": arn("service", cluster, name), "reason": "MISSING"} for name in lost]
    return {"services": [_shown(service, now) for service in found], "failures": failures}


def update_service(world: World, request: Request) -> dict[str, Any]:
    service, count = _service(world, request.get("cluster", "default"), request["service"]), request["desiredCount"]
    if service.status != "ACTIVE":
        raise Refusal("ServiceNotActiveException", "Service was not ACTIVE.")
    if count < 0:
        raise Refusal("InvalidParameterException", "desiredCount cannot be negative.")
    world.settle()
    service.desired = count
    service.updates.append((world.clock.now(), count))
    return {"service": _shown(service, world.settle())}


def list_tasks(world: World, request: Request) -> dict[str, Any]:
    cluster, wanted = request.get("cluster", "default"), request.get("desiredStatus", "RUNNING")
    service, now = _service(world, cluster, request["serviceName"]), world.settle()
    raws = [task.raw(now, cluster) for task in service.tasks]
    arns = [raw["taskArn"] for raw in raws if raw["desiredStatus"] == wanted]
    start = int(request.get("nextToken") or 0)
    more = {"nextToken": str(start + 100)} if len(arns) > start + 100 else {}
    return {"taskArns": arns[start : start + 100], **more}


def describe_tasks(world: World, request: Request) -> dict[str, Any]:
    cluster, arns, now = request.get("cluster", "default"), request["tasks"], world.settle()
    if len(arns) > 100:
        raise Refusal("InvalidParameterException", "Tasks length must be at most 100.")
    there = {arn("task", cluster, task.id): task for task in world.every_task(cluster)}
    failures = [{"arn": one, "reason": "MISSING"} for one in arns if one not in there]
    return {"tasks": [there[one].raw(now, cluster) for one in arns if one in there], "failures": failures}


def describe_scalable_targets(world: World, request: Request) -> dict[str, Any]:
    wanted = request.get("ResourceIds", list(world.scalable))
    return {"ScalableTargets": [world.scalable[name] for name in wanted if name in world.scalable]}


def register_scalable_target(world: World, request: Request) -> dict[str, Any]:
    name = request["ResourceId"]
    bounds = {key: request[key] for key in ("MinCapacity", "MaxCapacity") if key in request}
    if name not in world.scalable and len(bounds) < 2:
        raise Refusal("ValidationException", "MinCapacity and MaxCapacity are required for a new scalable target.")
    target = world.scalable.get(name) or world.register(name, bounds["MinCapacity"], bounds["MaxCapacity"])
    suspended = {**target["SuspendedState"], **request.get("SuspendedState", {})}
    world.scalable[name] = {**target, **bounds, "SuspendedState": suspended}
    return {"ScalableTargetARN": f"arn:aws:application-autoscaling:{name}"}


def get_metric_data(world: World, request: Request) -> dict[str, Any]:
    if len(request["MetricDataQueries"]) > 500:
        raise Refusal("ValidationError", "The collection MetricDataQueries must not have a size greater than 500.")
    span = (request["StartTime"], request["EndTime"])
    return {"MetricDataResults": [newest_first(world.metrics, one, *span) for one in request["MetricDataQueries"]]}


def get_queue_url(world: World, request: Request) -> dict[str, Any]:
    _queue(world, request["QueueName"])
    return {"QueueUrl": f"https://sqs.simulated/000000000000/{request['QueueName']}"}


def get_queue_attributes(world: World, request: Request) -> dict[str, Any]:
    visible, in_flight = _queue(world, request["QueueUrl"].rpartition("/")[2])
    counts = {"ApproximateNumberOfMessages": visible, "ApproximateNumberOfMessagesNotVisible": in_flight}
    return {"Attributes": {name: str(counts[name]) for name in request["AttributeNames"]}}


def _queue(world: World, name: str) -> tuple[int, int]:
    if name not in world.queues:
        raise Refusal("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
    return world.queues[name]


READS = (100, 20)
TARGET = ("ServiceNamespace", "ScalableDimension")
CALLS: dict[str, Call] = {
    f"{ECS}.DescribeServices": Call(describe_services, ("services",), ("cluster",), READS, "read"),
    f"{ECS}.UpdateService": Call(update_service, ("service", "desiredCount"), ("cluster",), (50, 5)),
    f"{ECS}.ListTasks": Call(list_tasks, ("serviceName",), ("cluster", "desiredStatus", "nextToken"), READS, "read"),
    f"{ECS}.DescribeTasks": Call(describe_tasks, ("tasks",), ("cluster",), READS, "read"),
    f"{AAS}.DescribeScalableTargets": Call(describe_scalable_targets, ("ServiceNamespace",), (*TARGET, "ResourceIds")),
    f"{AAS}.RegisterScalableTarget": Call(
        register_scalable_target, (*TARGET, "ResourceId"), ("MinCapacity", "MaxCapacity", "SuspendedState")
    ),
    f"{CLOUDWATCH}.GetMetricData": Call(get_metric_data, ("MetricDataQueries", "StartTime", "EndTime"), ("ScanBy",)),
    f"{SQS}.GetQueueUrl": Call(get_queue_url, ("QueueName",)),
    f"{SQS}.GetQueueAttributes": Call(get_queue_attributes, ("QueueUrl", "AttributeNames")),
    **STACK_CALLS,
}
