"""Free TCP ports for tasks on 127.0.0.1.

A port is chosen, shown free by binding it, and given to the task in ``$PORT``; until the task binds it
somebody else may. Ports outside the kernel's range for outgoing connections make that rare (a
connection of the balancer's cannot take one), and a task that lost the race gets another port.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Collection
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def outside_ephemeral() -> range:
    """The larger of the ranges below and above the kernel's own."""
    try:
        low, high = map(int, _RANGE.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        low, high = 32768, 60999
    below, above = range(10_000, low), range(high + 1, 65_536)
    return below if len(below) >= len(above) else above


def taken(port: int) -> bool:
    """True when the port cannot be bound on 127.0.0.1 now."""
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def listening(port: int) -> bool:
    """True when a connection to the port on 127.0.0.1 is accepted."""
    with socket.socket() as sock:
        sock.settimeout(0.2)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def choose(avoid: Collection[int] = ()) -> int:
    """A free port not in ``avoid``. OSError when none is found."""
    span = outside_ephemeral()
    for port in random.sample(span, min(200, len(span))):
        if port not in avoid and not taken(port):
            return port
    with socket.socket() as sock:  # crowded: let the kernel choose
        try:
            sock.bind(("127.0.0.1", 0))
        except OSError as error:
            raise OSError(f"no port is free on 127.0.0.1: {error.strerror}") from error
        return int(sock.getsockname()[1])
