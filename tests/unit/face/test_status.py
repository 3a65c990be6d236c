"""``fleetfoot status`` against a controller's answer, and the sentences of what people did."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleetfoot.edge.journal.read import OrderRow
from fleetfoot.face.cli import main
from fleetfoot.face.phrases import PHRASES, action_line, order_line
from fleetfoot.face.times import clock_time
from fleetfoot.run.stamps import CLOCKS

SERVICE: dict[str, Any] = {
    "listen": "127.0.0.1:8080",
    "min": 1,
    "max": 10,
    "objective": {"percentile": 0.95, "latency": 1000, "errors": 0.01},
    "fleet": None,
    "signals": {},
    "throughput": None,
    "learnt": {"throughput": None, "startup_p50": None, "startup_p95": None, "policies": {}},
    "changed": None,
    "words": {},
    "people": {},
    "sources": [],
    "warm_pool": None,
    "last_order": None,
    "notes": {},
}


def _answer(**services: dict[str, Any]) -> dict[str, Any]:
    return {
        "wall": 0,
        "now": 0,
        "pid": 1,
        "up_ms": 1000,
        "loop": {"steps": 1, "early": 0, "gaps": 0, "failed": 0},
        "journal": {"durable": True, "dropped": 0},
        "stages": {},
        "services": {name: {**SERVICE, **changes} for name, changes in services.items()},
    }


@contextmanager
def _controller(answer: dict[str, Any]) -> Iterator[Path]:
    """A folder whose control.sock gives ``answer`` once."""
    with tempfile.TemporaryDirectory(prefix="ff") as folder, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/control.sock")
        listening.listen()

        def serve() -> None:
            link, _ = listening.accept()
            with link:
                link.recv(65536)
                body = json.dumps(answer).encode()
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Path(folder)
        thread.join(10)


def _status(answer: dict[str, Any], *words: str, code: int = 0) -> Result:
    with _controller(answer) as state:
        found = CliRunner().invoke(main, ["status", "--state", str(state), *words])
    assert found.exit_code == code, found.output
    return found


LEARNT: dict[str, Any] = {
    "throughput": 19.6,
    "startup_p50": 31_000,
    "startup_p95": 34_400,
    "policies": {
        "slo": {
            "quick": 52.3, "forecast": "steady", "margin": 0.124,
            "surges": [{"at": 5_400_000, "within": 18_000, "rate": 301.7, "period": 1_800_000}],
        }
    },
}  # fmt: skip


def test_what_was_learnt_of_a_service_is_told_in_one_line_in_the_language_asked_for() -> None:
    answer = {**_answer(orders={"learnt": LEARNT}), "wall": 60_000}
    said = (
        "  learnt: start-up 31 s (p95 34.4 s); 52 ms a request when nothing waits; "
        "the rate ahead as the last minute changes, 12% margin; "
        f"a surge to 302/s every 30 min, the next at {clock_time(5_460_000)}\n"
    )
    assert said in _status(answer).output
    for lang, word in (("ko", "30분마다"), ("ja", "30分ごとに")):
        assert word in _status(answer, "--lang", lang).output
    assert json.loads(_status(answer, "--json").output)["services"]["orders"]["learnt"] == LEARNT


def test_where_nothing_is_learnt_yet_nothing_is_told_of_it() -> None:
    assert "learnt" not in _status(_answer(orders={})).output
    policies: dict[str, Any] = {"slo": {"quick": None, "surges": []}}
    assert "learnt" not in _status(_answer(orders={"learnt": {**SERVICE["learnt"], "policies": policies}})).output


def test_the_warm_pool_and_its_reason_are_told_in_the_language_asked_for() -> None:
    pool = {"tasks": 3, "words": {"en": "warm pool of 3: its maximum", "ko": "웜 풀 3개: 최대값입니다"}}
    assert "  warm pool of 3: its maximum\n" in _status(_answer(orders={"warm_pool": pool})).output
    assert "  웜 풀 3개: 최대값입니다\n" in _status(_answer(orders={"warm_pool": pool}), "--lang", "ko").output


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("en", "  p95 from the estimated onset: decided 0.6 s, commanded 0.7 s, calm 11.0 s\n"),
        ("ko", "  추정 시작 시점부터 p95: 결정 0.6초, 명령 0.7초, 목표 복귀 11.0초\n"),
        ("ja", "  推定開始からのp95: 決定0.6秒、指示0.7秒、目標復帰11.0秒\n"),
    ],
)
def test_the_clocks_of_the_orders_are_one_line_in_the_language_asked_for(lang: str, line: str) -> None:
    spans = {"decide": 1, CLOCKS[0]: 617, CLOCKS[1]: 666, CLOCKS[3]: 11_001}
    stages = {name: {"orders": 2, "p50": 0, "p95": ms} for name, ms in spans.items()}
    told = _status({**_answer(orders={}), "stages": stages}, "--lang", lang).output
    assert told.endswith(line)
    assert told.count("\n") == 4


def test_a_failed_start_is_told_in_words() -> None:
    last = {"task": "orders-7", "why": "exited with code 3", "log": "no config"}
    notes = {"failures": 6, "last_failure": last, "next_start_ms": 23_000}
    told = _status(_answer(orders={"notes": notes})).output
    assert (
        "6 starts in a row failed, the last was orders-7: exited with code 3 (no config); the next is tried in 23 s"
        in told
    )
    assert "{" not in told


def test_one_service_is_shown_alone_and_an_unknown_one_is_refused() -> None:
    both = _answer(orders={}, mail={})
    assert "mail" not in _status(both, "orders").output
    assert list(json.loads(_status(both, "orders", "--json").output)["services"]) == ["orders"]
    assert "no service 'nobody': there are orders, mail" in _status(both, "nobody", code=2).output


def test_tasks_that_fell_silent_show() -> None:
    seen = {"value": 1.0, "state": "fresh", "age_ms": 5, "span_ms": 1000, "coverage": 1.0}
    half = {**seen, "coverage": 0.5}
    told = _status(_answer(orders={"signals": {"requests": seen, "app.jobs": half, "app.errors": half}})).output
    assert "only 50% of the tasks report app.jobs, app.errors" in told
    assert "requests," not in told


@pytest.mark.parametrize("lang", PHRASES)
def test_the_end_of_one_pause_is_not_told_as_the_end_of_all(lang: str) -> None:
    whole = action_line("resume", "ana", None, False, False, 0, "", lang)
    part = action_line("resume", "ana", None, True, False, 0, "", lang)
    assert whole != part
    assert PHRASES[lang]["growth"] in part


@pytest.mark.parametrize("lang", PHRASES)
def test_what_a_person_ordered_did_not_bring_anything_back_within_the_objective(lang: str) -> None:
    times = dict.fromkeys(("recorded", "commanded", "first_starting", "last_starting", "first_ready", "last_ready"), 1)
    row = OrderRow(
        "a", "orders", 1, 3, 0, "", onset=None, sampled=0, received=0, decided=0, ok=True, error="", first_request=None,
        back=5, **times,
    )  # fmt: skip
    calm = PHRASES[lang]["calm"].partition("{at}")
    assert (calm[0] or calm[2]) in order_line(row, lang)
    by = OrderRow(**{**{name: getattr(row, name) for name in row.__dataclass_fields__}, "who": "ana"})
    assert (calm[0] or calm[2]) not in order_line(by, lang)


def test_each_order_of_a_person_is_told_with_its_own_end_and_name() -> None:
    fixed = {"who": "ana", "count": 4, "until": 120_000, "reason": "a launch"}
    pause = {"who": "bo", "count": None, "until": 60_000, "reason": ""}
    shown = _status(_answer(orders={"people": {"fixed": fixed, "growth": pause}})).output
    assert f"  fixed at 4 by ana until {clock_time(120_000)} (a launch)\n" in shown
    assert f"  growth paused by bo until {clock_time(60_000)}\n" in shown


def test_a_pause_of_both_ways_is_one_line_without_an_end() -> None:
    pause = {"who": "bo", "count": None, "until": 0, "reason": ""}
    answer = _answer(orders={"people": {"growth": pause, "shrink": pause}})
    assert "  growth and scale-in paused by bo\n" in _status(answer).output


@pytest.mark.parametrize(("after", "words"), [(0, "0 s"), (430, "0.4 s"), (9_940, "9.9 s"), (31_260, "31 s")])
def test_a_span_has_tenths_of_a_second_only_where_they_matter(after: int, words: str) -> None:
    row: dict[str, Any] = dict.fromkeys(OrderRow.__dataclass_fields__)
    order = OrderRow(**row | {"decided": 1000, "commanded": 1000 + after, "wall": 1000, "ok": True, "who": ""})
    assert order_line(order, "en") == f"commanded {words} after the decision"
