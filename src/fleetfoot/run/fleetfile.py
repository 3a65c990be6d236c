"""What the keeper and the data plane are told, from the spec: plain JSON, so that the fleet needs nothing of us."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from fleetfoot.core.compile import DEFAULT_STARTUP
from fleetfoot.spec import Service, Spec


def fleet_file(spec: Spec, state: Path, controller: list[str] | None) -> dict[str, Any]:
    """The keeper's configuration. ``controller``: its command line, None for a fleet without one."""
    return {
        "state": str(state),
        "services": [_service(service, spec.source) for service in spec.services.values()],
        "controller": {"argv": controller} if controller else None,
        "push": controller is not None,
    }


def _service(service: Service, source: Path | None) -> dict[str, Any]:
    task, capacity = service.task, service.capacity
    directory = directory_of(service, source)
    return {
        "name": service.name,
        "command": service.run or "",
        "app": service.app,
        "directory": str(directory),
        "env": dict(service.env),
        "listen": service.listen,
        "initial": capacity.initial if capacity.initial is not None else capacity.min,
        "min": capacity.min,
        "max": service.most,
        "throughput": task.throughput,
        "objective_ms": service.objective.latency,
        "concurrency": task.concurrency,
        "zones": list(task.zones),
        "stop_timeout_ms": task.stop_timeout,
        "drain_ms": task.drain,
        "startup_ms": task.startup if task.startup is not None else DEFAULT_STARTUP,
        "warm": task.warm.min,  # what the controller makes of it comes later
        "warm_up": task.warm_up,
        "lifetime_ms": task.lifetime,
        "surge": service.update.surge,
        "breaker": service.update.breaker,
        "bake_ms": service.update.bake,
        "revision": revision_of(service, directory),
        "health": _health(service),
        "balancer": _balancer(service),
    }


def _health(service: Service) -> dict[str, Any]:
    ready, alive = service.health.readiness, service.health.liveness
    readiness = {
        "path": ready.path,
        "interval_ms": ready.interval,
        "timeout_ms": ready.timeout,
        "healthy": ready.healthy,
        "unhealthy": ready.unhealthy,
    }
    liveness = None
    if alive is not None:
        liveness = {
            "path": alive.path,
            "interval_ms": alive.interval,
            "timeout_ms": alive.timeout,
            "unhealthy": alive.unhealthy,
        }
    return {"readiness": readiness, "liveness": liveness, "grace_ms": service.health.grace}


def _balancer(service: Service) -> dict[str, Any]:
    b = service.balancer
    return {
        "kind": b.kind,
        "queue": b.queue,
        "queue_timeout_ms": b.queue_timeout,
        "shed": b.shed,
        "request_timeout_ms": b.request_timeout,
        "header_timeout_ms": b.header_timeout,
        "idle_timeout_ms": b.idle_timeout,
        "min_rate": b.min_rate,
        "max_header": b.max_header,
        "max_body": b.max_body,
        "retry_after": b.retry_after,
        "classes": [{"name": name, **one.model_dump(exclude_none=True)} for name, one in b.classes.items()],
    }


def directory_of(service: Service, source: Path | None) -> Path:
    """Where the command runs: as written, relative to the file; default the file's own folder."""
    base = source.resolve().parent if source is not None else Path.cwd()
    return base / Path(service.directory).expanduser() if service.directory else base


def revision_of(service: Service, directory: Path) -> str:
    """Eight hex digits that change when what a task runs changes."""
    what = json.dumps(
        [
            service.run or service.app,
            str(directory),
            sorted(service.env.items()),
            _health(service),
            service.task.warm_up,
        ]
    )
    return hashlib.sha256(what.encode()).hexdigest()[:8]
