"""Mutated HTTP/1.1 through the balancer's own protocols, in memory, to a task that reads with h11.

What the task sees must be what h11 reads from the client's bytes themselves: the same requests, in the same order,
from the first on, with the same method, target, headers and body. Fewer are fine: the balancer refuses more than h11.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import h11

from fleetfoot.fleet.balancer.back import Back
from fleetfoot.fleet.balancer.exchange import Exchange
from fleetfoot.fleet.balancer.front import Front
from fleetfoot.fleet.balancer.settings import BalancerSettings
from fleetfoot.fleet.balancer.tasks import Task

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
OURS = frozenset(
    b"connection keep-alive proxy-connection te trailer upgrade http2-settings x-forwarded-for x-forwarded-proto host"
    b" content-length transfer-encoding expect".split()
)
LIMIT = 1_000_000  # bytes of a head that h11 takes; more than a message has


@dataclass
class Seen:
    """One request as h11 read it."""

    method: bytes
    target: bytes
    headers: Counter[tuple[bytes, bytes]]
    keeps: bool  # the connection, also by HTTP/1.0's keep-alive, which h11 does not know
    body: bytes = b""
    whole: bool = False


class Reader:
    """h11 reading requests from a stream of bytes."""

    def __init__(self, on_whole: Callable[[], None] = lambda: None) -> None:
        self.seen: list[Seen] = []
        self.broken = ""
        self._on_whole = on_whole
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LIMIT)

    def feed(self, data: bytes, *, lenient: bool = False) -> None:
        """``lenient``: blank lines before a request are skipped and several spaces in its first line are one, as RFC
        9112 (2.2, 3) allows and h11 does not. The balancer writes that line anew, with one."""
        try:
            while data:
                self._connection.receive_data(_plainer(data) if lenient else data)
                data = self._events()
        except h11.RemoteProtocolError as error:
            self.broken = str(error)

    def _events(self) -> bytes:
        """Read as far as one request goes: the bytes behind it."""
        while True:
            event = self._connection.next_event()
            if isinstance(event, h11.Request):
                self.seen.append(_request(event))
            elif isinstance(event, h11.Data):
                self.seen[-1].body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.seen[-1].whole = True
                behind = self._connection.trailing_data[0]
                self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LIMIT)
                self._on_whole()
                return behind
            else:
                return b""


def _plainer(data: bytes) -> bytes:
    first, end, rest = data.lstrip(b"\r\n").partition(b"\n")
    return re.sub(b" +", b" ", first) + end + rest


def _request(event: h11.Request) -> Seen:
    headers = [(bytes(name).lower(), bytes(value).strip(b" \t")) for name, value in event.headers]
    options = [
        part.strip(b" \t").lower() for name, value in headers if name == b"connection" for part in value.split(b",")
    ]
    keeps = b"close" not in options and (event.http_version == b"1.1" or b"keep-alive" in options)
    kept = Counter((name, value) for name, value in headers if name not in OURS and name not in options)
    return Seen(bytes(event.method), bytes(event.target), kept, keeps)


def oracle(raw: bytes) -> list[Seen]:
    """What h11 reads from a client's bytes."""
    reader = Reader()
    reader.feed(raw, lenient=True)
    last = next((number for number, one in enumerate(reader.seen) if not one.keeps), len(reader.seen))
    return reader.seen[: last + 1]


def differs(seen: list[Seen], wanted: list[Seen]) -> str:
    """What the task saw that the client did not say; empty when all is well."""
    if len(seen) > len(wanted):
        return f"a request nobody sent: {seen[len(wanted)]}"
    for its, said in zip(seen, wanted, strict=False):
        same_target = said.target == its.target or said.target.lower().startswith((b"http://", b"https://"))
        if its.method != said.method or not same_target or its.headers - said.headers:
            return f"another head: {its} for {said}"
        if not said.body.startswith(its.body) or (its.whole and not (said.whole and its.body == said.body)):
            return f"another body: {its} for {said}"
    return ""


class Pipe:
    """A transport in memory: what is written goes to ``on_write`` at once, its end to the protocol a turn later."""

    def __init__(self, protocol: Any, on_write: Callable[[bytes], None]) -> None:
        self.protocol, self.on_write = protocol, on_write
        self.closing = False

    def write(self, data: bytes) -> None:
        if not self.closing:
            self.on_write(data)

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        return self.closing

    def write_eof(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name)


class InMemory(Exchange):
    """The exchange, with one task that is an h11 reader."""

    def __init__(self) -> None:
        super().__init__(BalancerSettings(), 60_000, None, lambda _: None)
        self.readers: list[Reader] = []
        self.order: list[Seen] = []
        self.fleet.ready(self.fleet.add("t1", 1, "a", "r"), 0.0, 0.0)

    async def connect(self, task: Task) -> tuple[Back | None, bool]:
        back = Back(self, task)
        loop = asyncio.get_running_loop()

        def on_whole() -> None:
            loop.call_soon(self._answer, back)

        reader = Reader(on_whole)

        def on_write(data: bytes) -> None:
            before = len(reader.seen)
            reader.feed(data)
            self.order += reader.seen[before:]
            if reader.broken:
                raise AssertionError(f"h11 cannot read what the balancer sent: {reader.broken}: {data!r}")

        back.connection_made(Pipe(back, on_write))  # type: ignore[arg-type]
        return back, False

    @staticmethod
    def _answer(back: Back) -> None:
        if not back.transport.is_closing():
            back.data_received(ANSWER)


@dataclass
class Outcome:
    """What became of the messages."""

    messages: int = 0
    offered: int = 0
    refused: int = 0
    seen: int = 0
    bodies: int = 0  # of those seen
    wrong: list[str] = field(default_factory=list)


class Fuzz:
    """Messages of one seed. The same seed gives the same messages."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.exchange = InMemory()
        self.outcome = Outcome()

    async def run(self, count: int) -> Outcome:
        """Send ``count`` more messages, each on a connection of its own."""
        for _ in range(count):
            raw = message(self.source)
            await self.send(raw)
        counters = self.exchange.counters
        self.outcome.offered, self.outcome.refused = counters.offered, counters.refused
        return self.outcome

    async def send(self, raw: bytes) -> None:
        """One message, in up to three pieces; what is wrong with it goes to the outcome."""
        exchange, source = self.exchange, self.source
        exchange.order = []
        front = Front(exchange)
        front.connection_made(Pipe(front, lambda _: None))  # type: ignore[arg-type]
        cuts = sorted(source.randrange(len(raw) + 1) for _ in range(source.randrange(3)))
        for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
            if start < end and not front.transport.is_closing():
                front.data_received(raw[start:end])
                await asyncio.sleep(0)
        quiet = 0
        while quiet < 4:
            before = len(exchange.order), exchange.counters.completed
            await asyncio.sleep(0)
            quiet = quiet + 1 if before == (len(exchange.order), exchange.counters.completed) else 0
        front.transport.close()
        await asyncio.sleep(0)
        outcome = self.outcome
        outcome.messages += 1
        outcome.seen += len(exchange.order)
        outcome.bodies += sum(bool(one.body) for one in exchange.order)
        wrong = differs(exchange.order, oracle(raw)) or ("it stays" if exchange.open or exchange.fronts else "")
        if wrong:
            outcome.wrong.append(f"{raw!r}: {wrong}")


# The messages.

METHODS = [
    b"GET",
    b"POST",
    b"PUT",
    b"HEAD",
    b"OPTIONS",
    b"DELETE",
    b"PATCH",
    b"CONNECT",
    b"PRI",
    b"get",
    b"G\x00T",
    b"M-SEARCH",
]
TARGETS = [
    b"/",
    b"/a?b=c",
    b"*",
    b"http://b/c",
    b"//x",
    b"/%00",
    b"/a b",
    b"b",
    b"",
    b"/\xff",
    b"/#f",
    b"http://a@b:80",
]
VERSIONS = [b"HTTP/1.1"] * 12 + [
    b"HTTP/1.0",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"HTTP/1.2",
    b"http/1.1",
    b"HTTP/1.1 ",
    b"HTTP/11",
]
LENGTHS = [
    b"5",
    b"0",
    b"05",
    b"+5",
    b"-0",
    b"5, 5",
    b"5,6",
    b" 5 ",
    b"5\t",
    b"0x5",
    b"",
    b"99999999999999999999",
    b"5 5",
    b"4",
    b"6",
]
CODINGS = [
    b"chunked", b"chunked", b"Chunked", b"chunked ", b"\tchunked", b"gzip, chunked", b"chunked, chunked", b"identity",
    b"xchunked",
    b"chunked\x0b", b"", b"chunked;q=1", b"'chunked'", b"chunked, identity",
]  # fmt: skip
NAMES = [
    b"Content-Length",
    b"content-length",
    b"Content-Length ",
    b" Content-Length",
    b"Content_Length",
    b"Content-Length\x00",
]
OTHERS = [
    b"X-A: b", b"X-A:b", b"X-A:  b \t", b"X-Empty:", b"Connection: close", b"Connection: keep-alive",
    b"Connection: x-a, content-length",
    b"Expect: 100-continue", b"Upgrade: foo\r\nConnection: upgrade", b"X-A: \xff\x80", b"X-A: \x01", b"X-\xff: a",
    b"X-A : b", b": b",
    b"X-Fold: a\r\n b", b"\tX: y", b"X-A: b\rX-B: c", b"X-A: b\nX-B: c", b"Host: b", b"TE: trailers",
    b"Keep-Alive: 5", b"X-A: b\x00c",
    b"Trailer: X-T", b"X-Forwarded-For: 1.2.3.4", b"Connection: upgrade",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings", b"nonsense",
]  # fmt: skip
SIZES = [
    b"5",
    b"5",
    b"5",
    b"05",
    b"0x5",
    b"+5",
    b" 5",
    b"5 ",
    b"5;a=b",
    b'5;a="b\r\nc"',
    b"5;a\n",
    b"-5",
    b"fffffffffffffffff",
    b"5g",
    b"",
    b"4",
    b"6",
]
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
SPECIAL = b"\r\n\0 :,;0123456789abcdefGTP/\t\x0b\x7f\xff"


def message(source: random.Random) -> bytes:
    """One to three requests, most of them a little wrong, and sometimes some bytes changed."""
    raw = b"".join(_one(source) for _ in range(source.choice((1, 1, 2, 3))))
    if source.random() < 0.35:
        changed = bytearray(raw)
        for _ in range(source.randrange(1, 4)):
            at = source.randrange(len(changed))
            what = source.randrange(3)
            if what == 0:
                changed[at] = source.choice(SPECIAL)
            elif what == 1:
                changed.insert(at, source.choice(SPECIAL))
            else:
                del changed[at]
        raw = bytes(changed) or b"\r\n"
    return raw


def _one(source: random.Random) -> bytes:
    wild = source.random() < 0.5  # else only well-formed parts
    framing = source.randrange(4)
    chosen = (
        (source.choice(METHODS), source.choice(TARGETS), source.choice(VERSIONS))
        if wild and source.random() < 0.5
        else (source.choice(METHODS[1:3] if framing else METHODS[:7]), source.choice(TARGETS[:2]), b"HTTP/1.1")
    )
    lines = [b" ".join(chosen)]
    lines += [b"Host: a"] * (source.choice((1, 1, 1, 1, 1, 1, 0, 2)) if wild else 1)
    if framing & 1:
        length = source.choice(LENGTHS) if wild and source.random() < 0.5 else b"5"
        lines.append((source.choice(NAMES) if wild and source.random() < 0.3 else b"Content-Length") + b": " + length)
    if framing & 2 and (wild or framing == 2):
        lines.append(
            b"Transfer-Encoding: " + (source.choice(CODINGS) if wild and source.random() < 0.5 else b"chunked")
        )
    if wild:
        lines += source.sample(OTHERS, source.randrange(3))
        source.shuffle(lines) if source.random() < 0.05 else None
    end = source.choice((b"\n", b"\r", b"\r\r\n")) if wild and source.random() < 0.1 else b"\r\n"
    return end.join([*lines, b"", b""]) + _body(source, framing, wild)


def _body(source: random.Random, framing: int, wild: bool) -> bytes:
    if framing & 2 and (wild or framing == 2):
        size = source.choice(SIZES) if wild else b"5"
        end = source.choice((b"\n", b"")) if wild and source.random() < 0.1 else b"\r\n"
        last = (
            source.choice((b"0", b"00", b"0;x", b"0\r\nX-T: 1", b"0\r\nContent-Length: 3", b"-0", b"0 "))
            if wild
            else b"0"
        )
        hidden = HIDDEN if wild and source.random() < 0.3 else b""
        return size + end + b"hello" + b"\r\n" + last + b"\r\n\r\n" + hidden
    if framing & 1:
        return source.choice((b"hello", b"hello", HIDDEN, b"")) if wild else b"hello"
    return HIDDEN if wild and source.random() < 0.1 else b""
