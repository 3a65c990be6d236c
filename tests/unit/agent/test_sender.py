from __future__ import annotations

import pytest

from fleetfoot_agent.sender import BACK_OFF_S, Answer, Refused, back_off, pause, phase, read_answer, target_from

GOOD = {
    "FLEETFOOT_PUSH_URL": "http://127.0.0.1:9/push",
    "FLEETFOOT_TOKEN": "secret",
    "FLEETFOOT_SERVICE": "orders",
    "FLEETFOOT_TASK": "orders-7",
}


def test_without_an_address_there_is_no_target() -> None:
    assert target_from({}) is None
    assert target_from({**GOOD, "FLEETFOOT_PUSH_URL": ""}) is None


def test_a_task_without_a_name_takes_that_of_its_host() -> None:
    target = target_from({name: value for name, value in GOOD.items() if name != "FLEETFOOT_TASK"})
    assert target is not None
    assert target.task


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLEETFOOT_PUSH_URL", "ftp://x/"),
        ("FLEETFOOT_PUSH_URL", "orders"),
        ("FLEETFOOT_PUSH_URL", "http://"),
        ("FLEETFOOT_PUSH_URL", "http://x:99999/"),
        ("FLEETFOOT_PUSH_URL", "http://x:y/"),
        ("FLEETFOOT_PUSH_URL", "http://[::1/"),
        ("FLEETFOOT_TOKEN", ""),
        ("FLEETFOOT_TOKEN", "a\r\nHost: b"),
        ("FLEETFOOT_SERVICE", ""),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        target_from({**GOOD, name: value})


def test_tasks_are_spread_over_the_interval() -> None:
    phases = sorted(phase(f"orders-{i}") for i in range(400))
    tenths = [sum(1 for p in phases if int(p * 10) == i) for i in range(10)]
    assert min(tenths) >= 20
    assert max(tenths) <= 60


@pytest.mark.parametrize("interval", [0.2, 1.0, 60.0])
@pytest.mark.parametrize("now", [0.0, 0.4, 12345.678])
def test_a_task_keeps_to_its_phase_and_no_interval_is_shorter_than_a_half(now: float, interval: float) -> None:
    wait = pause(now, interval, "orders-7")
    assert interval / 2 <= wait <= interval * 1.5
    turn = (now + wait) / interval - phase("orders-7")
    assert turn == pytest.approx(round(turn), abs=1e-6)
    assert pause(now + wait, interval, "orders-7") == pytest.approx(interval, abs=1e-6)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (7, 30), (10**6, 30)])
def test_back_off_doubles_to_half_a_minute_with_jitter(failures: int, seconds: float) -> None:
    waits = [back_off(failures) for _ in range(50)]
    assert seconds / 2 <= min(waits) < max(waits) <= seconds <= BACK_OFF_S[-1]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"v":1}', Answer()),
        (b'{"v":1,"tasks":8,"pool":12,"interval_ms":2000}', Answer(8, 12, 2000)),
        (b'{"v":1,"tasks":0,"pool":0,"interval_ms":0}', Answer(0, None, 1000)),
        (b'{"v":1,"interval_ms":1}', Answer(interval_ms=200)),
        (b'{"v":1,"interval_ms":99999999}', Answer(interval_ms=60_000)),
        (b'{"v":1,"tasks":"8","pool":-3,"interval_ms":true}', Answer()),
    ],
)
def test_an_answer_is_read_within_bounds(body: bytes, answer: Answer) -> None:
    assert read_answer(200, body, None) == answer


@pytest.mark.parametrize(
    ("status", "body", "retry", "wait"),
    [
        (200, b"<html>", None, 0),
        (200, b"[1]", None, 0),
        (200, b"[" * 50_000, None, 0),
        (200, b'{"v":2}', None, 0),
        (204, b"", None, 0),
        (401, b'{"v":1}', None, 0),
        (429, b"", "7", 7),
        (429, b"", "soon", 0),
        (503, b"", "99999999999", 30),
    ],
)
def test_what_is_no_answer_is_refused_and_the_wait_is_bounded(
    status: int, body: bytes, retry: str | None, wait: float
) -> None:
    with pytest.raises(Refused) as refused:
        read_answer(status, body, retry)
    assert refused.value.retry_after == wait
