"""File descriptors: the plane takes as many as the system allows, a task gets what it would have had without us."""

from __future__ import annotations

import errno
import resource
from contextlib import suppress

GIVEN = resource.getrlimit(resource.RLIMIT_NOFILE)  # soft, hard: as this process was started

_LACKS = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL))


def is_ours(error: OSError) -> bool:
    """Whether a connection failed for lack of descriptors, memory or ports here: no fault of the other side."""
    return error.errno in _LACKS


def take_all() -> None:
    """Raise the soft limit to the hard one: a connection costs a descriptor, and 1,024 are the usual soft limit."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (GIVEN[1], GIVEN[1]))


def give_back(pid: int) -> None:
    """Set a child's limit to what ours was: programs that use select() break above 1,024."""
    with suppress(OSError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, GIVEN)
