"""Zones and updates as a person orders them: ``fleetfoot zone`` and ``fleetfoot update`` under requests."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import wait_until
from tests.ups import Up, started

pytestmark = pytest.mark.network

EXAMPLE = Path(__file__).parents[2] / "examples" / "rolling"


@pytest.fixture
def shop() -> Iterator[Up]:
    """The example, on a port of its own, with less patience."""

    def prepare(folder: Path, port: int) -> None:
        shutil.copy(EXAMPLE / "app.py", folder)
        text = (EXAMPLE / "fleetfoot.yaml").read_text()
        for old, new in {
            "python3": sys.executable,
            "shop:": "tiny:",
            "bake: 10s": "bake: 1s",
            "min: 6": "min: 3",
            "objective:": f"listen: 127.0.0.1:{port}\n    objective:",
        }.items():
            assert old in text
            text = text.replace(old, new)
        (folder / "fleetfoot.yaml").write_text(text)

    with started(prepare) as fleet:
        yield fleet


def edit(up: Up, old: str, new: str) -> None:
    path = up.folder / "fleetfoot.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_zones_and_versions_change_under_load_and_no_request_is_lost(shop: Up) -> None:
    wait_until(lambda: shop.serving() == 3, what="three tasks")
    with shop.load(20) as load:
        assert "zone b is lost" not in shop.told("status")
        assert json.loads(shop.told("zone", "lost", "tiny", "b", "--reason", "power", "--json"))["lost"] == {
            "tiny": ["b"]
        }
        wait_until(
            lambda: "tiny  b  0 serving  lost" in shop.told("zone", "list"),
            what="zone b to be left",
        )
        wait_until(lambda: "zone b is lost" in shop.told("status"), what="status to tell it")
        shop.told("zone", "back", "--all", "b")
        edit(shop, "VERSION: one", "VERSION: two")
        assert "is deployed" in shop.told("update", "tiny", "--wait")
        figures = load.result()
    assert figures["counts"]["ok"] > 0
    assert figures["lost"] == 0, figures["failures"]
    edit(shop, "VERSION: two", "VERSION: three, BROKEN: start")
    shop.told("update", "--wait", code=1)
    shown = shop.told("status")
    assert "was rolled back to" in shown
    assert "exited with code 1 (VERSION names a database that is not there)" in shown
    told_of = ("marked a zone as lost (b: power)", "ordered an update", "the update is done", "was rolled back")
    wait_until(lambda: all(line in shop.told("history") for line in told_of), what=f"history to tell {told_of}")


def test_what_an_update_or_a_zone_cannot_be_is_told_and_changes_nothing(shop: Up) -> None:
    before = shop.tiny()["notes"].get("update")
    assert shop.told("update") == "tiny: no task has to be replaced\n"
    edit(shop, "max: 12", "max: 13")
    edit(shop, "lifetime: 7d", "lifetime: 8d\n      throughput: 9/s")
    assert "an update cannot change tiny: capacity, tiny: task.throughput: stop" in shop.told("update", code=2)
    edit(shop, "python", "no-such-python")
    assert "cannot change" in shop.told("update", "tiny", code=2)
    edit(shop, "max: 13", "max: 12")
    edit(shop, "throughput: 9/s", "")
    assert "is not found" in shop.told("update", "tiny", code=2)
    assert "there is no service 'nix'" in shop.told("zone", "lost", "nix", "a", code=2)
    assert "there is no zone 'x': there are a, b, c" in shop.told("zone", "lost", "tiny", "x", code=2)
    assert "write SERVICE and ZONE" in shop.told("zone", "lost", "tiny", code=2)
    for zone in ("a", "b"):
        shop.told("zone", "lost", "tiny", zone)
    assert "its last zone" in shop.told("zone", "lost", "tiny", "c", code=2)
    assert shop.tiny()["notes"].get("update") == before
