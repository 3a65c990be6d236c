"""Whom HAProxy should route to."""

from __future__ import annotations

from fleetfoot.fleet.haproxy.tasks import Fleet, Wanted


def routed(fleet: Fleet) -> dict[str, str]:
    return {task.name: wanted.state for task, wanted in fleet.wanted(0)}


def test_a_warming_task_has_a_small_weight_and_limit_that_rise() -> None:
    fleet = Fleet(concurrency=10)
    for name in ("old", "new"):
        fleet.add(name, 9000)
    fleet.ready(fleet.tasks["old"], 0, 5000)
    fleet.ready(fleet.tasks["new"], 0, 5000)
    wanted = [dict((task.name, want) for task, want in fleet.wanted(now))["new"] for now in (0, 2500, 5000)]  # noqa: C402
    assert [(want.weight, want.limit) for want in wanted] == [(10, 1), (50, 5), (100, 10)]
    fleet.tick(5000)
    assert not fleet.tasks["new"].warming


def test_a_warming_task_that_answers_like_its_peers_is_warm() -> None:
    fleet = Fleet(concurrency=None)
    for name in ("old", "new"):
        fleet.add(name, 9000)
        fleet.ready(fleet.tasks[name], 0, 5000)
    fleet.tasks["old"].served, fleet.tasks["old"].response_ms = 100, 20
    fleet.tasks["new"].served, fleet.tasks["new"].response_ms = 4, 20
    fleet.tick(1)
    assert fleet.tasks["new"].warming  # too few to tell
    fleet.tasks["new"].served = 5
    fleet.tick(2)
    assert not fleet.tasks["new"].warming


def test_above_half_unready_all_that_were_ever_ready_are_routed_to() -> None:
    fleet = Fleet(concurrency=None)
    for name in ("a", "b", "c", "never"):
        fleet.add(name, 9000)
    for name in "abc":
        fleet.ready(fleet.tasks[name], 0, 0)
    fleet.tasks["a"].ready = False
    fleet.choose(0)
    assert routed(fleet) == {"a": "drain", "b": "ready", "c": "ready", "never": "maint"}
    fleet.tasks["b"].ready = False
    fleet.choose(0)
    assert fleet.failing_open
    assert routed(fleet) == {"a": "ready", "b": "ready", "c": "ready", "never": "maint"}


def _failing(fleet: Fleet) -> None:
    """``a`` fails at all it is asked, ``b`` to ``d`` at nothing; judged a second apart."""
    for name in "abcd":
        fleet.add(name, 9000)
        fleet.ready(fleet.tasks[name], 0, 0)
    fleet.judge(0)
    for task in fleet.tasks.values():
        task.served = 40
    fleet.tasks["a"].errors = 40
    fleet.judge(1000)


def test_a_task_that_fails_is_drained_probed_by_one_request_and_readmitted() -> None:
    fleet = Fleet(concurrency=8)
    _failing(fleet)
    assert routed(fleet) == {"a": "drain", "b": "ready", "c": "ready", "d": "ready"}
    fleet.judge(5999)
    assert routed(fleet)["a"] == "drain"
    fleet.judge(6000)
    assert {task.name: want for task, want in fleet.wanted(6000)}["a"] == Wanted("ready", 100, 1)
    fleet.tasks["a"].served += 3
    fleet.judge(6200)
    assert {task.name: want for task, want in fleet.wanted(6200)}["a"] == Wanted("ready", 100, 8)


def test_a_probe_that_fails_drains_it_again_for_longer() -> None:
    fleet = Fleet(concurrency=None)
    _failing(fleet)
    fleet.judge(6000)
    fleet.tasks["a"].served += 1
    fleet.tasks["a"].errors += 1
    fleet.judge(6200)
    assert routed(fleet)["a"] == "drain"
    assert fleet.tasks["a"].conduct.until == 6200 + 10_000


def test_an_haproxy_that_counts_anew_finds_no_old_faults() -> None:
    fleet = Fleet(concurrency=None)
    _failing(fleet)
    fleet.restarted()
    fleet.choose(2000)
    for task in fleet.tasks.values():
        task.served = 5
    fleet.judge(3000)
    assert set(routed(fleet).values()) == {"ready"}
