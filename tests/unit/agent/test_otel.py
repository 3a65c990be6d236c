from __future__ import annotations

from bisect import bisect_left
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fleetfoot_agent import Recorder, otel
from fleetfoot_agent.otel import BOUNDS, Buckets, Metric

MS = 1_000_000
PAGE = Path(__file__).parents[3] / "docs" / "agent.md"


def filled() -> Recorder:
    recorder = Recorder()
    for ns, status, failed in [(3 * MS, 200, False), (7 * MS, 200, False), (9 * MS, 503, False), (1 * MS, 500, True)]:
        recorder.begin()
        recorder.end(ns, status, failed)
    recorder.begin()
    recorder.gauge("users", 7)
    recorder.count("orders", 3)
    recorder.queue(2)
    return recorder


def by_name(metrics: tuple[Metric, ...]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


def test_the_http_metrics_have_the_names_and_units_of_the_semantic_conventions() -> None:
    found = by_name(otel.metrics(filled()))
    duration, active = found["http.server.request.duration"], found["http.server.active_requests"]
    assert (duration.kind, duration.unit) == ("histogram", "s")
    assert (active.kind, active.unit, active.points[0].value) == ("updowncounter", "{request}", 1)
    assert (found["users"].kind, found["users"].points[0].value) == ("gauge", 7)
    assert (found["orders"].kind, found["orders"].points[0].value) == ("counter", 3)
    assert found["fleetfoot.queue.length"].points[0].value == 2


def test_durations_are_told_apart_by_class_and_errors_carry_their_type() -> None:
    points = by_name(otel.metrics(filled()))[otel.DURATION].points
    told = [(point.attributes, point.value.count) for point in points if isinstance(point.value, Buckets)]
    assert told == [
        ({"fleetfoot.response.status_class": "2xx"}, 2),
        ({"fleetfoot.response.status_class": "5xx", "error.type": "5xx"}, 1),
        ({"fleetfoot.response.status_class": "5xx", "error.type": "exception"}, 1),
    ]


def test_reading_the_metrics_leaves_the_next_push_as_it_was() -> None:
    recorder = filled()
    otel.metrics(recorder)
    counts = recorder.take()
    assert (counts.start, counts.in_flight_max, counts.requests) == (0, 1, 5)


@given(st.integers(min_value=0, max_value=7_200_000_000_000))
def test_a_duration_lies_in_the_bucket_its_bounds_say(ns: int) -> None:
    recorder = Recorder()
    recorder.begin()
    recorder.end(ns, 200)
    point = by_name(otel.metrics(recorder))[otel.DURATION].points[0].value
    assert isinstance(point, Buckets)
    assert len(point.counts) == len(point.bounds) + 1
    assert point.counts.index(1) == bisect_left(BOUNDS, ns / 1e9)


def test_without_requests_there_is_no_duration_and_no_activity() -> None:
    found = by_name(otel.metrics(Recorder()))
    assert found[otel.DURATION].points == ()
    assert found[otel.ACTIVE].points[0].value == 0


def test_two_processes_of_a_task_are_two_instances() -> None:
    first, second = Recorder().look(), Recorder().look()
    ours = otel.resource("shop", "shop-1", "r1", first)
    assert (ours["service.name"], ours["service.version"]) == ("shop", "r1")
    assert ours["service.instance.id"] != otel.resource("shop", "shop-1", "r1", second)["service.instance.id"]
    assert "service.version" not in otel.resource("shop", "shop-1", "", first)


def test_the_page_has_every_name_in_its_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    names = [otel.DURATION, otel.ACTIVE, otel.QUEUE, otel.STATUS_CLASS, otel.ERROR_TYPE]
    assert [
        name for name in (*names, *otel.resource("a", "b", "c", Recorder().look())) if f"`{name}`" not in text
    ] == []
