"""The versions of a service: which one new tasks are of, and what brings the good one back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleetfoot.fleet.rollout import ENOUGH, Rollout
from fleetfoot.fleet.settings import BadSettings, ServiceSettings
from fleetfoot.fleet.state import Store

BASE = ServiceSettings("orders", command="serve", revision="v1", breaker=3, bake_ms=1000)


def rollout(folder: Path, run: str = "life", base: ServiceSettings = BASE) -> Rollout:
    store = Store(folder)
    store.make()
    return Rollout(store, base, run)


@pytest.fixture
def one(tmp_path: Path) -> Rollout:
    """In the middle of an update from v1 to v2."""
    made = rollout(tmp_path)
    assert made.begin({"command": "serve --fast", "revision": "v2"})
    return made


def counts(served: int, errors: int, **more: Any) -> dict[str, Any]:
    return {"served": served, "errors": errors, **more}


def test_tasks_are_of_the_next_version_at_once_and_it_is_good_once_it_baked(one: Rollout) -> None:
    assert (one.target.revision, one.good.revision, one.told["state"]) == ("v2", "v1", "in progress")
    one.serves(True, 600)
    one.serves(False, 600)
    assert one.told["state"] == "in progress"
    one.serves(True, 600)
    assert (one.good.revision, one.good.command, one.told["state"]) == ("v2", "serve --fast", "completed")


def test_starts_that_fail_in_a_row_trip_the_breaker(one: Rollout) -> None:
    turned: list[str] = []
    one.turned = lambda: turned.append(one.target.revision)
    one.failed("v2", "exited with code 1")
    one.failed("v2", "exited with code 1")
    one.started("v2")
    one.failed("v2", "exited with code 1")
    one.failed("v2", "exited with code 1")
    assert turned == []
    one.failed("v2", "exited with code 3", "no such file")
    assert turned == ["v1"]
    assert one.told["state"] == "rolled back"
    assert (one.told["failed"], one.told["why"], one.told["log"]) == (3, "exited with code 3", "no such file")


def test_what_the_old_version_does_counts_for_nothing(one: Rollout) -> None:
    for number in range(10):
        one.failed("v1", "exited with code 1")
        one.fell("v1", f"orders-{number}", "exited with code 1")
    assert one.told["state"] == "in progress"


def test_tasks_that_fall_trip_it_too_each_once_and_a_good_start_does_not_mend_them(one: Rollout) -> None:
    for _ in range(5):
        one.fell("v2", "orders-7", "readiness check timed out")
    one.started("v2")
    one.fell("v2", "orders-8", "liveness check answered 500")
    assert one.told["state"] == "in progress"
    one.failed("v2", "exited with code 1")
    assert one.told["state"] == "rolled back"


def test_a_fall_makes_the_bake_time_begin_anew(one: Rollout) -> None:
    one.serves(True, 900)
    one.fell("v2", "orders-7", "segmentation fault")
    one.serves(True, 900)
    assert one.told["state"] == "in progress"


def test_an_ejected_task_has_fallen(one: Rollout) -> None:
    for number in (7, 8, 9):
        one.see({f"orders-{number}": counts(5, 1, ejections=1)}, {f"orders-{number}": "v2"})
    assert one.told["why"] == "task orders-9: ejected for its errors"


@pytest.mark.parametrize(
    ("new", "old", "state"),
    [
        pytest.param((100, 20), (100, 0), "rolled back", id="errors the old one has not"),
        pytest.param((100, 20), (100, 15), "in progress", id="errors both have"),
        pytest.param((ENOUGH, ENOUGH - 1), (100, 0), "in progress", id="too few to tell"),
        pytest.param((1000, 40), (1000, 0), "in progress", id="hardly more"),
    ],
)
def test_much_worse_answers_than_the_old_version_gives_bring_it_back(
    one: Rollout, new: tuple[int, int], old: tuple[int, int], state: str
) -> None:
    revisions = {"orders-1": "v1", "orders-2": "v2"}
    one.see({"orders-1": counts(5000, 5000)}, revisions)  # long before: no matter
    one.see({"orders-1": counts(5000 + old[0], 5000 + old[1]), "orders-2": counts(*new)}, revisions)
    assert one.told["state"] == state


def test_a_much_slower_version_does_not_bake_and_is_brought_back_when_it_stays_so(one: Rollout) -> None:
    revisions = {"orders-1": "v1", "orders-2": "v2"}
    both = {"orders-1": counts(100, 0, p95_ms=25.0), "orders-2": counts(100, 0, p95_ms=1000.0)}
    for _ in range(29):
        one.time(both, revisions, 500, 1000)
        one.serves(True, 1000)
    assert (one.told["state"], one.baked) == ("in progress", 0)
    one.time(both, revisions, 500, 1000)
    assert (one.told["state"], one.target.revision) == ("rolled back", "v1")
    assert one.told["why"] == "p95 of its tasks is 1000 ms, of the old version's 25 ms"


def test_a_newer_update_takes_over_from_one_that_is_under_way(one: Rollout) -> None:
    one.failed("v2", "exited with code 1")
    assert one.begin({"command": "serve --mended", "revision": "v3"})
    assert (one.target.revision, one.told["number"], one.told["failed"]) == ("v3", 2, 0)


def test_asking_only_changes_nothing(tmp_path: Path) -> None:
    made = rollout(tmp_path)
    assert made.begin({"revision": "v2"}, dry=True)
    assert not made.begin({"revision": "v1"}, dry=True)
    with pytest.raises(BadSettings, match="max cannot be changed"):
        made.begin({"max": 3}, dry=True)
    assert made.target == BASE
    assert made.told == {}


def test_a_forced_update_names_the_same_version_anew_each_time(tmp_path: Path) -> None:
    made = rollout(tmp_path, base=ServiceSettings("orders", command="serve", revision="v1", bake_ms=0))
    for name in ("v1.1", "v1.2"):
        made.begin({"revision": "v1"}, force=True)
        made.serves(True, 1)
        assert made.good.revision == name
    assert not made.begin({"revision": "v1"})


def test_the_next_plane_goes_on_where_the_last_one_was(tmp_path: Path, one: Rollout) -> None:
    one.failed("v2", "exited with code 1")
    one.failed("v2", "exited with code 1")
    later = rollout(tmp_path)
    assert (later.target, later.good, later.told) == (one.target, one.good, one.told)
    later.failed("v2", "exited with code 1")
    assert rollout(tmp_path).target == BASE


def test_a_later_keeper_with_the_same_file_begins_with_the_good_version(tmp_path: Path, one: Rollout) -> None:
    assert rollout(tmp_path, run="another").target == BASE
    one.serves(True, 1000)
    assert rollout(tmp_path, run="another").target.revision == "v2"


def test_a_later_keeper_with_another_file_begins_with_that(tmp_path: Path, one: Rollout) -> None:
    other = ServiceSettings("orders", command="serve --else", revision="v9")
    one.serves(True, 1000)
    later = rollout(tmp_path, run="another", base=other)
    assert (later.target, later.told) == (other, {})


def test_a_record_that_makes_no_sense_is_left_aside(tmp_path: Path, one: Rollout) -> None:
    (tmp_path / "rollouts" / "orders.json").write_text('{"run": "life", "good": {"max": 3}}')
    assert rollout(tmp_path).target == BASE
