"""The crash-loop brake."""

from __future__ import annotations

from fleetfoot.fleet.brake import Brake


def test_waits_double_from_one_second_to_sixty() -> None:
    brake, now, waits = Brake(), 0, []
    for _ in range(9):
        brake.failed(spawned=now, now=now + 50)
        waits.append(brake.wait(now + 50))
        now += 50 + waits[-1]
    assert waits == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]


def test_tasks_started_together_that_fail_together_count_once() -> None:
    brake = Brake()
    for task in range(12):
        brake.failed(spawned=task, now=100 + task)
    assert brake.failures == 1
    assert brake.wait(100) == 1000


def test_a_task_that_dies_young_is_replaced_at_once_the_first_time_only() -> None:
    brake, now, waits = Brake(), 0, []
    for _ in range(4):
        brake.died(spawned=now, now=now + 2000)
        waits.append(brake.wait(now + 2000))
        now += 2001 + waits[-1]
    assert waits == [0, 1000, 2000, 4000]


def test_a_start_that_lived_releases_the_brake() -> None:
    brake = Brake()
    brake.failed(spawned=0, now=100)
    brake.good(spawned=1100)
    assert brake.wait(1200) == 0
    brake.failed(spawned=20_000, now=20_100)
    assert brake.wait(20_100) == 1000


def test_an_old_task_that_lives_on_does_not_release_the_brake() -> None:
    brake = Brake()
    brake.failed(spawned=5000, now=5100)
    brake.good(spawned=10)
    assert brake.failures == 1


def test_the_brake_survives_a_restart() -> None:
    brake = Brake()
    brake.failed(spawned=0, now=100)
    again = Brake(brake.failures, brake.until)
    assert again.wait(600) == 500
    again.failed(spawned=1200, now=1300)
    assert again.wait(1300) == 2000
