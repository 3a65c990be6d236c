"""Listening sockets of the keeper, with a clear text when a port is taken."""

from __future__ import annotations

import errno
import socket

from . import proc
from .settings import FleetSettings, address

BACKLOG = 4096


class PortTaken(Exception):
    """A listening socket cannot be had; the text names the port and, where it can, who has it."""


def bind(host: str, port: int, service: str) -> socket.socket:
    """A listening TCP socket. Raises PortTaken, also for an address this machine does not have."""
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise PortTaken(f"{service}: {host}:{port} is no address to listen on: {error.strerror or error}") from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(where)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise PortTaken(_why(error, host, port, service)) from error
    return sock


class Listening:
    """The sockets of one life of a fleet: one for each service, and one for pushes where they are wanted."""

    def __init__(self, settings: FleetSettings) -> None:
        """Bind all, or none. Raises PortTaken."""
        self.services: dict[str, socket.socket] = {}
        self.push: socket.socket | None = None
        try:
            for one in settings.services:
                self.services[one.name] = bind(*address(one.listen), one.name)
            if settings.push:
                self.push = bind("127.0.0.1", 0, "push")
        except PortTaken:
            self.close()
            raise

    def close(self) -> None:
        for sock in (*self.services.values(), *([self.push] if self.push else [])):
            sock.close()
        self.services, self.push = {}, None


def listens_on(asked: str, sock: socket.socket) -> str:
    """``asked``, host:port, with the port it became: 0 takes any free one."""
    return f"{asked.rpartition(':')[0]}:{sock.getsockname()[1]}"


def _why(error: OSError, host: str, port: int, service: str) -> str:
    if error.errno == errno.EADDRINUSE:
        owner = proc.listener(port)
        by = f" by process {owner[0]} ({owner[1]})" if owner else ""
        return f"{service}: port {port} is taken{by}; stop it or choose another port under listen"
    if error.errno == errno.EACCES:
        return f"{service}: port {port} needs more rights than this user has; ports from 1024 on do not"
    return f"{service}: cannot listen on {host}:{port}: {error.strerror}"
