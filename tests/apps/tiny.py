"""A task that does one request at a time, each so many seconds of waiting. Standard library only, listens on $PORT.

Without arguments each takes 50 ms, or $TINY_SECONDS. Arguments: seconds before it listens, and the mean seconds of a
request, which then are exponential; ``/fixed`` takes the mean, always.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-type: text/plain\r\n\r\nok\n"


def span(mean: float, head: bytes) -> float:
    """Seconds of one request."""
    fixed = len(sys.argv) == 1 or head.startswith(b"GET /fixed")
    return mean if fixed else random.expovariate(1.0 / mean)


async def main(startup: float, mean: float) -> None:
    turn = asyncio.Lock()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not head.startswith(b"GET /healthz"):
                    async with turn:
                        await asyncio.sleep(span(mean, head))
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    await asyncio.sleep(startup)
    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    given = sys.argv[1:] or ["0", os.environ.get("TINY_SECONDS", "0.05")]
    asyncio.run(main(*map(float, given)))
