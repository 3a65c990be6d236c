"""A second try that did nothing, or hid a fault, would be seen by nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.second_try import PURE

ROOT = Path(__file__).parents[2]

TESTS = """
import threading
import pytest

servers, tried = [], set()

def first(name):
    known = name in tried
    tried.add(name)
    return not known

@pytest.fixture(scope="module")
def server():
    servers.append({"alive": True})
    yield servers[-1]
    servers[-1]["stopped"] = True

@pytest.fixture
def shaky():
    assert not first("shaky"), "not ready"

@pytest.fixture
def untidy():
    yield
    assert not first("untidy"), "left behind"

def test_server_dies_once(server):
    server["alive"] = not first("server")
    assert server["alive"]

def test_after_it(server):
    assert server["alive"] and len(servers) == 2 and servers[0]["stopped"]

def test_set_up_in_vain_once(shaky): ...

def test_taken_down_in_vain_once(untidy): ...

def test_wrong():
    assert 0

@pytest.mark.timeout(0.3)
def test_hangs():
    threading.Event().wait()
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    folder = tmp_path_factory.mktemp("tried")
    (folder / "pytest.ini").write_text("[pytest]\ntimeout = 120\ntimeout_method = signal\nfilterwarnings = error\n")
    (folder / "test_tried.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "tests.second_try", "-p", "no:cacheprovider"]
    options = ["-c", str(folder / "pytest.ini"), "-ra", "--rerun-show-tracebacks", "-n", "1", "--dist=loadfile"]
    plain = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    return subprocess.run(
        [*command, *options, str(folder)], check=False, cwd=ROOT, env=plain, capture_output=True, text=True, timeout=110
    )


def told(run: subprocess.CompletedProcess[str], test: str) -> list[str]:
    """What the summary says of a test, in order."""
    lines = run.stdout.partition(" rerun test summary info ")[2].partition(" short test summary info ")[0].splitlines()
    return [line.split()[0] for line in lines if line.endswith(f"::{test}")]


@pytest.mark.parametrize("test", ["test_server_dies_once", "test_set_up_in_vain_once", "test_taken_down_in_vain_once"])
def test_what_fails_once_is_green_and_told(run: subprocess.CompletedProcess[str], test: str) -> None:
    assert "RERUN" in told(run, test)
    assert told(run, test)[-1] == "PASSED"


@pytest.mark.parametrize("test", ["test_wrong", "test_hangs"])
def test_what_fails_twice_is_red(run: subprocess.CompletedProcess[str], test: str) -> None:
    assert told(run, test) == ["RERUN", "FAILED"]


def test_the_second_try_has_a_time_limit_of_its_own(run: subprocess.CompletedProcess[str]) -> None:
    failures = run.stdout.partition("rerun test summary info")[0]
    assert "Failed: Timeout (>0.3s)" in failures.partition("test_hangs")[2]


def test_what_a_file_shares_is_set_up_again_for_the_second_try_and_stays_for_the_next_test(
    run: subprocess.CompletedProcess[str],
) -> None:
    assert "::test_after_it" not in run.stdout  # it states both, and is green at once


def test_the_error_of_the_first_try_is_shown(run: subprocess.CompletedProcess[str]) -> None:
    assert "not ready" in run.stdout
    assert "left behind" in run.stdout


def test_the_last_line_is_the_summary_and_the_exit_code_says_red(run: subprocess.CompletedProcess[str]) -> None:
    assert (
        " 2 failed, 5 passed, 5 rerun in " in run.stdout.splitlines()[-1]
    )  # one passed twice: its taking down is tried with it
    assert run.returncode == pytest.ExitCode.TESTS_FAILED


def test_only_what_is_not_pure_is_tried_again(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("flaky")
    assert all(folder.is_dir() for folder in PURE)
    marked = {item.path for item in request.session.items if item.get_closest_marker("flaky")}
    assert not any(path.is_relative_to(folder) for path in marked for folder in PURE)
