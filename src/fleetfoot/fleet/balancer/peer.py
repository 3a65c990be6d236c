"""Who is at the other end of a client connection."""

from __future__ import annotations

import asyncio
import ipaddress


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
        try:
            return ipaddress.ip_address(self.address.decode()).is_private
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
