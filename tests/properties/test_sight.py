"""What is not seen, or not seen for what it is, never shrinks."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from fleetfoot.core.model import Action, State
from fleetfoot.core.settings import Settings
from tests.properties.services import all_settings
from tests.properties.worlds import DISTURBANCES, Actor, Stretch, actor, counts, inside, lives, stretches

UNSEEN = [name for name in sorted(DISTURBANCES) if name not in ("nothing", "empty")]


def lived(known: Settings, tasks: int, life: list[Stretch]) -> Actor:
    """The service after a life, at most as large as it may be."""
    playing = actor(known, inside(known, tasks))
    for _ in playing.play(life):
        pass
    assume(playing.service.tasks <= known.maximum)
    return playing


@given(all_settings(), counts, lives, st.sampled_from(UNSEEN), stretches(), st.data())
def test_what_is_unseen_never_shrinks(
    known: Settings, tasks: int, life: list[Stretch], loss: str, dark: Stretch, data: st.DataObject
) -> None:
    """Stale, missing, absurd, censored or reported by too few: when one policy's signals are, nothing shrinks."""
    playing = lived(known, tasks, life)
    policy = data.draw(st.sampled_from(known.policies))
    dark = replace(dark, disturbed=policy.reads, disturbance=loss)
    before = playing.service.tasks
    for decision in playing.play([dark]):
        assert decision.action is not Action.SHRINK
        assert decision.desired >= before


@given(all_settings(), counts, lives, stretches(), st.sampled_from([s for s in State if s is not State.FRESH]))
def test_an_unseen_fleet_is_never_shrunk(
    known: Settings, tasks: int, life: list[Stretch], dark: Stretch, state: State
) -> None:
    playing = lived(known, tasks, life)
    for decision in playing.play([replace(dark, fleet={**dark.fleet, "state": state})]):
        assert decision.action is not Action.SHRINK


@given(all_settings(), counts, lives, stretches())
def test_a_deployment_is_never_shrunk(known: Settings, tasks: int, life: list[Stretch], roll: Stretch) -> None:
    playing = lived(known, tasks, life)
    for decision in playing.play([replace(roll, fleet={"deploying": True, "state": State.FRESH, "revision": ""})]):
        assert decision.action is not Action.SHRINK
