"""The contract of a signal: how it is read, what stands for it when it is absent, and what it may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetfoot.core import words
from fleetfoot.core.compile import compile_service
from fleetfoot.core.contract import Contract
from fleetfoot.core.model import Blind, State, Want
from fleetfoot.core.policies import Step, Target, Thresholds
from fleetfoot.core.policies.base import Policy
from fleetfoot.core.view import look
from fleetfoot.spec import loads
from tests.unit.core.build import CPU, START, Service, Shown, outcome, signal, told

LOAD = Target("load", "load", 10.0, per_task=True, window=1000)
ANY = Thresholds("any", (("cpu", 0.7), ("latency", 800.0)), (("cpu", 0.3), ("queue", 1.0)), window=1000, cooldown=0)


def agreed(*policies: Policy, tasks: int = 4, **contracts: Contract) -> Service:
    return Service(*policies, tasks=tasks, contracts=contracts)


# -- how it is read


@pytest.mark.parametrize(
    ("statistic", "read"),
    [
        pytest.param("mean", 14.5, id="mean"),  # nine tens and a fifty-five
        pytest.param("max", 55.0, id="max"),
        pytest.param("min", 10.0, id="min"),
        pytest.param("p95", 55.0, id="p95"),  # nine tenths of the time is under 95 %
    ],
)
def test_the_statistic_is_of_the_signals_own_window(statistic: str, read: float) -> None:
    service = agreed(LOAD, load=Contract(window=10_000, statistic=statistic))
    service.run(30, load=1_000.0)
    for value in [10.0] * 4 + [55.0] + [10.0] * 5:
        service.now += 1000
        seen = look(service.settings, service.memory, service.see(load=value))
    mean, covered = seen.mean("load", 1000)
    assert (mean, covered) == pytest.approx((read, 1000))


def test_a_p95_leaves_out_what_lasts_less_than_a_twentieth_of_the_window() -> None:
    service = agreed(LOAD, load=Contract(window=60_000, statistic="p95"))
    service.run(100, load=10.0)
    service.run(2, load=900.0)
    service.now += 1000
    assert look(service.settings, service.memory, service.see(load=10.0)).mean("load", 1000)[0] == 10.0


def test_a_long_window_is_kept_for_and_half_of_it_must_be_measured() -> None:
    service = agreed(LOAD, load=Contract(window=600_000))
    assert service.settings.windows["load"] >= 600_000
    assert outcome(service.run(290, load=50.0).votes[0][1]) == "abstain"
    assert outcome(service.run(20, load=50.0).votes[0][1]) == "5"


@pytest.mark.parametrize(
    ("age", "after", "state"),
    [
        pytest.param(None, 4, State.STALE, id="three periods are the rule"),
        pytest.param(10_000, 10, State.FRESH, id="longer by contract"),
        pytest.param(10_000, 11, State.STALE, id="and no longer"),
        pytest.param(1_000, 2, State.STALE, id="shorter by contract"),
    ],
)
def test_a_signal_grows_stale_by_its_own_maximum_age(age: int | None, after: int, state: State) -> None:
    service = agreed(LOAD, load=Contract(age=age))
    old = signal("load", 5.0, START)
    service.now = START + 1000 * after
    assert look(service.settings, service.memory, service.see(load=old)).state("load") is state


# -- tolerance and gain, which a target tracks with


def spec_of(signals: str, policies: str) -> Service:
    text = f"services: {{a: {{run: x, task: {{throughput: 20/s}}, {signals}, {policies}}}}}"
    compiled = compile_service(loads(text).services["a"])
    service = Service(tasks=4)
    service.settings = replace(service.settings, policies=compiled.policies, contracts=compiled.contracts)
    return service


@pytest.mark.parametrize(
    ("gain", "want"),
    # ray serve's own cases: 4 tasks, 16 in all for a target of 2 each
    [pytest.param(1.0, 8, id="all the way"), pytest.param(0.5, 6, id="half"), pytest.param(2.0, 12, id="twice")],
)
def test_the_gain_is_the_share_of_the_way_that_is_gone(gain: float, want: int) -> None:
    service = spec_of(
        f"signals: {{in_flight: {{gain: {gain}}}}}",
        "policies: [{target: {signal: in_flight, per task: 2, window: 1s}}]",
    )
    service.startup = 5_000
    assert [d.desired for d in service.ticks(4, in_flight=16.0)] == [want] * 4


def test_a_small_gain_still_lets_go_of_a_task() -> None:
    service = agreed(replace(LOAD, gain=0.1), tasks=10)
    assert service.tick(load=80.0).desired == 9  # 10 - 0.1 x 2 is 10 rounded up, and one fewer at the least


def test_the_contracts_tolerance_goes_before_the_policys() -> None:
    service = spec_of("signals: {cpu: {tolerance: 50%}}", "policies: [{target: {signal: cpu, value: 50%, window: 1s}}]")
    assert service.tick(cpu=0.74).desired == 4
    assert service.tick(cpu=0.80).desired == 7  # 4 x 0.8 / 0.5 = 6.4


# -- absent


@pytest.mark.parametrize(
    ("absent", "shown", "vote", "desired"),
    [
        pytest.param("zero", None, "blind", 10, id="zero: what did not come is no zero"),
        pytest.param("zero", {"value": 9.0, "state": State.EMPTY}, "0", 0, id="zero: an empty answer is"),
        pytest.param("hold", {"value": 9.0, "state": State.EMPTY}, "blind", 10, id="hold: an empty answer holds"),
        pytest.param("ignore", None, "blind", 6, id="ignore: others go on"),
        pytest.param("ignore", {"value": 9.0, "state": State.EMPTY}, "blind", 6, id="ignore: an empty answer too"),
        pytest.param("ignore", -1.0, "blind", 10, id="ignore: nonsense holds"),
        pytest.param("fallback", None, "blind", 10, id="fallback: a small one takes nothing away"),
        pytest.param("fallback", -1.0, "blind", 10, id="fallback: for nonsense too"),
        pytest.param("fallback", 200.0, "20", 20, id="fallback: not while it is there"),
    ],
)
def test_what_an_absent_signal_counts_for(absent: str, shown: Shown, vote: str, desired: int) -> None:
    policies = (LOAD, CPU) if absent == "ignore" else (LOAD,)
    service = agreed(*policies, tasks=10, load=Contract(absent=absent, fallback=20.0))
    decision = service.tick(load=shown, cpu=0.3)
    assert (outcome(decision.votes[0][1]), decision.desired) == (vote, desired)


def test_a_fallback_may_grow_at_once_and_leaves_no_trace_in_the_past() -> None:
    service = agreed(LOAD, load=Contract(absent="fallback", fallback=70.0))
    assert service.run(10, load=None).desired == 7
    assert "load" not in service.memory.windows or not len(service.memory.windows["load"])
    assert service.tick(load=20.0).desired == 2


def test_a_fallback_stands_for_every_datapoint_of_a_step() -> None:
    step = Step("step", "load", 50.0, True, "change", ((0.0, None, 2.0),), period=1000, datapoints=3)
    assert agreed(step, load=Contract(absent="fallback", fallback=70.0)).tick(load=None).desired == 6


def test_thresholds_go_on_without_what_may_be_gone() -> None:
    service = agreed(ANY, tasks=5, queue=Contract(absent="ignore"), latency=Contract(absent="ignore"))
    assert service.tick(cpu=0.1, queue=None, latency=None).desired == 4
    without = agreed(ANY, tasks=5)
    assert without.tick(cpu=0.1, queue=None, latency=100.0).desired == 5


# -- roles


def test_a_vetoing_signal_refuses_a_scale_in_and_orders_nothing() -> None:
    service = agreed(LOAD, CPU, cpu=Contract(role="vetoes"))
    assert service.tick(load=40.0, cpu=0.9).desired == 4  # it would have wanted 8
    assert service.tick(load=10.0, cpu=0.9).desired == 4
    assert "vetoes" in told(service.tick(load=10.0, cpu=0.9))
    assert service.tick(load=10.0, cpu=0.3).desired == 3  # 4 x 0.3 / 0.5 = 2.4
    assert service.tick(load=90.0, cpu=0.1).desired == 9


def test_a_vetoing_signal_that_is_content_with_the_count_holds_it_by_its_own_word() -> None:
    service = agreed(LOAD, CPU, cpu=Contract(role="vetoes"))
    assert told(service.tick(load=10.0, cpu=0.5)) == {"within_tolerance"}


def test_a_vetoing_signal_that_is_not_seen_refuses_too_and_with_nobody_else_wants_nothing() -> None:
    assert agreed(LOAD, CPU, cpu=Contract(role="vetoes")).tick(load=10.0, cpu=None).desired == 4
    assert agreed(CPU, cpu=Contract(role="vetoes")).tick(cpu=0.1).desired == 4


def test_an_advising_signal_is_told_and_neither_grows_nor_shrinks_nor_holds() -> None:
    service = agreed(LOAD, CPU, cpu=Contract(role="advises"))
    hot = service.tick(load=40.0, cpu=0.9)
    assert (hot.desired, "advises" in told(hot)) == (4, True)
    (alarm,) = [reason for reason in hot.reasons if str(reason.code) == "advises"]
    assert alarm.data == {"signal": "cpu", "value": 0.9, "bound": 0.5}
    assert "alarm: cpu is 0.9, past 0.5" in words.tell(hot)
    assert service.tick(load=10.0, cpu=0.9).desired == 1
    assert service.tick(load=90.0, cpu=None).desired == 9
    calm = service.tick(load=50.0, cpu=0.1)
    assert (calm.desired, "advises" in told(calm)) == (5, False)


ROLES = {"latency": Contract(role="advises"), "cpu": Contract(role="vetoes")}
QUEUE_FIRST = Thresholds(
    "queue",
    (("queue", 10.0), ("cpu", 0.7), ("latency", 800.0)),
    (("queue", 1.0), ("cpu", 0.7)),
    window=1000,
    cooldown=0,
)


@pytest.mark.parametrize(
    ("queue", "cpu", "latency", "desired", "codes"),
    [
        pytest.param(20.0, 0.5, 100.0, 5, {"any_breached"}, id="the queue grows"),
        pytest.param(5.0, 0.9, 100.0, 4, {"vetoes"}, id="cpu only holds"),
        pytest.param(0.0, 0.9, 100.0, 4, {"vetoes"}, id="even against an empty queue"),
        pytest.param(0.0, 0.5, 100.0, 3, {"all_clear"}, id="both calm"),
        pytest.param(0.0, 0.5, 900.0, 3, {"all_clear", "advises"}, id="the alarm holds nothing"),
        pytest.param(5.0, 0.5, 900.0, 4, {"not_breached", "advises"}, id="and adds nothing"),
        pytest.param(20.0, 0.5, 900.0, 5, {"any_breached", "advises"}, id="and is told beside a growth"),
        pytest.param(0.0, 0.5, None, 3, {"all_clear"}, id="nor holds when it is lost"),
        pytest.param(0.0, None, 100.0, 4, {"no_want", "signal_unusable"}, id="a veto is lost: nothing is let go"),
        pytest.param(20.0, None, None, 5, {"any_breached"}, id="and growth goes on"),
    ],
)
def test_the_request_queue_comes_first_cpu_second_and_latency_is_an_alarm(
    queue: float, cpu: Shown, latency: Shown, desired: int, codes: set[str]
) -> None:
    decision = Service(QUEUE_FIRST, contracts=ROLES).tick(queue=queue, cpu=cpu, latency=latency)
    assert (decision.desired, told(decision)) == (desired, codes)


def test_a_contract_changes_no_signal_but_its_own() -> None:
    plain, other = Service(CPU), agreed(CPU, load=Contract(window=5_000, statistic="max", absent="hold", role="vetoes"))
    for value in (0.9, 0.2, None, 0.5):
        shown: dict[str, Any] = {"cpu": value, "load": 3.0}
        assert isinstance(plain.tick(**shown).votes[0][1], Want) == isinstance(other.tick(**shown).votes[0][1], Want)
        assert plain.decision == other.decision


def test_a_gain_lets_nobody_go_where_the_target_asks_for_just_what_serves() -> None:
    """Four tasks at 48 % for 50 %: 3.84 of them would do."""
    service = agreed(replace(CPU, gain=0.5, tolerance=0.0), tasks=4)
    assert service.tick(cpu=0.48).desired == 4


def test_an_advising_signal_that_is_content_with_the_count_advises_nothing() -> None:
    service = agreed(LOAD, CPU, cpu=Contract(role="advises"))
    assert "advises" not in told(service.tick(load=40.0, cpu=0.5))


def test_thresholds_whose_calm_is_all_gone_hold_and_name_the_first_signal_of_it() -> None:
    calm = Thresholds("calm", (("queue", 10.0),), (("cpu", 0.3), ("memory", 0.4)), window=1000)
    service = agreed(calm, cpu=Contract(absent="ignore"), memory=Contract(absent="ignore"))
    assert service.tick(queue=0.0).desired == 4
    assert service.vote == Blind("cpu", State.MISSING, service.vote.reason)
