from __future__ import annotations

from fleetfoot.run.clock import Clock, gap

HOUR_NS = 3_600_000_000_000
WALL = 1_700_000_000_000_000_000


class Times:
    """A machine whose wall clock and monotonic clock the test moves."""

    def __init__(self) -> None:
        self.wall = WALL
        self.mono = 5_000_000_000

    def pass_ms(self, ms: int) -> None:
        self.wall += ms * 1_000_000
        self.mono += ms * 1_000_000

    def clock(self, after: int = 0) -> Clock:
        return Clock(lambda: self.wall, lambda: self.mono, after)


def test_a_wall_clock_stepping_back_an_hour_changes_wall_and_nothing_else() -> None:
    times = Times()
    clock = times.clock()
    times.pass_ms(1000)
    before = clock.now()
    times.wall -= HOUR_NS
    times.pass_ms(1000)
    assert clock.now() == before + 1000
    assert clock.wall() == before + 1000 - 3_600_000


def test_a_controller_that_starts_while_the_wall_is_behind_goes_on_after_the_journal() -> None:
    times = Times()
    newest = times.clock().now() + 3_600_000
    clock = times.clock(after=newest)
    assert clock.now() == newest + 1
    times.pass_ms(10)
    assert clock.now() == newest + 11


def test_a_monotonic_instant_of_this_machine_has_its_now() -> None:
    times = Times()
    clock = times.clock()
    times.pass_ms(2500)
    assert clock.at_mono(7500.0) == clock.now()
    assert clock.at_mono(5000.0) == clock.start


def test_more_than_three_ticks_without_a_step_are_a_gap() -> None:
    assert gap(None, 10**12) == 0
    assert gap(1000, 4000) == 0
    assert gap(1000, 4001) == 3001
