"""A balancer on a real socket, little tasks behind it that do as told, and a client that says exactly what it wants."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvloop

from fleetfoot.fleet.balancer import Balancer, BalancerSettings
from tests.support import PATIENCE

T = TypeVar("T")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"  # framing and body follow
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def play(scenario: Coroutine[Any, Any, T]) -> T:
    """Run one test's scenario on the loop that the plane uses."""
    return uvloop.run(asyncio.wait_for(scenario, 2 * PATIENCE))


async def until(condition: Callable[[], T | None], what: str = "") -> T:
    """Let the loop run until ``condition`` is true."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        answer = condition()
        if answer:
            return answer
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"waited in vain for {what or condition}; the last answer was {answer!r}")
        await asyncio.sleep(0.005)  # sleep: the one place that waits for a condition


@dataclass
class Message:
    """A request as a task got it, or a response as the client got it."""

    first: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def status(self) -> int:
        return int(self.first.split()[1])


async def read_head(reader: asyncio.StreamReader) -> Message:
    """Raises IncompleteReadError when the other side closes first."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")[:-4].split("\r\n")
    pairs = [line.split(": ", 1) for line in lines]
    return Message(first, {name.lower(): value for name, value in pairs})


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    """By Content-Length or chunks; b"" without either."""
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    parts = []
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        parts.append((await reader.readexactly(size + 2))[:-2])
        if not size:
            return b"".join(parts)


Answer = Callable[["Upstream", Message, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def say_ok(_t: Upstream, _m: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The answer of a task that was told nothing else."""
    writer.write(OK)


def says(raw: bytes) -> Answer:
    """A task that answers with these bytes."""

    async def answer(_t: Upstream, _m: Message, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return answer


async def wait_for_gate(
    task: Upstream, _request: Message, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """A task that answers when ``task.gate`` is opened."""
    await task.gate.wait()
    writer.write(OK)


@dataclass
class Upstream:
    """One task: an HTTP/1.1 server that reads a request, body included, then answers."""

    name: str
    answer: Answer = say_ok
    reads_body: bool = True
    seen: list[Message] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    opened: int = 0
    closed: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    server: asyncio.Server | None = None
    port: int = 0

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=2**20)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.writers.add(writer)
        try:
            while not writer.is_closing():
                request = await read_head(reader)
                if self.reads_body:
                    request.body = await read_body(reader, request.headers)
                self.seen.append(request)
                await self.answer(self, request, reader, writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        except RuntimeError:  # uvloop: written to a connection that was reset
            if not writer.is_closing():
                raise
        finally:
            self.closed += 1
            self.writers.discard(writer)
            writer.close()

    def kill(self) -> None:
        """Like SIGKILL: nobody listens any more and every connection is reset."""
        if self.server is not None:
            self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()


class Client:
    """One connection to the balancer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    async def receive(self, *, to: str = "GET") -> Message:
        """The next response. ``to``: the method it answers."""
        response = await asyncio.wait_for(read_head(self.reader), PATIENCE)
        framed = "content-length" in response.headers or "transfer-encoding" in response.headers
        if to == "HEAD" or response.status < 200 or response.status in (204, 304):
            return response
        body = read_body(self.reader, response.headers) if framed else self.reader.read()
        response.body = await asyncio.wait_for(body, PATIENCE)
        return response

    async def rest(self) -> bytes:
        """Everything until the balancer closes. A reset after that is fine."""
        parts = []
        with contextlib.suppress(ConnectionError):
            while part := await asyncio.wait_for(self.reader.read(65536), PATIENCE):
                parts.append(part)
        return b"".join(parts)

    def close(self) -> None:
        self.writer.close()


class World:
    """The balancer, its tasks and clients of one test."""

    def __init__(self, balancer: Balancer, port: int) -> None:
        self.balancer, self.port = balancer, port
        self.pressure: list[str] = []
        self.tasks: dict[str, Upstream] = {}
        self.clients: list[Client] = []

    async def task(
        self, name: str, answer: Answer = say_ok, *, ready: bool = True, reads_body: bool = True
    ) -> Upstream:
        """Start a task, and route to it at full weight unless ``ready`` is false."""
        task = self.tasks[name] = Upstream(name, answer, reads_body)
        await task.start()
        self.balancer.add(name, task.port, "a", "r1")
        if ready:
            self.balancer.ready(name, 0)
        return task

    async def connect(self, **options: int) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=2**20, **options))
        self.clients.append(client)
        return client

    async def ask(self, raw: bytes = GET, *, to: str = "GET") -> Message:
        """One request on a connection of its own."""
        client = await self.connect()
        client.send(raw)
        response = await client.receive(to=to)
        client.close()
        return response

    async def asking(self, task: Upstream, raw: bytes = GET) -> Client:
        """A client whose request, and its alone, has reached the task."""
        client = await self.connect()
        client.send(raw)
        await until(lambda: task.seen)
        return client

    def stat(self, name: str) -> Any:
        return self.balancer.snapshot()[name]

    def of_task(self, task: str, name: str) -> Any:
        return self.stat("tasks")[task][name]

    async def hold(self, count: int, raw: bytes = GET) -> list[asyncio.Task[Message]]:
        """Send requests, each on its own connection, and wait until all are offered."""
        before = self.stat("offered")
        asked = [asyncio.create_task(self.ask(raw)) for _ in range(count)]
        await until(lambda: self.stat("offered") == before + count)
        return asked

    async def held_by(self, task: Upstream, count: int, raw: bytes = GET) -> list[asyncio.Task[Message]]:
        """Send requests, each on its own connection, and wait until the task has them all."""
        before = len(task.seen)
        asked = await self.hold(count, raw)
        await until(lambda: len(task.seen) == before + count)
        return asked

    def counts(self, *names: str) -> list[int]:
        return [self.stat(name) for name in names]

    def ends(self) -> int:
        """Requests whose one end was counted."""
        return sum(self.stat(name) for name in ("completed", "broken", "shed", "timed_out", "client_gone"))


def listening() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


@contextlib.asynccontextmanager
async def served(balancer: Any) -> AsyncIterator[World]:
    """The world of a balancer made by the test: it serves, and in the end all is closed."""
    sock = listening()
    here = World(balancer, sock.getsockname()[1])
    await balancer.serve(sock)
    try:
        yield here
    finally:
        for client in here.clients:
            client.close()
        await balancer.close(1000)
        for task in here.tasks.values():
            task.gate.set()
            task.kill()


@contextlib.asynccontextmanager
async def world(
    *, objective_ms: int = 60_000, concurrency: int | None = None, checked: bool = True, **settings: Any
) -> AsyncIterator[World]:
    """A balancer with these settings. At the end every request offered must have had exactly one end (``checked``)."""
    pressure: list[str] = []
    mishaps: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: mishaps.append(context))
    balancer = Balancer("test", BalancerSettings(**settings), objective_ms, concurrency, pressure.append)
    async with served(balancer) as here:
        here.pressure = pressure
        yield here
    await until(lambda: not here.stat("connections"), "the connections to end")
    if checked:
        assert mishaps == []
        assert here.stat("offered") == here.ends(), balancer.snapshot()
        assert here.stat("in_flight") == here.stat("tunnels") == 0, balancer.snapshot()
