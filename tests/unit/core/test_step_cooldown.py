"""Step scaling: what a breach that lasts, returns or grows asks for within the cooldown."""

from __future__ import annotations

from dataclasses import replace

from fleetfoot.core.policies.step import EXACT, PERCENT
from fleetfoot.core.settings import TASKS, Rate
from tests.unit.core.build import OPEN, Service
from tests.unit.core.steps import policy


def test_half_as_many_again_counts_from_the_count_at_the_breach() -> None:
    service = Service(policy(((0.0, None, 50.0),), PERCENT), tasks=4, startup=30_000)
    assert [d.desired for d in service.ticks(10, load=150.0)] == [6] * 10


def test_inside_the_cooldown_only_the_difference_to_a_larger_step_is_added() -> None:
    service = Service(policy(((0.0, 50.0, 2.0), (50.0, None, 3.0))))
    assert service.tick(load=120.0).desired == 6
    assert service.run(10, load=120.0).desired == 6  # equal: nothing
    assert service.tick(load=160.0).desired == 7  # +3 counts from 4: one more
    assert service.run(10, load=120.0).desired == 7  # smaller: nothing


def test_the_difference_still_counts_when_the_breach_paused_inside_the_cooldown() -> None:
    service = Service(policy(((0.0, 50.0, 2.0), (50.0, None, 3.0))))
    service.tick(load=120.0)
    service.run(20, load=50.0)
    assert service.tick(load=160.0).desired == 7


def test_after_the_cooldown_a_lasting_breach_steps_again_from_where_it_is() -> None:
    service = Service(policy(cooldown=10_000))
    counts = [d.desired for d in service.ticks(23, load=120.0)]
    assert counts == [5] * 11 + [6] * 11 + [7]


def test_a_larger_step_starts_the_cooldown_anew() -> None:
    service = Service(policy(cooldown=10_000))
    service.run(6, load=120.0)
    service.tick(load=160.0)  # 6
    assert service.run(10, load=160.0).desired == 6
    assert service.run(2, load=160.0).desired == 8


def test_while_its_tasks_start_a_step_is_not_taken_twice_although_the_cooldown_has_ended() -> None:
    service = Service(policy(cooldown=2_000), startup=30_000)
    assert service.run(29, load=120.0).desired == 5
    assert service.run(3, load=120.0).desired == 6


def test_shrink_waits_for_the_end_of_a_growths_cooldown() -> None:
    service = Service(policy(((0.0, 50.0, 8.0), (50.0, None, 2.0)), EXACT, cooldown=20_000))
    assert service.tick(load=120.0).desired == 8
    assert service.run(20, load=160.0).desired == 8
    assert service.run(2, load=160.0).desired == 2


def test_shrink_waits_for_the_end_of_a_shrinks_cooldown() -> None:
    service = Service(policy(((None, 0.0, -1.0),), threshold=50.0, above=False, cooldown=20_000), tasks=10)
    assert service.tick(load=10.0).desired == 9
    assert service.run(20, load=10.0).desired == 9
    assert service.run(2, load=10.0).desired == 8


def test_growth_during_a_shrinks_cooldown_acts_at_once_and_counts_from_the_smaller_fleet() -> None:
    service = Service(policy(((0.0, 50.0, 2.0), (50.0, None, 10.0)), EXACT))
    assert service.tick(load=120.0).desired == 2
    assert service.tick(load=160.0).desired == 10


def test_a_cooldown_begins_when_the_count_moved_not_when_it_was_asked() -> None:
    service = Service(policy(cooldown=300_000), maximum=4)
    assert service.run(5, load=120.0).desired == 4  # the maximum says no
    service.settings = replace(service.settings, maximum=10)
    assert service.tick(load=120.0).desired == 5


def test_a_step_takes_the_last_task_where_none_need_be_there() -> None:
    service = Service(policy(((None, 0.0, -1.0),), threshold=50.0, above=False), tasks=1)
    assert service.tick(load=10.0).desired == 0


def test_a_growth_that_was_refused_begins_no_cooldown_for_a_scale_in() -> None:
    service = Service(policy(((0.0, 50.0, 8.0), (50.0, None, 2.0)), EXACT), maximum=4)
    assert service.run(5, load=120.0).desired == 4
    assert service.tick(load=160.0).desired == 2


def test_a_growth_that_a_guard_cut_short_goes_on_to_its_end() -> None:
    service = Service(policy(), guards=replace(OPEN, rate_out=(Rate(1, TASKS, 5_000),)))
    counts = [d.desired for d in service.ticks(25, load=500.0)]
    assert sorted(set(counts)) == [5, 6, 7, 8]


def test_a_blind_spell_does_not_lengthen_the_cooldown() -> None:
    service = Service(policy(cooldown=10_000))
    service.tick(load=120.0)
    service.run(8)  # nothing to see
    assert service.run(4, load=120.0).desired == 6


def test_a_breach_after_one_that_ended_starts_from_the_present_count_though_tasks_still_start() -> None:
    again = Service(policy(((0.0, None, 2.0),), cooldown=0), tasks=10, startup=30_000)
    assert [again.tick(load=load).desired for load in (150.0, 150.0, 50.0, 150.0)] == [12, 12, 12, 14]
