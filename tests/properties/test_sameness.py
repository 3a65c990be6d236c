"""The same again: with the same inputs, other hashes, other times, another order, or read back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core.engine import step
from fleetfoot.core.memory import Memory
from fleetfoot.core.pack import observation_from_json, observation_to_json
from fleetfoot.core.policies import Adaptive
from fleetfoot.core.settings import Settings
from tests.properties.services import all_settings
from tests.properties.worlds import Stretch, actor, counts, lives, startups, text, wild_observations
from tests.unit.core.build import START

DAY = 86_400_000  # ms


@given(all_settings(), counts, startups, lives)
def test_the_same_inputs_give_byte_identical_decisions(
    known: Settings, tasks: int, startup: int, life: list[Stretch]
) -> None:
    one, other = (actor(known, tasks, startup).play(life) for _ in range(2))
    assert [text(d) for d in one] == [text(d) for d in other]


def test_decisions_do_not_depend_on_the_seed_of_hashes() -> None:
    code = (
        "from hashlib import sha256\n"
        "from tests.unit.core.scenes import SCENES\n"
        "from tests.properties.worlds import text\n"
        "print(sha256(''.join(text(d) for play in SCENES.values() for d in play()).encode()).hexdigest())"
    )
    root = Path(__file__).parents[2]
    found = set()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(root), str(root / "src")])}
        run = subprocess.run(
            [sys.executable, "-c", code], env=env, cwd=root, capture_output=True, text=True, check=True
        )
        found.add(run.stdout)
    assert len(found) == 1


@given(all_settings(), counts, lives, st.sampled_from([-START, -START + 1, 1, DAY, 11_574_074 * DAY]))
def test_shifting_all_times_changes_nothing(known: Settings, tasks: int, life: list[Stretch], by: int) -> None:
    """What knows the time of day (`adaptive`) is shifted by whole days."""
    if any(isinstance(policy, Adaptive) for policy in known.policies):
        by = int(by / DAY) * DAY
    for here, there in zip(
        actor(known, tasks).play(life), actor(known, tasks, start=START + by).play(life), strict=True
    ):
        assert there.now == here.now + by
        moved = {name: getattr(here, name) + by for name in ("now", "wall", "sampled", "received")}
        assert there == here._replace(**moved, onset=None if here.onset is None else here.onset + by)


@given(all_settings(), counts, lives, st.randoms(use_true_random=False))
def test_the_order_of_the_signals_is_irrelevant(known: Settings, tasks: int, life: list[Stretch], rnd: Any) -> None:
    mixed = []
    for part in life:
        names = list(part.shown)
        rnd.shuffle(names)
        mixed.append(replace(part, shown={name: part.shown[name] for name in names}))
    for one, other in zip(actor(known, tasks).play(life), actor(known, tasks).play(mixed), strict=True):
        assert text(one) == text(other)


@given(all_settings(), counts, startups, lives, st.integers(0, 100))
def test_memory_survives_json_at_any_moment(
    known: Settings, tasks: int, startup: int, life: list[Stretch], moment: int
) -> None:
    plain, kept = actor(known, tasks, startup), actor(known, tasks, startup)
    for i, (one, other) in enumerate(zip(plain.play(life), kept.play(life), strict=True)):
        assert text(one) == text(other)
        if i % (moment + 1) == moment:
            kept.service.memory = Memory.from_json(json.loads(json.dumps(kept.service.memory.to_json())))


@given(st.data())
def test_an_observation_read_back_from_the_journal_decides_the_same(data: st.DataObject) -> None:
    known = data.draw(all_settings())
    one, other = Memory(), Memory()
    for i in range(data.draw(st.integers(1, 5))):
        seen = data.draw(wild_observations(START + 1_000 * i))
        again = observation_from_json(json.loads(json.dumps(observation_to_json(seen))))
        assert text(step(known, one, seen)) == text(step(known, other, again))
