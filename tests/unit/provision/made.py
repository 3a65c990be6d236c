"""Stacks for the tests: the order service of the requirements study, in any mode, with anything beside it."""

from __future__ import annotations

from typing import Any

from fleetfoot.provision import Plan, stack
from fleetfoot.spec import loads

STEPS = """
      - step: {name: rps, signal: requests, above: 100/s, add: {0: 1, 50: 2, 100: 4}, cooldown: 10s}
      - step: {name: quiet, signal: requests, below: 50/s, remove: 1, cooldown: 30s, datapoints: 6}
"""
TRACKING = """
      - target: {signal: cpu, value: 70%}
      - target: {signal: memory, value: 80%, scale in: off}
      - target: {signal: requests, per task: 14/s}
"""
EVERYTHING = "database: postgres, cache: on, access: bastion, bastion from: 203.0.113.7"
POLICIES = {"alarms": STEPS, "native20": TRACKING, "controller": "\n      - slo\n"}
"""Mode -> policies it can express."""


def plan(
    mode: str = "alarms",
    policies: str | None = None,
    provision: str = "nat: 2",
    more: str = "",
    cpu: float = 0.5,
    monthly: float | None = None,
) -> Plan:
    text = f"""
services:
  encryptor:
    target: dryrun
    capacity: {{min: 2, max: 14}}
    task: {{throughput: 20/s, startup: 30s, cpu: {cpu}, memory: 1 GB}}
    health: {{readiness: {{path: /health}}, grace: 300s}}
    {more}
    provision: {{app: my-app, workspace: my-workspace, port: 19505, {provision}}}
    policies: {policies if policies is not None else POLICIES[mode]}
"""
    return Plan(loads(text).services["encryptor"], mode, monthly)


def body(*args: Any, **more: Any) -> dict[str, Any]:
    """The template of ``plan(...)`` as CloudFormation takes it."""
    return stack(plan(*args, **more)).body()


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Logical id -> properties, of the resources of one type."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }
