from __future__ import annotations

import pytest
from pydantic import ValidationError

from fleetfoot.spec import (
    Allowance,
    Capacity,
    DefaultPolicy,
    Objective,
    Policy,
    Price,
    Service,
    StepPolicy,
    TargetPolicy,
    ThresholdsPolicy,
    loads,
)
from tests.unit.spec.lines import service


def one(*lines: str) -> Service:
    return loads(service(*lines)).services["a"]


def test_a_service_with_two_lines_works() -> None:
    spec = loads("services:\n  orders:\n    run: x\n    objective: {p95: 1s}\n")
    orders = spec.services["orders"]
    assert (orders.name, orders.run, orders.target) == ("orders", "x", "local")
    assert orders.policies == (DefaultPolicy(name="default", utilisation=0.7),)
    assert (orders.capacity.min, orders.capacity.max, orders.capacity.initial) == (1, 10, None)
    assert (orders.objective.percentile, orders.objective.latency, orders.objective.errors) == (0.95, 1000, 0.01)


@pytest.mark.parametrize(("key", "percentile"), [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)], ids=str)
def test_any_percentile_from_p50_to_p99_9_is_an_objective(key: str, percentile: float) -> None:
    objective = one(f"objective: {{{key}: 300ms}}").objective
    assert (objective.percentile, objective.latency) == (percentile, 300)


def test_every_unit_reaches_its_base() -> None:
    a = one(
        "task: {throughput: 1200/min, startup: 30s, cpu: 0.5, memory: 512 MiB, price: 60 KRW/h, zones: [a, b]}",
        "guards: {rate: {in: 1 per 60s}, cooldown: {in: 2m}, stabilisation: {out: 3s}, hard: on}",
        "balancer: {max body: 1 MB, retry after: 2s, queue timeout: 500ms}",
    )
    assert (a.task.throughput, a.task.startup, a.task.cpu, a.task.memory) == (20.0, 30_000, 0.5, 512 * 2**20)
    assert isinstance(a.task.price, Price)
    assert (a.task.price, a.task.price.currency, a.task.zones) == (60.0, "KRW", ("a", "b"))
    assert a.guards.rate.in_ == (Allowance(1, "tasks", 60_000),)
    assert a.guards.rate.out == (Allowance(900, "percent", 60_000), Allowance(10, "tasks", 60_000))
    assert (a.guards.cooldown.in_, a.guards.stabilisation.out, a.guards.hard) == (120_000, 3000, True)
    assert (a.balancer.max_body, a.balancer.retry_after, a.balancer.queue_timeout) == (1_000_000, 2, 500)


def test_classes_keep_the_order_of_the_file() -> None:
    a = one(
        "balancer: {classes: {paying: {header: X-Plan, equals: 1}, other: , alike: {path: /a}, crawler: {path: /}}}"
    )
    classes = a.balancer.classes
    assert list(classes) == ["paying", "other", "alike", "crawler"]
    assert classes["paying"].model_dump(exclude_none=True) == {"header": "X-Plan", "equals": "1"}


def test_words_yaml_reads_as_booleans_stay_what_they_are() -> None:
    a = one("env: {DEBUG: on, COUNTRY: NO, EMPTY: , SPACED: ' x '}", "balancer: {shed: off}", "guards: {pay: off}")
    assert a.env == {"DEBUG": "on", "COUNTRY": "NO", "EMPTY": "", "SPACED": " x "}
    assert a.balancer.shed == "off"
    assert (a.guards.pay.enabled, a.guards.incident.enabled) == (False, True)


def test_a_section_that_is_empty_counts_as_not_written() -> None:
    assert one("objective:", "capacity:", "env:", "policies:", "signals:", "guards: {rate: }") == one()


def test_an_unwritten_address_is_the_next_free_one() -> None:
    spec = loads("services: {a: {run: x}, b: {run: x}, c: {run: x, listen: 8081}, d: {run: x, listen: '[::1]:0'}}")
    assert [s.listen for s in spec.services.values()] == [
        "127.0.0.1:8080",
        "127.0.0.1:8082",
        "127.0.0.1:8081",
        "[::1]:0",
    ]


def test_a_port_of_any_host_is_free_for_two_services_when_it_is_0() -> None:
    spec = loads("services: {a: {run: x, listen: '127.0.0.1:0'}, b: {run: x, listen: '127.0.0.1:0'}}")
    assert {s.listen for s in spec.services.values()} == {"127.0.0.1:0"}


def test_policies_of_one_kind_are_told_apart_by_number() -> None:
    cpu = "{signal: cpu, above: 70%, add: 1}"
    a = one(f"policies: [step: {cpu}, step: {cpu}, {{step: {cpu[:-1]}, name: step-3}}}}, step: {cpu}, default]")
    assert [policy.name for policy in a.policies] == ["step", "step-2", "step-3", "step-4", "default"]


def test_a_dry_run_needs_no_command() -> None:
    assert loads("services: {a: {target: dryrun}}").services["a"].run is None


def test_thresholds_are_read_in_the_unit_of_their_signal() -> None:
    (policy,) = one(
        "policies:",
        "- thresholds:",
        "    out when any: {latency: 800ms, cpu: 80%, requests: 6000/min, queue: 50, app.errors: 5%, app.depth: 7}",
    ).policies
    assert isinstance(policy, ThresholdsPolicy)
    expected = {"latency": 800.0, "cpu": 0.8, "requests": 100.0, "queue": 50.0, "app.errors": 0.05, "app.depth": 7.0}
    assert policy.out_any == expected


def test_per_task_is_a_value_per_serving_task() -> None:
    (policy,) = one("policies: [{target: {signal: requests, per task: 14/s, scale in: off}}]").policies
    assert isinstance(policy, TargetPolicy)
    assert (policy.value, policy.per_task, policy.scale_in) == (14.0, True, False)


def test_a_declared_signal_may_be_read_by_a_policy() -> None:
    a = one(
        "signals: {backlog: {from: agent, metric: app.backlog, period: 5s, absent: ignore}}",
        "policies: [{target: {signal: backlog, per task: 100}}]",
    )
    signal = a.signals["backlog"]
    assert (signal.source, signal.metric, signal.period, signal.absent) == ("agent", "app.backlog", 5000, "ignore")


def test_liveness_may_be_switched_off() -> None:
    assert one("health: {liveness: off}").health.liveness is None


def test_an_anchor_may_be_used_again_and_completed() -> None:
    spec = loads("services:\n  a: &a {run: x, capacity: {max: 3}}\n  b: {<<: *a, run: y}\n")
    assert (spec.services["b"].run, spec.services["b"].capacity.max) == ("y", 3)


def test_models_are_frozen_and_refuse_unknown_fields_from_python_too() -> None:
    with pytest.raises(ValidationError):
        Capacity(min=1).min = 2  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Objective.model_validate({"latencies": 3})


def test_python_builds_models_by_their_field_names() -> None:
    built = Service(name="a", run="x", objective=Objective(percentile=0.99, latency=300))
    assert (built.objective.latency, built.policies[0].name) == (300, "default")
    step: Policy = StepPolicy(signal="cpu", above=0.7, add={0: 1})
    assert Service(name="a", run="x", policies=(step,)).policies[0].name == "step"


def test_the_source_of_a_spec_is_its_file() -> None:
    assert str(loads(service(), "some/fleetfoot.yaml").source) == "some/fleetfoot.yaml"
