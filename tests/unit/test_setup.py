"""scripts/setup on machines that lack something, tried with programs that stand in for python3, id and apt-get."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "cat", "cut", "dirname", "rm", "mkdir", "touch", "sha256sum")


class Machine:
    """A folder that looks like a clone, and a PATH with nothing but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.clone, self.bin, self.log = folder / "clone", folder / "bin", folder / "log"
        self.bin.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found
            (self.bin / tool).symlink_to(found)
        for name in ("scripts/setup", "requirements/core.lock", "pyproject.toml", "src/fleetfoot_agent/pyproject.toml"):
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.clone / name)

    def program(self, name: str, body: str) -> Path:
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.log}"\n{body}\n')
        path.chmod(0o755)
        return path

    def python(self, *, new: bool = True, venv_when: str = "exit 1") -> None:
        """A python3: whether it is new enough, and the shell test that says if it has venv; it makes no real one."""
        self.program(
            "python3",
            f"""case "$2" in
            *sys.exit*) exit {0 if new else 1} ;;
            *ensurepip*) {venv_when} ;;
            *-venv*) echo python3.11-venv ;;
            *executable*) echo /usr/bin/python3 ;;
            *platform*) echo 3.11.2 ;;
            esac
            case "$1" in
            --version) echo Python 3.9.2 ;;
            -m) exit 7 ;;
            esac""",
        )

    def setup(self) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": str(self.bin), "HOME": str(self.clone), "FLEETFOOT_PYTHON": "python3"}
        return subprocess.run(
            ["/bin/sh", "scripts/setup", "core"],
            cwd=self.clone,
            env=environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self) -> str:
        return self.log.read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_old_python_is_refused_with_what_was_found_and_what_is_needed(machine: Machine) -> None:
    machine.python(new=False)
    done = machine.setup()
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; found: Python 3.9.2" in done.stderr


def test_without_root_a_missing_venv_module_prints_the_exact_command(machine: Machine) -> None:
    machine.python()
    machine.program("id", "echo 1000")
    done = machine.setup()
    assert done.returncode == 1
    assert "sudo apt-get update && sudo apt-get install -y python3-venv" in done.stderr
    assert "apt-get" not in machine.calls()


def test_as_root_a_missing_venv_module_is_installed(machine: Machine, tmp_path: Path) -> None:
    has = tmp_path / "has-venv"
    machine.python(venv_when=f'test -e "{has}" || exit 1; exit 0')
    machine.program("id", "echo 0")
    machine.program("apt-get", f'case "$*" in *install*) touch "{has}" ;; esac')
    done = machine.setup()
    calls = machine.calls()
    assert calls.index("apt-get update") < calls.index("apt-get install")
    assert "python3-venv" in calls
    assert "python3 -m venv .venv" in calls, done.stderr


def test_a_failing_apt_get_is_told_with_its_own_words(machine: Machine) -> None:
    machine.python(venv_when="exit 1")
    machine.program("id", "echo 0")
    machine.program("apt-get", 'case "$*" in *install*) echo no such package; exit 100 ;; esac')
    done = machine.setup()
    assert done.returncode == 1
    assert "could not install python3-venv" in done.stderr
    assert "no such package" in done.stderr


def test_a_venv_that_cannot_be_made_is_not_marked_as_done(machine: Machine) -> None:
    machine.python(venv_when="exit 0")
    done = machine.setup()
    assert done.returncode == 1
    assert "could not make .venv" in done.stderr
    assert not (machine.clone / ".venv").exists()


@pytest.mark.parametrize("name", [pytest.param(n, id=n) for n in ("setup", "setup-system", "test", "lock")])
def test_a_script_is_valid_shell(name: str) -> None:
    done = subprocess.run(["/bin/sh", "-n", ROOT / "scripts" / name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
