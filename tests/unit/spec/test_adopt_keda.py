"""KEDA's scaled objects as fleetfoot.yaml."""

from __future__ import annotations

from typing import Any

from fleetfoot.core.policies import Hpa
from fleetfoot.spec.adopt import Adopted
from fleetfoot.spec.policies import SchedulePolicy
from tests.unit.spec.adopted import compiled, example, notes, read


def test_a_scaled_object_becomes_an_hpa_from_zero() -> None:
    found = example("scaled-object.yaml")
    service = found.spec.services["workers"]
    assert (service.capacity.min, service.capacity.max) == (0, 50)
    (policy,) = compiled(found, "workers")
    assert isinstance(policy, Hpa)
    assert [(m.signal, m.form, m.target) for m in policy.metrics] == [("aws_sqs_queue", "per task", 30_000)]
    assert "cooldownPeriod is not carried over" in notes(found, "workers")


def cron(start: str, end: str, tasks: int = 10) -> dict[str, Any]:
    data = {"timezone": "Asia/Seoul", "start": start, "end": end, "desiredReplicas": str(tasks)}
    return {"type": "cron", "metadata": data}


def scaled(*triggers: dict[str, Any]) -> Adopted:
    spec = {"scaleTargetRef": {"name": "web"}, "maxReplicaCount": 50, "triggers": [*triggers]}
    return read({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web"}, "spec": spec})


def test_a_cron_trigger_holds_its_replicas_from_its_start_to_its_end() -> None:
    found = scaled(cron("0 8 * * 1-5", "30 19 * * 1-5"), cron("0 22 * * 5", "0 6 * * 6", 80))
    weekdays, night = found.spec.services["web"].policies
    assert isinstance(weekdays, SchedulePolicy)
    assert isinstance(night, SchedulePolicy)
    assert [(name, w.when[0].text, w.min) for policy in (weekdays, night) for name, w in policy.windows.items()] == [
        ("cron 1", "weekdays 08:00-19:30", 10),
        ("cron 2", "friday 22:00-24:00", 50),
        ("cron 2 2", "saturday 00:00-06:00", 50),
    ]
    assert (weekdays.zone, found.notes["web"]) == ("Asia/Seoul", [])


def test_a_cron_trigger_that_is_no_week_is_told() -> None:
    found = scaled(
        cron("0 8 1 * *", "0 9 1 * *"), {"type": "cpu", "metadata": {"value": "60"}, "metricType": "Utilization"}
    )
    assert "the cron trigger (0 8 1 * * to 0 9 1 * *) is not carried over" in notes(found)


def sqs(queue: str, **more: str) -> dict[str, Any]:
    url = f"https://sqs.eu-west-1.amazonaws.com/000000000000/{queue}"
    return {"type": "aws-sqs-queue", "metadata": {"queueURL": url, "queueLength": "30", **more}}


def test_queues_of_sqs_are_read_as_such_and_in_flight_counts_as_keda_has_it() -> None:
    found = scaled(sqs("jobs"), sqs("late-jobs.fifo", scaleOnInFlight="false"))
    signals = found.spec.services["web"].signals
    assert {name: (one.source, one.queue, one.metric) for name, one in signals.items()} == {
        "aws_sqs_queue": ("sqs", "jobs", None),
        "aws_sqs_queue_late_jobs_fifo": ("sqs", "late-jobs.fifo", "visible"),
    }
    (policy,) = compiled(found)
    assert isinstance(policy, Hpa)
    assert [m.signal for m in policy.metrics] == [*signals]
    assert "the queue jobs is read in the region of AWS_REGION or the profile" in notes(found)


def test_a_queue_whose_url_is_not_in_the_file_is_left_to_the_app() -> None:
    found = scaled({"type": "aws-sqs-queue", "metadata": {"queueURLFromEnv": "QUEUE", "queueLength": "5"}})
    assert found.spec.services["web"].signals["aws_sqs_queue"].source == "agent"
    assert "has no source here" in notes(found)
