"""KEDA's ScaledObject -> a draft with the policy ``hpa``: KEDA writes an HPA, and wakes it from zero."""

from __future__ import annotations

from collections.abc import Mapping

from fleetfoot.spec.adopt.at import At
from fleetfoot.spec.adopt.draft import Draft, flow
from fleetfoot.spec.adopt.hpa import behavior, in_unit, quantity
from fleetfoot.spec.errors import shown
from fleetfoot.spec.forms import plain

KIND = "ScaledObject"
MOST = 100  # maxReplicaCount where nobody says
#: where the scalers of KEDA write what one task should carry, and its default where there is one
TARGETS = ("threshold", "targetValue", "value", "queueLength", "listLength", "lagThreshold", "messageCount",
           "targetMetricValue", "targetQueryValue", "subscriptionSize", "activeSessions")  # fmt: skip
DEFAULTS = {"aws-sqs-queue": 5.0, "redis": 5.0, "kafka": 10.0}


def draft_of(at: At, names: Mapping[str, str]) -> Draft:
    """One ScaledObject. Raises ``Refused``."""
    at.skip("apiVersion", "kind", "status")
    meta, spec = at.of("metadata"), at.of("spec")
    name = meta.text("name", "service")
    meta.skip(*meta.node)
    target = spec.of("scaleTargetRef")
    scaled = target.text("name", name)
    target.skip("apiVersion", "kind", "envSourceContainerName")
    draft = Draft(scaled, f"{KIND} {name} of {scaled}, {at.place}", at)
    draft.minimum, draft.maximum = spec.whole("minReplicaCount", 0), spec.whole("maxReplicaCount", MOST)
    if not 0 <= draft.minimum <= draft.maximum or draft.maximum < 1:
        spec.refuse(f"maxReplicaCount {draft.maximum} is below minReplicaCount {draft.minimum}", "maxReplicaCount")
    triggers = spec.all("triggers")
    if not triggers:
        spec.refuse("missing: triggers")
    metrics = [metric for trigger in triggers if (metric := _trigger(trigger, draft, names))]
    if not metrics:
        spec.refuse("none of its triggers can be carried over: " + "; ".join(draft.notes), "triggers")
    config = spec.of("advanced").of("horizontalPodAutoscalerConfig")
    config.skip("name")
    draft.policies = ["- hpa:", "    metrics:", *(f"      - {metric}" for metric in metrics), *behavior(config)]
    for place, path in at.unread():
        draft.note(place, f"{path} is not carried over")
    return draft


def _trigger(at: At, draft: Draft, names: Mapping[str, str]) -> str:
    kind = at.need("type", "such as cpu, prometheus or aws-sqs-queue")
    data, form = at.of("metadata"), at.text("metricType", "AverageValue")
    if kind == "cron":
        data.skip(*data.node)
        draft.note(at.place, "the cron trigger is not carried over: the policy schedule holds a floor")
        return ""
    if kind in ("cpu", "memory"):
        data.skip("type", "containerName")
        if form != "Utilization" and data.node.get("type") != "Utilization":
            data.skip(*data.node)
            draft.note(at.place, f"{kind} as a value is not carried over: use Utilization")
            return ""
        return f"{{signal: {kind}, utilisation: {plain(data.number('value'))}%}}"
    key = next((key for key in TARGETS if key in data), "")
    if not key and kind not in DEFAULTS:
        at.refuse(f"what a task should carry is not found in the metadata of the trigger {shown(kind)}", "type")
    value = quantity(data, key) if key else DEFAULTS[kind]
    if value <= 0:
        data.refuse("must be more than 0", key)
    metric = at.text("name") or data.text("metricName") or kind
    signal = draft.own(metric, at.line("type"), names, f"the {kind} trigger")
    data.skip(*(one for one in data.node if not one.lower().startswith("activation")))
    return flow([("signal", signal), ("value" if form == "Value" else "per task", in_unit(signal, value))])
