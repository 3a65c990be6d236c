"""Unix sockets with long paths: the kernel takes 107 bytes, a folder's descriptor makes any path short."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST = 100


@contextmanager
def short(path: Path) -> Iterator[str]:
    """A name for ``path`` that fits into a socket address, valid inside the ``with``."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{path.name}"
    finally:
        os.close(fd)


def listen(path: Path) -> socket.socket:
    """A listening socket at ``path`` for its owner only; what was there is replaced."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        with short(path) as name:
            sock.bind(name)
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(mask)
    sock.listen(64)
    return sock


def connect(path: Path, timeout_s: float | None) -> socket.socket:
    """A connected socket. OSError when nobody listens there."""
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(timeout_s)
    try:
        with short(path) as name:
            sock.connect(name)
    except OSError:
        sock.close()
        raise
    return sock
