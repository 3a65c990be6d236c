"""A real ``fleetfoot up`` in a folder of its own, started and ended with the trial."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fleetfoot.fleet.client import BlockingPlaneClient, PlaneError

READY_WITHIN = 60.0  # s
PR_SET_PDEATHSIG = 1


class TrialFailed(Exception):
    """The fleet did not start, or the load could not run; the text is for a person."""


def _die_with_parent() -> None:
    """In the child: end in order when the trial itself is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class LiveService:
    """``fleetfoot up`` on one yaml text. Use as a context manager: leaving it stops everything that was started."""

    stop_within = 20.0  # s from SIGTERM to SIGKILL

    def __init__(self, yaml: str, name: str, url: str) -> None:
        self.name, self.url = name, url
        self.folder = Path(tempfile.mkdtemp(prefix="ff-"))
        self.state = self.folder / "state"
        self.file = self.folder / "fleetfoot.yaml"
        self.log = self.folder / "up.log"
        self.file.write_text(yaml)
        self._process: subprocess.Popen[bytes] | None = None
        self._client: BlockingPlaneClient | None = None

    def __enter__(self) -> LiveService:
        try:
            self.start()
        except BaseException:  # Ctrl-C too: nobody else would stop what was started
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def journal(self) -> Path:
        return self.state / "journal.db"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until the initial tasks serve. Raises TrialFailed with the end of the log."""
        command = [sys.executable, "-P", "-m", "fleetfoot", "up", "-f", str(self.file), "--state", str(self.state)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - nothing else runs in this process yet
            )
        deadline = time.monotonic() + READY_WITHIN
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                text = self.log.read_text(errors="replace")[-2000:]
                self.stop()
                raise TrialFailed(f"the fleet did not come up; its log ends with:\n{text}")
            time.sleep(0.05)

    def _ready(self) -> bool:
        seen = self.stats()
        return (
            seen is not None and seen["serving"] + seen["warming"] >= seen["desired"] > 0 and self._controller_ready()
        )

    def _controller_ready(self) -> bool:
        return (self.state / "control.sock").exists()

    def stats(self) -> dict[str, Any] | None:
        """The data plane's figures for the service; None while it does not answer."""
        try:
            if self._client is None:
                self._client = BlockingPlaneClient(self.state / "plane.sock")
            answer = self._client.stats()
        except (PlaneError, KeyError):
            self._client = None
            return None
        found: dict[str, Any] | None = answer["services"].get(self.name)
        return found

    def stop(self) -> None:
        """SIGTERM, and after a while SIGKILL; waits for the end."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(self.stop_within)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
