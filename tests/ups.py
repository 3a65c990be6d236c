"""``fleetfoot up`` as a person starts it, in a folder of its own, and traffic for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from fleetfoot.face.cli import main
from fleetfoot.face.cli.common import Told
from fleetfoot.face.cli.common import ask as request
from tests.support import free_port, short_tmp, wait_until

CLI = [sys.executable, "-m", "fleetfoot.face.cli"]
APP = Path(__file__).parent / "apps" / "tiny.py"
SPEC = """
services:
  tiny:
    run: {python} {app}
    listen: 127.0.0.1:{port}
    health: {{readiness: {{path: /healthz, interval: 200ms}}}}
    objective: {{p95: 1s}}
    capacity: {{min: 1, max: 6}}
    task: {{throughput: 20/s, startup: 500ms, drain: 2s, stop timeout: 2s}}
"""


class Up:
    """A running fleet in a folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.state = folder / ".fleetfoot"
        self.log = folder / "up.log"
        (folder / "fleetfoot.yaml").write_text(SPEC.format(python=sys.executable, app=APP, port=port))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*CLI, "up"], cwd=self.folder, stdout=log, stderr=log)
        wait_until(lambda: self.said() or self.serving() >= 1, what="the first task")
        assert not self.said(), self.log.read_text()

    def said(self) -> bool:
        """Whether ``up`` ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def ask(self, *words: str, code: int = 0) -> str:
        """One call of the command line as a process; its output, or its error when ``code`` is not 0."""
        done = subprocess.run([*CLI, *words], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, (
            f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.log.read_text()}"
        )
        return done.stderr if code else done.stdout

    def told(self, *words: str, code: int = 0) -> str:
        """The same in this process, which is quicker."""
        done = CliRunner().invoke(main, [*words, "-f", str(self.folder / "fleetfoot.yaml")])
        assert done.exit_code == code, f"{words}: {done.output}\n{self.log.read_text()}"
        return done.stderr if code else done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.told(*words, "--json"))

    def status(self) -> dict[str, Any]:
        """The controller's status; {} while none answers."""
        try:
            return dict(request(self.state, "GET", "/api/v1/status"))
        except Told:
            return {}

    def tiny(self) -> dict[str, Any]:
        """The service in the controller's status; {} while none answers."""
        return dict(self.status().get("services", {}).get("tiny", {}))

    def fleet(self) -> dict[str, Any]:
        return dict(self.tiny().get("fleet") or {})

    def serving(self) -> int:
        fleet = self.fleet()
        return int(fleet.get("serving", 0)) + int(fleet.get("warming", 0))

    @contextmanager
    def load(self, rate: int) -> Iterator[Traffic]:
        """Open-loop traffic meanwhile."""
        traffic = Traffic(f"http://127.0.0.1:{self.port}/", rate)
        try:
            yield traffic
        finally:
            traffic.end()


class Traffic:
    """``fleetfoot load`` until somebody ends it."""

    def __init__(self, url: str, rate: int) -> None:
        words = ["load", url, "--rate", str(rate), "--for", "10m", "--json"]
        self._process = subprocess.Popen(
            [*CLI, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )

    def result(self) -> dict[str, Any]:
        """Interrupt it as Ctrl-C does, which reaches the generator too; its figures."""
        os.killpg(self._process.pid, signal.SIGINT)
        out, _ = self._process.communicate(timeout=60)
        return dict(json.loads(out.strip().splitlines()[-1]))

    def end(self) -> None:
        """Nobody wants to know its figures."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.communicate(timeout=60)


@contextmanager
def started(prepare: Callable[[Path, int], None] = lambda *_: None) -> Iterator[Up]:
    """With its first task; ended in order. ``prepare`` is given the folder and the port before the start."""
    with short_tmp() as folder:
        up = Up(folder, free_port())
        prepare(folder, up.port)
        try:
            up.start()
            yield up
        finally:
            if up.process is not None and up.process.poll() is None:
                up.stop()
