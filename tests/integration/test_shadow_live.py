"""A shadow beside a real fleet that a person scales; what both journals hold replays equal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fleetfoot.face.cli import main
from fleetfoot.face.trial.service import LiveService
from tests.support import free_port, wait_until
from tests.ups import APP, CLI, SPEC

pytestmark = [pytest.mark.network, pytest.mark.slow]


def call(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done.stdout


@contextmanager
def shadow(service: LiveService, folder: Path) -> Iterator[None]:
    """``fleetfoot control --shadow`` beside the service, ended in order."""
    words = ["control", "--shadow", "-f", service.file, "--beside", service.state, "--state", folder]
    with subprocess.Popen([*CLI, *map(str, words)], stdout=subprocess.DEVNULL) as process:
        try:
            wait_until((folder / "control.sock").exists, what="the shadow")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def test_a_shadow_watches_a_real_fleet_and_leaves_it_alone(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    folder = tmp_path / "shadow"
    spec = SPEC.format(python=sys.executable, app=APP, port=port).replace("throughput: 20/s", "throughput: 10/s")
    with LiveService(spec, "tiny", url) as service:
        call("scale", "tiny", 1, "--state", service.state)
        with shadow(service, folder):

            def grew() -> bool:
                for _ in range(20):
                    urllib.request.urlopen(url, timeout=60).read()
                seen: dict[str, Any] = json.loads(call("status", "--state", folder, "--json"))
                fleet = seen["services"]["tiny"]["fleet"]
                return seen["up_ms"] > 13_000 and fleet is not None and fleet["desired"] > 1

            wait_until(grew, what="the shadow to grow")
            stats = service.stats()
            assert stats is not None
            assert stats["desired"] == 1
            refused = call("scale", "tiny", 3, "--state", folder, code=2)
            assert not refused
        found = json.loads(call("report", "--shadow", "--state", folder, "--json"))["services"]["tiny"]
        assert found["present"]["measured"]["requests"] > 20
        assert found["shadow"]["most_tasks"] > found["present"]["measured"]["most_tasks"] == 1
        for state in (folder, service.state):
            assert json.loads(call("replay", state, "--json"))["services"]["tiny"]["steps"] > 5
