"""5,000 idle kept connections: the memory of the process in the path, and whether it still serves.

Each connection asks once and then stays. "RSS" is the process in the path before and after; the yardstick is HAProxy in
the same run, when it is installed. The bar is 200 MB (10^6 bytes) for fleetfoot.

Usage: python bench/idle.py [--connections N] [--json]
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from balancers import GET, start
from machine import describe

BAR_MB = 200.0
SPARE_FILES = 500
ASKED_AGAIN = 500


def rss_mb(pid: int) -> float:
    """MB of memory now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def raise_files(needed: int) -> None:
    """Let this process, and those it starts, open as many files as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        sys.exit(f"{needed} open files are needed, the hard limit is {hard}: raise it with ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def ask(sock: socket.socket) -> None:
    sock.sendall(GET)
    answer = sock.recv(65_536)
    while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < 432:
        more = sock.recv(65_536)
        if not more:
            sys.exit(f"the connection ended in an answer: {answer[:80]!r}")
        answer += more
    if not answer.startswith(b"HTTP/1.1 200"):
        sys.exit(answer[:80].decode("latin-1"))


def measure(port: int, pid: int, connections: int) -> dict[str, float]:
    with socket.create_connection(("127.0.0.1", port)) as first:
        ask(first)
    before = rss_mb(pid)
    held = []
    try:
        for _ in range(connections):
            held.append(socket.create_connection(("127.0.0.1", port)))
            ask(held[-1])
        after = rss_mb(pid)
        for sock in held[:: max(1, connections // ASKED_AGAIN)]:
            ask(sock)
        return {"before_mb": before, "after_mb": after, "kb_each": (after - before) * 1000 / connections}
    finally:
        for sock in held:
            sock.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    raise_files(2 * options.connections + SPARE_FILES)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ff")))
        ways = start(stack, folder)
        ways.pop("direct")
        rows = {name: measure(*way, options.connections) for name, way in ways.items()}
    if options.json:
        print(json.dumps({"machine": describe(), "connections": options.connections, **rows}))
        return
    print(describe())
    print(
        f"{options.connections:,} idle kept connections, each asked once; one in ten asked again at the end: all served"
    )
    for name, row in rows.items():
        print(
            f"{name:10} RSS {row['before_mb']:6.1f} -> {row['after_mb']:6.1f} MB, {row['kb_each']:.1f} kB a connection"
        )
    if "haproxy" in rows:
        share = rows["embedded"]["after_mb"] / rows["haproxy"]["after_mb"]
        print(f"embedded: {share:.0%} of haproxy's memory (bar: under {BAR_MB:.0f} MB)")


if __name__ == "__main__":
    main()
