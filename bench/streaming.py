"""1 GB streamed each way through the balancer: the memory of the process in the path must not grow with the body.

An upload to a task that counts and drops it, a download from a task that makes it up; then 50 MB to a task that reads
slowly, and to a client that does. "grown" is the most the process had during the transfer over what it had before; the
yardstick is HAProxy in the same run, when it is installed.

Usage: python bench/streaming.py [--bytes N] [--slow-bytes N] [--json]
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from balancer import free_port, running
from balancers import FRONT, Way
from idle import rss_mb
from machine import describe

BLOCK = 1 << 18
SLOW_PIECE = 1 << 16  # a slow side takes so much
SLOW_PAUSE_S = 0.005  # and then rests: some 10 MB/s

TASK = f"""
import asyncio, sys, uvloop

BLOCK = bytes({BLOCK})

async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            method, path = head.split(b" ", 2)[:2]
            fields = dict(line.lower().split(b": ", 1) for line in head[:-4].split(b"\\r\\n")[1:])
            left, slow = int(fields.get(b"content-length", 0)), path.startswith(b"/slow")
            count = 0
            while count < left:
                part = await reader.read(min(left - count, {SLOW_PIECE}))
                if not part:
                    return
                count += len(part)
                if slow:
                    await asyncio.sleep({SLOW_PAUSE_S})
            size = int(path.rpartition(b"/")[2]) if method == b"GET" else 0
            text = b"" if method == b"GET" else b"%d" % count
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % (size or len(text)) + text)
            while size:
                part = BLOCK[:size]
                writer.write(part)
                await writer.drain()
                size -= len(part)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()

async def main():
    await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), limit={BLOCK})
    await asyncio.Event().wait()

uvloop.run(main())
"""


class Peak:
    """The most memory a process had while it was watched, MB."""

    def __init__(self, pid: int) -> None:
        self.most = rss_mb(pid)
        self._pid, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            self.most = max(self.most, rss_mb(self._pid))

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def upload(port: int, size: int, path: str = "/") -> None:
    block = bytes(BLOCK)
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"POST %b HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n" % (path.encode(), size))
        for _ in range(size // BLOCK):
            sock.sendall(block)
        sock.sendall(block[: size % BLOCK])
        answer = sock.recv(65_536)
    if not answer.startswith(b"HTTP/1.1 200") or not answer.endswith(b"%d" % size):
        sys.exit(f"the task did not get {size} bytes: {answer!r}")


def download(port: int, size: int, *, slow: bool = False) -> None:
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"GET /%d HTTP/1.1\r\nHost: bench\r\n\r\n" % size)
        got = sock.recv(65_536)
        head, _, body = got.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(head.decode("latin-1"))
        count = len(body)
        while count < size:
            part = sock.recv(SLOW_PIECE if slow else BLOCK)
            if not part:
                sys.exit(f"{count} of {size} bytes came")
            count += len(part)
            if slow:
                time.sleep(SLOW_PAUSE_S)


@contextmanager
def ways(folder: Path) -> Iterator[dict[str, Way]]:
    """Each balancer in front of one task."""
    with ExitStack() as stack:
        (folder / "task.py").write_text(TASK)
        (folder / "front.py").write_text(FRONT)
        task = free_port()
        stack.enter_context(running([sys.executable, "task.py", str(task)], task, folder))
        found = {}
        for kind in ("embedded", "haproxy"):
            if kind == "haproxy" and not shutil.which("haproxy"):
                print("without haproxy: apt-get install -y haproxy", file=sys.stderr)
                continue
            port = free_port()
            plane = stack.enter_context(running([sys.executable, "front.py", kind, str(port), str(task)], port, folder))
            while not (folder / f"{kind}.pid").exists():
                time.sleep(0.01)
            found[kind] = Way(port, int((folder / f"{kind}.pid").read_text()) or plane.pid)
        yield found


def measure(way: Way, transfer: Callable[[], None]) -> dict[str, float]:
    before, began = rss_mb(way.pid), time.perf_counter()
    with Peak(way.pid) as peak:
        transfer()
    return {"before_mb": before, "grown_mb": peak.most - before, "seconds": time.perf_counter() - began}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    parser.add_argument("--slow-bytes", type=int, default=50_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="ff") as name, ways(Path(name)) as found:
        for kind, way in found.items():
            upload(way.port, BLOCK)  # warm
            download(way.port, BLOCK)
            rows[kind] = {
                "upload": measure(way, partial(upload, way.port, options.bytes)),
                "download": measure(way, partial(download, way.port, options.bytes)),
                "slow task": measure(way, partial(upload, way.port, options.slow_bytes, "/slow")),
                "slow client": measure(way, partial(download, way.port, options.slow_bytes, slow=True)),
            }
    if options.json:
        print(json.dumps({"machine": describe(), "bytes": options.bytes, "slow_bytes": options.slow_bytes, **rows}))
        return
    print(describe())
    print(f"{options.bytes:,} bytes; to a slow task and to a slow client {options.slow_bytes:,}")
    for kind, row in rows.items():
        for what, one in row.items():
            grown = f"RSS {one['before_mb']:5.1f} MB, grown {one['grown_mb']:+.1f}"
            print(f"{kind:10} {what:12} {one['seconds']:6.1f} s, {grown}")


if __name__ == "__main__":
    main()
