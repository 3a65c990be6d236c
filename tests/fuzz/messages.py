"""HTTP/1.1 messages, most of them a little wrong. The same source gives the same."""

from __future__ import annotations

import random

METHODS = [
    b"GET",
    b"POST",
    b"PUT",
    b"HEAD",
    b"OPTIONS",
    b"DELETE",
    b"PATCH",
    b"CONNECT",
    b"PRI",
    b"get",
    b"G\x00T",
    b"M-SEARCH",
]


TARGETS = [
    b"/",
    b"/a?b=c",
    b"*",
    b"http://b/c",
    b"//x",
    b"/%00",
    b"/a b",
    b"b",
    b"",
    b"/\xff",
    b"/#f",
    b"http://a@b:80",
]


VERSIONS = [b"HTTP/1.1"] * 12 + [
    b"HTTP/1.0",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"HTTP/1.2",
    b"http/1.1",
    b"HTTP/1.1 ",
    b"HTTP/11",
]


LENGTHS = [
    b"5",
    b"0",
    b"05",
    b"+5",
    b"-0",
    b"5, 5",
    b"5,6",
    b" 5 ",
    b"5\t",
    b"0x5",
    b"",
    b"99999999999999999999",
    b"5 5",
    b"4",
    b"6",
]


CODINGS = [
    b"chunked", b"chunked", b"Chunked", b"chunked ", b"\tchunked", b"gzip, chunked", b"chunked, chunked", b"identity",
    b"xchunked",
    b"chunked\x0b", b"", b"chunked;q=1", b"'chunked'", b"chunked, identity",
]  # fmt: skip


NAMES = [
    b"Content-Length",
    b"content-length",
    b"Content-Length ",
    b" Content-Length",
    b"Content_Length",
    b"Content-Length\x00",
]


OTHERS = [
    b"X-A: b", b"X-A:b", b"X-A:  b \t", b"X-Empty:", b"Connection: close", b"Connection: keep-alive",
    b"Connection: x-a, content-length",
    b"Expect: 100-continue", b"Upgrade: foo\r\nConnection: upgrade", b"X-A: \xff\x80", b"X-A: \x01", b"X-\xff: a",
    b"X-A : b", b": b",
    b"X-Fold: a\r\n b", b"\tX: y", b"X-A: b\rX-B: c", b"X-A: b\nX-B: c", b"Host: b", b"TE: trailers",
    b"Keep-Alive: 5", b"X-A: b\x00c",
    b"Trailer: X-T", b"X-Forwarded-For: 1.2.3.4", b"Connection: upgrade",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings", b"nonsense",
]  # fmt: skip


SIZES = [
    b"5",
    b"5",
    b"5",
    b"05",
    b"0x5",
    b"+5",
    b" 5",
    b"5 ",
    b"5;a=b",
    b'5;a="b\r\nc"',
    b"5;a\n",
    b"-5",
    b"fffffffffffffffff",
    b"5g",
    b"",
    b"4",
    b"6",
]


HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"


SPECIAL = b"\r\n\0 :,;0123456789abcdefGTP/\t\x0b\x7f\xff"


def message(source: random.Random) -> bytes:
    """One to three requests, most of them a little wrong, and sometimes some bytes changed."""
    raw = b"".join(_one(source) for _ in range(source.choice((1, 1, 2, 3))))
    if source.random() < 0.35:
        changed = bytearray(raw)
        for _ in range(source.randrange(1, 4)):
            at = source.randrange(len(changed))
            what = source.randrange(3)
            if what == 0:
                changed[at] = source.choice(SPECIAL)
            elif what == 1:
                changed.insert(at, source.choice(SPECIAL))
            else:
                del changed[at]
        raw = bytes(changed) or b"\r\n"
    return raw


def _one(source: random.Random) -> bytes:
    wild = source.random() < 0.5  # else only well-formed parts
    framing = source.randrange(4)
    chosen = (
        (source.choice(METHODS), source.choice(TARGETS), source.choice(VERSIONS))
        if wild and source.random() < 0.5
        else (source.choice(METHODS[1:3] if framing else METHODS[:7]), source.choice(TARGETS[:2]), b"HTTP/1.1")
    )
    lines = [b" ".join(chosen)]
    lines += [b"Host: a"] * (source.choice((1, 1, 1, 1, 1, 1, 0, 2)) if wild else 1)
    if framing & 1:
        length = source.choice(LENGTHS) if wild and source.random() < 0.5 else b"5"
        lines.append((source.choice(NAMES) if wild and source.random() < 0.3 else b"Content-Length") + b": " + length)
    if framing & 2 and (wild or framing == 2):
        lines.append(
            b"Transfer-Encoding: " + (source.choice(CODINGS) if wild and source.random() < 0.5 else b"chunked")
        )
    if wild:
        lines += source.sample(OTHERS, source.randrange(3))
        source.shuffle(lines) if source.random() < 0.05 else None
    end = source.choice((b"\n", b"\r", b"\r\r\n")) if wild and source.random() < 0.1 else b"\r\n"
    return end.join([*lines, b"", b""]) + _body(source, framing, wild)


def _body(source: random.Random, framing: int, wild: bool) -> bytes:
    if framing & 2 and (wild or framing == 2):
        size = source.choice(SIZES) if wild else b"5"
        end = source.choice((b"\n", b"")) if wild and source.random() < 0.1 else b"\r\n"
        last = (
            source.choice((b"0", b"00", b"0;x", b"0\r\nX-T: 1", b"0\r\nContent-Length: 3", b"-0", b"0 "))
            if wild
            else b"0"
        )
        hidden = HIDDEN if wild and source.random() < 0.3 else b""
        return size + end + b"hello" + b"\r\n" + last + b"\r\n\r\n" + hidden
    if framing & 1:
        return source.choice((b"hello", b"hello", HIDDEN, b"")) if wild else b"hello"
    return HIDDEN if wild and source.random() < 0.1 else b""
