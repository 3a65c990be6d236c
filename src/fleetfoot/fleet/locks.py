"""One keeper per state folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO


class Locked(Exception):
    """Another keeper has the folder; the text names its pid."""


def take(path: Path) -> IO[str]:
    """Hold the lock until the file is closed or the process ends. Raises Locked, OSError."""
    file = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        pid = file.read(20).strip() or "unknown"
        file.close()
        raise Locked(f"a fleet with the state folder {path.parent} runs already: its keeper is process {pid}") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file
