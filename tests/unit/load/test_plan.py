"""Words to a run: every error at once, and no stranger is shot at."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetfoot.load.plan import Options, Plan, PlanErrors, make_plan

pytestmark = pytest.mark.network


@pytest.fixture
def url() -> Iterator[str]:
    """Something that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def planned(url: str, **words: object) -> Plan:
    return make_plan(Options.from_json({"url": url, "rate": "10"} | words))


def refused(url: str, **words: object) -> str:
    with pytest.raises(PlanErrors) as caught:
        make_plan(Options.from_json({"url": url} | words))
    return str(caught.value)


def test_a_url_needs_no_scheme_and_no_path(url: str) -> None:
    port = url.rstrip("/").rpartition(":")[2]
    plan = planned(f"127.0.0.1:{port}")
    assert plan.address == ("127.0.0.1", int(port))
    assert plan.request.startswith(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:" + port.encode() + b"\r\n")


def test_an_endless_shape_lasts_a_minute(url: str) -> None:
    assert planned(url).shape.duration == 60
    assert planned(url, length="5s").shape.duration == 5


def test_scale_multiplies_any_traffic(url: str) -> None:
    assert planned(url, scale=0.5).shape.rate(0) == 5


def test_a_trace_is_cut_sped_up_and_scaled(url: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("timestamp,value\n" + "".join(f"{i * 60},{i}\n" for i in range(100)))
    trace = {"trace": str(tmp_path / "t.csv"), "speed": 60, "scale": 2, "start": "600", "end": "1200"}
    plan = planned(url, rate=None, **trace)
    assert plan.shape.duration == 10
    assert plan.shape.rate(0) == 20


def test_method_headers_and_body_are_sent(url: str, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"\x00\x01")
    plan = planned(url + "a?b=c", method="post", headers=["X-Test: yes"], body=f"@{tmp_path}/body")
    head, _, body = plan.request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert b"\r\nX-Test: yes\r\n" in head
    assert head.endswith(b"Content-Length: 2")
    assert body == b"\x00\x01"


def test_all_errors_come_at_once() -> None:
    said = refused("http://", stages="20", objective="fast", timeout="0s", max_in_flight=0)
    assert len(said.splitlines()) == 5


def test_traffic_is_said_in_one_way(url: str) -> None:
    assert "in one way" in refused(url)
    assert "not rate and stages together" in refused(url, rate=5, stages="1@1s")
    assert "belong to a trace" in refused(url, rate=5, start="10")
    assert "belong to a trace" in refused(url, rate=5, peak="200")
    assert "give one of them" in refused(url, trace="t.csv", peak="200", scale=2.0)
    assert "no request in it" in refused(url, rate="0")


def test_a_trace_is_scaled_to_a_highest_rate(url: str, tmp_path: Path) -> None:
    trace = tmp_path / "t.csv"
    trace.write_text("timestamp,value\n0,10\n60,30\n120,90\n")
    assert planned(url, rate=None, trace=str(trace), peak="12000/m").shape.rate(119.999) == pytest.approx(200, rel=1e-3)


def test_traffic_beyond_all_bounds_is_refused_and_never_a_traceback(url: str, tmp_path: Path) -> None:
    trace = tmp_path / "huge.csv"
    for value in ("1e300", "1.7e308"):
        trace.write_text(f"timestamp,value\n0,{value}\n10,{value}\n")
        assert "are the most" in refused(url, trace=str(trace))
    assert "are the most" in refused(url, rate="100000000", length="1h")


def test_a_host_that_is_not_this_machine_is_refused_with_the_reason() -> None:
    said = refused("http://192.0.2.1/", rate="5")
    assert "192.0.2.1 is not this machine" in said
    assert "--i-own-this-host" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param({"url": "https://127.0.0.1/"}, "only http://", id="https"),
        pytest.param({"url": "http://127.0.0.1:99999/"}, "no valid port", id="port"),
        pytest.param({"url": "http://u:p@127.0.0.1/"}, "use a header", id="password"),
        pytest.param({"headers": ["broken"]}, "is not a header", id="no header"),
        pytest.param({"headers": ["A: b\r\nC: d"]}, "is not a header", id="smuggled header"),
        pytest.param({"headers": ["Host: x"]}, "set by the generator", id="our header"),
        pytest.param({"method": "GET /\r\n"}, "is not a method", id="method"),
        pytest.param({"body": "@/nowhere/at/all"}, "cannot read the body", id="no body"),
        pytest.param({"rate": True}, "the option rate must be", id="wrong type"),
        pytest.param({"rat": "5"}, "unknown option rat", id="unknown option"),
        pytest.param({"trace": "/none.csv", "rate": None}, "/none.csv: cannot read it", id="no trace"),
    ],
)
def test_what_cannot_be_sent_is_refused(url: str, words: dict[str, object], says: str) -> None:
    assert says in refused(**({"url": url, "rate": "5"} | words))  # type: ignore[arg-type]


def test_nothing_listening_is_told_before_anything_is_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert f"nothing answers at 127.0.0.1 port {port}" in refused(f"http://127.0.0.1:{port}/", rate="5")
