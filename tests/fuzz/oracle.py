"""What h11 reads from a client's bytes, and whether a task saw anything else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import h11

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
