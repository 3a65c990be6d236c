"""The journal: what is written comes back, and what is old goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Receipt
from fleetfoot.edge.journal.ops import Retention
from fleetfoot.edge.journal.read import Reader
from fleetfoot.edge.journal.sqlite import SqliteJournal
from tests.support import wait_until
from tests.unit.edge.journals import NOW, decision, order, seen

HOUR = 3_600_000
DAY = 24 * HOUR


def test_observations_come_back_exactly_over_minutes_and_lives(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    told = [seen(NOW + tick * 1000, rate=50 + tick / 3) for tick in range(150)]
    journal = opened()
    for one in told[:70]:
        journal.observe("orders", one)
    journal = opened()  # a controller that starts again in the middle of a minute
    for one in told[70:]:
        journal.observe("orders", one)
    journal.close()
    with Reader(path) as reader:
        assert list(reader.observations("orders", 0, NOW * 2)) == told
        assert list(reader.observations("orders", NOW + 65_000, NOW + 75_000)) == told[65:76]


def test_what_led_to_an_order_is_durable_with_it(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened()
    journal.observe("orders", seen(NOW))
    asyncio.run(journal.open(order(NOW)).durable(60_000))
    with Reader(path) as reader:
        wait_until(lambda: list(reader.observations("orders", 0, NOW * 2)), what="the observation behind the order")


def test_a_decision_comes_back_with_votes_trail_and_reasons(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened()
    journal.decide(decision(NOW))
    journal.close()
    with Reader(path) as reader:
        assert reader.decisions("orders", NOW - 1, NOW + 1) == [decision(NOW)]
        assert reader.decision_before("orders", NOW + 99) == decision(NOW)
        assert reader.decision_before("orders", NOW - 1) is None


def test_receipt_and_stages_complete_the_order(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened()
    journal.open(order(NOW))
    journal.stamp(order(NOW).id, {"recorded": NOW + 1})
    journal.complete(Receipt(order(NOW).id, "orders", 4, True, NOW + 2))
    journal.stamp(order(NOW).id, {"first_ready": NOW + 500, "last_ready": NOW + 900})
    journal.close()
    with Reader(path) as reader:
        row = reader.order_at("orders", NOW)
    assert row is not None
    assert (row.recorded, row.commanded, row.ok, row.last_ready, row.first_request) == (
        NOW + 1, NOW + 2, True, NOW + 900, None,
    )  # fmt: skip


def test_the_spec_of_a_moment_is_the_one_its_controller_ran_with(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    journal = opened()
    journal.run(NOW, NOW, "1", "services: {old: {}}")
    journal.run(NOW + 1000, NOW, "1", "services: {new: {}}")
    journal.close()
    with Reader(path) as reader:
        assert reader.spec_at(NOW + 999) == "services: {old: {}}"
        assert reader.spec_at(NOW + 1000) == "services: {new: {}}"


def test_a_minute_is_summed_up_for_charts(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened()
    for tick in range(60):
        journal.observe("orders", seen(NOW + tick * 1000, rate=100, bad=20 if tick in (10, 11) else 0))
    journal.close()
    with Reader(path) as reader:
        (row,) = reader.rollups("orders", NOW, NOW + 60_000)
    assert row["requests_mean"] == pytest.approx(100)
    assert row["desired_max"] == 2
    assert row["task_seconds"] == pytest.approx(118)
    assert row["seconds_over"] == 2


def test_old_observations_go_but_those_around_orders_stay_a_month(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    journal = opened()
    days = [0, 10, 31]
    for days_ago in days:
        at = NOW - days_ago * DAY - 5 * HOUR
        journal.observe("orders", seen(at))
        journal.observe("plain", seen(at))
        journal.open(order(at + 10 * 60_000))
    journal.observe("orders", seen(NOW))
    journal.observe("plain", seen(NOW))
    journal.close()
    journal = opened()
    journal.observe("plain", seen(NOW + 60_000))  # a new life trims at its first observation
    journal.close()
    with Reader(path) as reader:
        ages = [(NOW - one.now) // DAY for one in reader.observations("orders", 0, NOW)]
        assert ages == [10, 0, 0]
        assert [one.now for one in reader.observations("plain", 0, NOW * 2)] == [NOW, NOW + 60_000]


def test_the_newest_lives_of_controllers_are_kept_and_older_ones_go(
    path: Path, opened: Callable[..., SqliteJournal]
) -> None:
    journal = opened(retention=Retention(runs=3))
    for life in range(5):
        journal.run(NOW + life, NOW + life, "0.1", f"file {life}")
    journal.observe("orders", seen(NOW + 60_000))
    journal.close()
    with Reader(path) as reader:
        assert [reader.spec_at(NOW + life) for life in range(5)] == [None, None, "file 2", "file 3", "file 4"]


def test_the_newest_checkpoint_is_never_forgotten(path: Path, opened: Callable[..., SqliteJournal]) -> None:
    journal = opened(retention=Retention())
    journal.checkpoint("orders", NOW - 100 * DAY, Memory().to_json())
    journal.checkpoint("orders", NOW - 99 * DAY, Memory().to_json())
    journal.observe("orders", seen(NOW))
    journal.close()
    with Reader(path) as reader:
        assert reader.checkpoint("orders", NOW) is not None
        assert reader.checkpoint("orders", NOW - 100 * DAY) is None
