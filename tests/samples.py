"""The sample services of examples/, as processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import free_port

REPO = Path(__file__).parents[1]


@contextmanager
def encryptor(*flags: str, **env: str) -> Iterator[str]:
    """The sample service; its URL."""
    port = free_port()
    argv = [sys.executable, str(REPO / "examples" / "encryptor" / "app.py"), *flags]
    path = {"PYTHONPATH": str(REPO / "src")}
    with subprocess.Popen(argv, env=os.environ | path | {"PORT": str(port)} | env, stderr=subprocess.PIPE) as run:
        try:
            assert run.stderr is not None
            assert b"listens" in run.stderr.readline()
            yield f"http://127.0.0.1:{port}/"
        finally:
            run.terminate()
            run.communicate(timeout=20)
