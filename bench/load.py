"""How much open-loop load one process sends, and how late it is itself.

A bare server answers at once; the generator is asked for ever higher even rates. A rate counts as kept when
every request was answered and 99 % left within 10 ms of when they were due. The yardstick is wrk in the same
run: closed loop, one thread, so it needs no clock and measures no waiting; it is the most this machine's
server gives. Generator and server share the machine's cores.

Usage: python bench/load.py [--seconds S] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from machine import describe

RATES = (200, 1000, 2000, 4000, 6000, 8000, 10_000, 12_000, 16_000, 20_000, 25_000, 30_000)
LATE_MS = 10.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Bare(asyncio.Protocol):
    """Answers each packet that ends a request head; enough for a generator that does not pipeline."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self.transport.write(ANSWER)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


@contextmanager
def server() -> Iterator[str]:
    """The bare server in a process of its own; its URL."""
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None
            yield f"http://127.0.0.1:{run.stdout.readline().strip()}/"
        finally:
            run.terminate()


def paced(url: str, rate: int, seconds: int) -> dict[str, Any]:
    """One run at an even rate: lateness, latency, CPU."""
    options = json.dumps({"url": url, "rate": rate, "length": seconds})
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([sys.executable, "-m", "fleetfoot.load", options], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads(run.stdout.splitlines()[-1])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "rate": rate,
        "sent": result["counts"]["requests"],
        "answered": result["counts"]["ok"],
        "exact": all(second["arrivals"] == rate for second in result["seconds"]),
        "late_p99_ms": result["late_p99_ms"],
        "late_max_ms": result["late_max_ms"],
        "median_ms": result["median_ms"],
        "p99_ms": result["p99_ms"],
        "cpu_share": cpu / seconds,
        "kept": result["counts"]["ok"] == result["counts"]["requests"] and result["late_p99_ms"] <= LATE_MS,
    }


def wrk(url: str, seconds: int) -> float | None:
    """Requests/s of wrk, or None where it is not installed."""
    if shutil.which("wrk") is None:
        return None
    argv = ["wrk", "-t1", "-c32", f"-d{seconds}s", url]
    said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    return float(found[1]) if found else None


def measure(seconds: int) -> dict[str, Any]:
    with server() as url:
        rows = []
        for rate in RATES:
            rows.append(paced(url, rate, seconds))
            if not rows[-1]["kept"]:
                break
        most = max((row["rate"] for row in rows if row["kept"]), default=0)
        yardstick = wrk(url, seconds)
    return {
        "machine": describe(),
        "rates": rows,
        "most_kept": most,
        "wrk": yardstick,
        "ratio": most / yardstick if yardstick else None,
    }


def tell(found: dict[str, Any]) -> None:
    print(found["machine"])
    print("  rate/s   late p99    late max   median ms     p99 ms   CPU share of a core   each second exact   kept")
    for row in found["rates"]:
        print(
            f"{row['rate']:8,}  {row['late_p99_ms']:6.2f} ms  {row['late_max_ms']:7.2f} ms  {row['median_ms']:10.3f} "
            f"{row['p99_ms']:10.3f}   {row['cpu_share']:19.0%}   {'yes' if row['exact'] else 'no':>17}   "
            f"{'yes' if row['kept'] else 'no'}"
        )
    ratio = f"{found['ratio']:.2f} of wrk's {found['wrk']:,.0f}/s" if found["ratio"] else "wrk is not installed"
    print(f"highest rate kept: {found['most_kept']:,}/s, {ratio}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5, help="of each run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        import uvloop

        uvloop.run(serve())
        return
    os.environ.setdefault("PYTHONPATH", os.path.join(os.path.dirname(__file__), "..", "src"))  # noqa: PTH118, PTH120
    found = measure(arguments.seconds)
    print(json.dumps(found, indent=1)) if arguments.json else tell(found)


if __name__ == "__main__":
    main()
