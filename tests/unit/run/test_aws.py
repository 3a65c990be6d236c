"""What of a file is connected to AWS, without asking it anything."""

from __future__ import annotations

from pathlib import Path

from fleetfoot.run.aws import connect
from fleetfoot.spec import loads

ORDERS = """
services:
  orders:
    target: ecs
    ecs: {{cluster: prod, service: shop-orders, region: eu-west-1}}
    signals: {{{signals}}}
    policies: [{policies}]
"""


def connected(signals: str = "", policies: str = "default", more: str = "") -> list[str]:
    """The sources by kind and signal."""
    made = connect(loads(ORDERS.format(signals=signals, policies=policies) + more), Path("/nowhere"), lambda: 0)
    made.close()
    return sorted(f"{source.name} {getattr(source, '_signal', source.service)}" for source in made.sources)


def test_a_service_is_read_and_nothing_that_no_policy_names() -> None:
    assert connected() == ["ecs orders"]


def test_cpu_and_memory_are_read_of_cloudwatch_where_a_policy_or_a_formula_reads_them() -> None:
    by_cpu = "{target: {signal: cpu, value: 60%}}"
    assert connected(policies=by_cpu) == ["cloudwatch cpu", "ecs orders"]
    both = connected("worst: {formula: 'max(cpu, memory)'}", "default")
    assert both == ["cloudwatch cpu", "cloudwatch memory", "ecs orders"]


def test_signals_of_cloudwatch_and_sqs_are_read_for_services_of_every_target() -> None:
    local = """
  mail:
    run: serve --port $PORT
    signals: {jobs: {from: sqs, queue: mail}, hits: {from: cloudwatch, namespace: Shop, metric: hits}}
"""
    assert connected(more=local) == ["cloudwatch hits", "ecs orders", "sqs jobs"]


def test_each_region_has_a_line_of_its_own() -> None:
    other = """
  mail:
    target: ecs
    ecs: {cluster: prod, region: us-east-1}
"""
    made = connect(loads(ORDERS.format(signals="", policies="default") + other), Path("/nowhere"), lambda: 0)
    made.close()
    assert sorted(line.region for line in made.lines) == ["eu-west-1", "us-east-1"]
    assert set(made.targets) == {"orders", "mail"}
