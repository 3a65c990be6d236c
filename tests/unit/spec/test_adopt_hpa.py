"""HorizontalPodAutoscalers as fleetfoot.yaml: every field carried over, or told with its line."""

# ruff: noqa: E501

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.hpa.behavior import Behavior, Policy, Rules
from fleetfoot.core.policies import Hpa
from fleetfoot.core.policies.hpa import Metric
from fleetfoot.spec import SpecErrors
from fleetfoot.spec.adopt import Adopted, adopt

EXAMPLE = Path(__file__).parents[3] / "examples/import/hpa.yaml"
CPU = "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}"


def read(text: str, **names: str) -> Adopted:
    return adopt([("h.yaml", textwrap.dedent(text).encode())], names)


def v2(*metrics: str, behavior: str = "", more: str = "") -> str:
    listed = "".join(f"\n    - {metric}" for metric in metrics)
    return f"""\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: web}}
spec:
  scaleTargetRef: {{kind: Deployment, name: web}}
  maxReplicas: 10
  metrics: {listed or "[]"}
{"  behavior: " + behavior if behavior else ""}
{more}
"""


def policy(found: Adopted, name: str = "web") -> Hpa:
    (compiled,) = compile_service(found.spec.services[name]).policies
    assert isinstance(compiled, Hpa)
    return compiled


def notes(found: Adopted, name: str = "web") -> str:
    return "\n".join(found.notes[name])


def test_the_example_becomes_the_policy_with_its_behavior_bounds_and_task() -> None:
    found = adopt([("hpa.yaml", EXAMPLE.read_bytes())], {})
    service = found.spec.services["web"]
    assert (service.capacity.min, service.capacity.max) == (2, 40)
    assert (service.task.cpu, service.task.memory) == (0.5, 2**30)
    assert policy(found) == Hpa(
        "hpa",
        (Metric("cpu", "utilisation", 60), Metric("requests", "each", 14_000)),
        Behavior(
            Rules((Policy("percent", 100, 60_000), Policy("pods", 5, 60_000)), window=60_000),
            Rules((Policy("percent", 10, 60_000),), window=300_000),
        ),
    )


def test_nothing_but_the_imported_policy_and_launch_health_shapes_the_count() -> None:
    guards = compile_service(read(v2(CPU)).spec.services["web"]).guards
    assert (guards.stabilise_in, guards.cooldown_in, guards.rate_out, guards.rate_in) == (0, 0, (), ())
    assert (guards.pay, guards.incident) == (False, False)


@pytest.mark.parametrize(
    ("metric", "want"),
    [
        pytest.param(CPU, Metric("cpu", "utilisation", 60), id="Resource, Utilization"),
        pytest.param(
            "{type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 500m}}}",
            Metric("requests", "each", 500), id="Pods, in thousandths",
        ),
        pytest.param(
            "{type: Object, object: {describedObject: {kind: Ingress, name: main}, metric: {name: requests-per-second},"
            " target: {type: Value, value: 2k}}}",
            Metric("requests", "value", 2_000_000), id="Object, Value",
        ),
        pytest.param(
            "{type: External, external: {metric: {name: sqs-messages}, target: {type: AverageValue, "
            "averageValue: 30}}}",
            Metric("sqs_messages", "per task", 30_000), id="External, AverageValue",
        ),
        pytest.param(
            "{type: ContainerResource, containerResource: {name: cpu, container: app, target: {type: Utilization, "
            "averageUtilization: 50}}}",
            Metric("cpu", "utilisation", 50), id="ContainerResource",
        ),
    ],
)  # fmt: skip
def test_every_type_of_metric_has_its_form(metric: str, want: Metric) -> None:
    assert policy(read(v2(metric))).metrics == (want,)


def test_a_metric_without_a_source_is_declared_and_told_with_its_line() -> None:
    found = read(v2(CPU, "{type: External, external: {metric: {name: sqs-messages, selector: {matchLabels: {q: a}}}, "
                         "target: {type: Value, value: 30}}}"))  # fmt: skip
    assert found.spec.services["web"].signals["sqs_messages"].source == "agent"
    assert "h.yaml:9: the external metric sqs-messages has no source here" in notes(found)
    assert "the selector of sqs-messages is not carried over" in notes(found)
    assert "# NOTE h.yaml:9: the external metric sqs-messages" in found.text


def test_a_user_says_which_signal_a_metric_is() -> None:
    metric = "{type: External, external: {metric: {name: jobs-waiting}, target: {type: Value, value: 30}}}"
    found = adopt([("h.yaml", v2(metric).encode())], {"jobs-waiting": "queue"})
    assert policy(found).metrics == (Metric("queue", "value", 30_000),)
    assert "no source" not in notes(found)


def test_without_behavior_it_stays_without() -> None:
    assert policy(read(v2(CPU))).behavior is None


@pytest.mark.parametrize(
    ("behavior", "want"),
    [
        pytest.param("{scaleDown: {selectPolicy: Disabled}}", Behavior(down=Rules(
            (Policy("percent", 100, 15_000),), "disabled", 300_000)), id="off"),
        pytest.param("{scaleUp: {selectPolicy: Min, stabilizationWindowSeconds: 90}}", Behavior(up=Rules(
            (Policy("pods", 4, 15_000), Policy("percent", 100, 15_000)), "min", 90_000)), id="min"),
        pytest.param("{scaleUp: {}}", Behavior(), id="the defaults of Kubernetes"),
    ],
)  # fmt: skip
def test_what_behavior_leaves_out_is_as_kubernetes_has_it(behavior: str, want: Behavior) -> None:
    assert policy(read(v2(CPU, behavior=behavior))).behavior == want


def test_a_tolerance_of_its_own_is_carried_over() -> None:
    found = policy(read(v2(CPU, behavior="{scaleUp: {tolerance: 50m}, scaleDown: {tolerance: '0.2'}}")))
    assert (found.up, found.down) == (0.05, 0.2)


def test_an_absolute_cpu_target_needs_the_request_and_is_told_without_it() -> None:
    metric = "{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 300m}}}"
    pod = "kind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{resources: {requests: {cpu: 500m}}}]}}}"
    found = read(v2(metric, more=f"---\n{pod}"))
    assert policy(found).metrics == (Metric("cpu", "each", 600),)
    assert "cpu at 300m a task is not carried over" in notes(read(v2(CPU, metric)))


def test_a_list_of_kubectl_and_the_first_version_are_read_and_equal_names_are_kept_apart() -> None:
    found = read("""\
        apiVersion: v1
        kind: List
        items:
          - apiVersion: autoscaling/v1
            kind: HorizontalPodAutoscaler
            metadata: {name: a, namespace: x, annotations: {autoscaling.alpha.kubernetes.io/metrics: "[]"}}
            spec: {scaleTargetRef: {name: web}, minReplicas: 3, maxReplicas: 9, targetCPUUtilizationPercentage: 70}
            status: {currentReplicas: 4}
          - apiVersion: autoscaling/v1
            kind: HorizontalPodAutoscaler
            metadata: {name: b, namespace: y}
            spec: {scaleTargetRef: {name: web}, maxReplicas: 9}
        """)
    assert list(found.spec.services) == ["web", "web-2"]
    assert policy(found).metrics == (Metric("cpu", "utilisation", 70),)
    assert policy(found, "web-2").metrics == (Metric("cpu", "utilisation", 80),)
    assert "the annotation autoscaling.alpha.kubernetes.io/metrics is not read" in notes(found)


def test_a_key_nobody_knows_is_told() -> None:
    assert "h.yaml:10: spec.paused is not carried over" in notes(read(v2(CPU, more="  paused: true")))


def wrong(text: str) -> list[str]:
    with pytest.raises(SpecErrors) as refused:
        read(text)
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "h.yaml:1:1: the file is empty", id="nothing"),
        pytest.param("- a", "h.yaml:1:1: must be a mapping, not a list", id="a list"),
        pytest.param("a: [", "h.yaml:", id="no YAML"),
        pytest.param("kind: Pod", "h.yaml:1:1: holds no", id="another kind"),
        pytest.param(v2(CPU).replace("autoscaling/v2", "autoscaling/v3"),
                     "h.yaml:1:13: apiVersion: 'autoscaling/v3' is not read", id="an unknown version"),
        pytest.param(v2(CPU).replace("  maxReplicas: 10\n", ""), "h.yaml:4:1: spec: missing: maxReplicas", id="no maximum"),
        pytest.param(v2(CPU).replace("10", "many"), "h.yaml:6:16: spec.maxReplicas: 'many' is not a number", id="no number"),
        pytest.param(v2("{type: Magic, magic: {}}"), "h.yaml:8:14: spec.metrics[0].type: 'Magic' is no type", id="a type"),
        pytest.param(v2("{type: Resource}"), "h.yaml:8:7: spec.metrics[0]: missing: resource", id="no body"),
        pytest.param(v2("{type: Pods, pods: {metric: {name: x}, target: {type: AverageValue, averageValue: 5 %}}}"),
                     "'5 %' is not a quantity", id="no quantity"),
        pytest.param(v2("{type: Resource, resource: {name: gpu, target: {type: Utilization, averageUtilization: 5}}}"),
                     "none of its metrics can be carried over", id="nothing left"),
        pytest.param(v2(CPU, behavior="{scaleUp: {policies: [{type: Tons, value: 1}]}}"), "'Tons' is no policy", id="a rate"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_told_with_its_place(text: str, told: str) -> None:
    assert any(told in line for line in wrong(text)), wrong(text)


def test_every_autoscaler_that_is_wrong_is_told_at_once() -> None:
    bad = v2("{type: Magic}")
    assert len(wrong(f"{bad}\n---\n{bad}")) == 2
