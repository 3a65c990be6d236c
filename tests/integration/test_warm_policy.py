"""``warm: {min, max}`` under ``fleetfoot up``: a surge takes the warm tasks, and the pool grows to its size."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import wait_until
from tests.ups import Up, started

pytestmark = pytest.mark.network


def rate(up: Up) -> float:
    return float(up.tiny().get("signals", {}).get("requests", {}).get("value", 0))


def in_state(up: Up, state: str) -> set[str]:
    return {task["id"] for task in up.tiny().get("tasks", ()) if task["state"] == state}


def prepare(folder: Path, _: int) -> None:
    file = folder / "fleetfoot.yaml"
    text = file.read_text().replace("max: 6", "max: 30").replace("startup: 500ms", "warm: {min: 1, max: 3}")
    file.write_text(text)


def test_a_surge_takes_the_warm_tasks_and_the_pool_is_filled_to_what_it_called_for() -> None:
    with started(prepare) as up:
        wait_until(lambda: len(in_state(up, "warm")) == 1, what="the smallest pool")
        kept = in_state(up, "warm")
        with up.load(8):
            wait_until(lambda: rate(up) > 4, what="the quiet load")
            since = int(up.status()["now"])
            wait_until(lambda: up.status().get("now", 0) - since > 12_000, what="two means of the quiet rate")
            with up.load(80):
                wait_until(lambda: kept <= in_state(up, "serving"), what="the warm task to serve")
                wait_until(lambda: len(in_state(up, "warm")) == 3, what="the pool that the surge called for")
        pool = up.tiny()["warm_pool"]
        assert pool["tasks"] == 3
        told = pool["words"]["en"]
        assert told.startswith("warm pool of 3: ")
        assert "lately the rate rose by" in told
        assert "warm pool of 3" in up.told("status")
        wait_until(
            lambda: "warm pool of 1: its minimum" in up.told("why", "tiny"), what="why to tell of the first pool"
        )
        assert up.stop() == 0
