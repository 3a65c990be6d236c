"""The policy ``forecast``: a floor ahead of time, its mode, the maximum, and silence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fleetfoot.core.model import Abstain, Action, Decision, State, Want
from fleetfoot.core.pack import decision_from_json, decision_to_json
from fleetfoot.core.policies import Forecast, Target
from fleetfoot.core.policies.base import Policy
from fleetfoot.core.reasons import Code
from tests.unit.core.build import Service

CARRIES = 14.0  # requests/s: 70 % of the 20 a task carries
REQUESTS = Target("rps", "requests", CARRIES, per_task=True, window=1000)


def told(upper: float | None, policy: Policy, *more: Policy, tasks: int = 4, **changes: Any) -> Decision:
    shown: dict[str, Any] = {
        "forecast.upper": upper,
        "forecast.median": 100.0,
        "forecast.error": 0.1,
        "forecast.days": 9.0,
    }
    return Service(policy, *more, tasks=tasks, **changes).tick(requests=14.0, latency=80.0, **shown)


def test_tasks_are_ordered_for_the_upper_end_of_the_forecast() -> None:
    decision = told(141.0, Forecast(scale=True))
    assert decision.desired == 11  # 141 / 14 = 10.07
    assert [str(reason.code) for reason in decision.reasons] == [Code.PREDICTED]


def test_with_forecast_only_nothing_is_ordered_and_what_was_wanted_is_told() -> None:
    decision = told(141.0, Forecast())
    assert decision.action is Action.HOLD
    (_, vote) = decision.votes[0]
    assert isinstance(vote, Abstain)
    assert (vote.reason.code, vote.reason.data["to"]) == (Code.PREDICTED_ONLY, 11)


def test_alone_it_lets_nothing_go() -> None:
    assert told(14.0, Forecast(scale=True), tasks=9).desired == 9


def test_asked_to_it_lets_go_what_the_forecast_does_not_need() -> None:
    assert told(56.0, Forecast(scale=True, scale_in=True), tasks=9).desired == 4


def test_another_policy_shrinks_only_to_the_floor() -> None:
    assert told(56.0, REQUESTS, Forecast(scale=True), tasks=9).desired == 4
    assert told(14.0, REQUESTS, Forecast(scale=True), tasks=9).desired == 1


@pytest.mark.parametrize("state", [State.MISSING, State.STALE, State.EMPTY, State.ABSURD])
def test_a_forecast_that_is_gone_blocks_no_shrink(state: State) -> None:
    service = Service(REQUESTS, Forecast(scale=True), tasks=9)
    shown: dict[str, Any] = {"forecast.upper": {"value": 900.0, "state": state}}
    decision = service.tick(requests=14.0, **shown)
    assert decision.desired == 1
    assert isinstance(dict(decision.votes)["forecast"], Abstain)


def test_a_forecast_above_the_maximum_is_held_at_it_by_default() -> None:
    decision = told(141.0, Forecast(scale=True), maximum=8)
    assert decision.desired == 8
    assert decision.trail[-1].reason.code == Code.ABOVE_MAXIMUM


def test_a_breach_raises_the_maximum_by_the_buffer_above_the_forecast_when_asked() -> None:
    decision = told(141.0, Forecast(scale=True, raises=True), maximum=8)
    assert decision.desired == 11
    data = decision.reasons[0].data
    assert (data["from"], data["maximum"]) == (8, 14)  # 11 tasks and a fifth: 13.2


def test_a_guess_raises_the_maximum_to_twice_itself_at_most() -> None:
    decision = told(1400.0, Forecast(scale=True, raises=True), maximum=8)
    assert decision.desired == 16
    assert decision.trail[-1].reason.data == {"wish": 100, "maximum": 16}


def test_the_maximum_comes_back_when_the_forecast_falls() -> None:
    service = Service(Forecast(scale=True, raises=True), maximum=8)
    high: dict[str, Any] = {"forecast.upper": 141.0}
    low: dict[str, Any] = {"forecast.upper": 100.0}
    assert service.tick(requests=14.0, **high).desired == 11
    for _ in range(60):
        decision = service.tick(requests=14.0, **low)
    assert decision.desired == 8


def test_without_a_throughput_a_forecast_sizes_nothing() -> None:
    vote = told(141.0, Forecast(scale=True), throughput=None).votes[0][1]
    assert vote.reason.code == Code.PREDICTION_UNSIZED


def test_a_floor_survives_the_journal() -> None:
    decision = told(56.0, Forecast(scale=True), tasks=9)
    assert decision_from_json(json.loads(json.dumps(decision_to_json(decision)))) == decision


def test_a_wish_of_two_policies_is_the_larger_one() -> None:
    decision = told(141.0, REQUESTS, Forecast(scale=True))
    votes = {name: vote.tasks for name, vote in decision.votes if isinstance(vote, Want)}
    assert (votes, decision.desired) == ({"rps": 1, "forecast": 11}, 11)
