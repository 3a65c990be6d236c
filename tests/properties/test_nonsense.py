"""Whatever a broken source, clock or target hands over."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fleetfoot.core import words
from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.settings import Settings
from tests.properties.services import all_settings, any_policy, several
from tests.properties.worlds import Stretch, actor, counts, lives, text, wild_gaps, wild_observations
from tests.unit.core.build import START


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_a_step_never_raises_whatever_it_is_shown(data: st.DataObject) -> None:
    known = data.draw(all_settings(several(any_policy, least=0)))
    memory, now = Memory(), data.draw(st.sampled_from([0, START, -5_000]))
    for _ in range(data.draw(st.integers(1, 12))):
        now += data.draw(wild_gaps)
        seen = data.draw(wild_observations(now))
        decision = step(known, memory, seen)
        assert decision.desired >= min(known.minimum, decision.desired + 1)
        assert known.minimum <= decision.desired <= max(known.maximum, decision.current)
        text(decision)
        words.tell(decision)
        memory = Memory.from_json(json.loads(json.dumps(memory.to_json())))


@given(all_settings(), counts, lives, st.data())
def test_after_any_nonsense_a_normal_hour_is_decided_normally_again(
    known: Settings, tasks: int, life: list[Stretch], data: st.DataObject
) -> None:
    """No sample of nonsense poisons a window for ever: two minutes later the means are right."""
    playing = actor(known, tasks)
    service = playing.service
    service.follows = False
    for _ in range(data.draw(st.integers(1, 3))):
        service.now += 1_000
        step(known, service.memory, data.draw(wild_observations(service.now)))
    assume(service.memory.now is not None and service.memory.now <= service.now)
    calm = dict.fromkeys(("requests", "cpu", "load", "completed"), 30.0)
    service.run(400, **calm)  # type: ignore[arg-type]
    for name, window in service.memory.windows.items():
        if name in calm:
            mean, covered = window.mean(120_000)
            assert mean == pytest.approx(30.0)
            assert covered == pytest.approx(120_000)
