"""What /proc says, and that no process is taken for another."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fleetfoot.fleet import ports, proc
from tests.support import wait_until

WAIT = "import sys; sys.stdin.read()"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", WAIT], stdin=subprocess.PIPE, env={"MARK": "here"}) as made:
        yield made
        made.kill()


def test_a_process_is_known_by_pid_and_start_time(child: subprocess.Popen[bytes]) -> None:
    start = proc.start_time(child.pid)
    assert start is not None
    assert proc.alive(child.pid, start)
    assert not proc.alive(child.pid, start + 1)


def test_the_wrong_start_time_is_never_signalled(child: subprocess.Popen[bytes]) -> None:
    start = proc.start_time(child.pid) or 0
    assert not proc.kill(child.pid, start + 1, signal.SIGKILL)
    assert child.poll() is None
    assert proc.kill(child.pid, start, signal.SIGKILL)
    assert child.wait(60) == -signal.SIGKILL
    assert not proc.kill(child.pid, start, signal.SIGKILL)


def test_a_zombie_is_dead_and_keeps_its_start_time(child: subprocess.Popen[bytes]) -> None:
    start = proc.start_time(child.pid) or 0
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: not proc.alive(child.pid, start))
    assert proc.start_time(child.pid) == start


def test_children_environment_and_usage_are_read(child: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: proc.environment(child.pid).get("MARK") == "here")
    assert child.pid in proc.children(os.getpid())
    assert {os.getpid(), child.pid} <= set(proc.tree(os.getpid()))
    wait_until(lambda: proc.usage(child.pid)[1] > 0, what="its memory, which the kernel counts late")
    assert child.pid in proc.marked("MARK", "here")


def test_a_process_that_is_gone_has_nothing() -> None:
    gone = 2**22 + 5
    assert proc.stat(gone) is None
    assert proc.children(gone) == []
    assert proc.environment(gone) == {}
    assert proc.usage(gone) == (0, 0)
    assert not proc.kill_group(gone, 0)


@pytest.mark.network
def test_the_listener_of_a_port_is_named() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        assert proc.listener(port) is None
        assert not ports.listening(port)
        sock.listen()
        assert proc.listener(port) == (os.getpid(), proc.name(os.getpid()))
        assert ports.listening(port)
        assert ports.taken(port)


@pytest.mark.network
def test_a_chosen_port_is_free_and_out_of_the_way_of_outgoing_connections() -> None:
    chosen = {ports.choose(()) for _ in range(20)}
    assert chosen <= set(ports.outside_ephemeral())
    span = ports.outside_ephemeral()
    assert ports.choose(set(span) - {next(iter(chosen))}) not in set(span) - {next(iter(chosen))}
