"""``warm: {min, max}`` under ``fleetfoot up``: a surge takes the warm tasks, and the pool grows to its size."""

from __future__ import annotations

from typing import Any

import pytest

from fleetfoot.face.cli.common import Told, ask
from tests.integration.test_live import Up
from tests.support import free_port, short_tmp, wait_until

pytestmark = pytest.mark.network


def of(up: Up) -> dict[str, Any]:
    try:
        return dict(ask(up.state, "GET", "/api/v1/status")["services"]["tiny"])
    except Told:  # no controller answers yet
        return {}


def rate(up: Up) -> float:
    return float(of(up).get("signals", {}).get("requests", {}).get("value", 0))


def in_state(up: Up, state: str) -> set[str]:
    return {task["id"] for task in of(up).get("tasks", ()) if task["state"] == state}


def test_a_surge_takes_the_warm_tasks_and_the_pool_is_filled_to_what_it_called_for() -> None:
    with short_tmp() as folder:
        up = Up(folder, free_port())
        file = folder / "fleetfoot.yaml"
        text = file.read_text().replace("max: 6", "max: 30").replace("startup: 500ms", "warm: {min: 1, max: 3}")
        file.write_text(text)
        up.start()
        try:
            wait_until(lambda: len(in_state(up, "warm")) == 1, 40, what="the smallest pool")
            kept = in_state(up, "warm")
            with up.load(8, 120):
                wait_until(lambda: rate(up) > 4, 40, what="the quiet load")
                since = int(up.status()["now"])
                wait_until(lambda: up.status().get("now", 0) - since > 12_000, 40, what="two means of the quiet rate")
                with up.load(80, 120):
                    wait_until(lambda: kept <= in_state(up, "serving"), 40, what="the warm task to serve")
                    wait_until(lambda: len(in_state(up, "warm")) == 3, 40, what="the pool that the surge called for")
            pool = of(up)["warm_pool"]
            assert pool["tasks"] == 3
            told = pool["words"]["en"]
            assert told.startswith("warm pool of 3: ")
            assert "lately the rate rose by" in told
            assert "warm pool of 3" in up.ask("status")
            assert "warm pool of 1: its minimum" in up.ask("why", "tiny")
        finally:
            assert up.stop() == 0
