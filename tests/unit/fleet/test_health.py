"""Thresholds, verdicts on answers, and one check over a real socket."""

from __future__ import annotations

import asyncio
import resource

import pytest

from fleetfoot.fleet.health import NEVER_LISTENED, Gate, Polls, probe, start_failure, verdict
from fleetfoot.fleet.settings import Check
from tests.balancers import play
from tests.support import free_port


def test_readiness_is_gained_after_as_many_good_answers_as_asked_for() -> None:
    gate = Gate(Check(healthy=2))
    assert [gate.see(""), gate.up] == [False, False]
    assert [gate.see(""), gate.up] == [True, True]


def test_health_is_lost_only_after_failures_in_a_row() -> None:
    gate = Gate(Check(unhealthy=3), up=True)
    answers = ("timed out", "timed out", "", "timed out", "timed out", "answered 500")
    assert [(gate.see(answer), gate.up) for answer in answers] == [(False, True)] * 5 + [(True, False)]
    assert gate.last == "answered 500"


def test_a_check_that_could_not_be_made_for_lack_of_descriptors_says_nothing_about_the_task() -> None:
    async def scenario() -> str:
        server, port = await serving(b"HTTP/1.1 200 OK\r\n\r\n")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
        try:
            return await probe(port, Check())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            server.close()

    failure = play(scenario())
    assert failure == "cannot be asked: Too many open files"
    gate = Gate(Check(unhealthy=1), up=True)
    assert (gate.see(failure), gate.up, gate.failing) == (False, True, 0)


def test_a_failure_between_good_answers_starts_the_count_again() -> None:
    gate = Gate(Check(healthy=2))
    for answer in ("", "timed out", ""):
        gate.see(answer)
    assert not gate.up
    assert gate.failing == 0
    gate.see("")
    assert gate.up


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", "", id="200"),
        pytest.param(b"HTTP/1.1 302\r\n", "", id="302-without-words"),
        pytest.param(b"HTTP/1.0 404 Not Found\r\n", "", id="404-is-an-answer"),
        pytest.param(b"HTTP/1.1 499 X\r\n", "", id="499"),
        pytest.param(b"HTTP/1.1 500 X\r\n", "answered 500", id="500"),
        pytest.param(b"HTTP/1.1 503 Busy\r\n", "answered 503", id="503"),
        pytest.param(b"HTTP/1.1 99 X\r\n", "answered 99", id="99"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", "did not answer in HTTP", id="another-protocol"),
        pytest.param(b"HTTP/1.1 abc\r\n", "did not answer in HTTP", id="no-number"),
        pytest.param(b"\r\n", "did not answer in HTTP", id="an-empty-line"),
        pytest.param(b"", "closed the connection without an answer", id="nothing"),
    ],
)
def test_any_status_under_500_passes(line: bytes, failure: str) -> None:
    assert verdict(line) == failure


def test_polls_of_a_starting_task_slow_down_from_20_to_200_ms_and_stay_within_15_percent() -> None:
    polls = Polls()
    waits = [polls.wait() for _ in range(40)]
    assert waits[0] == 20
    assert waits[-1] == 200
    assert waits == sorted(waits)
    assert all(wait <= 21 + 0.16 * sum(waits[:i]) for i, wait in enumerate(waits))


def test_a_failed_start_says_whether_anything_listened() -> None:
    assert start_failure("refused the connection", listened=False) == NEVER_LISTENED
    assert start_failure("answered 500", listened=True) == "readiness check answered 500"


async def serving(answer: bytes | None) -> tuple[asyncio.Server, int]:
    """A server that gives one answer, None: never."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        if answer is None:
            await reader.read()  # until the client has had enough
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.mark.network
@pytest.mark.parametrize(
    ("answer", "path", "failure"),
    [
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", "/", "", id="good"),
        pytest.param(b"HTTP/1.1 500 No\r\n\r\n", "/", "answered 500", id="500"),
        pytest.param(b"x" * 200_000, "/", "did not answer in HTTP", id="endless-line"),
        pytest.param(b"", "/", "closed the connection without an answer", id="hangs-up"),
        pytest.param(None, "/", "timed out", id="hangs"),
        pytest.param(None, None, "", id="a-connection-is-enough"),
    ],
)
def test_one_check_tells_what_it_saw(answer: bytes | None, path: str | None, failure: str) -> None:
    async def scenario() -> str:
        server, port = await serving(answer)
        async with server:
            return await probe(port, Check(path, timeout_ms=200 if failure == "timed out" else 10_000))

    assert play(scenario()) == failure


@pytest.mark.network
def test_nobody_listening_is_a_refused_connection() -> None:
    assert play(probe(free_port(), Check("/"))) == "refused the connection"
