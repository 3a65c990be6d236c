"""The other policies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fleetfoot.core.model import Decision
from fleetfoot.core.policies import Adaptive, Backlog, Composite, Graded, Schedule, Step, Thresholds
from fleetfoot.core.policies.composite import Row
from fleetfoot.core.policies.graded import Phase
from fleetfoot.core.policies.step import CHANGE
from fleetfoot.core.reasons import Code
from fleetfoot.core.schedule import Window
from fleetfoot.spec.when import WhenForm
from tests.unit.core.build import Service
from tests.unit.core.scenes.table import CPU, scene

STEP = Step("step", "load", 100.0, True, CHANGE, ((0.0, None, 2.0),), period=1000)
SCORE = Composite("score", (Row("cpu", 0.5, 0.7, 0.3), Row("load", 0.5, 100.0, 10.0)), window=1000)
JOBS = Backlog("jobs", "jobs", per_task=10.0, in_flight="running")
ANY = Thresholds("any", (("cpu", 0.8),), (("cpu", 0.3),), window=1000)
GRADED = Graded(
    "graded", "cpu", (Phase(0.7, 20.0, 5_000), Phase(0.95, None, 1_000)), below=0.3, calm=2_000, window=1000
)
UNUSUAL = Adaptive("adaptive", "cpu", 0.7, 0.9, 0.3, 0.2, window=1000)
RUSH = Window("rush", "UTC", (WhenForm().read("daily 22:30-23:00"),), 8, 12, ramp=600_000)  # START is 22:13:20
WINDOW = Schedule("schedule", (RUSH,))


@scene(Code.SCORE_UP)
def several_are_hot() -> Iterable[Decision]:
    yield Service(SCORE).tick(cpu=0.9, load=300.0)
    yield Service(SCORE).tick(cpu=0.9, load=150.0)


@scene(Code.SCORE_DOWN)
def several_are_cool() -> Iterable[Decision]:
    yield Service(SCORE).tick(cpu=0.1, load=2.0)


@scene(Code.SCORE_HOLD)
def some_are_neither() -> Iterable[Decision]:
    yield Service(SCORE).tick(cpu=0.5, load=50.0)


@scene(Code.BACKLOG)
def a_queue_of_jobs() -> Iterable[Decision]:
    yield Service(JOBS).tick(jobs=90.0, running=7.0)


@scene(Code.BACKLOG_AGE)
def an_old_job() -> Iterable[Decision]:
    yield Service(Backlog("jobs", "oldest", age=60.0)).tick(oldest=90.0)


@scene(Code.BACKLOG_EMPTY)
def no_job() -> Iterable[Decision]:
    yield Service(JOBS).tick(jobs=0.0, running=0.0)


@scene(Code.TRACKING)
def a_hot_share() -> Iterable[Decision]:
    yield Service(CPU).tick(cpu=0.9)


@scene(Code.WITHIN_TOLERANCE)
def a_warm_share() -> Iterable[Decision]:
    yield Service(CPU).tick(cpu=0.52)


@scene(Code.STEP)
def past_a_threshold() -> Iterable[Decision]:
    yield Service(STEP).tick(load=130.0)


@scene(Code.STEP_COOLDOWN)
def still_past_it() -> Iterable[Decision]:
    yield from Service(STEP).ticks(3, load=130.0)
    shrinks = Service(ANY, tasks=10)
    yield from shrinks.ticks(3, cpu=0.1)


@scene(Code.NOT_BREACHED)
def inside_a_threshold() -> Iterable[Decision]:
    yield Service(STEP).tick(load=30.0)
    yield Service(ANY).tick(cpu=0.5)
    yield Service(replace(ANY, in_all=())).tick(cpu=0.1)


@scene(Code.ANY_BREACHED)
def one_is_hot() -> Iterable[Decision]:
    yield Service(ANY).tick(cpu=0.9)


@scene(Code.ALL_CLEAR)
def all_are_cool() -> Iterable[Decision]:
    yield Service(ANY).tick(cpu=0.1)


@scene(Code.PHASE_WAITS)
def the_tasks_are_full_for_a_moment() -> Iterable[Decision]:
    return [Service(GRADED).tick(cpu=0.75)]


@scene(Code.GRADED)
def the_tasks_are_full_for_long() -> Iterable[Decision]:
    yield from Service(GRADED, tasks=10).ticks(8, cpu=0.75)
    yield from Service(GRADED, tasks=10).ticks(3, cpu=0.97)
    yield from Service(GRADED, tasks=10).ticks(5, cpu=0.1)


@scene(Code.UNUSUAL)
def more_than_is_usual() -> Iterable[Decision]:
    return [Service(UNUSUAL).tick(cpu=0.8)]


@scene(Code.UNUSUALLY_QUIET)
def less_than_is_usual() -> Iterable[Decision]:
    return [Service(UNUSUAL).tick(cpu=0.1)]


@scene(Code.SCHEDULE_CLOSED)
def the_window_opens_in_a_quarter_of_an_hour() -> Iterable[Decision]:
    return [Service(CPU, WINDOW).tick(cpu=0.5)]


@scene(Code.SCHEDULED_RISE)
def the_window_opens_in_five_minutes() -> Iterable[Decision]:
    service = Service(CPU, WINDOW)
    service.now += 700_000
    return [service.tick(cpu=0.1)]


@scene(Code.SCHEDULED)
def the_window_is_open_and_nobody_comes() -> Iterable[Decision]:
    service = Service(CPU, WINDOW)
    service.now += 1_200_000
    return [service.tick(cpu=0.1)]


@scene(Code.SCHEDULED_MAXIMUM)
def the_window_is_open_and_everybody_comes() -> Iterable[Decision]:
    service = Service(CPU, WINDOW, tasks=10)
    service.now += 1_200_000
    return [service.tick(cpu=1.0)]
