"""How votes become one number, and what a person may order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fleetfoot.core.engine import settle, settle_all, step, wish
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Abstain, Action, Blind, Grant, Operator, Reason, State, Vote, Want
from fleetfoot.core.pack import observation_from_json, observation_to_json
from fleetfoot.core.policies import Target
from fleetfoot.core.reasons import Code
from fleetfoot.core.settings import Launch, Shared
from tests.unit.core.build import CPU, START, Says, Service, told, want, wants

SILENT = Abstain(Reason(Code.NOT_BREACHED))
BLIND = Blind("cpu", State.STALE, Reason(Code.SIGNAL_UNUSABLE, {"signal": "cpu", "state": "stale"}))


def service(*votes: Vote, tasks: int = 10, **changes: Any) -> Service:
    return Service(*(Says(f"p{i}", vote) for i, vote in enumerate(votes)), tasks=tasks, **changes)


@pytest.mark.parametrize(
    ("votes", "desired"),
    [
        pytest.param([want(12), want(15), want(4)], 15, id="growth takes the highest wish"),
        pytest.param([want(7), want(3)], 7, id="shrink goes to the largest wish"),
        pytest.param([want(3), want(10)], 10, id="one content policy holds"),
        pytest.param([want(3), SILENT], 3, id="no opinion blocks nothing"),
        pytest.param([want(12), SILENT], 12, id="no opinion blocks no growth"),
        pytest.param([want(3), BLIND], 10, id="blindness blocks the shrink"),
        pytest.param([want(12), BLIND], 12, id="blindness blocks no growth"),
        pytest.param([want(10), BLIND], 10, id="blindness and content hold"),
        pytest.param([SILENT, SILENT], 10, id="nobody wants anything: hold"),
        pytest.param([BLIND], 10, id="only blindness: hold"),
        pytest.param([], 10, id="no policy at all: hold"),
    ],
)
def test_votes_become_one_number(votes: list[Vote], desired: int) -> None:
    assert service(*votes).tick().desired == desired


def test_the_order_of_the_policies_does_not_matter() -> None:
    votes: list[Vote] = [want(12), BLIND, SILENT, want(15)]
    assert service(*votes).tick().desired == service(*reversed(votes)).tick().desired == 15


def test_the_reasons_are_those_of_the_wish_that_won() -> None:
    decision = service(want(12), want(15), want(15)).tick()
    assert [reason.data["wants"] for reason in decision.reasons] == [15, 15]


def test_a_held_decision_says_who_could_not_see() -> None:
    decision = service(want(3), BLIND).tick()
    assert decision.action is Action.HOLD
    assert told(decision) == {"blind_holds_shrink", "signal_unusable"}


def test_no_wish_at_all_is_said_with_everybodys_reason() -> None:
    assert told(service(SILENT).tick()) == {"no_want", "not_breached"}
    assert told(service(BLIND).tick()) == {"no_want", "signal_unusable"}


def test_a_growth_is_urgent_when_the_wish_that_won_is() -> None:
    assert service(want(12, urgent=True), want(15)).tick().urgent is False
    assert service(want(12), want(15, urgent=True)).tick().urgent is True


def test_a_flip_point_of_another_signal_is_no_rate() -> None:
    busy = Want(10, Reason(Code.TRACKING, {"signal": "cpu"}), flip=0.55)
    assert service(busy, want(10, flip=200.0)).tick().flip == 200.0
    assert service(busy).tick().flip is None


def test_the_nearest_flip_point_is_told() -> None:
    assert service(want(10, flip=300.0), want(10, flip=200.0), SILENT).tick().flip == 200.0


def test_every_vote_is_kept_under_its_policys_name() -> None:
    decision = service(want(12), BLIND).tick()
    assert [name for name, _ in decision.votes] == ["p0", "p1"]
    assert decision.votes[1][1] == BLIND


# -- a dead source


def two() -> Service:
    load = Target("load", "load", 10.0, per_task=True, window=1000)
    return Service(CPU, load, tasks=10)


def test_with_one_source_dead_another_policy_still_grows() -> None:
    assert two().tick(cpu=None, load=200.0).desired == 20


def test_with_one_source_dead_nothing_shrinks_that_votes_on_it() -> None:
    assert two().tick(cpu=None, load=10.0).desired == 10
    assert two().tick(cpu=0.1, load=10.0).desired == 2


def test_a_dead_source_nobody_votes_on_holds_nothing() -> None:
    assert two().tick(cpu=0.1, load=10.0, memory=None, disk=float("nan")).desired == 2


@pytest.mark.parametrize("state", [pytest.param(s, id=s) for s in State if s is not State.FRESH])
def test_a_fleet_whose_state_is_not_known_is_never_shrunk_and_may_grow(state: State) -> None:
    assert service(want(3)).tick(fleet={"state": state}).desired == 10
    assert service(want(13)).tick(fleet={"state": state}).desired == 13


# -- the operator


def test_a_fixed_count_wins_over_every_policy_both_ways() -> None:
    grown, shrunk = service(want(3)), service(want(30))
    grown.operator = shrunk.operator = Operator(fixed=12, who="ann")
    assert grown.tick().desired == 12
    shrunk.operator = Operator(fixed=5, who="ann")
    decision = shrunk.tick()
    assert (decision.desired, told(decision)) == (5, {"operator_scale"})


def test_a_fixed_count_is_kept_inside_the_bounds() -> None:
    held = Service(Says("p", want(10)), tasks=10, minimum=4, maximum=20)
    held.operator = Operator(fixed=500, who="ann")
    assert held.tick().desired == 20
    held.operator = Operator(fixed=0, who="ann")
    assert held.tick().desired == 4


def test_a_fixed_count_ends_when_it_was_said_to() -> None:
    held = service(want(10))
    held.operator = Operator(fixed=12, until=START + 3000, who="ann")
    assert [held.tick().desired for _ in range(2)] == [12, 12]
    assert held.tick().desired == 10


def test_a_fixed_count_of_zero_is_an_order_not_its_absence() -> None:
    held = service(want(10))
    held.operator = Operator(fixed=0, who="ann")
    assert held.tick().desired == 0


def test_a_paused_growth_holds_growth_only() -> None:
    paused = Operator(hold_growth=True, who="ann")
    grows, shrinks = service(want(12)), service(want(3))
    grows.operator = shrinks.operator = paused
    decision = grows.tick()
    assert (decision.desired, told(decision)) == (10, {"step", "operator_pause"})
    assert shrinks.tick().desired == 3


def test_a_paused_scale_in_holds_shrink_only() -> None:
    paused = Operator(hold_shrink=True, who="ann")
    grows, shrinks = service(want(12)), service(want(3))
    grows.operator = shrinks.operator = paused
    assert grows.tick().desired == 12
    decision = shrinks.tick()
    assert (decision.desired, told(decision)) == (10, {"step", "operator_pause"})


def test_a_growth_to_the_minimum_is_not_urgent_where_a_source_is_dead() -> None:
    decision = service(want(3), BLIND, tasks=10, minimum=12).tick()
    assert (decision.desired, decision.urgent) == (12, False)


def test_a_growth_to_the_minimum_is_not_urgent_whatever_a_person_pauses() -> None:
    for paused in (Operator(hold_shrink=True, who="ann"), Operator(hold_growth=True, who="ann"), Operator(fixed=0)):
        short = service(want(0), tasks=1, minimum=3)
        short.operator = paused
        decision = short.tick()
        assert (decision.desired, decision.urgent) == (3, False)


@pytest.mark.parametrize(
    ("rates", "onset"),
    [
        pytest.param((100.0, 70.0, 90.0, 120.0), 2000, id="the newest two"),
        pytest.param((100.0, 70.0, 80.0, 120.0), 3000, id="the newest one: 80 is carried"),
        pytest.param((100.0, 100.0, 100.0, 70.0), None, id="none any more"),
    ],
)
def test_the_onset_is_the_first_sample_of_the_unbroken_run_that_exceeds_what_the_tasks_carry(
    rates: tuple[float, ...], onset: int | None
) -> None:
    """4 tasks of 20 carry 80."""
    grows = service(want(4), tasks=4, throughput=20.0)
    for rate in rates[:-1]:
        grows.tick(requests=rate)
    wants(grows, 10)
    assert grows.tick(requests=rates[-1]).onset == (None if onset is None else START + onset)


# -- two passes


CORES: dict[str, Any] = {"cpu": 0.5, "shared": Shared(Launch(1000, 20.0, 6.0))}


def test_a_grant_refuses_growth_beyond_it_and_says_so() -> None:
    grows = service(want(20), **CORES)
    decision = settle(wish(grows.settings, grows.memory, grows.see()), Grant(15, 100))
    assert (decision.desired, told(decision)) == (15, {"step", "grant"})


def test_a_grant_below_the_present_count_takes_nothing_away() -> None:
    grows = service(want(20), **CORES)
    assert settle(wish(grows.settings, grows.memory, grows.see()), Grant(3, 100)).desired == 10


def test_several_services_share_a_limit_and_keep_what_they_have() -> None:
    one, other = service(want(8), tasks=8, **CORES), service(want(8), tasks=2, **CORES)
    wishes = {name: wish(s.settings, s.memory, s.see()) for name, s in (("a", one), ("b", other))}
    assert {name: d.desired for name, (d, _) in settle_all(wishes).items()} == {"a": 8, "b": 4}


def test_a_decision_made_among_others_is_made_again_from_its_own_observation() -> None:
    """The grant is all a replay of one service must know of the others."""
    one, other = service(want(8), tasks=8, **CORES), service(want(8), tasks=2, **CORES)
    again = Memory.from_json(other.memory.to_json())
    wishes = {name: wish(s.settings, s.memory, s.see()) for name, s in (("a", one), ("b", other))}
    decision, grant = settle_all(wishes)["b"]
    seen = observation_from_json(json.loads(json.dumps(observation_to_json(other.see()._replace(grant=grant)))))
    assert step(other.settings, again, seen) == decision
    assert again.to_json() == other.memory.to_json()


def test_a_lone_service_is_granted_everything() -> None:
    grows = service(want(500))
    assert settle_all({"a": wish(grows.settings, grows.memory, grows.see())})["a"][0].desired == 500


def test_the_minimum_beats_everything() -> None:
    held = Service(Says("p", want(0)), tasks=1, minimum=3)
    held.operator = Operator(hold_growth=True, who="ann")
    decision = held.tick()
    assert (decision.desired, decision.action) == (3, Action.GROW)
    assert "below_minimum" in told(decision)


def test_a_decision_tells_when_what_it_used_was_measured_and_received() -> None:
    decision = service(want(10)).tick(requests={"value": 5.0, "end": START + 700, "received": START + 900})
    assert (decision.sampled, decision.received) == (START + 700, START + 900)


def test_time_that_runs_backward_is_taken_as_standing_still() -> None:
    held = service(want(10))
    held.run(5)
    held.now -= 60_000
    assert held.tick().now == START + 5000
