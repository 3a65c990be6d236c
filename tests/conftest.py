"""Fixtures for all tests, and the check that no test leaves a process behind."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from fleetfoot.fleet.balancers import KINDS
from fleetfoot.fleet.haproxy import program
from tests.support import made_folders, processes_of, short_tmp, wait_until

pytest_plugins = ["tests.second_try"]

# Derandomised by default: a red build is red for everyone. A nightly sweep sets FLEETFOOT_HYPOTHESIS=sweep.
settings.register_profile("steady", derandomize=True, deadline=None, max_examples=100)
settings.register_profile(
    "sweep", deadline=None, max_examples=2000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("FLEETFOOT_HYPOTHESIS", "steady"))


@pytest.fixture
def short_path() -> Iterator[Path]:
    """``tmp_path`` with a path short enough for unix sockets."""
    with short_tmp() as folder:
        yield folder


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Every kind of balancer; skips, with the reason shown, the one that is not installed."""
    if why := program.unusable({"kind": request.param}):
        pytest.skip(why)
    return str(request.param)


@pytest.fixture
def chromium() -> str:
    """The path of chromium; skips, with the reason shown, where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("chromium is not installed: sudo apt-get install -y chromium")
    return found


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """After each file of tests no process may run whose FLEETFOOT_STATE lies in a folder of this test run."""
    yield
    folders = (tmp_path_factory.getbasetemp(), *made_folders)
    try:
        wait_until(lambda: not processes_of(*folders), timeout=30, what="the processes of this file's fleets to end")
    except AssertionError:
        left = processes_of(*folders)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        pytest.fail("left behind (killed now): " + "; ".join(f"{pid} {command}" for pid, command in left.items()))
