"""``python -m fleetfoot.sim.aws``: one simulated ECS service at work, to try ``fleetfoot control`` on without AWS."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from fleetfoot.sim.aws.clock import REGION, SimClock
from fleetfoot.sim.aws.crowd import Crowd
from fleetfoot.sim.aws.scaling import attach
from fleetfoot.sim.aws.server import SimulatedAws
from fleetfoot.sim.aws.world import World
from fleetfoot.sim.native import execute
from fleetfoot.sim.setup import Setup

HINT = "type another number of requests/s and Enter; Ctrl-C ends it"


def main() -> int:
    """Serve until Ctrl-C; each line of the input is a new rate."""
    parser = argparse.ArgumentParser(prog="python -m fleetfoot.sim.aws", description=__doc__)
    parser.add_argument("--cluster", default="prod")
    parser.add_argument("--service", default="orders", help="its name on ECS and in fleetfoot.yaml")
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--rate", type=float, default=40.0, help="requests/s that come")
    parser.add_argument("--throughput", type=float, default=20.0, help="requests/s one task carries")
    parser.add_argument("--startup", type=float, default=23.0, help="seconds from an order until its tasks run")
    parser.add_argument("--template", type=Path, help="a CloudFormation template; its scaling acts on the service too")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--push", default="http://127.0.0.1:8900/push", help="where the controller takes pushes")
    parser.add_argument("--token", default="simulated", help="FLEETFOOT_TOKEN of the controller")
    asked = parser.parse_args()
    world = World(SimClock())
    setup = Setup(startup=round(asked.startup * 1000), registration=5000, drain=30_000)
    service = world.service(asked.cluster, asked.service, asked.tasks, setup)
    if asked.template is not None:
        try:
            attach(world, service, execute(str(asked.template), asked.template.read_bytes()))
        except (OSError, ValueError) as error:
            parser.error(str(error))
    crowd = Crowd(world, service, asked.push, asked.token, asked.throughput, asked.rate)
    with SimulatedAws(world, asked.port) as aws, crowd:
        sys.stdout.write(
            f"export AWS_ENDPOINT_URL={aws.url} AWS_REGION={REGION} AWS_ACCESS_KEY_ID=key "
            f"AWS_SECRET_ACCESS_KEY=secret FLEETFOOT_TOKEN={asked.token}\n{HINT}\n"
        )
        sys.stdout.flush()
        try:
            for line in sys.stdin:
                try:
                    crowd.rate = max(float(line), 0.0)
                except ValueError:
                    sys.stdout.write(f"{HINT}\n")
            while True:  # no terminal: it serves on
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
