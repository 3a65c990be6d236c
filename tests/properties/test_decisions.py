"""What holds for every decision of every service, in every life and at every moment."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from fleetfoot.core import words
from fleetfoot.core.model import Action
from fleetfoot.core.policies import Default, Target
from fleetfoot.core.settings import GuardSettings, Settings
from fleetfoot.sim.harness import Loop, Plant
from tests.properties.services import LOADS, all_settings, any_policy, several
from tests.properties.worlds import Stretch, actor, counts, fewer, lives, startups, stretches
from tests.unit.core.build import Service


@given(all_settings(), counts, startups, lives)
def test_the_result_is_within_the_bounds_or_coming_down_to_them(
    known: Settings, tasks: int, startup: int, life: list[Stretch]
) -> None:
    for decision in actor(known, tasks, startup).play(life):
        assert known.minimum <= decision.desired <= max(known.maximum, decision.current)


@given(all_settings(several(any_policy, least=0)), counts, lives)
def test_a_decision_always_has_a_reason_and_every_change_of_its_number_too(
    known: Settings, tasks: int, life: list[Stretch]
) -> None:
    for decision in actor(known, tasks).play(life):
        assert decision.reasons
        number = decision.wanted
        for trail in decision.trail:
            assert (trail.before, trail.after != trail.before) == (number, True)
            number = trail.after
        assert number == decision.desired
        for lang in words.LANGUAGES:
            assert "?" not in words.tell(decision, lang)


@given(all_settings(), counts, lives)
def test_the_action_says_which_way_the_number_goes(known: Settings, tasks: int, life: list[Stretch]) -> None:
    for decision in actor(known, tasks).play(life):
        way = (decision.desired > decision.current) - (decision.desired < decision.current)
        assert decision.action is {1: Action.GROW, -1: Action.SHRINK, 0: Action.HOLD}[way]


@given(all_settings(), counts, startups, lives)
def test_a_guard_only_ever_brings_the_number_nearer_to_the_present_count(
    known: Settings, tasks: int, startup: int, life: list[Stretch]
) -> None:
    """Refusing, holding, cutting. Only the bounds may do more, and what never served is taken back."""
    for decision in actor(known, tasks, startup).play(life):
        for trail in decision.trail:
            if trail.guard not in ("bounds", "last good"):
                low, high = sorted((trail.before, decision.current))
                assert low <= trail.after <= high


monotone = any_policy.filter(lambda policy: policy.monotone)


@given(all_settings(several(monotone)), counts, startups, lives, stretches(), st.data())
def test_more_load_never_wants_fewer(
    known: Settings, tasks: int, startup: int, life: list[Stretch], last: Stretch, data: st.DataObject
) -> None:
    """Exact steps, falling steps and steps below a threshold declare themselves exempt."""
    less = actor(known, tasks, startup)
    for _ in less.play(life):
        pass
    more = deepcopy(less)
    last = replace(last, ticks=1, disturbance=data.draw(st.sampled_from(["nothing", "half of the tasks silent"])))
    grown = dict(last.shown)
    for name in (*LOADS, "latency", "in_flight", "queue"):
        grown[name] += data.draw(st.sampled_from([0.0, 1.0, 25.0, 400.0, 1e5]))
    (small,) = less.play([last])
    (large,) = more.play([replace(last, shown=grown)])
    assert large.wanted >= small.wanted


@fewer
@given(st.floats(0.5, 120.0), st.integers(0, 10**6), st.sampled_from([1.0, 3.0]), st.sampled_from([0.5, 0.7, 0.9]))
def test_steady_load_settles_and_stays(rate: float, seed: int, dispersion: float, utilisation: float) -> None:
    """Ten minutes of one rate: growth, if any, in the beginning; a fleet that may shrink shrinks; then peace."""
    quick = GuardSettings(stabilise_in=15_000, cooldown_in=10_000)
    known = Settings("orders", 1, 60, (Default(utilisation),), quick, throughput=20.0, startup=2_000)
    right = ceil(rate / 20.0 / utilisation)
    loop = Loop(known, Plant(20.0, 2_000, right + 3), lambda _: rate, seed, dispersion=dispersion)
    made = [decision for _, _, decision in loop.run(600)]
    assert all(decision.action is not Action.GROW for decision in made)
    assert {decision.action for decision in made[450:]} == {Action.HOLD}
    assert right <= made[-1].desired <= right + 3


@given(st.floats(1.0, 500.0), st.integers(1, 40), st.sampled_from([0, 3_000]))
def test_steady_load_under_target_tracking_settles_in_one_order_and_stays(
    rate: float, tasks: int, startup: int
) -> None:
    service = Service(Target("target", "requests", 14.0, per_task=True, window=1_000), tasks=tasks, startup=startup)
    counts = [decision.desired for decision in service.ticks(60, requests=rate)]
    assert len(set(counts)) == 1
    assert counts[0] == tasks if 0.9 <= rate / 14.0 / tasks <= 1.1 else counts[0] == ceil(rate / 14.0 - 1e-9)
