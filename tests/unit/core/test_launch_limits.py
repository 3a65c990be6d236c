"""The bucket of starts and the quota of cores, alone and shared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fleetfoot.core.model import Want
from fleetfoot.core.settings import Database, Launch, Pool, Shared
from tests.unit.core.build import Says, Service, together, told, want, wants


def service(tasks: int, wants: int, **changes: Any) -> Service:
    return Service(Says("p", want(wants)), tasks=tasks, startup=30_000, **changes)


def test_a_lone_service_starts_a_burst_at_once_and_then_what_the_bucket_is_refilled_with() -> None:
    grows = service(0, 200, shared=Shared(Launch(100, 20.0)))
    counts = [grows.tick().desired for _ in range(7)]
    assert counts == [100, 120, 140, 160, 180, 200, 200]
    assert grows.decision is not None


def test_a_growth_that_waits_for_the_bucket_says_so() -> None:
    grows = service(0, 200, launch=Launch(100, 20.0))
    assert "launch_rate" in told(grows.tick())


def test_the_limit_of_a_service_and_the_one_of_all_both_hold() -> None:
    grows = service(0, 200, launch=Launch(30, 1.0), shared=Shared(Launch(100, 20.0)))
    assert [grows.tick().desired for _ in range(3)] == [30, 31, 32]


def test_one_bucket_serves_all_services_and_the_critical_one_first() -> None:
    shared = Shared(Launch(100, 10.0))
    web, api = service(0, 80, shared=shared), service(0, 80, shared=shared, priority=0)
    both = {"web": web, "api": api}
    together(both)
    assert (api.tasks, web.tasks) == (80, 20)
    together(both)
    assert (api.tasks, web.tasks) == (80, 30)
    for _ in range(5):
        together(both)
    assert web.tasks == 80


def test_a_bucket_is_shared_by_what_each_wishes_beyond_what_it_has() -> None:
    shared = Shared(Launch(40, 10.0))
    small, large = service(10, 50, shared=shared), service(60, 100, shared=shared)
    together({"small": small, "large": large})
    assert (small.tasks, large.tasks) == (30, 80)


def test_cores_are_shared_by_what_each_wishes_beyond_what_it_has() -> None:
    shared = Shared(Launch(1000, 100.0, 90.0))
    small, large = service(10, 30, shared=shared, cpu=1.0), service(60, 80, shared=shared, cpu=1.0)
    together({"small": small, "large": large})
    assert (small.tasks, large.tasks) == (20, 70)


def test_over_a_minute_no_more_is_started_than_burst_and_rate_allow() -> None:
    shared = Shared(Launch(40, 5.0))
    services = {name: service(0, 300, shared=shared) for name in ("a", "b", "c")}
    for _ in range(60):
        together(services)
        seconds = (services["a"].now - 1_700_000_000_000) // 1000
        assert sum(one.tasks for one in services.values()) <= 40 + 5 * seconds


def test_a_start_that_somebody_else_ordered_is_taken_from_the_bucket_too() -> None:
    grows = service(0, 0, shared=Shared(Launch(100, 1.0)))
    grows.tick()
    grows.set(90)
    wants(grows, 200)
    assert grows.tick().desired == 101  # 90 of the hundred were taken and one was refilled


def test_a_quota_of_cores_is_shared_by_what_a_task_uses() -> None:
    shared = Shared(Launch(1000, 100.0, 10.0))
    small, large = service(4, 40, shared=shared, cpu=0.5), service(2, 4, shared=shared, cpu=2.0, priority=0)
    together({"small": small, "large": large})
    assert (large.tasks, small.tasks) == (4, 4)  # 4 x 2 + 4 x 0.5 are all ten cores
    assert small.decision is not None
    assert "grant" in told(small.decision)


def test_a_services_own_quota_of_cores_refuses_what_does_not_fit() -> None:
    """4 cores at half a core a task are eight tasks."""
    grows = service(4, 40, launch=Launch(1000, 100.0, 4.0), cpu=0.5)
    decision = grows.tick()
    assert (decision.desired, "grant" in told(decision)) == (8, True)
    assert told(service(4, 8, launch=Launch(1000, 100.0, 4.0), cpu=0.5).tick()) == {"step"}


def test_what_the_cores_would_bear_is_not_started_where_the_database_is_full() -> None:
    shared, pool = Shared(Launch(1000, 100.0, 10.0)), Pool(Database("main", 160), 20, 20)
    assert service(4, 40, shared=shared, pool=pool, cpu=0.5).tick().desired == 8


def test_the_minimum_is_started_whatever_the_platform_allows() -> None:
    grows = service(0, 20, launch=Launch(2, 0.1), minimum=6)
    assert grows.tick().desired == 6


def test_a_service_of_another_mind_is_not_slowed() -> None:
    """A wish for fewer passes, and takes nothing from the bucket."""
    shrinks = service(50, 10, launch=Launch(1, 0.1))
    assert shrinks.tick().desired == 10
    assert isinstance(shrinks.vote, Want)


def test_a_limit_of_all_that_is_written_while_it_runs_counts_what_was_started_a_moment_ago() -> None:
    """Thirty a second ago, of which twenty are made good."""
    grows = service(0, 200, launch=Launch(30, 1.0))
    grows.tick()
    grows.settings = replace(grows.settings, launch=None, shared=Shared(Launch(100, 20.0)))
    assert grows.tick().desired == 30 + 90
