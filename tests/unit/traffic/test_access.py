"""Access logs: what is counted in which second, and what is told of lines that are none."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from fleetfoot.traffic.access import LONGEST, Log, read_log, statuses
from fleetfoot.traffic.unpacked import TraceErrors

EXAMPLE = Path(__file__).parents[3] / "examples" / "traffic" / "access.log"
MIDNIGHT = 1_772_409_600.0  # 2026-03-02T00:00:00Z


def common(second: int, status: int = 200, zone: str = "+0000", clock: str = "00:00") -> str:
    return f'192.0.2.7 - ana [02/Mar/2026:{clock}:{second:02d} {zone}] "GET /a HTTP/1.1" {status} 512'


def combined(second: int) -> str:
    return common(second) + ' "https://shop.example/" "made-up/1.0 (it \\"quotes\\")"'


def alb(answered: str, status: str = "200", created: str | None = None) -> str:
    head = f"https {answered} app/shop/1a2b 192.0.2.9:4711 10.0.0.5:80 0.000 0.812 0.000 {status} 200 34 366 "
    if created is None:
        return head + '"GET https://shop.example:443/a HTTP/1.1" "made-up/1.0"'
    tail = f'cipher TLSv1.3 arn:aws:x "Root=1-2" "shop.example" "arn:cert" 0 {created} "forward" "-" "-"'
    return head + f'"GET https://shop.example:443/a HTTP/1.1" "made-up/1.0" {tail}'


def counted(*lines: str, interval: float = 1.0, status: str | None = None) -> Log:
    log = Log(interval)
    stream = io.BufferedReader(io.BytesIO("\n".join(lines).encode()))
    read_log(stream, log, statuses(status) if status else lambda _: True)
    return log


def rates(log: Log) -> list[tuple[float, float]]:
    samples = log.samples("log")
    return [(at - MIDNIGHT, value) for at, value in zip(samples.at, samples.value, strict=True)]


@pytest.mark.parametrize("line", [common, combined], ids=["common", "combined"])
def test_each_second_holds_its_requests_the_empty_ones_too(line: object) -> None:
    assert callable(line)
    log = counted(line(0), line(0), line(3))
    assert rates(log) == [(0, 2), (1, 0), (2, 0), (3, 1)]
    assert (log.lines, log.requests, log.malformed) == (3, 3, 0)


def test_a_load_balancers_request_counts_when_it_came_not_when_it_was_answered() -> None:
    late = alb("2026-03-02T00:00:09.500000Z", created="2026-03-02T00:00:01.250000Z")
    assert rates(counted(late, alb("2026-03-02T00:00:02.000000Z"))) == [(1, 1), (2, 1)]


def test_a_longer_interval_gives_the_rate_per_second() -> None:
    log = counted(*[common(second) for second in range(20)], interval=10)
    assert rates(log) == [(0, 1.0), (10, 1.0)]


def test_the_zone_of_each_line_is_honoured() -> None:
    seoul, utc = common(5, zone="+0900", clock="09:00"), common(5)
    half = common(6, zone="-0330", clock="20:30").replace("02/Mar", "01/Mar")
    assert rates(counted(seoul, utc, half)) == [(5, 2), (6, 1)]


def test_the_order_of_lines_changes_nothing() -> None:
    lines = [common(second) for second in (4, 0, 9, 9, 2)]
    assert rates(counted(*lines)) == rates(counted(*sorted(lines)))


def test_several_files_are_one_trace(tmp_path: Path) -> None:
    log = Log()
    for second in (7, 5):
        path = tmp_path / f"{second}.log"
        path.write_text(common(second) + "\n")
        read_log(path, log)
    assert rates(log) == [(5, 1), (6, 0), (7, 1)]


def test_gzip_is_read_from_files_and_streams(tmp_path: Path) -> None:
    packed = gzip.compress(f"{common(1)}\n{common(2)}\n".encode())
    path = tmp_path / "log"
    path.write_bytes(packed)
    for source in (path, io.BufferedReader(io.BytesIO(packed))):
        log = Log()
        read_log(source, log)
        assert rates(log) == [(1, 1), (2, 1)]


@pytest.mark.parametrize(
    ("words", "kept"),
    [("2xx", 2), ("200", 1), ("2xx,503", 3), ("!429", 3), ("!4xx,!5xx", 2), ("2xx,!201", 1)],
)
def test_a_status_filter_keeps_or_drops(words: str, kept: int) -> None:
    lines = [common(second, status) for second, status in enumerate((200, 201, 429, 503))]
    log = counted(*lines, status=words)
    assert (log.requests, log.filtered) == (kept, 4 - kept)


@pytest.mark.parametrize("words", ["", "20", "2xx;3xx", "600", "ok", "!"])
def test_a_status_that_is_none_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="is not a status"):
        statuses(words)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("GET /a 200", id="no log"),
        pytest.param(common(1).replace("02/Mar", "31/Feb"), id="no such day"),
        pytest.param(common(1).replace("Mar", "Mer"), id="no such month"),
        pytest.param(common(99), id="no such second"),
        pytest.param(common(1)[:45], id="cut short"),
        pytest.param(common(1).replace("/a", "/" + "a" * LONGEST), id="endless"),
        pytest.param("\x00\x01\ufffd", id="bytes"),
        pytest.param(alb("2026-13-02T00:00:01Z"), id="no such month at the load balancer"),
        pytest.param(alb("0001-01-01T00:00:00+09:00"), id="a year nobody logged"),
        pytest.param(alb("yesterday"), id="a word for a time"),
    ],
)
def test_a_malformed_line_is_counted_and_shown_with_its_number(line: str) -> None:
    log = counted(common(1), "", line, common(2))
    assert (log.lines, log.requests, log.malformed) == (3, 2, 1)
    assert log.shown[0].startswith("stdin:3: ")
    assert len(log.shown[0]) < 300


def test_only_the_first_malformed_lines_are_kept() -> None:
    log = counted(*[common(second % 60) for second in range(200)], *["x"] * 100)
    assert log.malformed == 100
    assert log.shown == [f"stdin:{number}: 'x'" for number in range(201, 206)]
    assert len(log.samples("log").at) == 60


def refused(log: Log) -> str:
    with pytest.raises(TraceErrors) as caught:
        log.samples("some.log")
    return str(caught.value)


def test_a_file_of_mostly_other_lines_is_refused() -> None:
    told = refused(counted(common(1), common(2), "x", "y", "z"))
    assert "3 of 5 lines are not of an access log" in told
    assert "stdin:3: 'x'" in told


@pytest.mark.parametrize(
    ("log", "says"),
    [
        pytest.param(counted(""), "no request", id="empty"),
        pytest.param(counted(common(1), status="5xx"), "no request of that status", id="all filtered"),
        pytest.param(counted(common(1)), "one interval", id="one second"),
        pytest.param(counted(common(1), common(1).replace("2026", "1970")), "give a longer interval", id="56 years"),
    ],
)
def test_a_log_that_makes_no_trace_says_why(log: Log, says: str) -> None:
    assert says in refused(log)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(TraceErrors, match="No such file"):
        read_log(tmp_path / "none", Log())
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(common(1).encode() * 100)[:-20])
    with pytest.raises(TraceErrors, match="damaged or cut short"):
        read_log(broken, Log())


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_text(f"{common(1)}\n" * 40_000)
    told: list[int] = []
    read_log(path, Log(), progress=told.append)
    assert told == sorted(told)
    assert path.stat().st_size * 0.9 < told[-1] <= path.stat().st_size


def test_the_example_log_is_one() -> None:
    log = Log()
    read_log(EXAMPLE, log)
    assert (log.requests, log.malformed) == (282, 0)
