"""Who is at the other end of a client connection."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from functools import lru_cache

HOPS = 8  # of X-Forwarded-For, from its end, that are looked at
NAME = 64  # bytes of an address
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


class Peer:
    """What a client connection adds to each of its requests."""

    __slots__ = ("address", "local", "tail")

    def __init__(self, address: str, local: str) -> None:
        """``address``: of the client; ``local``: host:port it reached, the Host of an HTTP/1.0 request without one."""
        self.address = address.encode("ascii", "replace")
        self.local = local.encode("ascii", "replace")
        self.tail = b"X-Forwarded-For: " + self.address + b"\r\nX-Forwarded-Proto: http\r\n\r\n"

    def near(self) -> bool:
        """On this machine or in a private network: its X-Forwarded-Proto is believed (a TLS proxy before us)."""
        return _is_private(self.address)

    def client(self, head: bytes) -> bytes:
        """Whose a request is, for fairness. ``head``: as it goes to a task.

        Behind proxies in private networks it is the last address that is not one of theirs: what stands before that
        in X-Forwarded-For anybody may have written.
        """
        if not self.near():
            return self.address
        chain = head[head.rfind(b"\r\nX-Forwarded-For: ") + 19 :].partition(b"\r\n")[0]
        address = self.address
        for hop in reversed(chain.rsplit(b",", HOPS)[-HOPS:]):
            address = hop.strip()[:NAME]
            if not _is_private(address):
                break
        return address


@lru_cache(1024)
def _is_private(address: bytes) -> bool:
    try:
        return ipaddress.ip_address(address.decode("ascii", "replace")).is_private
    except ValueError:
        return False


def peer_of(transport: asyncio.BaseTransport) -> Peer:
    """The peer of a connection just made."""
    local = transport.get_extra_info("sockname")
    host, port = (str(local[0]), f":{local[1]}") if isinstance(local, tuple) else ("localhost", "")
    return Peer(_client(transport), (f"[{host}]" if ":" in host else host) + port)


def _client(transport: asyncio.BaseTransport) -> str:
    """Its address; ``unknown`` when it has gone already or came over a unix socket."""
    address = transport.get_extra_info("peername")
    return str(address[0]) if isinstance(address, tuple) else "unknown"


def reset(transport: asyncio.Transport) -> None:
    """Close at once with a reset, which nobody takes for an end."""
    sock = transport.get_extra_info("socket")
    if sock is not None and not transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
