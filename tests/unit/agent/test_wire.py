from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot_agent.recorder import MAX_SERIES, Recorder
from fleetfoot_agent.wire import MAX_BODY, WireError, decode, encode, push_of

WHO = ("orders", "orders-7", "3f2a91c0")


def recorded() -> Recorder:
    recorder = Recorder()
    for i in range(400):
        recorder.begin()
        recorder.end(2_000_000 + i * i * 3_000, 500 if i % 50 == 0 else 200)
    recorder.begin()
    recorder.gauge("users", 131)
    recorder.count("orders", 77)
    recorder.queue(0)
    return recorder


def data(**change: Any) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(encode(push_of(recorded().take(), WHO, 1)))
    return {**fields, **change}


def test_a_push_survives_the_wire() -> None:
    push = push_of(recorded().take(), WHO, 42, final=True)
    assert decode(encode(push)) == push
    assert push.ended == 400
    assert push.requests == push.ended + push.in_flight


def test_a_usual_push_is_well_under_four_kilobytes() -> None:
    assert len(encode(push_of(recorded().take(), WHO, 42))) < 2048


def test_the_largest_push_an_agent_can_make_is_taken() -> None:
    recorder = recorded()
    for i in range(MAX_SERIES):
        recorder.gauge(f"g{i:063d}", 1e299 / 3)
    recorder.count("orders", 10**30)
    recorder.queue(1e299)
    for i in range(700):
        recorder.begin()
        recorder.end(int(1.03**i), 200)
    body = encode(push_of(recorder.take(), ("s" * 128, "t" * 128, "r" * 128), 2**53))
    assert len(body) < MAX_BODY
    assert len(decode(body).gauges) == MAX_SERIES - 1


def test_fields_of_a_later_time_are_ignored() -> None:
    assert decode(json.dumps(data(colour="blue")).encode()).service == "orders"


def test_what_is_optional_may_be_missing() -> None:
    fields = data()
    for name in ("queue", "gauges", "counts", "revision"):
        del fields[name]
    push = decode(json.dumps(fields).encode())
    assert (push.queue, push.gauges, push.counts, push.revision, push.final) == (None, {}, {}, "", False)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"v": 2}, "v is 2"),
        ({"service": ""}, "service"),
        ({"service": "x" * 129}, "service"),
        ({"service": "a\nb"}, "service"),
        ({"task": 7}, "task"),
        ({"task": None}, "task"),
        ({"revision": []}, "revision"),
        ({"incarnation": "XYZ"}, "incarnation"),
        ({"incarnation": "abc"}, "incarnation"),
        ({"sequence": 0}, "sequence"),
        ({"sequence": "1"}, "sequence"),
        ({"from": -1}, "from"),
        ({"from": 900, "to": 900}, "one interval"),
        ({"from": 0, "to": 1000, "length": 1100}, "one interval"),
        ({"length": float("nan")}, "JSON"),
        ({"length": "1"}, "length"),
        ({"requests": -1}, "requests"),
        ({"requests": 1.5}, "requests"),
        ({"requests": True}, "requests"),
        ({"requests": 2**53 + 1}, "requests"),
        ({"errors": None}, "errors"),
        ({"status": []}, "status"),
        ({"status": {"9xx": 1}}, "9xx"),
        ({"status": {"2xx": -1}}, "2xx"),
        ({"latency": {"475": 1}}, "bucket"),
        ({"latency": {"3": 2**60}}, "3 is"),
        ({"in_flight": -1}, "in_flight"),
        ({"queue": -1}, "queue"),
        ({"gauges": {"a b": 1}}, "a b"),
        ({"gauges": {"errors": 1}}, "errors"),
        ({"gauges": {"x": "1"}}, "x is"),
        ({"gauges": {f"g{i}": 1 for i in range(65)}}, "65 names"),
        ({"counts": {"x": 1.5}}, "x is"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_wrong_field_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(WireError, match=says):
        decode(json.dumps(data(**change)).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"v":' + b"9" * 5000 + b"}",
        b" " * (MAX_BODY + 1),
        b'{"v":1e999}',
    ],
    ids=["empty", "cut", "list", "null", "not text", "deep", "a huge number", "too long", "infinite"],
)
def test_what_is_no_push_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        decode(body)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists), st.data())
def test_no_value_of_any_field_is_more_than_a_wire_error(value: Any, draw: st.DataObject) -> None:
    fields = data()
    fields[draw.draw(st.sampled_from(sorted(fields)))] = value
    with suppress(WireError):
        decode(json.dumps(fields).encode())
