"""Zones and updates as a person orders them: ``fleetfoot zone`` and ``fleetfoot update`` under requests."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from fleetfoot.face.cli import main
from tests.integration.test_live import Up, result
from tests.support import free_port, short_tmp, wait_until

pytestmark = pytest.mark.network

EXAMPLE = Path(__file__).parents[2] / "examples" / "rolling"


@pytest.fixture
def shop() -> Iterator[Up]:
    """The example, on a port of its own, with less patience."""
    with short_tmp() as folder:
        fleet = Up(folder, free_port())
        shutil.copy(EXAMPLE / "app.py", folder)
        text = (EXAMPLE / "fleetfoot.yaml").read_text()
        for old, new in {
            "python3": sys.executable,
            "shop:": "tiny:",
            "bake: 10s": "bake: 1s",
            "min: 6": "min: 3",
            "objective:": f"listen: 127.0.0.1:{fleet.port}\n    objective:",
        }.items():
            assert old in text
            text = text.replace(old, new)
        (folder / "fleetfoot.yaml").write_text(text)
        try:
            fleet.start()
            yield fleet
        finally:
            if fleet.process is not None and fleet.process.poll() is None:
                fleet.stop()


def told(up: Up, *words: str, code: int = 0) -> str:
    """A verb in this process, which is quicker; its output."""
    done = CliRunner().invoke(main, [*words, "-f", str(up.folder / "fleetfoot.yaml")])
    assert done.exit_code == code, done.output
    return done.output


def edit(up: Up, old: str, new: str) -> None:
    path = up.folder / "fleetfoot.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_zones_and_versions_change_under_load_and_no_request_is_lost(shop: Up) -> None:
    wait_until(lambda: shop.serving() == 3, 40, what="three tasks")
    with shop.load(20, 20) as load:
        assert "zone b is lost" not in told(shop, "status")
        assert json.loads(told(shop, "zone", "lost", "tiny", "b", "--reason", "power", "--json"))["lost"] == {
            "tiny": ["b"]
        }
        wait_until(
            lambda: "tiny  b  0 serving  lost" in told(shop, "zone", "list"),
            40,
            what="zone b to be left",
        )
        assert "zone b is lost" in told(shop, "status")
        told(shop, "zone", "back", "--all", "b")
        edit(shop, "VERSION: one", "VERSION: two")
        assert "is deployed" in told(shop, "update", "tiny", "--wait")
        figures = result(load)
    assert figures["lost"] == 0, figures["failures"]
    edit(shop, "VERSION: two", "VERSION: three, BROKEN: start")
    told(shop, "update", "--wait", code=1)
    shown = told(shop, "status")
    assert "was rolled back to" in shown
    assert "exited with code 1 (VERSION names a database that is not there)" in shown
    told_of = ("marked a zone as lost (b: power)", "ordered an update", "the update is done", "was rolled back")
    wait_until(lambda: all(line in told(shop, "history") for line in told_of), 20, what=f"history to tell {told_of}")


def test_what_an_update_or_a_zone_cannot_be_is_told_and_changes_nothing(shop: Up) -> None:
    before = shop.status()["services"]["tiny"]["notes"].get("update")
    assert told(shop, "update") == "tiny: no task has to be replaced\n"
    edit(shop, "max: 12", "max: 13")
    edit(shop, "lifetime: 7d", "lifetime: 8d\n      throughput: 9/s")
    assert "an update cannot change tiny: capacity, tiny: task.throughput: stop" in told(shop, "update", code=2)
    edit(shop, "python", "no-such-python")
    assert "cannot change" in told(shop, "update", "tiny", code=2)
    edit(shop, "max: 13", "max: 12")
    edit(shop, "throughput: 9/s", "")
    assert "is not found" in told(shop, "update", "tiny", code=2)
    assert "there is no service 'nix'" in told(shop, "zone", "lost", "nix", "a", code=2)
    assert "there is no zone 'x': there are a, b, c" in told(shop, "zone", "lost", "tiny", "x", code=2)
    assert "write SERVICE and ZONE" in told(shop, "zone", "lost", "tiny", code=2)
    for zone in ("a", "b"):
        told(shop, "zone", "lost", "tiny", zone)
    assert "its last zone" in told(shop, "zone", "lost", "tiny", "c", code=2)
    assert shop.status()["services"]["tiny"]["notes"].get("update") == before
