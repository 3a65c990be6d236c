"""A differential fuzz of the balancer: mutated HTTP/1.1 through it to a task that reads with h11, in memory.

Fails on a crash, on a request that the task saw and h11 does not read from the client's bytes (a smuggled one), and
on memory that grows: the last nine tenths may add less than 8 MiB to the first.

Usage: python bench/fuzz.py [--count N] [--seed S]
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import uvloop
from machine import describe

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.fuzz import Fuzz

GROWTH = 8 * 2**20  # bytes
BATCH = 10_000


def rss() -> int:
    """Bytes of memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def run(seed: int, count: int) -> bool:
    fuzz = Fuzz(seed)
    begun = time.monotonic()
    await fuzz.run(count // 10)
    first = rss()
    while fuzz.outcome.messages < count and not fuzz.outcome.wrong:
        await fuzz.run(min(BATCH, count - fuzz.outcome.messages))
        if sys.stderr.isatty():
            done, each = fuzz.outcome.messages, (time.monotonic() - begun) / fuzz.outcome.messages
            left, mib = (count - done) * each, rss() / 2**20
            print(f"\r{done / count:4.0%} {done:,}, {left:.0f} s left, {mib:.0f} MiB ", end="", file=sys.stderr)
    outcome, grown = fuzz.outcome, rss() - first
    print(f"seed {seed}: {outcome.messages:,} messages in {time.monotonic() - begun:.0f} s")
    print(f"offered {outcome.offered:,}, refused {outcome.refused:,}, seen by the task {outcome.seen:,}")
    print(f"smuggled or misread: {len(outcome.wrong)}; memory grown by {grown / 2**20:.1f} MiB of {first / 2**20:.0f}")
    for wrong in outcome.wrong[:10]:
        print(wrong)
    return not outcome.wrong and grown < GROWTH


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(describe())
    if not uvloop.run(run(options.seed, options.count)):
        sys.exit(1)


if __name__ == "__main__":
    main()
