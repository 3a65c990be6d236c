"""A service of the standard library, to try updates and zones on. It answers its version, task and zone.

$BROKEN shows what a bad version does: ``start`` ends before it listens, ``errors`` answers 500 to all but the check,
``slow`` takes a second for it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

BROKEN = os.environ.get("BROKEN", "")
HERE = " ".join(os.environ.get(name, "-") for name in ("VERSION", "FLEETFOOT_TASK", "FLEETFOOT_ZONE"))


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            check = head.startswith(b"GET /healthz")
            if not check:
                await asyncio.sleep(1 if BROKEN == "slow" else 0.02)
            status = "500 Broken" if BROKEN == "errors" and not check else "200 OK"
            body = f"{HERE}\n"
            writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    if BROKEN == "start":
        sys.exit("VERSION names a database that is not there")
    await asyncio.start_server(talk, "127.0.0.1", int(sys.argv[1]))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
