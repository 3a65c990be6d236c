"""How the tests of this folder read errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fleetfoot.spec import SpecErrors, loads
from fleetfoot.spec.errors import listed
from fleetfoot.spec.policies import KINDS

WORDS = {
    "<keys>": "run, start, app, directory, env, listen, target, ecs, priority, objective, capacity, task, signals, "
    "policies, guards, health, balancer, update or provision",
    "<policies>": listed(KINDS),
    "<signals>": "requests, completed, latency, errors, cpu, memory, in_flight, queue and app.NAME; others stand under "
    "signals",
}


def errors_of(text: str) -> list[str]:
    """The error lines of ``text`` as a file named f; empty when it loads."""
    try:
        loads(text, "f")
    except SpecErrors as errors:
        return [str(error) for error in errors.errors]
    return []


def service(*lines: str) -> str:
    """A file with one service ``a`` whose further lines begin on line 4."""
    return "\n".join(["services:", "  a:", "    run: x", *(f"    {line}" for line in lines), ""])


def rows(path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """The tables under ``wrong``: (name, file, what is said). A file is whole, or begins where ``service`` goes on."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        if not block.startswith("== "):
            continue
        name, *lines = block.splitlines()
        text = "".join(f"{line}\n" for line in lines if not line.startswith("> "))
        said = [line.replace("> ", "f:", 1) for line in lines if line.startswith("> ")]
        for short, words in WORDS.items():
            said = [line.replace(short, words) for line in said]
        yield name.removeprefix("== "), service() + text if text.startswith(" ") else text, said
