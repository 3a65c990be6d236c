"""What /proc says about processes. Standard library only: the keeper imports this.

A process is identified by its pid AND its start time (field 22 of /proc/PID/stat, in clock ticks
since boot): a pid alone may long belong to somebody else. Every function answers None, 0 or nothing
for a process that is gone; none raises for it.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
_PR_SET_CHILD_SUBREAPER = 36
_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp


class Stat(NamedTuple):
    """The fields of /proc/PID/stat that matter here; times in clock ticks, rss in pages."""

    state: str
    ppid: int
    pgid: int
    sid: int
    cpu: int  # utime + stime + cutime + cstime: its own and that of children it has waited for
    start: int
    rss: int


def stat(pid: int) -> Stat | None:
    """The process's stat line, also for a zombie; None when there is no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (*GONE, OSError):
        return None
    f = text[text.rindex(")") + 2 :].split()  # the name may hold spaces and brackets
    cpu = int(f[11]) + int(f[12]) + int(f[13]) + int(f[14])
    return Stat(f[0], int(f[1]), int(f[2]), int(f[3]), cpu, int(f[19]), int(f[21]))


def start_time(pid: int) -> int | None:
    """Start time of a process, None when it is gone."""
    found = stat(pid)
    return found.start if found else None


def alive(pid: int, start: int) -> bool:
    """True while this very process runs; a zombie is dead."""
    found = stat(pid)
    return found is not None and found.start == start and found.state not in "ZX"


def become_subreaper() -> bool:
    """From now on orphaned descendants become children of this process. False when refused."""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def children(pid: int) -> list[int]:
    """Direct children of a process, of all its threads."""
    found: list[int] = []
    with suppress(OSError):
        for thread in (PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                found += map(int, (thread / "children").read_text(encoding="ascii").split())
    return found


def tree(pid: int) -> Iterator[int]:
    """The process and all its descendants."""
    todo = [pid]
    while todo:
        one = todo.pop()
        yield one
        todo += children(one)


def usage(pid: int) -> tuple[int, int]:
    """CPU ticks used so far and resident bytes of a process and its descendants."""
    cpu = rss = 0
    for one in tree(pid):
        if found := stat(one):
            cpu += found.cpu
            rss += found.rss * PAGE
    return cpu, rss


def environment(pid: int) -> dict[str, str]:
    """The environment a process was started with."""
    try:
        raw = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (part.split(b"=", 1) for part in raw.split(b"\0") if b"=" in part)
    return {k.decode(errors="replace"): v.decode(errors="replace") for k, v in pairs}


def all_pids() -> list[int]:
    """Every process of this machine that can be seen."""
    return [int(path.name) for path in PROC.iterdir() if path.name.isdigit()]


def marked(name: str, value: str) -> list[int]:
    """Processes started with the environment variable ``name`` set to ``value``."""
    return [pid for pid in all_pids() if environment(pid).get(name) == value]


def kill(pid: int, start: int, number: int) -> bool:
    """Signal this very process and no later owner of its pid; False when it is gone.

    The descriptor is taken first and the start time compared after: what it points at cannot change.
    """
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not alive(pid, start):
            return False
        signal.pidfd_send_signal(fd, number)
        return True
    except OSError:
        return False
    finally:
        os.close(fd)


def kill_group(pgid: int, number: int) -> bool:
    """Signal a process group; False when nobody is left in it. 0 as number only asks."""
    try:
        os.killpg(pgid, number)
    except OSError:
        return False
    return True


def boot_id() -> str:
    """Changes with every boot of the machine; empty when unknown."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def oom_kills() -> int:
    """Processes the kernel has killed for lack of memory since boot, containers' limits included."""
    try:
        lines = (PROC / "vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def name(pid: int) -> str:
    """A process's short name, ``?`` when unknown."""
    try:
        return (PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "?"


def listener(port: int) -> tuple[int, str] | None:
    """The process that listens on a TCP port: (pid, name), as far as /proc shows it to us."""
    inodes = set()
    for table in ("net/tcp", "net/tcp6"):
        with suppress(OSError):
            for line in (PROC / table).read_text(encoding="ascii").splitlines()[1:]:
                f = line.split()
                if f[3] == _LISTEN and int(f[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(f"socket:[{f[9]}]")
    for pid in all_pids() if inodes else []:
        with suppress(OSError):
            for fd in (PROC / str(pid) / "fd").iterdir():
                with suppress(OSError):
                    if str(fd.readlink()) in inodes:
                        return pid, name(pid)
    return None


def reap() -> Iterator[tuple[int, int, int]]:
    """Collect every dead child: (pid, start time, exit code as a shell shows it)."""
    with suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            start = start_time(found.si_pid) or 0  # a zombie still has it
            _, status = os.waitpid(found.si_pid, 0)
            code = os.waitstatus_to_exitcode(status)
            yield found.si_pid, start, 128 - code if code < 0 else code
