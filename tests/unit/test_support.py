"""The helpers of the tests are tested too: a leak check that finds nothing would pass for ever."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support import free_port, processes_of, short_tmp, wait_until


def test_a_process_that_carries_the_state_folder_is_found_and_gone_when_it_ends() -> None:
    with short_tmp() as folder:
        script = "import sys; sys.stdin.read()"
        environ = {**os.environ, "FLEETFOOT_STATE": str(folder / "state")}
        with subprocess.Popen([sys.executable, "-c", script], env=environ, stdin=subprocess.PIPE) as child:
            wait_until(lambda: child.pid in processes_of(folder), what="the child to be found")
            assert "sys.stdin.read" in processes_of(folder)[child.pid]
        assert processes_of(folder) == {}


def test_a_fleet_elsewhere_is_not_ours() -> None:
    with short_tmp() as mine, short_tmp() as other:
        environ = {**os.environ, "FLEETFOOT_STATE": str(other)}
        with subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], env=environ, stdin=subprocess.PIPE
        ) as child:
            wait_until(lambda: child.pid in processes_of(other))
            assert processes_of(mine) == {}


def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(AssertionError, match=r"in vain for: the moon; the last answer was 0"):
        wait_until(lambda: 0, timeout=0.02, what="the moon")


def test_a_free_port_is_a_port() -> None:
    assert 1024 <= free_port() <= 65535


def test_a_short_folder_leaves_room_for_a_socket_name_and_goes_away() -> None:
    with short_tmp() as folder:
        assert len(str(folder)) < 60
        (folder / "state").mkdir()
    assert not folder.exists()
