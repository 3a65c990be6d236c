"""Heads of requests and responses on their way through: pure functions from bytes to bytes.

Rules for whoever edits this file:
1. What the parser let through is checked again where a mistake would be request smuggling: one Host,
   one Content-Length or one ``Transfer-Encoding: chunked``, never both.
2. A request head is written anew, never passed on, so that both sides read the same framing.
3. Hop-by-hop headers end here, in both directions, with those that ``Connection`` names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .peer import Peer

Headers = Sequence[tuple[bytes, bytes]]

CHUNKED = -1  # the length of a body that says its length as it goes

_HOP = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"http2-settings"))
_FORWARDED = frozenset((b"x-forwarded-for", b"x-forwarded-proto"))
_FRAMING = frozenset((b"host", b"content-length", b"transfer-encoding"))
# WSGI and CGI know no difference between hyphen and underscore: spelt so, a client's word would be taken for ours.
_LOOKALIKES = frozenset(
    b"x%cforwarded%c%b" % (first, second, what)
    for first, second in (b"__", b"_-", b"-_")
    for what in (b"for", b"proto")
)
_SPECIAL = _HOP | _FORWARDED | _LOOKALIKES | _FRAMING | {b"expect"}
_URL = re.compile(rb"https?://(?:[^/?@]*@)?([^/?@]+)(.*)", re.IGNORECASE)
_CONNECTION = re.compile(rb"\nconnection:([^\r]*)")
_DIGITS = 19  # of a length; Python refuses to read thousands of them, as zeros before it may be
_PLAIN_CONNECTION = frozenset((b"keep-alive", b"close", b""))


class RefusedHead(Exception):
    """A head that must not reach a task. ``status`` answers it, ``why`` is one English clause."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


def request_head(
    method: bytes, target: bytes, headers: Headers, version: str, upgrading: bool, peer: Peer
) -> tuple[bytes, int, bool, bool]:
    """(head for the task, body length or ``CHUNKED``, asks for an upgrade, expects 100-continue).

    ``upgrading``: the parser saw ``Connection: upgrade``. Raises RefusedHead.
    """
    lines = [method + b" " + target + b" HTTP/1.1"]
    hosts = length = 0
    special = target[:1] != b"/" or version != "1.1" or upgrading
    for name, value in headers:
        low = name.lower()
        if low not in _SPECIAL:
            lines.append(name + b": " + value)
        elif low == b"host":
            hosts += 1
            lines.append(b"Host: " + value)
        elif low == b"content-length" and not length and value.isdigit() and len(value) <= _DIGITS:
            length = int(value)
            special = special or not length  # zero is no mark that one was seen: count them with care
            lines.append(b"Content-Length: " + value)
        elif low != b"connection" or value.lower() not in _PLAIN_CONNECTION:
            special = True
    if special or hosts != 1:
        return _with_care(method, target, headers, version, upgrading, peer)
    lines.append(peer.tail)
    return b"\r\n".join(lines), length, False, False


def _with_care(
    method: bytes, target: bytes, headers: Headers, version: str, upgrading: bool, peer: Peer
) -> tuple[bytes, int, bool, bool]:
    found: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        low = name.lower()
        if low in _SPECIAL:
            found.setdefault(low, []).append(value)
    if version not in ("1.1", "1.0"):
        raise RefusedHead(505, f"HTTP/{version} is not spoken here")
    if method == b"CONNECT":
        raise RefusedHead(405, "CONNECT is for forward proxies")
    target, host = _target_and_host(method, target, found.get(b"host", []), version, peer)
    length = _body_length(found, version)
    upgrade = upgrading and version == "1.1" and length == 0 and method == b"GET" and _upgrade_is_known(found)
    expects = any(value.lower() == b"100-continue" for value in found.get(b"expect", []))

    lines = [method + b" " + target + b" HTTP/1.1", b"Host: " + host]
    dropped = _named_by_connection(found.get(b"connection", []))
    for name, value in headers:
        low = name.lower()
        if low not in _SPECIAL and low not in dropped:
            lines.append(name + b": " + value)
    if b"expect" in found and version == "1.1":
        lines.append(b"Expect: " + b", ".join(found[b"expect"]))
    if length == CHUNKED:
        lines.append(b"Transfer-Encoding: chunked")
    elif b"content-length" in found:
        lines.append(b"Content-Length: %d" % length)
    if upgrade:
        lines += [b"Connection: Upgrade", b"Upgrade: " + b", ".join(found[b"upgrade"])]
    lines.append(_forwarded(found, peer))
    return b"\r\n".join(lines), length, upgrade, expects and version == "1.1"


def _target_and_host(method: bytes, target: bytes, hosts: list[bytes], version: str, peer: Peer) -> tuple[bytes, bytes]:
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise RefusedHead(400, "a request has one Host header")
    host = hosts[0] if hosts else peer.local
    if target[:1] == b"/" or (target == b"*" and method == b"OPTIONS"):
        return target, host
    url = _URL.fullmatch(target)
    if url is None:
        raise RefusedHead(400, "the request target is neither a path nor an http URL")
    authority, path = url.groups()
    return path if path[:1] == b"/" else b"/" + path, authority


def _body_length(found: dict[bytes, list[bytes]], version: str) -> int:
    codings, lengths = found.get(b"transfer-encoding"), found.get(b"content-length")
    if codings is not None:
        if lengths is not None:
            raise RefusedHead(400, "Transfer-Encoding and Content-Length exclude each other")
        if len(codings) != 1 or codings[0].strip(b" \t").lower() != b"chunked":
            raise RefusedHead(400, "the only Transfer-Encoding taken is chunked")
        if version != "1.1":
            raise RefusedHead(400, "HTTP/1.0 has no Transfer-Encoding")
        return CHUNKED
    if lengths is None:
        return 0
    digits = lengths[0].strip(b" \t")
    if len(lengths) != 1 or not digits.isdigit() or len(digits) > _DIGITS:
        raise RefusedHead(400, f"a request has at most one Content-Length, a number of at most {_DIGITS} digits")
    return int(digits)


def _upgrade_is_known(found: dict[bytes, list[bytes]]) -> bool:
    """Everything but HTTP/2: a client that offers h2c takes HTTP/1.1 as well, and no task of ours must answer it."""
    offered = b",".join(found.get(b"upgrade", [])).lower()
    return bool(offered) and b"h2c" not in offered


def _named_by_connection(values: list[bytes]) -> frozenset[bytes]:
    """The headers that ``Connection`` declares hop-by-hop; never those that frame or route the message."""
    return frozenset(part.strip(b" \t").lower() for part in b",".join(values).split(b",")) - _FRAMING - _FORWARDED


def asks_to_close(headers: Headers) -> bool:
    """Whether ``Connection`` says close, whatever else it says (RFC 9112, 9.3)."""
    values = [value for name, value in headers if name.lower() == b"connection"]
    return b"close" in _named_by_connection(values)


def _forwarded(found: dict[bytes, list[bytes]], peer: Peer) -> bytes:
    """The last lines of the head and the empty line after it."""
    chain = b", ".join([*found.get(b"x-forwarded-for", []), peer.address])
    schemes = found.get(b"x-forwarded-proto", [])
    scheme = schemes[-1] if schemes and peer.near() else b"http"
    return b"X-Forwarded-For: " + chain + b"\r\nX-Forwarded-Proto: " + scheme + b"\r\n\r\n"


def response_head(head: bytes, low: bytes, kept: bool, close: bool, old: bool) -> bytes:
    """A task's response head for the client, in our version and without hop-by-hop headers.

    ``head`` ends with the empty line; ``low`` is its lower case; ``kept``: the task keeps its connection, which by
    itself only HTTP/1.1 does; ``close``: this is the client connection's last response; ``old``: the client speaks
    HTTP/1.0 (no chunks, and keep-alive must be said).
    """
    if old or not kept or b"connection:" in low or b"\nkeep-alive:" in low:
        head = _written_anew(head, old)
    if close:
        return head[:-2] + b"Connection: close\r\n\r\n"
    if old:
        return head[:-2] + b"Connection: keep-alive\r\n\r\n"
    return head


def _written_anew(head: bytes, old: bool) -> bytes:
    first, *lines = head[:-4].split(b"\r\n")
    named = [line.split(b":", 1) for line in lines]
    connection = [value for name, value in named if name.lower() == b"connection"]
    dropped = _named_by_connection(connection) - {b"upgrade", b"close"}
    dropped |= {b"connection", b"keep-alive", b"proxy-connection"}
    if old:
        dropped |= {b"transfer-encoding", b"trailer"}
    kept = [line for line, (name, _) in zip(lines, named, strict=True) if name.lower() not in dropped]
    return b"\r\n".join([b"HTTP/1.1" + first[8:], *kept, b"", b""])  # told HTTP/1.0, a client would close


def says_close(low: bytes) -> bool:
    """Whether a response with this lower-case head is its connection's last by what ``Connection`` says."""
    return b"close" in _named_by_connection(_CONNECTION.findall(low))


def ends_with_connection(low: bytes) -> bool:
    """Whether a response with this lower-case head has neither a length nor chunks: its body ends at EOF.

    Ask only for a response that may have a body.
    """
    if b"\ntransfer-encoding:" in low:
        value = low.rpartition(b"\ntransfer-encoding:")[2].partition(b"\r\n")[0]
        return not value.strip().endswith(b"chunked")
    return b"\ncontent-length:" not in low
