"""A task that writes down what it is asked, and misbehaves when told to. Standard library only, listens on $PORT.

    python faulty.py FOLDER [WORK_MS]

FOLDER/seen/TASK.PID gets a line ``B ID`` when a request has come and ``E ID`` when its answer was handed to the kernel.
FOLDER/fault holds ``TASK WORD`` or ``all WORD``: from then on that task does not answer but as the word says (below).
FOLDER/deaf, when it is there at the start: SIGTERM is ignored.

    GET, POST /ID       200 "ID" after WORK_MS; the body is read first
    GET /drip/SECONDS   a body with a length that takes so long, a piece every 50 ms
    GET /ws             101, then every byte comes back
    GET /healthz        200 whatever the fault is
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import signal
import sys
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
WORK_S = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
NAME = os.environ.get("FLEETFOOT_TASK", "?")
PIECE_S = 0.05
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}"
#: What a task that closes early has said by then.
SAID = {
    "before-the-head": "",
    "in-the-head": "HTTP/1.1 200 OK\r\ncontent-len",
    "in-the-body": "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
    "in-a-chunk": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\nhalf",
    "answers-500": "HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
}
leaked: list[bytes] = []
(FOLDER / "seen").mkdir(exist_ok=True)
seen = os.open(FOLDER / "seen" / f"{NAME}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def fault() -> str:
    try:
        task, word = (FOLDER / "fault").read_text().split()
    except (OSError, ValueError):
        return ""
    return word if task in ("all", NAME) else ""


async def misbehave(word: str, writer: asyncio.StreamWriter) -> bool:
    """True when nothing more is to be said on this connection."""
    if word in SAID:
        writer.write(SAID[word].encode())
        return True
    if word == "is-slow":
        await asyncio.sleep(0.4)
    elif word == "leaks":
        try:
            leaked.append(b"x" * (8 << 20))
        except MemoryError:
            os._exit(77)
    return False


async def drip(seconds: float, writer: asyncio.StreamWriter) -> None:
    pieces = max(1, round(seconds / PIECE_S))
    writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {pieces * 100}\r\n\r\n".encode())
    begun = time.monotonic()
    for number in range(pieces):
        await asyncio.sleep(begun + (number + 1) * PIECE_S - time.monotonic())
        writer.write(b"x" * 100)
        await writer.drain()


async def echo(key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    accept = base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()
    writer.write(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
        f"sec-websocket-accept: {accept}\r\n\r\n".encode()
    )
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One request; True when the connection ends with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    path = head.split()[1].removeprefix("/")
    if path == "healthz":
        writer.write(ANSWER.format(4, "well").encode())
        return False
    os.write(seen, f"B {path}\n".encode())
    lines = head.lower().split("\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
    await reader.readexactly(length)
    if path == "ws":
        key = next(line[19:] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key: "))
        await echo(key, reader, writer)
        return True
    if path.startswith("drip/"):
        await drip(float(path.removeprefix("drip/")), writer)
        return False
    if await misbehave(fault(), writer):
        return True
    await asyncio.sleep(WORK_S)
    writer.write(ANSWER.format(len(path), path).encode())
    await writer.drain()
    os.write(seen, f"E {path}\n".encode())
    return False


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while not await answer(reader, writer):
            pass
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    await asyncio.start_server(talk, "127.0.0.1", int(os.environ["PORT"]), backlog=1024)
    ended = asyncio.Event()
    deaf = (FOLDER / "deaf").exists()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None if deaf else ended.set())
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
