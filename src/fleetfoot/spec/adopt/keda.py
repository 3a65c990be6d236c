"""KEDA's ScaledObject -> a draft with the policy ``hpa``: KEDA writes an HPA, and wakes it from zero."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fleetfoot.spec.adopt.actions import Set, schedule, unix_week_of, weekly
from fleetfoot.spec.adopt.at import At
from fleetfoot.spec.adopt.draft import Draft, flow, signal_name
from fleetfoot.spec.adopt.hpa import behavior, in_unit, quantity
from fleetfoot.spec.errors import shown
from fleetfoot.spec.forms import plain

KIND = "ScaledObject"
CRON, SQS = "cron", "aws-sqs-queue"
QUEUE = re.compile(r"[\w-]{1,80}(\.fifo)?$", re.ASCII)  # the end of its URL
MOST = 100  # maxReplicaCount where nobody says
#: where the scalers of KEDA write what one task should carry, and its default where there is one
TARGETS = ("threshold", "targetValue", "value", "queueLength", "listLength", "lagThreshold", "messageCount",
           "targetMetricValue", "targetQueryValue", "subscriptionSize", "activeSessions")  # fmt: skip
DEFAULTS = {SQS: 5.0, "redis": 5.0, "kafka": 10.0}


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
    crons = [trigger for trigger in triggers if trigger.text("type") == CRON]
    metrics = [metric for trigger in triggers if trigger not in crons and (metric := _trigger(trigger, draft, names))]
    schedules = [line for number, trigger in enumerate(crons, 1) for line in _cron(trigger, number, draft)]
    if not metrics and not schedules:
        spec.refuse("none of its triggers can be carried over: " + "; ".join(draft.notes), "triggers")
    config = spec.of("advanced").of("horizontalPodAutoscalerConfig")
    config.skip("name")
    rules = behavior(config)
    if metrics:
        draft.policies = ["- hpa:", "    metrics:", *(f"      - {metric}" for metric in metrics), *rules]
    draft.policies += schedules
    for place, path in at.unread():
        draft.note(place, f"{path} is not carried over")
    return draft


def _cron(at: At, number: int, draft: Draft) -> list[str]:
    """A cron trigger as a floor from each of its starts to the next end, and no higher than the maximum."""
    at.skip("type", "name", "metricType")
    data = at.of("metadata")
    start, end = (data.need(key, "a cron such as 0 8 * * 1-5") for key in ("start", "end"))
    zone, tasks = data.need("timezone", "such as Asia/Seoul"), data.whole("desiredReplicas")
    begins, ends = unix_week_of(start), unix_week_of(end)
    if not begins or not ends:
        draft.note(at.place, f"the cron trigger ({start} to {end}) is not carried over: read are days of the week at "
                   "one time")  # fmt: skip
        return []
    name = f"cron {number}"
    sets = [Set(minute, name, (("min", min(tasks, draft.maximum)),)) for minute in begins]
    return schedule(zone, weekly([*sets, *(Set(minute, name, ()) for minute in ends)]))


def _trigger(at: At, draft: Draft, names: Mapping[str, str]) -> str:
    kind = at.need("type", "such as cpu, prometheus or aws-sqs-queue")
    data, form = at.of("metadata"), at.text("metricType", "AverageValue")
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
    queue = QUEUE.search(data.text("queueURL")) if kind == SQS and metric not in names else None
    if queue is None:
        signal = draft.own(metric, at.line("type"), names, f"the {kind} trigger")
    else:
        signal = _queue(queue[0], metric, data, draft)
    data.skip(*(one for one in data.node if not one.lower().startswith("activation")))
    return flow([("signal", signal), ("value" if form == "Value" else "per task", in_unit(signal, value))])


def _queue(queue: str, metric: str, at: At, draft: Draft) -> str:
    """A queue of SQS as a signal. KEDA counts what is in flight too, unless it is told not to."""
    name = signal_name(metric)
    if name in draft.signals:
        name = signal_name(f"{metric} {queue}")
    only = "" if at.text("scaleOnInFlight", "true").lower() == "true" else ", metric: visible"
    draft.signals[name] = f"{{from: sqs, queue: {queue}{only}}}"
    draft.note(at.place, f"the queue {queue} is read in the region of AWS_REGION or the profile")
    return name
