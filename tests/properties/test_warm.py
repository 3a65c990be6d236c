"""The warm pool."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core import warm, words
from fleetfoot.core.settings import Settings, WarmSettings
from tests.properties.services import all_settings
from tests.properties.worlds import Stretch, actor, counts, lives


@given(all_settings(), counts, lives, st.integers(0, 9), st.integers(0, 9))
def test_the_warm_pool_is_within_its_bounds_and_what_capacity_leaves(
    known: Settings, tasks: int, life: list[Stretch], low: int, more: int
) -> None:
    known = replace(known, warm=WarmSettings(low, low + more))
    player = actor(known, tasks)
    service = player.service
    for decision in player.play(life):
        pool = warm.size(service.settings, service.memory, service.see(), decision.desired)
        assert pool is not None
        left = max(known.maximum - decision.desired, 0)
        assert min(low, left) <= pool.tasks <= min(low + more, left)
        assert warm.last(json.loads(json.dumps(service.memory.to_json()))["slices"]) is not None
        for lang in words.LANGUAGES:
            assert "?" not in words.pool(pool, lang)
