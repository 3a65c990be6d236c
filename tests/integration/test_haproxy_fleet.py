"""HAProxy as the balancer of a real fleet: what a user gets with ``balancer: haproxy``."""

from __future__ import annotations

import http.client
import shutil
import threading
from pathlib import Path

import pytest

from tests.fleets import Keeper, keeper
from tests.support import wait_until

pytestmark = pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")


def ask(run: Keeper, count: int) -> list[int]:
    """The statuses of ``count`` requests on one connection."""
    link, statuses = http.client.HTTPConnection("127.0.0.1", run.port, timeout=60), []
    for _ in range(count):
        link.request("GET", "/")
        answer = link.getresponse()
        answer.read()
        statuses.append(answer.status)
    link.close()
    return statuses


def test_requests_reach_the_tasks_and_are_counted(short_path: Path) -> None:
    with keeper(short_path, balancer={"kind": "haproxy"}) as run:
        run.start()
        assert ask(run, 50) == [200] * 50
        wait_until(lambda: run.told()["completed"] >= 50, what="the count of completed requests")
        assert sum(run.told()["latency"].values()) >= 50


def test_tasks_come_and_go_under_requests_and_none_is_lost(short_path: Path) -> None:
    with keeper(short_path, balancer={"kind": "haproxy"}) as run:
        run.start()
        statuses: list[int] = []
        over = threading.Event()

        def keep_asking() -> None:
            while not over.is_set():
                statuses.extend(ask(run, 20))

        beside = threading.Thread(target=keep_asking)
        beside.start()
        try:
            for count in (4, 1, 3, 2):
                run.plane.scale("orders", count)
                run.serving(count)
        finally:
            over.set()
            beside.join()
        assert statuses
        assert set(statuses) == {200}
