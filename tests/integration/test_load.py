"""The load generator against servers that behave, and servers that do not."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fleetfoot.load.generator import Generator
from fleetfoot.load.plan import Options, make_plan
from fleetfoot.load.result import Result

pytestmark = pytest.mark.network


Answer = Callable[[StreamWriter], Awaitable[None]]


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers every request by ``answer``; remembers connections and requests."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.connections = 0
        self.most = 0  # connections at the same time
        self.requests: list[bytes] = []
        self._open: set[StreamWriter] = set()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        self.most = max(self.most, len(self._open))
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                await self.answer(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the other side has gone, or the test is over
        finally:
            self._open.discard(writer)
            writer.close()

    def run(self, act: Callable[[Generator], None] = lambda _g: None, **words: Any) -> Result:
        """Serve and load in one loop; ``act`` is called with the generator when it has begun."""

        async def both() -> Result:
            server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1000)
            port = server.sockets[0].getsockname()[1]
            options = Options.from_json({"url": f"127.0.0.1:{port}"} | words)
            plan = await asyncio.to_thread(make_plan, options)
            generator = Generator(plan)
            asyncio.get_running_loop().call_soon(act, generator)
            async with asyncio.timeout(30), server:
                result = await generator.run()
                for writer in list(self._open):
                    writer.close()
            return result

        return asyncio.run(both())


def writes(data: bytes, then_close: bool = False) -> Answer:
    async def answer(writer: StreamWriter) -> None:
        writer.write(data)
        if then_close:
            await writer.drain()
            writer.close()

    return answer


def test_every_request_is_sent_and_counted_in_its_second() -> None:
    server = Server(writes(OK))
    result = server.run(rate=100, length="2s")
    assert result.counts.ok + result.counts.late == len(server.requests) == 200
    assert [second["arrivals"] for second in result.seconds] == [100, 100]
    assert result.statuses == {"200": 200}
    assert result.histogram.total == 200


def test_requests_go_out_when_due_though_no_answer_comes_and_latency_counts_from_then() -> None:
    everyone_is_here = asyncio.Event()

    async def when_all_have_asked(writer: StreamWriter) -> None:
        if len(server.requests) == 100:
            everyone_is_here.set()
        await everyone_is_here.wait()  # a generator that waits for answers would hang here
        writer.write(OK)

    server = Server(when_all_have_asked)
    result = server.run(rate=100, length="1s", objective="p95=500ms")
    assert result.counts.requests == 100
    assert result.max_ms is not None
    assert result.median_ms is not None
    assert result.max_ms >= 989, "the first request waited for the last, 0.99 s later"
    assert result.median_ms >= 480
    assert not result.verdict.passed
    assert result.seconds_over == 1


def test_connections_are_kept_and_used_again() -> None:
    server = Server(writes(OK))
    assert server.run(rate=50, length="1s").counts.ok == 50
    assert server.connections < 50


def test_no_answer_within_the_time_out_is_an_error_and_is_counted_as_that_long() -> None:
    async def never(_writer: StreamWriter) -> None:
        await asyncio.sleep(3600)

    result = Server(never).run(rate=40, length="500ms", timeout="200ms")
    assert result.counts.timed_out == result.counts.requests == 20
    assert result.median_ms is not None
    assert result.median_ms >= 190
    assert not result.verdict.passed


@pytest.mark.parametrize(
    ("status", "field"), [("503 No", "refused"), ("500 No", "errors"), ("404 No", "errors"), ("302 Go", "ok")]
)
def test_a_status_tells_how_a_request_ended(status: str, field: str) -> None:
    data = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    result = Server(writes(data)).run(rate=20, length="500ms")
    assert getattr(result.counts, field) == 10
    assert result.statuses == {status[:3]: 10}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            writes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), id="chunked"
        ),
        pytest.param(writes(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), id="after a 100"),
        pytest.param(writes(b"HTTP/1.1 204 No Content\r\n\r\n"), id="without a body"),
        pytest.param(writes(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", True), id="to the end"),
        pytest.param(writes(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), True), id="closed after each"),
        pytest.param(writes(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", True), id="HTTP/1.0"),
    ],
)
def test_an_answer_may_end_in_any_way_http_knows(answer: Answer) -> None:
    server = Server(answer)
    result = server.run(rate=30, length="500ms")
    assert result.counts.ok + result.counts.late == len(server.requests) == 15
    assert not result.failures


def test_answers_to_head_have_no_body_and_keep_the_connection() -> None:
    server = Server(writes(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"))
    result = server.run(rate=30, length="500ms", method="HEAD")
    assert result.counts.ok + result.counts.late == 15
    assert server.connections < 15


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(writes(b"", True), "connection closed without an answer", id="nothing"),
        pytest.param(
            writes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", True), "middle of an answer", id="half"
        ),
        pytest.param(writes(b"SSH-2.0-nobody\r\n"), "the answer is not HTTP", id="another protocol"),
    ],
)
def test_a_broken_answer_is_a_failure_with_a_name_and_is_not_tried_again(answer: Answer, why: str) -> None:
    server = Server(answer)
    result = server.run(rate=20, length="500ms")
    assert result.counts.failed == len(server.requests) == 10
    assert why in " ".join(result.failures)


def test_a_connection_cut_under_a_request_fails_that_request_alone() -> None:
    async def cut_the_fifth(writer: StreamWriter) -> None:
        if len(server.requests) == 5:
            writer.transport.abort()
        else:
            writer.write(OK)

    server = Server(cut_the_fifth)
    result = server.run(rate=50, length="500ms")
    assert (result.counts.requests, result.counts.failed, len(server.requests)) == (25, 1, 25)


def test_connections_are_bounded_and_the_wait_for_one_is_told() -> None:
    gate = asyncio.Event()

    async def when_let(writer: StreamWriter) -> None:
        await gate.wait()
        writer.write(OK)

    def let_when_all_are_due(generator: Generator) -> None:
        if generator.ledger.in_flight == 20:
            gate.set()
        else:
            asyncio.get_running_loop().call_later(0.01, let_when_all_are_due, generator)

    server = Server(when_let)
    result = server.run(let_when_all_are_due, rate=40, length="500ms", max_in_flight=3)
    assert server.most <= 3
    assert result.counts.requests == 20
    assert result.counts.held >= 20 - 2 * 3  # the first three, and who came while those three connections opened
    assert "free connection" in " ".join(result.warnings)


def test_a_stopped_run_leaves_open_requests_unjudged() -> None:
    async def never(_writer: StreamWriter) -> None:
        await asyncio.sleep(3600)

    def stop_soon(generator: Generator) -> None:
        asyncio.get_running_loop().call_later(0.3, generator.stop)

    result = Server(never).run(stop_soon, rate=100, length="60s")
    assert result.interrupted
    assert result.counts.unfinished == result.counts.requests > 0
    assert result.counts.bad == 0
