"""The line for CloudWatch: what it holds, what it leaves out, and that a process which forks publishes too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from fleetfoot.spec.cloudwatch import METRICS, PUBLISHED
from fleetfoot_agent.emf import INTERVAL_S, MOST_VALUES, UNITS, Emf, Place, line_of, place_from
from fleetfoot_agent.recorder import Recorder

PLACE = Place("Fleetfoot/orders", "orders", "orders-1")
MS = 1_000_000  # ns


def published(latencies: list[float], errors: int = 0, open_: int = 0) -> dict[str, Any]:
    """The line after requests of so many ms, of which the first ``errors`` failed."""
    recorder = Recorder()
    before = recorder.look()
    for number, ms in enumerate(latencies):
        recorder.begin()
        recorder.end(int(ms * MS), 503 if number < errors else 200)
    for _ in range(open_):
        recorder.begin()
    now = recorder.look()._replace(end=before.end + 5000)
    line: dict[str, Any] = json.loads(line_of(PLACE, before, now, 1_700_000_000_000))
    return line


def test_a_line_names_each_metric_with_its_unit_in_a_resolution_of_a_second() -> None:
    line = published([20.0] * 10)
    assert line["_aws"]["Timestamp"] == 1_700_000_000_000
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Fleetfoot/orders", [["Service"]])
    assert {metric["StorageResolution"] for metric in directive["Metrics"]} == {1}
    assert [metric["Name"] for metric in directive["Metrics"]] == [
        name for name in line if name not in ("_aws", "Service", "Task")
    ]
    assert (line["Service"], line["Task"]) == ("orders", "orders-1")


def test_what_is_published_is_what_the_templates_alarms_read() -> None:
    read = {metric.name for metric in METRICS.values() if not metric.ecs}
    assert set(UNITS) == read
    assert PUBLISHED == INTERVAL_S * 1000


def test_rates_are_of_the_time_since_the_line_before() -> None:
    line = published([20.0] * 10, errors=2, open_=3)
    assert line["RequestsPerSecond"] == pytest.approx(13 / 5)
    assert line["CompletedPerSecond"] == pytest.approx(8 / 5)
    assert line["ErrorRate"] == pytest.approx(20)
    assert line["ActiveConnections"] == 3


def test_percentiles_survive_in_a_hundred_values() -> None:
    line = published([float(ms) for ms in range(1, 1001)])
    values = sorted(line["ResponseTime"])
    assert len(values) == MOST_VALUES
    assert values[94] == pytest.approx(945, rel=0.07)  # the histogram's own exactness
    assert values[49] == pytest.approx(495, rel=0.07)


def test_what_did_not_happen_is_left_out_and_no_traffic_is_a_zero() -> None:
    line = published([])
    assert line["RequestsPerSecond"] == 0
    assert not line.keys() & {"ResponseTime", "ErrorRate", "RequestQueueLength"}


def test_a_queue_the_app_tells_of_is_published() -> None:
    recorder = Recorder()
    recorder.queue(7)
    assert json.loads(line_of(PLACE, recorder.look(), recorder.look(), 0))["RequestQueueLength"] == 7


def test_the_first_look_publishes_nothing_and_failures_are_only_counted() -> None:
    lines: list[str] = []
    emf = Emf(Recorder(), PLACE, lines.append)
    emf.publish()
    assert lines == []
    emf.publish()
    assert len(lines) == 1

    def full(_: str) -> None:
        raise BrokenPipeError

    broken = Emf(Recorder(), PLACE, full)
    broken.publish()
    broken.publish()
    assert broken.failed == 1


def test_a_place_needs_a_namespace_and_a_service() -> None:
    both = {"FLEETFOOT_NAMESPACE": "MyApp/Performance", "FLEETFOOT_SERVICE": "orders"}
    assert place_from({**both, "FLEETFOOT_TASK": "t"}) == Place("MyApp/Performance", "orders", "t")
    assert place_from({"FLEETFOOT_SERVICE": "orders"}) is None
    assert place_from({"FLEETFOOT_NAMESPACE": "x"}) is None


FORKS = """
import os
from fleetfoot_agent import Agent
agent = Agent()
agent.start()
agent.recorder.begin()
agent.recorder.end(1_000_000, 200)
agent.emf.publish()
pid = os.fork()
if not pid:
    agent.recorder.begin()
    agent.recorder.awaken()
    agent.recorder.begin()
    agent.emf.publish()
    os._exit(0)
os.waitpid(pid, 0)
"""


def test_a_forked_process_publishes_its_own_counts_only() -> None:
    env = {**os.environ, "FLEETFOOT_NAMESPACE": "N", "FLEETFOOT_SERVICE": "orders", "FLEETFOOT_TASK": "t"}
    done = subprocess.run(
        [sys.executable, "-c", FORKS], env=env, capture_output=True, text=True, check=True, timeout=60
    )
    parent, child = (json.loads(line) for line in done.stdout.splitlines())
    assert "ResponseTime" in parent
    assert "ResponseTime" not in child
    assert child["ActiveConnections"] == 2
