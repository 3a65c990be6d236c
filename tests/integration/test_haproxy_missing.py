"""``balancer: haproxy`` on a machine without HAProxy: the one of this machine is hidden in a mount namespace."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fleetfoot.fleet.haproxy import program

SAYS = "orders: balancer: haproxy is not installed; to install it: sudo apt-get install -y haproxy"
_UNSHARE = ["unshare", "--mount", "--map-root-user"]


def hidden(argv: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it where no HAProxy is: not on $PATH, and not where it usually stands."""
    script = f"exec {shlex.join(argv)}"
    with contextlib.suppress(program.Unusable):
        script = f"mount --bind /dev/null {shlex.quote(program.find().path)} && {script}"
    if subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare is not allowed here, so that HAProxy cannot be hidden")
    environ = {**os.environ, "PATH": f"{folder}:/usr/bin:/bin"}
    return subprocess.run(
        [*_UNSHARE, "sh", "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_fleetfoot_up_says_what_to_install_and_starts_nothing(short_path: Path) -> None:
    (short_path / "fleetfoot.yaml").write_text(
        "services:\n  orders:\n    run: python3 -m http.server $PORT\n    objective: {p95: 1s}\n    balancer: haproxy\n"
    )
    fleetfoot = str(Path(sys.executable).with_name("fleetfoot"))
    ended = hidden([fleetfoot, "up", "--state", str(short_path / "state")], short_path)
    assert ended.returncode == 2
    assert SAYS in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (short_path / "state").exists()
    checked = hidden([fleetfoot, "check"], short_path)
    assert f"fleetfoot up would refuse: {SAYS}" in checked.stdout + checked.stderr


def test_a_keeper_alone_says_the_same(short_path: Path) -> None:
    config = {
        "state": str(short_path / "state"),
        "services": [{"name": "orders", "command": "true", "balancer": {"kind": "haproxy"}}],
    }
    (short_path / "fleet.json").write_text(json.dumps(config))
    ended = hidden([sys.executable, "-m", "fleetfoot.fleet.keeper", "fleet.json"], short_path)
    assert ended.returncode == 2, ended
    assert SAYS in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
