"""The process: ``python -m fleetfoot.fleet.sidecar``, all settings from the environment."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys

from fleetfoot.fleet import files, loops
from fleetfoot.fleet.settings import BadSettings
from fleetfoot.fleet.sidecar.settings import SidecarSettings, settings_from
from fleetfoot.fleet.sidecar.sidecar import Sidecar
from fleetfoot.fleet.sockets import PortTaken, bind
from fleetfoot_agent.emf import place_from
from fleetfoot_agent.sender import Target, target_from

log = logging.getLogger("fleetfoot.sidecar")


def main() -> int:
    """0 after an orderly stop, 2 when it cannot be started."""
    logging.basicConfig(level=logging.INFO, format="sidecar: %(message)s", stream=sys.stderr)
    try:
        settings, target = settings_from(os.environ), target_from(os.environ)
        traffic = bind(*settings.listen, "SIDECAR_LISTEN")
        health = bind(*settings.health, "SIDECAR_HEALTH_LISTEN")
    except (BadSettings, PortTaken, ValueError) as error:
        for line in str(error).splitlines():
            log.error("%s", line)
        return 2
    files.take_all()
    loops.run(_serve(settings, target, traffic, health))
    return 0


async def _serve(
    settings: SidecarSettings, target: Target | None, traffic: socket.socket, health: socket.socket
) -> None:
    sidecar = Sidecar(settings, target, place_from(os.environ), traffic, health)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, sidecar.stop)
    log.info("%s -> 127.0.0.1:%d, health on %s", _where(traffic), settings.app_port, _where(health))
    log.info("%s", f"pushing to {target.url}" if target else "FLEETFOOT_PUSH_URL is not set: nothing is pushed")
    await sidecar.run()


def _where(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())
