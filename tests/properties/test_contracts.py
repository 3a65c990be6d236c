"""What holds whatever is agreed on a signal."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core.contract import IGNORE, Contract
from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.model import Action, State
from fleetfoot.core.pack import decision_to_json
from fleetfoot.core.settings import Settings
from fleetfoot.spec.formula import parse
from tests.properties.services import all_settings, any_policy, several
from tests.properties.worlds import Stretch, actor, lives, wild_gaps, wild_observations
from tests.unit.core.build import START

contracts = st.builds(
    Contract, st.sampled_from([None, 1_000, 60_000]), st.sampled_from(["mean", "max", "min", "p95"]),
    st.sampled_from(["zero", "hold", "ignore", "fallback"]), st.sampled_from([0.0, 50.0, 1e6]),
    st.sampled_from([None, 1_000, 60_000]), st.sampled_from(["votes", "vetoes", "advises"]),
)  # fmt: skip
agreed = st.dictionaries(st.sampled_from(["requests", "cpu", "load", "latency"]), contracts, min_size=1, max_size=3)
FORMULAS = {"load": parse("cpu / max(queue, 1)"), "cpu": parse("requests - load / completed")}
formulas = st.sampled_from([{}, {"load": FORMULAS["load"]}, FORMULAS])


@st.composite
def all_agreed(draw: st.DrawFn) -> Settings:
    return replace(draw(all_settings(several(any_policy))), contracts=draw(agreed), formulas=draw(formulas))


@given(st.data())
def test_a_step_never_raises_and_stays_within_the_bounds(data: st.DataObject) -> None:
    known, memory, now = data.draw(all_agreed()), Memory(), START
    for _ in range(data.draw(st.integers(1, 8))):
        now += data.draw(wild_gaps)
        decision = step(known, memory, data.draw(wild_observations(now)))
        assert known.minimum <= decision.desired <= max(known.maximum, decision.current)
        json.dumps(decision_to_json(decision))
        memory = Memory.from_json(json.loads(json.dumps(memory.to_json())))


@given(all_agreed(), st.integers(0, 60), lives)
def test_what_cannot_be_seen_takes_no_task_away_unless_it_is_said_to_be_ignored_or_only_advises(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    """All signals are lost: whoever votes on one holds, whatever stands in for it."""
    playing = actor(known, tasks)
    for _ in playing.play(life):
        pass
    reads = {name for policy in known.policies for name in policy.reads}
    held = {name: known.contracts.get(name, Contract()) for name in reads}
    if not all(one.absent != IGNORE and one.role == "votes" for one in held.values()) or not reads:
        return
    lost = dict.fromkeys(life[-1].shown, State.MISSING)
    shown = {name: {"value": 0.0, "state": state} for name, state in lost.items()}
    decision = playing.service.tick(1_000, **shown)
    assert decision.action is not Action.SHRINK or decision.current > known.maximum
