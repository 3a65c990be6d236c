"""A small task for tests: an asyncio HTTP server of the standard library, up within about 50 ms.

    GET /            200, or $STATUS, "TASK PID"
    GET /sleep/MS    the same after MS milliseconds
    GET /status/N    answers N
    GET /env/NAME    the value of an environment variable
    GET /healthz     200, or 500 while the file named by $SICK exists and holds this task's name or "all"
    GET /hang        never answers
    GET /exit/N      ends the process with code N
    GET /kill/N      the process sends itself signal N

The first argument is the port, $PORT without one. $START_MS delays the listening, $TERM_MS the end after SIGTERM,
$SLOW_MS every answer to GET /.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path


def sick() -> bool:
    file = os.environ.get("SICK")
    if not file or not Path(file).exists():
        return False
    names = Path(file).read_text().split()
    return "all" in names or os.environ.get("FLEETFOOT_TASK", "?") in names


async def answer(path: str) -> tuple[int, str]:
    _, _, rest = path.partition("/")
    word, _, value = rest.partition("/")
    if word == "sleep":
        await asyncio.sleep(int(value) / 1000)
    elif word == "hang":
        await asyncio.sleep(3600)
    elif word == "status":
        return int(value), value
    elif word == "env":
        return 200, os.environ.get(value, "")
    elif word == "healthz":
        return (500, "sick") if sick() else (200, "well")
    elif word == "exit":
        os._exit(int(value))
    elif word == "kill":
        os.kill(os.getpid(), int(value))
    await asyncio.sleep(int(os.environ.get("SLOW_MS", "0")) / 1000)
    return int(os.environ.get("STATUS", "200")), f"{os.environ.get('FLEETFOOT_TASK', '?')} {os.getpid()}"


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            text = head.decode("latin-1")
            length = next(
                (int(line[15:]) for line in text.split("\r\n") if line.lower().startswith("content-length:")), 0
            )
            await reader.readexactly(length)
            status, body = await answer(text.split()[1])
            writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    await asyncio.sleep(int(os.environ.get("START_MS", "0")) / 1000)
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ["PORT"])
    await asyncio.start_server(talk, "127.0.0.1", port, backlog=1024)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await asyncio.sleep(int(os.environ.get("TERM_MS", "0")) / 1000)


if __name__ == "__main__":
    asyncio.run(main())
