"""A shadow beside a scaler that orders by hand: it orders nothing, journals what it would have done, and reports."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleetfoot.core.model import Action
from fleetfoot.edge.base import OperatorAction
from fleetfoot.edge.targets.shadow import SHADOW
from fleetfoot.face.cli import main
from fleetfoot.run.changes import Refused
from tests.controllers import SPEC, Bench

LATE = 60  # s after the surge: the present scaler's answer
PRICED = SPEC.replace("startup: 1s}", "startup: 1s, price: 0.02 USD/h}")


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


async def _surge(bench: Bench) -> None:
    """20/s, then 100/s for two minutes, which the present scaler answers after one; then 20/s again."""
    plane = bench.plane
    for _ in range(90):
        await bench.tick(20)
    for second in range(120):
        if second == LATE:
            await plane.scale("orders", 8, "by hand")
        late = second < LATE
        await bench.tick(100, ms=4000 if late else 30, bad=80 if late else 0)
    for _ in range(60):
        await bench.tick(20)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bench]:
    """The state folder of a shadow that lived through a surge, and the shadow."""
    state = tmp_path_factory.mktemp("shadow")

    async def go() -> Bench:
        bench = Bench(state, spec=PRICED, shadow=True)
        await bench.plane.scale("orders", 2, "by hand")
        await _surge(bench)
        await bench.live.stop()
        return bench

    return state, asyncio.run(go())


def test_it_orders_nothing_of_the_fleet_it_watches(watched: tuple[Path, Bench]) -> None:
    _, bench = watched
    assert [order for _, _, order in bench.plane.scaled] == ["by hand"] * 2
    assert not bench.plane.hints


def test_it_grows_once_for_a_surge_and_does_not_order_for_ever(watched: tuple[Path, Bench]) -> None:
    _, bench = watched
    acted = [one for one in bench.told if one.service == "orders" and one.action is not Action.HOLD]
    assert 1 <= len(acted) <= 12
    assert max(one.desired for one in acted) < 12  # nor does it answer the present scaler's backlog


def test_its_orders_are_journalled_as_not_carried_out(watched: tuple[Path, Bench]) -> None:
    state, _ = watched
    orders = json.loads(call("history", "orders", "--state", state, "--json").stdout)["orders"]
    assert orders
    assert {order["error"] for order in orders} == {SHADOW}


def test_its_journal_replays_equal(watched: tuple[Path, Bench]) -> None:
    state, _ = watched
    result = call("replay", state)
    assert result.exit_code == 0, result.output


def _report(state: Path, *words: object) -> Any:
    result = call("report", "--shadow", "--state", state, "-s", "orders", "--json", *words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["services"]["orders"]


def test_the_report_shows_bad_requests_money_and_who_acted_when(watched: tuple[Path, Bench]) -> None:
    found = _report(watched[0])
    measured, simulated = found["present"]["measured"], found["present"]["simulated"]
    assert measured["bad"] == pytest.approx(80 * LATE, rel=0.02)
    assert simulated["seconds_over"] > 30
    assert found["shadow"]["simulated"]["bad"] < simulated["bad"] / 4
    assert found["shadow"]["money"] == pytest.approx(0.02 * found["shadow"]["task_hours"])
    (surge,) = found["surges"]
    assert (round(surge["before"]), round(surge["after"])) == (20, 100)
    assert surge["present"] == pytest.approx(LATE, abs=3)
    assert surge["shadow"] < 5


def test_the_report_says_that_it_is_an_estimate_and_how_far_off(watched: tuple[Path, Bench], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = call("report", "--shadow", "--state", watched[0], "-s", "orders", "--report", page)
    assert result.exit_code == 0, result.output
    assert "An estimate, not a measurement" in result.output
    assert "points apart" in result.output
    text = page.read_text()
    assert text.count("<figure>") == 4
    assert "An estimate, not a measurement" in text


def test_both_see_the_same_requests_in_the_simulation(watched: tuple[Path, Bench]) -> None:
    found = _report(watched[0])
    assert found["present"]["simulated"]["requests"] == found["shadow"]["simulated"]["requests"]


def test_people_cannot_order_through_a_shadow_beside_another_fleet(tmp_path: Path) -> None:
    async def go() -> None:
        bench = Bench(tmp_path, shadow=True)
        with pytest.raises(Refused, match="orders nothing"):
            await bench.live.operate(OperatorAction("orders", "scale", "ana", 1, 1, count=3))
        await bench.live.stop()

    asyncio.run(go())


def test_under_a_shadow_of_its_own_fleet_people_are_the_scaler(tmp_path: Path) -> None:
    async def go() -> None:
        bench = Bench(tmp_path, shadow=True, hands=True)
        await bench.live.operate(OperatorAction("orders", "scale", "ana", 1, 1, count=3))
        assert bench.plane.raw["orders"]["desired"] == 3
        for _ in range(20):
            await bench.tick(150, ms=3000, bad=100)
        assert bench.plane.raw["orders"]["desired"] == 3
        await bench.live.stop()

    asyncio.run(go())


def test_a_shadow_that_starts_again_goes_on_with_the_count_it_had(tmp_path: Path) -> None:
    async def go() -> None:
        first = Bench(tmp_path, shadow=True)
        for _ in range(30):
            await first.tick(10)
        for _ in range(10):
            await first.tick(150)
        had = first.live.loop.services["orders"].seen
        await first.live.stop()
        second = Bench(tmp_path, first.plane, first.machine, shadow=True)
        await second.tick(150)
        has = second.live.loop.services["orders"].seen
        assert had is not None
        assert has is not None
        assert has.fleet.desired == had.fleet.desired > 1
        await second.live.stop()

    asyncio.run(go())


def test_a_journal_without_a_shadow_has_nothing_to_report(tmp_path: Path) -> None:
    async def go() -> None:
        bench = Bench(tmp_path)
        await bench.tick(10)
        await bench.live.stop()

    asyncio.run(go())
    result = call("report", "--shadow", "--state", tmp_path)
    assert result.exit_code == 2
    assert "no shadow watched here" in result.output


def test_a_shadow_needs_a_fleet_to_watch(tmp_path: Path) -> None:
    file = tmp_path / "fleetfoot.yaml"
    file.write_text(SPEC)
    result = call("control", "--shadow", "-f", file)
    assert result.exit_code == 2
    assert "no fleet runs in" in result.output
    assert call("control", "-f", file).exit_code == 2
