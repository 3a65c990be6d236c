"""What a Fargate task costs an hour (Linux, x86, on demand, without tax), from its cores and memory.

A task is billed by size: the smallest one that holds what is asked for. Memory is in steps of 1 GB = 1024 MiB.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from fleetfoot.spec import Price, Service, Spec


class Listed(NamedTuple):
    """USD an hour for one vCPU and one GB; ``dated`` and ``source`` say when and where it was read."""

    vcpu: float
    gb: float
    dated: str
    source: str


LISTS: dict[str, Listed] = {
    "us-east-1": Listed(0.04048, 0.004445, "2025-07", "infracost golden files of the AWS price list"),
    "ap-northeast-2": Listed(0.04656, 0.00511, "2026-10", "AWS public price list, AmazonECS"),
}
"""By Region."""

SIZES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.25, (0.5, 1, 2)),
    (0.5, (1, 2, 3, 4)),
    (1, tuple(range(2, 9))),
    (2, tuple(range(4, 17))),
    (4, tuple(range(8, 31))),
    (8, tuple(range(16, 61, 4))),
    (16, tuple(range(32, 121, 8))),
)
"""vCPU -> GB, as Amazon's task definition page lists them (docs/AmazonECS, task CPU and memory)."""


def size(cores: float, memory: float) -> tuple[float, float] | None:
    """(vCPU, GB) of the cheapest size that holds ``cores`` and ``memory`` bytes; None when none is large enough."""
    asked = ceil(memory / 2**20) / 1024  # GB, whole MiB
    for vcpu, steps in SIZES:
        if vcpu >= cores and steps[-1] >= asked:
            return vcpu, next(float(step) for step in steps if step >= asked)
    return None


def task_hour(cores: float, memory: float, region: str) -> Price | None:
    """USD an hour for one task; None for a Region without a list, or a task that is too large."""
    listed, found = LISTS.get(region), size(cores, memory)
    if listed is None or found is None:
        return None
    return Price(found[0] * listed.vcpu + found[1] * listed.gb, "USD")


def listed_prices(spec: Spec) -> dict[str, Price]:
    """The price of every service that a budget must reckon with and that has none of its own, where it can be told."""
    if spec.budget is None:
        return {}
    found = {name: _of(service, spec.budget.prices) for name, service in spec.services.items()}
    return {name: price for name, price in found.items() if price is not None}


def _of(service: Service, region: str) -> Price | None:
    task = service.task
    if task.price is not None or task.cpu is None or task.memory is None:
        return None
    return task_hour(task.cpu, task.memory, region)
