from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, MutableMapping
from typing import Any

import pytest

from fleetfoot_agent import AsgiMiddleware, Recorder
from fleetfoot_agent.asgi import AsgiApp, Receive, Send
from fleetfoot_agent.recorder import Counts

Message = MutableMapping[str, Any]
HTTP: dict[str, Any] = {"type": "http", "method": "GET", "path": "/"}


def start(status: int) -> Message:
    return {"type": "http.response.start", "status": status, "headers": []}


def body(more: bool = False) -> Message:
    return {"type": "http.response.body", "body": b"x", "more_body": more}


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def call(app: AsgiApp, scope: dict[str, Any] = HTTP, recorder: Recorder | None = None) -> tuple[Counts, list[Message]]:
    """Run one request; the exception of the app comes through."""
    recorder = recorder or Recorder()
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        asyncio.run(_as_coroutine(AsgiMiddleware(app, recorder)(scope, receive, send)))
    finally:
        counts = recorder.take()
    return counts, sent


async def _as_coroutine(awaitable: Awaitable[None]) -> None:
    await awaitable


@pytest.mark.parametrize(("status", "errors"), [(200, 0), (404, 0), (500, 1), (503, 1)])
def test_a_request_is_counted_by_its_status_and_its_messages_pass_unchanged(status: int, errors: int) -> None:
    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await send(start(status))
        await send(body(more=True))
        await send(body())

    counts, sent = call(app)
    assert sent == [start(status), body(more=True), body()]
    assert (counts.requests, counts.in_flight, counts.errors) == (1, 0, errors)
    assert counts.status == {f"{status // 100}xx": 1}


@pytest.mark.parametrize("kind", ["pathsend", "zerocopysend"])
def test_a_file_the_server_sends_by_itself_is_a_whole_response(kind: str) -> None:
    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await send(start(200))
        await send({"type": f"http.response.{kind}", "path": "/x"})

    counts, _ = call(app)
    assert (counts.errors, counts.status) == (0, {"2xx": 1})


def test_a_response_without_its_last_byte_is_an_error() -> None:
    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await send(start(200))
        await send(body(more=True))

    counts, _ = call(app)
    assert (counts.errors, counts.status) == (1, {"2xx": 1})


def test_an_exception_is_an_error_and_reaches_the_server() -> None:
    recorder = Recorder()

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        call(app, recorder=recorder)
    counts = recorder.take()
    assert (counts.errors, counts.status, counts.in_flight) == (1, {"5xx": 1}, 0)


def test_an_exception_in_the_middle_of_a_stream_is_an_error_of_the_status_already_sent() -> None:
    recorder = Recorder()

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await send(start(200))
        await send(body(more=True))
        raise OSError("the file ended")

    with pytest.raises(OSError, match="file"):
        call(app, recorder=recorder)
    assert recorder.take().status == {"2xx": 1}
    assert recorder.take().errors == 1


def test_an_app_that_answers_nothing_counts_as_the_500_the_server_then_sends() -> None:
    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        return

    counts, _ = call(app)
    assert (counts.errors, counts.status) == (1, {"5xx": 1})


def test_a_cancelled_request_is_no_error() -> None:
    recorder = Recorder()

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        call(app, recorder=recorder)
    counts = recorder.take()
    assert (counts.errors, counts.status, counts.in_flight) == (0, {"none": 1}, 0)


def test_work_after_the_last_byte_is_neither_in_flight_nor_latency() -> None:
    recorder = Recorder()
    seen: list[Counts] = []

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await send(start(200))
        await send(body())
        seen.append(recorder.take())
        raise RuntimeError("of a background task")

    with pytest.raises(RuntimeError, match="background"):
        call(app, recorder=recorder)
    assert (seen[0].in_flight, seen[0].latency.total) == (0, 1)
    counts = recorder.take()
    assert (counts.requests, counts.errors, counts.in_flight) == (1, 0, 0)


def test_a_request_is_in_flight_while_the_app_works() -> None:
    recorder = Recorder()
    seen: list[int] = []

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        seen.append(recorder.take().in_flight)
        await send(start(200))
        await send(body())

    call(app, recorder=recorder)
    assert seen == [1]


@pytest.mark.parametrize("kind", ["websocket", "lifespan", "something.new"])
def test_other_protocols_pass_through_uncounted(kind: str) -> None:
    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await send({"type": f"{scope['type']}.hello"})

    counts, sent = call(app, {"type": kind})
    assert counts.requests == 0
    assert sent == [{"type": f"{kind}.hello"}]


def test_the_agent_is_told_when_a_lifespan_started_and_stopped() -> None:
    told: list[str] = []

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    async def send(message: Message) -> None:
        told.append(message["type"])

    middleware = AsgiMiddleware(app, Recorder(), lambda: told.append("started"), lambda: told.append("stopped"))
    asyncio.run(_as_coroutine(middleware({"type": "lifespan"}, receive, send)))
    assert told == ["started", "lifespan.startup.complete", "stopped", "lifespan.shutdown.complete"]


def test_an_app_without_a_lifespan_says_so_through_the_middleware() -> None:
    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"

    with pytest.raises(AssertionError):
        call(app, {"type": "lifespan"})


def test_totals_are_exact_over_event_loops_in_several_threads() -> None:
    recorder, loops, each = Recorder(), 4, 400

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await asyncio.sleep(0)  # so that the requests of a loop are open together
        await send(start(200))
        await asyncio.sleep(0)
        await send(body())

    async def send(message: Message) -> None:
        await asyncio.sleep(0)

    async def serve() -> None:
        middleware = AsgiMiddleware(app, recorder)
        await asyncio.gather(*(middleware(HTTP, receive, send) for _ in range(each)))

    threads = [threading.Thread(target=lambda: asyncio.run(serve())) for _ in range(loops)]
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(old)
    counts = recorder.take()
    assert (counts.requests, counts.in_flight, counts.status) == (loops * each, 0, {"2xx": loops * each})
    assert each <= counts.in_flight_max <= loops * each


def test_an_event_loop_that_is_closed_with_open_requests_leaves_none_in_flight() -> None:
    recorder = Recorder()

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    async def serve() -> None:
        task = asyncio.ensure_future(_as_coroutine(AsgiMiddleware(app, recorder)(HTTP, receive, receive)))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert recorder.look().in_flight == 1
        assert not task.done()

    asyncio.run(serve())
    counts = recorder.take()
    assert (counts.requests, counts.in_flight, counts.status) == (1, 0, {"none": 1})
