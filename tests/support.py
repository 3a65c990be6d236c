"""What tests share. The only file under tests/ that may sleep or look at the real clock to wait for something."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from fleetfoot.fleet.ports import taken

T = TypeVar("T")

#: Seconds; a deadline that no working machine meets, however busy, and never a figure.
PATIENCE = 60.0

#: Every process of a fleet carries this, so that a test can find what it left behind.
MARKER = b"FLEETFOOT_STATE="

#: Folders made by :func:`short_tmp` in this process; the leak check looks for fleets whose state lies in one.
made_folders: list[Path] = []


def wait_until(condition: Callable[[], T], timeout: float = PATIENCE, *, step: float = 0.01, what: str = "") -> T:
    """Call ``condition`` until its answer is true and return that; after ``timeout`` seconds fail, saying what."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            name = what or getattr(condition, "__name__", repr(condition))
            raise AssertionError(f"waited {timeout:g} s in vain for: {name}; the last answer was {answer!r}")
        time.sleep(step)


#: xdist's workers take turns; the kernel gives these to nobody who asks for any port, nor a fleet to its tasks.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
_PORTS = random.sample(range(61_000 + _WORKER, 65_536, 8), 560)
_turn = itertools.cycle(_PORTS)


def free_port() -> int:
    """A TCP port of 127.0.0.1 nobody listens on now, and nobody else here will. Prefer port 0 all the same."""
    return next(port for port in _turn if not taken(port))


@contextlib.contextmanager
def short_tmp() -> Iterator[Path]:
    """A temporary folder whose path leaves room for the name of a unix socket (at most 107 bytes in all)."""
    folder = Path(tempfile.mkdtemp(prefix="ff"))
    made_folders.append(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def processes_of(*folders: Path) -> dict[int, str]:
    """Running processes whose FLEETFOOT_STATE lies in one of ``folders``: pid -> command line.

    Zombies have an empty environment and are not counted.
    """
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environ = (entry / "environ").read_bytes()
            state = next((word[len(MARKER) :] for word in environ.split(b"\0") if word.startswith(MARKER)), None)
            if state is not None and any(Path(os.fsdecode(state)).is_relative_to(folder) for folder in folders):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                found[int(entry.name)] = command
        except OSError:  # gone meanwhile, or another user's
            continue
    return found
