"""``python -m fleetfoot.load '{"url": ..., "stages": "20@30s,200@60s"}'``: a run in a process of its own.

The options are those of ``load.plan.Options``, as one JSON object: the argument, or standard input
(where a secret header does not show in the list of processes). Events are JSON lines on standard
output; a reader that goes away ends the run. SIGINT and SIGTERM end it too, with a result.

Exit codes: 0 the objective was met, 1 it was not, 2 the options are wrong, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
from collections.abc import Sequence
from typing import Any

from fleetfoot.load.generator import Generator
from fleetfoot.load.plan import Options, Plan, PlanErrors, make_plan
from fleetfoot.load.result import Result

INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Run what ``arguments`` or standard input say; the exit code."""
    try:
        text = arguments[0] if arguments else sys.stdin.read()
        plan = make_plan(Options.from_json(_document(text)))
    except PlanErrors as wrong:
        _print({"event": "refused", "errors": wrong.errors})
        return 2
    try:
        result = _runner()(_run(plan))
        _print(result.to_json())
    except BrokenPipeError:
        sys.stderr.close()  # nobody listens any more
        return INTERRUPTED
    return INTERRUPTED if result.interrupted else 0 if result.verdict.passed else 1


def _document(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise PlanErrors([f"the options are not JSON: {error}"]) from None
    if not isinstance(data, dict):
        raise PlanErrors(["the options must be one JSON object"])
    return data


def _runner() -> Any:
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


async def _run(plan: Plan) -> Result:
    gone: list[BrokenPipeError] = []

    def tell(event: dict[str, Any]) -> None:
        try:
            _print(event)
        except BrokenPipeError as error:
            gone.append(error)
            generator.stop()

    generator = Generator(plan, tell)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, generator.stop)
    gc.collect()
    gc.set_threshold(50_000, 20, 100)
    gc.freeze()  # what is loaded now stays; the collector need not look at it again during the run
    result = await generator.run()
    if gone:
        raise gone[0]
    return result


def _print(event: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
