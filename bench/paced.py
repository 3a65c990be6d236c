"""What a balancer adds at 1,000 requests/s: fleetfoot, HAProxy and a task alone, asked in turn within the same moments.

One client sends open-loop: every third of a millisecond a request is due, at the task, at fleetfoot, at HAProxy and so
on, so each gets 1,000/s and whatever else the machine does hits all three alike. A request is timed from the moment it
was due, also when the client was late. The client waits by spinning, on a core of its own (pinned); tasks and balancers
share another. A run gives each way's p50 and p99; what is added is the difference to the task alone in the same run,
and what is printed the median over the runs. The client's own lateness is printed too: believe no figure smaller.

Usage: python bench/paced.py [--runs N] [--seconds S] [--rate R] [--connections C] [--json]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import selectors
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from balancers import GET, start
from machine import describe

BAR_MS = 1.0  # added at p99
SIZE = 432  # bytes of each answer's body
WARM_S = 1.0


class Connection:
    """One kept connection; ``due`` is set while a request is open on it."""

    __slots__ = ("due", "free", "got", "sock", "took")

    def __init__(self, port: int, free: list[Connection], took: list[float]) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.free, self.took, self.got, self.due = free, took, b"", 0.0

    def send(self, due: float) -> None:
        self.due, self.got = due, b""
        self.sock.send(GET)

    def read(self) -> bool:
        """Take what came; a whole answer makes the connection free again. False: the other side let it go at rest."""
        part = self.sock.recv(65_536)
        if not part and not self.due:
            self.free.remove(self)
            return False
        self.got += part
        if not part or not self.got.startswith(b"HTTP/1.1 200"[: len(self.got)]):
            sys.exit(f"an answer that is none: {self.got[:80]!r}")
        if len(self.got.partition(b"\r\n\r\n")[2]) >= SIZE:
            self.took.append((time.perf_counter() - self.due) * 1000)
            self.due = 0.0
            self.free.append(self)
        return True


class Client:
    """All connections to all ways."""

    def __init__(self, ports: dict[str, int], connections: int) -> None:
        self.took: dict[str, list[float]] = {name: [] for name in ports}
        self.late: list[float] = []
        self._selector = selectors.EpollSelector()
        self._free: list[list[Connection]] = []
        for name, port in ports.items():
            free: list[Connection] = []
            self._free.append(free)
            for _ in range(connections):
                one = Connection(port, free, self.took[name])
                free.append(one)
                self._selector.register(one.sock, selectors.EVENT_READ, one)

    def run(self, rate: float, seconds: float) -> None:
        """``rate`` requests/s to each way. What is due while no connection is free waits, and its wait counts."""
        ways = len(self._free)
        count, gap = int(rate * seconds) * ways, 1 / (rate * ways)
        start, number = time.perf_counter() + 0.01, 0
        held: list[list[float]] = [[] for _ in self._free]
        while number < count or any(held) or self._busy():
            now = time.perf_counter()
            if now > start + seconds + 30:
                sys.exit("30 s after the last request some answers are still missing")
            while number < count and start + number * gap <= now:
                due = start + number * gap
                self.late.append((now - due) * 1000)
                held[number % ways].append(due)
                number += 1
            for waiting, free in zip(held, self._free, strict=True):
                while waiting and free:
                    free.pop().send(waiting.pop(0))
            for key, _ in self._selector.select(0):
                if not key.data.read():
                    self._selector.unregister(key.fileobj)
                    key.data.sock.close()

    def _busy(self) -> bool:
        return sum(map(len, self._free)) < len(self._selector.get_map())

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.data.sock.close()
        self._selector.close()


def one_run(ports: dict[str, int], options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    """(p50, p99) in ms by way, and the client's own lateness."""
    client = Client(ports, options.connections)
    gc.collect()
    gc.disable()
    try:
        client.run(options.rate, WARM_S)
        for took in (*client.took.values(), client.late):
            took.clear()
        client.run(options.rate, options.seconds)
    finally:
        gc.enable()
        client.close()
    return {name: _p50_p99(took) for name, took in {**client.took, "client late": client.late}.items()}


def _p50_p99(took: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(took, n=100)
    return cuts[49], cuts[98]


def pin(pids: Iterable[int]) -> None:
    """Ourselves on the last core, everything in the path on the others."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("only one core: client and balancers share it, read the ratio alone", file=sys.stderr)
        return
    inside = set(pids)
    for process in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, parent = int(process.parent.name), int(process.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == os.getpid() or pid in inside:
            os.sched_setaffinity(pid, cores[:-1])
    os.sched_setaffinity(0, cores[-1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not shutil.which("haproxy"):
        print("without haproxy there is no yardstick but the task alone: apt-get install -y haproxy", file=sys.stderr)
    machine = describe()
    with ExitStack() as stack:
        ways = start(stack, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ff"))))
        pin(way.pid for way in ways.values())
        ports = {name: way.port for name, way in ways.items()}
        runs = [one_run(ports, options) for _ in range(options.runs)]
    rows = {}
    for name in runs[0]:
        p50, p99 = (statistics.median(run[name][at] for run in runs) for at in (0, 1))
        added = [statistics.median(run[name][at] - run["direct"][at] for run in runs) for at in (0, 1)]
        rows[name] = {"p50": p50, "p99": p99, "added_p50": added[0], "added_p99": added[1]}
    if options.json:
        print(json.dumps({"machine": machine, "runs": options.runs, **rows}))
        return
    print(machine)
    print(f"{options.rate:g} requests/s to each, medians of {options.runs} runs of {options.seconds:g} s, ms")
    print(f"{'':12} {'p50':>7} {'p99':>7} {'added p50':>10} {'added p99':>10}")
    for name, row in rows.items():
        beyond = f"{row['added_p50']:+10.3f} {row['added_p99']:+10.3f}" if name in ("embedded", "haproxy") else ""
        print(f"{name:12} {row['p50']:7.3f} {row['p99']:7.3f} {beyond}")
    mine = rows["embedded"]["added_p99"]
    beside = f", {mine / rows['haproxy']['added_p99']:.2f} times what haproxy adds" if "haproxy" in rows else ""
    print(f"embedded adds {mine:.3f} ms at p99 (bar: under {BAR_MS:g} ms){beside}")


if __name__ == "__main__":
    main()
