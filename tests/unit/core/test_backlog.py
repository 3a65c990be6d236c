"""Workers by a queue: its length, the time to drain it, the age of its oldest message; from and to zero."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetfoot.core.compile import compile_service
from fleetfoot.core.contract import Contract
from fleetfoot.core.model import Operator, State
from fleetfoot.core.policies import Backlog, Default, Target, Thresholds
from fleetfoot.core.settings import GuardSettings
from fleetfoot.spec import loads
from tests.unit.core.build import UNUSABLE, Service, Shown, outcome, told

TEN = Backlog("jobs", "jobs", per_task=10.0)
BUSY = Backlog("jobs", "jobs", per_task=10.0, in_flight="running")


def test_the_first_worker_is_said_to_be_one() -> None:
    service = Service(Backlog("jobs", "oldest", age=60.0), tasks=0)
    assert service.tick(oldest=5.0).desired == 1
    assert service.vote.reason.data["to"] == 1


@pytest.mark.parametrize(
    ("each", "low", "high", "jobs", "count"),
    [
        # 10 messages a worker, 1 to 20
        pytest.param(10.0, 1, 20, 1000.0, 20, id="a thousand at ten a worker: a hundred, capped at twenty"),
        pytest.param(10.0, 1, 20, 0.0, 1, id="the minimum"),
        pytest.param(10.0, 1, 20, 95.0, 10, id="rounded up, where whole tens would leave five to wait"),
        pytest.param(10.0, 1, 20, 100.0, 10, id="exactly"),
        # 30 messages an instance, 0 to 50
        pytest.param(30.0, 0, 50, 0.0, 0, id="to zero"),
        pytest.param(30.0, 0, 50, 1.0, 1, id="one message is one worker"),
        pytest.param(30.0, 0, 50, 1499.0, 50, id="fifty times thirty, less one"),
        pytest.param(30.0, 0, 50, 1e6, 50, id="the maximum"),
        # target length 50, 0 to 100
        pytest.param(50.0, 0, 100, 2_510.0, 51, id="fifty a worker"),
    ],
)
@pytest.mark.parametrize("tasks", [0, 1, 7])
def test_the_workers_are_the_queue_over_what_one_stands_for(
    each: float, low: int, high: int, jobs: float, count: int, tasks: int
) -> None:
    service = Service(replace(TEN, per_task=each), tasks=max(tasks, low), minimum=low, maximum=high)
    assert service.tick(jobs=jobs).desired == count


def test_messages_being_worked_on_count() -> None:
    sqs = Backlog("jobs", "jobs", per_task=5.0, in_flight="running")  # keda's case: 40 visible, 7 in flight, target 5
    assert Service(sqs).tick(jobs=40.0, running=7.0).desired == 10
    assert Service(BUSY, tasks=3).tick(jobs=0.0, running=3.0).desired == 1
    assert Service(BUSY, tasks=1).tick(jobs=0.0, running=1.0).desired == 1  # the last worker has work in hand


@pytest.mark.parametrize(
    ("jobs", "tasks", "count"),
    [
        pytest.param(5.0, 0, 0, id="on the threshold nobody is woken"),
        pytest.param(6.0, 0, 1, id="above it one is"),
        pytest.param(60.0, 0, 6, id="or as many as are needed"),
        pytest.param(5.0, 2, 0, id="and on it all may go"),
        pytest.param(6.0, 2, 1, id="above it one stays"),
    ],
)
def test_the_activation_is_for_the_first_worker_and_the_last(jobs: float, tasks: int, count: int) -> None:
    assert Service(replace(TEN, activation=5.0), tasks=tasks).tick(jobs=jobs).desired == count


def test_a_drain_time_is_workers_times_their_throughput() -> None:
    policy = Backlog("jobs", "jobs", drain=60_000)
    # 20 messages/s a worker: 1,200 in a minute; 6,001 messages need six
    assert Service(policy).tick(jobs=6_001.0).desired == 6
    assert Service(policy).tick(jobs=1_200.0).desired == 1


AGE = Backlog("age", "oldest", age=60.0)


@pytest.mark.parametrize(
    ("oldest", "tasks", "count"),
    [
        pytest.param(1.0, 0, 1, id="from zero"),
        pytest.param(90.0, 4, 6, id="in proportion"),
        pytest.param(600.0, 4, 8, id="no more than double"),
        pytest.param(60.0, 4, 4, id="on the bound nothing"),
        pytest.param(30.0, 4, 4, id="from half of it on nothing"),
        pytest.param(29.0, 4, 3, id="under half one fewer"),
        pytest.param(1.0, 1, 1, id="the last one stays while a message waits"),
        pytest.param(0.0, 4, 0, id="and none waits"),
    ],
)
def test_an_age_asks_for_more_in_proportion_and_lets_go_one_by_one(oldest: float, tasks: int, count: int) -> None:
    assert Service(AGE, tasks=tasks).tick(oldest=oldest).desired == count


def test_an_age_asks_again_only_when_what_it_asked_for_serves() -> None:
    service = Service(AGE, startup=5_000)
    assert [d.desired for d in service.ticks(7, oldest=120.0)] == [8] * 5 + [16] * 2


@pytest.mark.parametrize("shown", UNUSABLE.values(), ids=UNUSABLE)
def test_a_queue_that_is_not_seen_holds(shown: Shown) -> None:
    service = Service(TEN)
    service.run(3, jobs=40.0)
    assert service.tick(jobs=shown).desired == 4
    assert outcome(service.vote) == "blind"


def test_messages_in_flight_that_are_not_seen_hold_a_scale_in_and_no_growth() -> None:
    service = Service(BUSY)
    assert service.tick(jobs=10.0, running=None).desired == 4
    assert service.tick(jobs=70.0, running=None).desired == 7


def test_an_empty_answer_is_an_empty_queue_unless_the_contract_says_otherwise() -> None:
    empty = {"value": 0.0, "state": State.EMPTY}
    assert Service(TEN).tick(jobs=empty).desired == 0
    assert Service(TEN, contracts={"jobs": Contract(absent="hold")}).tick(jobs=empty).desired == 4
    assert Service(TEN, contracts={"jobs": Contract(absent="fallback", fallback=90.0)}).tick(jobs=None).desired == 9


def test_a_queue_that_half_of_the_workers_report_is_scaled_up_and_takes_none_away() -> None:
    service = Service(TEN)
    assert service.tick(jobs={"value": 30.0, "coverage": 0.5}).desired == 6
    assert service.tick(jobs={"value": 10.0, "coverage": 0.5}).desired == 6


def test_under_all_guards_it_sleeps_when_all_is_done_and_wakes_for_one_message() -> None:
    service = Service(TEN, tasks=2, minimum=0, maximum=20, guards=GuardSettings(), seeing=60_000)
    service.run(120, jobs=5.0)
    decisions = list(service.ticks(600, jobs=0.0))
    assert decisions[-1].desired == 0
    woken = service.tick(jobs=1.0)
    assert (woken.desired, told(woken)) == (1, {"backlog"})


def test_the_file_says_it_in_one_line() -> None:
    text = """
services:
  thumbs:
    run: python worker.py
    capacity: {min: 0, max: 50}
    task: {throughput: 0.5/s}
    signals: {jobs: {from: agent}, busy: {from: agent}}
    policies:
      - backlog: {signal: jobs, per task: 30, in flight: busy}
      - backlog: {signal: jobs, drain: 2m, activation: 3}
      - backlog: {signal: app.oldest, age: 5m}
"""
    assert compile_service(loads(text).services["thumbs"]).policies == (
        Backlog("backlog", "jobs", per_task=30.0, in_flight="busy"),
        Backlog("backlog-2", "jobs", drain=120_000, activation=3.0),
        Backlog("backlog-3", "app.oldest", age=300.0),
    )


# -- a request at a fleet of none, whatever its policies are

POLICIES = (
    Default(),
    Target("cpu", "cpu", 0.5),
    Thresholds("any", (("latency", 800.0),), (("cpu", 0.3),)),
)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_one_waiting_request_at_zero_starts_one_task(policy: Default) -> None:
    service = Service(policy, tasks=0)
    woken = service.tick(requests=1.0, queue=1.0)
    assert (woken.desired, woken.urgent, told(woken)) == (1, True, {"from_zero"})
    assert Service(policy, tasks=0).tick(requests=0.0, queue=1.0).desired == 1  # it has waited for a while
    assert Service(policy, tasks=0).tick(requests=1.0, queue=0.0).desired == 1  # it was refused


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_nothing_starts_where_nobody_asks(policy: Default) -> None:
    service = Service(policy, tasks=0)
    assert {d.desired for d in service.ticks(120, requests=0.0, queue=0.0)} == {0}
    assert service.tick(requests=None, queue=None).desired == 0


def test_a_person_who_set_it_to_zero_or_paused_growth_is_obeyed() -> None:
    for operator in (Operator(fixed=0, who="ann"), Operator(hold_growth=True, who="ann")):
        service = Service(Default(), tasks=0)
        service.operator = operator
        assert service.tick(requests=1.0, queue=1.0).desired == 0


def test_a_few_requests_an_hour_start_a_task_each_and_leave_none_behind() -> None:
    service = Service(Default(), tasks=0, guards=GuardSettings(), seeing=60_000)
    counts = [d.desired for second in range(3 * 1200) for d in (service.tick(requests=float(second % 1200 == 60)),)]
    assert [counts[1200 * hour + 59] for hour in range(3)] == [0, 0, 0]
    assert [counts[1200 * hour + 60] for hour in range(3)] == [1, 1, 1]
