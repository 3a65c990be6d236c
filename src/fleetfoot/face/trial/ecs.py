"""One trial of controller mode: `fleetfoot control` as a process, a simulated ECS service, and its tasks at work."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fleetfoot.face.trial.service import TrialFailed
from fleetfoot.fleet import paths, ports
from fleetfoot.provision import Plan, stack
from fleetfoot.provision.write import to_json
from fleetfoot.sim.aws.clock import REGION, SimClock
from fleetfoot.sim.aws.crowd import Crowd
from fleetfoot.sim.aws.scaling import attach
from fleetfoot.sim.aws.server import SimulatedAws
from fleetfoot.sim.aws.world import World
from fleetfoot.sim.native import execute
from fleetfoot.sim.setup import Setup
from fleetfoot.spec import load

CLUSTER, NAME, TOKEN = "prod", "orders", "trial"
CALM_S = 8.0  # a controller has seen enough of a steady rate
PATIENCE_S = 60.0
SOCKET = ".fleetfoot*/control.sock"
SPEC = """
services:
  orders:
    target: ecs
    ecs: {{cluster: prod, region: {region}}}
    objective: {{p95: 1s}}
    capacity: {{min: 2, max: 60}}
    task: {{throughput: {throughput}/s, startup: {startup}s}}
"""


def _answers(path: Path) -> bool:
    try:
        paths.connect(path, 1.0).close()
    except OSError:
        return False
    return True


class Trial:
    """A context manager; leaving it ends the controller and what it worked on."""

    def __init__(self, folder: Path, tasks: int, rate: float, throughput: float = 20.0, startup: int = 2) -> None:
        """``folder``: for the file and the state. ``rate`` and ``throughput``: requests/s; ``startup``: s."""
        self.folder = folder
        self.file, self.log = folder / "fleetfoot.yaml", folder / "control.log"
        self.aws = SimulatedAws(World(SimClock()))
        setup = Setup(startup=startup * 1000, registration=500, drain=1000)
        self.service = self.aws.world.service(CLUSTER, NAME, tasks, setup)
        self.port = ports.choose()
        url = f"http://127.0.0.1:{self.port}/push"
        self.crowd = Crowd(self.aws.world, self.service, url, TOKEN, throughput, rate)
        self.file.write_text(SPEC.format(region=REGION, throughput=throughput, startup=startup))
        self._process: subprocess.Popen[bytes] | None = None
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Trial:
        with contextlib.ExitStack() as opened:
            opened.enter_context(self.aws)
            opened.callback(self.end)
            self.begin()
            opened.enter_context(self.crowd)
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def arm(self) -> None:
        """AWS scales out too, as a template of mode controller sets it up."""
        service = load(self.file).services[NAME]
        attach(self.aws.world, self.service, execute("backstop", to_json(stack(Plan(service, "controller"))).encode()))

    def environment(self) -> dict[str, str]:
        """For every `fleetfoot` that is to see this AWS."""
        ours = {"AWS_ENDPOINT_URL": self.aws.url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        return {**os.environ, **ours, "AWS_EC2_METADATA_DISABLED": "true", "FLEETFOOT_TOKEN": TOKEN}

    def begin(self, *options: str) -> None:
        """Start the controller, and wait until it answers. Raises TrialFailed."""
        words = [
            sys.executable,
            "-P",
            "-m",
            "fleetfoot",
            "control",
            str(self.file),
            "--listen",
            f"127.0.0.1:{self.port}",
        ]
        for left in self.folder.glob(SOCKET):  # by one that was killed
            left.unlink()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*words, *options], env=self.environment(), stdout=log, stderr=subprocess.STDOUT
            )
        until = time.monotonic() + PATIENCE_S
        while not any(map(_answers, self.folder.glob(SOCKET))):
            if self._process.poll() is not None or time.monotonic() > until:
                raise TrialFailed(f"the controller did not start:\n{self.log.read_text()}")
            time.sleep(0.02)

    def end(self, hard: bool = False) -> None:
        """Stop the controller; ``hard``: as if its machine were lost."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if hard else signal.SIGTERM)
            self._process.wait(PATIENCE_S)
            self._process = None

    def surge(self, rate: float) -> float:
        """Let ``rate`` requests/s come from now on; the seconds until more tasks were ordered. Raises TrialFailed."""
        clock, before = self.aws.world.clock, len(self.service.updates)
        onset, count = clock.now(), self.service.desired
        self.crowd.rate = rate
        while clock.now() < onset + PATIENCE_S:
            grown = [at for at, ordered in self.service.updates[before:] if ordered > count]
            if grown:
                return grown[0] - onset
            time.sleep(0.01)
        raise TrialFailed(f"nothing was ordered within {PATIENCE_S:g} s:\n{self.log.read_text()}")
