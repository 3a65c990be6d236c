"""The sample service of the sizing study: encrypts, about 20 requests/s a task, one at a time.

    PORT=8081 python3 app.py            # then: curl localhost:8081/

A request takes 50 ms and requests are served in the order in which they came, so a task has a known
throughput and a known queue. By default most of the 50 ms is waiting, as for a database, so that two
cores carry a dozen tasks; ``--burn`` makes all of it CPU work. Standard library only; with
``fleetfoot_agent`` installed it counts its own requests as well.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import sys
import time
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit

PAYLOAD = bytes(range(256)) * 64  # 16 KiB
MOST_BODY = 10 * 1024 * 1024
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 411: "Length Required", 413: "Content Too Large"}


def encrypt(key: bytes, nonce: bytes, text: bytes) -> bytes:
    """A stream cipher of the standard library's parts: SHAKE-256 of key and nonce, xor the text."""
    stream = hashlib.shake_256(key + nonce).digest(len(text))
    mixed = int.from_bytes(text, "little") ^ int.from_bytes(stream, "little")
    return mixed.to_bytes(len(text), "little")


class Settings:
    """From flags (``--startup 3``), else from the environment (``ENCRYPTOR_STARTUP=3``), else the defaults here."""

    def __init__(self, arguments: list[str]) -> None:
        self.port = 0  # from PORT
        self.host = "127.0.0.1"
        self.cost = 50.0  # ms a request takes
        self.burn = False  # spend it computing
        self.startup = 0.0  # s before it listens
        self.slow = 0.0  # ms more for each request: a slow dependency
        self.slow_file = ""  # the same, read from a file at each request: a dependency all tasks share
        self.fail = 0.0  # share of requests answered with 500
        self.leak = 0.0  # MB kept for ever by each request
        self.admin = False  # answer /admin/...
        for name, default in list(vars(self).items()):
            text = os.environ.get("PORT" if name == "port" else f"ENCRYPTOR_{name.upper()}")
            if text:
                self._set(name, default, text)
        self._read(arguments)

    def _read(self, arguments: list[str]) -> None:
        words = iter(arguments)
        for word in words:
            name = word.removeprefix("--").replace("-", "_")
            default = vars(self).get(name)
            if word == name or default is None:
                flags = ", ".join("--" + known.replace("_", "-") for known in vars(self))
                _stop(f"unknown argument {word}; there are {flags}")
            self._set(name, default, "1" if default is False else next(words, ""))

    def _set(self, name: str, default: Any, text: str) -> None:
        try:
            setattr(self, name, text not in ("", "0") if isinstance(default, bool) else type(default)(text))
        except ValueError:
            _stop(f"{name} must be a number, not {text!r}")


class Encryptor:
    """The work of one task."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.key = os.urandom(32)
        self.turn = asyncio.Lock()  # first come, first served
        self.free_at = 0.0  # when the request before this one was done
        self.waiting = 0
        self.leaked: list[bytearray] = []

    async def handle(self, path: str) -> tuple[int, str]:
        """The status and the text that answer ``GET path``."""
        parts = urlsplit(path)
        if parts.path == "/":
            return await self._encrypt()
        if parts.path == "/healthz":
            return 200, f'{{"ok":true,"pid":{os.getpid()}}}\n'
        if parts.path.startswith("/admin/") and self.settings.admin:
            return self._admin(parts.path.removeprefix("/admin/"), dict(parse_qsl(parts.query)))
        return 404, "there is / and /healthz\n"

    async def _encrypt(self) -> tuple[int, str]:
        queued = self.turn.locked()
        self.waiting += 1
        try:
            async with self.turn:
                # A request that waited starts when the one before ended, not when the timer was late to say so.
                began = self.free_at if queued else time.monotonic()
                self.free_at = began + self._cost()
                nonce = os.urandom(16)
                text = await self._work(nonce)
                await asyncio.sleep(max(0.0, self.free_at - time.monotonic()))
        finally:
            self.waiting -= 1
        if self.settings.leak:
            self.leaked.append(bytearray(os.urandom(1024)) * int(self.settings.leak * 1024))
        if random.random() < self.settings.fail:
            return 500, "failed, as asked to\n"
        seal = hashlib.sha256(text).hexdigest()
        return 200, f'{{"nonce":"{nonce.hex()}","bytes":{len(text)},"sha256":"{seal}","pid":{os.getpid()}}}\n'

    def _cost(self) -> float:
        more = self.settings.slow
        if self.settings.slow_file:
            try:
                with open(self.settings.slow_file) as file:  # noqa: PTH123 - pathlib costs 5 ms of the start
                    more += float(file.read() or 0)
            except (OSError, ValueError):
                pass
        return (self.settings.cost + more) / 1000

    async def _work(self, nonce: bytes) -> bytes:
        if not self.settings.burn:
            return encrypt(self.key, nonce, PAYLOAD)
        return await asyncio.get_running_loop().run_in_executor(None, self._burn, nonce)

    def _burn(self, nonce: bytes) -> bytes:
        """Encrypt again and again until this thread has used the CPU for as long as a request costs."""
        end = time.thread_time() + self.settings.cost / 1000
        text = PAYLOAD * 8
        while time.thread_time() < end:
            text = encrypt(self.key, nonce, text)
        return text

    def _admin(self, what: str, how: dict[str, str]) -> tuple[int, str]:
        """Trouble on demand, for this one task."""
        settings = self.settings
        try:
            if what == "slow":
                settings.slow = float(how["ms"])
            elif what == "fail":
                settings.fail = float(how["share"])
            elif what == "leak":
                settings.leak = float(how["mb"])
            elif what == "hang":
                time.sleep(float(how["seconds"]))  # the whole task: it answers no health check either
            elif what == "crash":
                os.kill(os.getpid(), int(how.get("signal", signal.SIGKILL)))
            else:
                return 404, "there is slow?ms= fail?share= leak?mb= hang?seconds= crash?signal=\n"
        except (KeyError, ValueError) as error:
            return 400, f"{what}: {error} is missing or not a number\n"
        return 200, f"{what}: done\n"


class Server:
    """Just enough of HTTP/1.1: keep-alive, bodies read and dropped, and an end that loses no request."""

    def __init__(self, app: Encryptor) -> None:
        self.app = app
        self.recorder: Any = None  # fleetfoot_agent's, when it is installed
        self.idle: set[asyncio.StreamWriter] = set()
        self.busy = 0
        self.stopping = asyncio.Event()
        self.quiet = asyncio.Event()

    async def run(self) -> None:
        settings = self.app.settings
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        await asyncio.sleep(settings.startup)
        server = await asyncio.start_server(self.serve, settings.host, settings.port, backlog=1024)
        self._count()
        port = server.sockets[0].getsockname()[1]
        print(f"encryptor {os.getpid()} listens on {settings.host}:{port}", file=sys.stderr, flush=True)
        await self.stopping.wait()
        server.close()
        for writer in list(self.idle):
            writer.close()
        if self.busy:
            await self.quiet.wait()

    def _count(self) -> None:
        """Let fleetfoot's agent count what this service does, where there is one."""
        try:
            import fleetfoot_agent
        except ImportError:
            return
        fleetfoot_agent.agent.queue(lambda: max(0, self.app.waiting - 1))
        fleetfoot_agent.agent.start()
        self.recorder = fleetfoot_agent.agent.recorder

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            keep = True
            while keep and not self.stopping.is_set():
                self.idle.add(writer)
                head = await reader.readuntil(b"\r\n\r\n")
                self.idle.discard(writer)
                self.busy += 1
                try:
                    keep = await self.answer(head, reader, writer)
                finally:
                    self.busy -= 1
                    if not self.busy and self.stopping.is_set():
                        self.quiet.set()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the other side has gone, or does not speak HTTP
        finally:
            self.idle.discard(writer)
            writer.close()

    async def answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection may be used again."""
        line, *rest = head.decode("latin-1").split("\r\n")
        words = line.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (h.partition(":") for h in rest)}
        keep = headers.get("connection", "").lower() != "close"
        status = await self.body(headers, reader)
        text = "that request cannot be read\n"
        if len(words) != 3 or not words[1].startswith("/"):
            status = 400
        if not status:
            status, text = await self.counted(words[1])
        keep = keep and status not in (400, 411, 413) and not self.stopping.is_set()
        data = text.encode()
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Error')}", f"Content-Length: {len(data)}"]
        lines += [] if keep else ["Connection: close"]
        writer.write("\r\n".join([*lines, "", ""]).encode() + (b"" if words[0] == "HEAD" else data))
        await writer.drain()
        return keep

    async def body(self, headers: dict[str, str], reader: asyncio.StreamReader) -> int:
        """Read and drop the body; the status of the refusal, or 0."""
        if "transfer-encoding" in headers:
            return 411
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            return 400
        left = int(length)
        if left > MOST_BODY:
            return 413
        while left:
            left -= len(await reader.readexactly(min(left, 65536)))
        return 0

    async def counted(self, path: str) -> tuple[int, str]:
        recorder = self.recorder
        if recorder is None or path == "/healthz":
            return await self.app.handle(path)
        began = time.perf_counter_ns()
        status = 500
        recorder.begin()
        try:
            status, text = await self.app.handle(path)
        finally:
            recorder.end(time.perf_counter_ns() - began, status)
        return status, text


def _stop(why: str) -> NoReturn:
    print(f"encryptor: {why}", file=sys.stderr)
    raise SystemExit(2)


def main() -> None:
    settings = Settings(sys.argv[1:])

    async def start() -> None:
        await Server(Encryptor(settings)).run()

    try:
        asyncio.run(start())
    except OSError as error:
        _stop(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}")


if __name__ == "__main__":
    main()
