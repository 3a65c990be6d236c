"""What the journal keeps comes back exactly as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core import pack
from fleetfoot.core.model import Action, Decision, Fleet, Observation, Operator, Receipt, Signal, Start, State
from fleetfoot.core.reasons import Code
from tests.unit.core.scenes import SCENES

times = st.integers(0, 2**53)
counts = st.integers(0, 10_000)
names = st.text(min_size=1, max_size=12)
values = st.floats(allow_nan=False)

signals = st.builds(
    Signal, names, values, times, times, counts, counts, st.floats(0, 1), st.sampled_from(State)
)  # fmt: skip
starts = st.builds(Start, counts, names, times, st.booleans(), st.text(max_size=20))
fleets = st.builds(
    Fleet, times, counts, counts, counts, counts, counts, counts, counts, names, st.booleans(),
    st.dictionaries(names, counts, max_size=3), st.lists(starts, max_size=3).map(tuple), st.sampled_from(State),
)  # fmt: skip
operators = st.builds(Operator, st.none() | counts, st.booleans(), st.booleans(), times, names)
observations = st.builds(
    Observation, times, times, st.lists(signals, max_size=4).map(lambda rows: {row.name: row for row in rows}), fleets,
    times, operators,
)  # fmt: skip


def through_text(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(row, allow_nan=True))
    return found


@given(observations)
def test_an_observation_comes_back_exactly(seen: Observation) -> None:
    again = pack.observation_from_json(through_text(pack.observation_to_json(seen)))
    assert again == seen
    assert [type(signal.state) for signal in again.signals.values()] == [State] * len(seen.signals)
    assert list(again.signals) == list(seen.signals)


def test_a_value_that_is_no_number_comes_back_as_none() -> None:
    seen = Observation(1, 1, {"x": Signal("x", float("nan"), 1, 1), "y": Signal("y", float("inf"), 1, 1)}, Fleet(1, 2))
    again = pack.observation_from_json(through_text(pack.observation_to_json(seen)))
    assert again.signals["x"].value != again.signals["x"].value
    assert again.signals["y"].value == float("inf")


@pytest.mark.parametrize("code", [pytest.param(code, id=code.value) for code in Code])
def test_every_decision_of_every_scene_comes_back_exactly(code: Code) -> None:
    for decision in SCENES[code]():
        row = through_text(pack.decision_to_json(decision))
        again = pack.decision_from_json(row)
        assert again == decision
        assert isinstance(again.action, Action)
        assert [type(vote) for _, vote in again.votes] == [type(vote) for _, vote in decision.votes]
        assert through_text(pack.decision_to_json(again)) == row


def test_a_decision_packs_to_plain_values_only() -> None:
    (decision, *_) = SCENES[Code.OPERATOR_SCALE]()
    assert isinstance(decision, Decision)

    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(isinstance(key, str) and plain(each) for key, each in value.items())
        if isinstance(value, (list, tuple)):
            return all(plain(each) for each in value)
        return value is None or isinstance(value, (str, int, float, bool))

    assert plain(pack.decision_to_json(decision))


@given(st.builds(Receipt, names, names, counts, st.booleans(), times, st.text(max_size=20)))
def test_a_receipt_packs_to_plain_values_that_name_its_fields(receipt: Receipt) -> None:
    assert Receipt(**through_text(pack.receipt_to_json(receipt))) == receipt
