"""A rolling update is kept by the fleet itself: killed planes, a new start, and HAProxy."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.fleets import keeper
from tests.support import wait_until

pytestmark = pytest.mark.network


def test_an_update_goes_on_when_the_plane_is_killed_in_its_middle(short_path: Path) -> None:
    with keeper(short_path, initial=3, ramp_ms=0, bake_ms=2500, revision="v1") as run:
        run.start()
        run.plane.call("update", service="orders", settings={"env": {"COLOUR": "blue"}, "revision": "v2"})
        wait_until(lambda: versions(run.told()) == {"v1", "v2"}, what="both versions")
        plane = run.plane_pid()
        os.kill(plane, signal.SIGKILL)
        wait_until(lambda: run.told() and run.plane_pid() != plane, what="the next plane")
        wait_until(lambda: run.told()["update"]["state"] == "completed", what="the end of the update")
        wait_until(lambda: versions(run.told()) == {"v2"}, what="the new version alone")
        plane = run.plane_pid()
        os.kill(plane, signal.SIGKILL)
        wait_until(lambda: run.told() and run.plane_pid() != plane, what="the next plane")
        run.plane.scale("orders", 4)
        run.serving(4)
        assert versions(run.told()) == {"v2"}
        assert run.get("/env/COLOUR") == (200, "blue")
        assert run.end() == 0
        run.start()  # the same file: the version that was good
        assert versions(run.told()) == {"v2"}


def test_an_update_in_the_middle_of_which_all_was_killed_begins_with_the_good_version(short_path: Path) -> None:
    with keeper(short_path, ramp_ms=0, bake_ms=60_000, revision="v1") as run:
        run.start()
        run.plane.call("update", service="orders", settings={"env": {"COLOUR": "blue"}, "revision": "v2"})
        wait_until(lambda: versions(run.told()) == {"v1", "v2"}, what="both versions")
        assert run.end(signal.SIGTERM) == 0
        run.start()
        assert versions(run.told()) == {"v1"}
        assert run.told()["update"]["state"] == "rolled back"


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
def test_behind_haproxy_an_update_and_a_lost_zone_lose_no_request_either(short_path: Path) -> None:
    balancer = {"kind": "haproxy"}
    with keeper(short_path, initial=3, zones=["a", "b"], balancer=balancer, ramp_ms=0, bake_ms=500) as run:
        run.start()
        statuses: list[int] = []
        over = threading.Event()

        def keep_asking() -> None:
            while not over.is_set():
                statuses.append(run.get()[0])

        beside = threading.Thread(target=keep_asking)
        beside.start()
        try:
            run.plane.call("update", service="orders", settings={"env": {"COLOUR": "blue"}, "revision": "v2"})
            wait_until(lambda: run.told()["update"]["state"] == "completed", what="the end of the update")
            run.plane.call("zone", service="orders", zone="a", lost=True)
            wait_until(lambda: run.told()["zones"] == {"b": 3}, what="all in zone b")
            wait_until(lambda: len(run.told()["tasks"]) == 3, what="the others to go")
        finally:
            over.set()
            beside.join()
        assert set(statuses) == {200}
        assert versions(run.told()) == {"v2"}


def versions(told: dict[str, Any]) -> set[str]:
    return {task["revision"] for task in told.get("tasks", ())}
