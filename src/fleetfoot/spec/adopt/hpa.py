"""A HorizontalPodAutoscaler's YAML -> a draft with the policy ``hpa``. autoscaling/v2, v2beta2 and v1."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fleetfoot.spec.adopt.at import At
from fleetfoot.spec.adopt.draft import Draft, flow, seconds
from fleetfoot.spec.errors import listed, shown
from fleetfoot.spec.forms import plain

KIND = "HorizontalPodAutoscaler"
MOST = 1e15  # bytes of memory are quantities too
VERSIONS = ("autoscaling/v2", "autoscaling/v2beta2", "autoscaling/v1")
TYPES = {
    "Resource": "resource", "ContainerResource": "containerResource", "Pods": "pods", "Object": "object",
    "External": "external",
}  # fmt: skip
SELECT = {"Max": "max", "Min": "min", "Disabled": "off"}
SUFFIXES = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50,
}  # fmt: skip
CARRIED = 0.7  # of a task's throughput, which a target of requests is taken to be
Names = Mapping[str, str]
Pods = Mapping[tuple[str, str, str], At]  # (kind, namespace, name) -> its pod's spec


def quantity(at: At, key: str) -> float:
    """A Kubernetes quantity, such as 500m or 1k."""
    text = at.text(key)
    match = re.fullmatch(r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)([A-Za-z]*)", text)
    if match is None or match[2] not in SUFFIXES:
        at.refuse(f"{shown(text)} is not a quantity: write such as 500m, 14 or 1k", key)
    found = float(match[1]) * SUFFIXES[match[2]]
    if not found <= MOST:
        at.refuse(f"{shown(text)} is out of range", key)
    return found


def draft_of(at: At, names: Names, pods: Pods) -> Draft:
    """One autoscaler. Raises ``Refused``."""
    version = at.text("apiVersion")
    if version not in VERSIONS:
        at.refuse(f"{shown(version)} is not read: allowed is {listed(VERSIONS)}; kubectl get hpa -o yaml writes v2",
                  "apiVersion")  # fmt: skip
    at.skip("kind", "status")
    meta, spec = at.of("metadata"), at.of("spec")
    name, space = meta.text("name"), meta.text("namespace", "default")
    meta.skip(*meta.node)
    target = spec.of("scaleTargetRef")
    kind, scaled = target.text("kind", "Deployment"), target.text("name", name)
    target.skip("apiVersion")
    draft = Draft(scaled or name or "service", f"{KIND} {space}/{name} of {kind} {scaled}, {at.place}", at)
    pod = pods.get((kind, space, scaled))
    draft.task |= task_of(pod) if pod is not None else {}
    draft.minimum = spec.whole("minReplicas", 1)
    if "maxReplicas" not in spec:
        spec.refuse("missing: maxReplicas")
    draft.maximum = spec.whole("maxReplicas")
    if not 0 <= draft.minimum <= draft.maximum or draft.maximum < 1:
        spec.refuse(f"maxReplicas {draft.maximum} is below minReplicas {draft.minimum}", "maxReplicas")
    metrics = _v1(spec, draft) if version == "autoscaling/v1" else [_metric(m, draft, names, pod)
                                                                    for m in spec.all("metrics")]  # fmt: skip
    if version != "autoscaling/v1" and "metrics" not in spec:
        metrics = ["{signal: cpu, utilisation: 80%}"]
        draft.note(spec.place, "it names no metric: Kubernetes takes cpu at 80%")
    kept = [metric for metric in metrics if metric]
    if not kept:
        spec.refuse("none of its metrics can be carried over: " + "; ".join(draft.notes), "metrics")
    draft.policies = ["- hpa:", "    metrics:", *(f"      - {metric}" for metric in kept), *behavior(spec)]
    _annotations(meta, draft)
    for place, path in at.unread():
        draft.note(place, f"{path} is not carried over")
    if pod is None:
        draft.note(
            at.place, f"what a task requests is not in the file: put the {kind} beside it to have cpu and memory"
        )
    return draft


def _v1(spec: At, draft: Draft) -> list[str]:
    if "targetCPUUtilizationPercentage" not in spec:
        draft.note(spec.place, "it names no target: Kubernetes takes cpu at 80%")
    share = spec.whole("targetCPUUtilizationPercentage", 80)
    return [f"{{signal: cpu, utilisation: {share}%}}"]


def _annotations(meta: At, draft: Draft) -> None:
    kept = meta.node.get("annotations")
    for key in kept if isinstance(kept, dict) else ():
        if key.startswith("autoscaling.alpha.kubernetes.io/") and not key.endswith(("conditions", "current-metrics")):
            draft.note(meta.line("annotations"), f"the annotation {key} is not read: kubectl get hpa.v2.autoscaling "
                       "-o yaml writes what it holds as fields")  # fmt: skip


def _metric(at: At, draft: Draft, names: Names, pod: At | None) -> str:
    kind = at.need("type", listed(TYPES))
    if kind not in TYPES:
        at.refuse(f"{shown(kind)} is no type of a metric: allowed is {listed(TYPES)}", "type")
    body = at.of(TYPES[kind])
    if not body.node:
        at.refuse(f"missing: {TYPES[kind]}, what the metric is")
    target = body.of("target")
    form = target.need("type", "Utilization, AverageValue or Value")
    if kind in ("Resource", "ContainerResource"):
        return _resource(body, target, form, draft, pod)
    metric = body.of("metric")
    name = metric.need("name", "the metric's name")
    if "selector" in metric:
        metric.skip("selector")
        draft.note(metric.line("selector"), f"the selector of {name} is not carried over: the source must apply it")
    body.skip("describedObject")
    signal = draft.own(name, metric.line("name"), names, f"the {kind.lower()} metric")
    if form not in ("AverageValue", "Value") or (kind == "Pods" and form == "Value"):
        at.refuse(f"{shown(form)} is no target of a {kind} metric", "type")
    value = quantity(target, "averageValue" if form == "AverageValue" else "value")
    if value <= 0:
        target.refuse("must be more than 0")
    key = "value" if form == "Value" else "each" if kind == "Pods" else "per task"
    if signal == "requests" and key != "value":
        draft.task.setdefault("throughput", f"{plain(round(value / CARRIED, 3))}/s")
        draft.note(target.place, f"task.throughput is a guess: {plain(value)}/s taken as 70% of what a task carries")
    return flow([("signal", signal), (key, in_unit(signal, value))])


def in_unit(signal: str, value: float) -> str:
    text = plain(value)
    if signal in ("requests", "completed", "app.requests"):
        return f"{text}/s"
    return f"{text}ms" if signal in ("latency", "app.latency") else text


def _resource(body: At, target: At, form: str, draft: Draft, pod: At | None) -> str:
    name = body.need("name", "cpu or memory")
    if name not in ("cpu", "memory"):
        draft.note(body.line("name"), f"the resource {name} is not carried over: fleetfoot sees cpu and memory")
        target.skip(*target.node)
        return ""
    if "container" in body:
        draft.note(
            body.line("container"), f"{name} is that of the whole task, not of container {body.text('container')}"
        )
    if form == "Utilization":
        return f"{{signal: {name}, utilisation: {target.whole('averageUtilization')}%}}"
    if form != "AverageValue":
        target.refuse(f"{shown(form)} is no target of a resource: Utilization or AverageValue", "type")
    value, requested = quantity(target, "averageValue"), _requested(pod, name)
    if not requested:
        draft.note(target.place, f"{name} at {target.text('averageValue')} a task is not carried over: fleetfoot sees "
                   "shares of what a task requests; put the Deployment beside it, or use Utilization")  # fmt: skip
        return ""
    return f"{{signal: {name}, each: {plain(round(100 * value / requested, 3))}%}}"


def _requested(pod: At | None, name: str) -> float:
    """What all containers of a pod request; 0 when one of them does not say."""
    if pod is None:
        return 0.0
    requests = [container.of("resources").of("requests") for container in pod.all("containers")]
    return sum(quantity(one, name) for one in requests) if all(name in one for one in requests) else 0.0


def task_of(pod: At) -> dict[str, str]:
    """``task: {cpu, memory}`` of a pod's spec, as far as it says."""
    cpu, memory = _requested(pod, "cpu"), _requested(pod, "memory")
    found = {"cpu": plain(round(cpu, 3))} if cpu else {}
    return found | ({"memory": f"{round(memory / 2**20)} MiB"} if memory >= 2**20 else {})


def behavior(spec: At) -> list[str]:
    if "behavior" not in spec:
        return []
    rules = spec.of("behavior")
    lines = [
        f"    {word}: {_rules(rules.of(key))}"
        for word, key in (("out", "scaleUp"), ("in", "scaleDown"))
        if key in rules
    ]
    return lines or ["    out: {}"]


def _rules(at: At) -> str:
    pairs: list[tuple[str, object]] = []
    if "stabilizationWindowSeconds" in at:
        pairs.append(("stabilisation", seconds(at.whole("stabilizationWindowSeconds"))))
    rates = []
    for policy in at.all("policies"):
        kind, value = policy.need("type", "Pods or Percent"), policy.whole("value")
        if kind not in ("Pods", "Percent"):
            policy.refuse(f"{shown(kind)} is no policy: Pods or Percent", "type")
        period = policy.whole("periodSeconds", 15)
        rates.append(f"{value}{'%' if kind == 'Percent' else ''} per {seconds(period)}")
    if rates:
        pairs.append(("rates", f"[{', '.join(rates)}]" if len(rates) > 1 else rates[0]))
    if "selectPolicy" in at:
        select = at.text("selectPolicy")
        if select not in SELECT:
            at.refuse(f"{shown(select)} is no selectPolicy: {listed(SELECT)}", "selectPolicy")
        pairs.append(("select", SELECT[select]))
    if "tolerance" in at:
        pairs.append(("tolerance", f"{plain(round(100 * quantity(at, 'tolerance'), 3))}%"))
    return flow(pairs)
