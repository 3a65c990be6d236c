"""How long a template takes: fleetfoot.yaml with everything asked for -> YAML and JSON, in a process of its own.

Usage: python bench/synth.py [--times N] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import describe

TEXT = """
services:
  orders:
    target: dryrun
    capacity: {min: 2, max: 14}
    task: {throughput: 20/s, startup: 30s, cpu: 0.5, memory: 1 GB}
    policies:
      - step: {signal: requests, above: 100/s, add: {0: 1, 50: 2, 100: 4}, cooldown: 10s}
      - target: {signal: cpu, value: 70%}
    provision:
      nat: 2
      database: postgres
      cache: on
      access: bastion
      bastion from: 203.0.113.7
budget: {monthly: 150000 KRW, rate: 1300 KRW/USD}
"""


def seconds(file: Path, mode: str) -> float:
    """From the call to the last byte."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "fleetfoot", "synth", "cloudformation", str(file), "--mode", mode]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fleetfoot.yaml"
        file.write_text(TEXT, encoding="utf-8")
        found = {
            mode: statistics.median(seconds(file, mode) for _ in range(args.times)) for mode in ("alarms", "controller")
        }
    if args.json:
        print(json.dumps({"machine": describe(), "seconds": found}))
        return
    print(f"a template of the full recipe, whole process, median of {args.times}; {describe()}")
    for mode, took in found.items():
        print(f"  {mode}: {took:.2f} s")


if __name__ == "__main__":
    main()
