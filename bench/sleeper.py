"""A task whose service time is known: one request at a time, each an exponential span of waiting. Listens on $PORT.

``/fixed`` takes the mean, always. Arguments: seconds before it listens, mean seconds of a request. Standard
library only, so that a dozen of them start on two cores in a moment.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-type: text/plain\r\n\r\nok\n"


async def main(mean: float) -> None:
    turn = asyncio.Lock()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not head.startswith(b"GET /healthz"):
                    async with turn:
                        fixed = head.startswith(b"GET /fixed")
                        await asyncio.sleep(mean if fixed else random.expovariate(1.0 / mean))
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    server.close()


time.sleep(float(sys.argv[1]))
asyncio.run(main(float(sys.argv[2])))
