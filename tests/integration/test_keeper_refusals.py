"""What a keeper refuses before it starts anything, and which orders its plane refuses."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fleetfoot.fleet.client import PlaneError
from tests.fleets import keeper
from tests.support import processes_of

pytestmark = pytest.mark.network


def test_a_second_fleet_on_the_same_state_is_refused_with_the_pid_of_the_first(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        assert run.process is not None
        second = run.launch(start=False)
        assert second.wait(30) == 2
        assert f"its keeper is process {run.process.pid}" in run.text()
        assert run.get()[0] == 200


def test_a_taken_port_is_named_with_its_owner_and_nothing_is_started(short_path: Path) -> None:
    with keeper(short_path) as run, socket.create_server(("127.0.0.1", 0)) as owner:
        port = owner.getsockname()[1]
        run.service["listen"] = f"127.0.0.1:{port}"
        assert run.launch().wait(30) == 2
        assert f"orders: port {port} is taken by process {os.getpid()} (" in run.text()
        assert not processes_of(short_path)
        assert not (run.state / "keeper.json").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("{", "bad.json", id="no-json"),
        pytest.param('{"state": "/x", "services": []}', "at least one", id="no-service"),
    ],
)
def test_an_unusable_file_is_refused_before_anything_is_started(short_path: Path, text: str, words: str) -> None:
    with keeper(short_path) as run:
        (short_path / "bad.json").write_text(text)
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
        command = [sys.executable, "-m", "fleetfoot.fleet.keeper", str(short_path / "bad.json")]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 2
        assert words in done.stderr
        assert run.process is None


def test_a_plane_that_cannot_start_ends_the_keeper_with_its_reason(short_path: Path) -> None:
    with keeper(short_path, balancer={"quee": 5}) as run:
        assert run.launch().wait(30) == 1
        assert "quee" in run.text()
        assert not processes_of(short_path)


def test_an_order_over_the_socket_is_bounded_and_checked(short_path: Path) -> None:
    with keeper(short_path) as run:
        run.start()
        for desired, words in ((13, "maximum 12"), (-1, "within 0"), ("3", "whole number"), (True, "whole number")):
            with pytest.raises(PlaneError, match=words):
                run.plane.call("scale", service="orders", desired=desired)
        with pytest.raises(PlaneError, match="there are orders"):
            run.plane.scale("other", 3)
        with pytest.raises(PlaneError, match="above 0"):
            run.plane.hint("orders", -1)
        assert run.plane.scale("orders", 2, "same") == {"id": 1, "ok": True, "desired": 2, "was": 2}
