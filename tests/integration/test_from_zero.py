"""A fleet of no task: a request waits in the balancer, wakes the engine, and is answered by the task it starts."""

from __future__ import annotations

import urllib.request

import pytest

from tests.faults import Fleet

pytestmark = [pytest.mark.network, pytest.mark.slow]


class Asleep(Fleet):
    """Up with no task."""

    def _ready(self) -> bool:
        return self.told().get("desired") == 0 and self._controller_ready()


def test_one_request_at_a_fleet_of_none_is_answered(kind: str) -> None:
    with Asleep(0, most=2, balancer=kind) as fleet:
        with urllib.request.urlopen(f"http://127.0.0.1:{fleet.port}/first", timeout=60) as answer:
            assert answer.read() == b"first"
        assert fleet.told()["desired"] == 1
        fleet.stop()
