"""One scene a reason code: a world in which the engine really gives that reason, and the decision in which it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from fleetfoot.core import warm
from fleetfoot.core.contract import Contract
from fleetfoot.core.engine import settle, wish
from fleetfoot.core.model import Decision, Grant, Operator, Reason, Start, State
from fleetfoot.core.policies import (
    Adaptive,
    Backlog,
    Composite,
    Default,
    Forecast,
    Graded,
    Schedule,
    Slo,
    Step,
    Target,
    Thresholds,
)
from fleetfoot.core.policies.base import Policy
from fleetfoot.core.policies.composite import Row
from fleetfoot.core.policies.graded import Phase
from fleetfoot.core.policies.step import CHANGE
from fleetfoot.core.reasons import Code
from fleetfoot.core.schedule import Window
from fleetfoot.core.settings import (
    TASKS,
    Budget,
    Database,
    GuardSettings,
    Launch,
    Pool,
    Rate,
    Replicas,
    Shared,
    WarmSettings,
)
from fleetfoot.spec.when import WhenForm
from tests.unit.core.build import OPEN, START, Service

CALM: dict[str, Any] = {"completed": 40.0, "latency": 80.0, "errors": 0.0, "in_flight": 2.0, "queue": 0.0}
LATE: dict[str, Any] = {**CALM, "latency": 10_000.0, "in_flight": 400.0}
STEP = Step("step", "load", 100.0, True, CHANGE, ((0.0, None, 2.0),), period=1000)
CPU = Target("cpu", "cpu", 0.5, window=1000)
SCORE = Composite("score", (Row("cpu", 0.5, 0.7, 0.3), Row("load", 0.5, 100.0, 10.0)), window=1000)
JOBS = Backlog("jobs", "jobs", per_task=10.0, in_flight="running")
ANY = Thresholds("any", (("cpu", 0.8),), (("cpu", 0.3),), window=1000)

GRADED = Graded(
    "graded", "cpu", (Phase(0.7, 20.0, 5_000), Phase(0.95, None, 1_000)), below=0.3, calm=2_000, window=1000
)
UNUSUAL = Adaptive("adaptive", "cpu", 0.7, 0.9, 0.3, 0.2, window=1000)
RUSH = Window("rush", "UTC", (WhenForm().read("daily 22:30-23:00"),), 8, 12, ramp=600_000)  # START is 22:13:20
WINDOW = Schedule("schedule", (RUSH,))

Scene = Callable[[], Iterable[Decision]]
SCENES: dict[Code, Scene] = {}


def scene(code: Code) -> Callable[[Scene], Scene]:
    def keep(play: Scene) -> Scene:
        SCENES[code] = play
        return play

    return keep


def reasons_of(decision: Decision) -> list[Reason]:
    """All of them: the decision's, its votes' and its guards'."""
    votes = [vote.reason for _, vote in decision.votes]
    return [*decision.reasons, *votes, *(trail.reason for trail in decision.trail)]


def played(code: Code) -> list[tuple[Decision, Reason]]:
    """The decisions of a scene that carry its code, with the reason."""
    return [
        (decision, reason)
        for decision in SCENES[code]()
        for reason in reasons_of(decision)
        if str(reason.code) == code.value
    ]


def foreseen(policy: Forecast, upper: float | None, tasks: int = 4, **changes: Any) -> Iterable[Decision]:
    """One step with so much forecast; None is a silent forecast that was off by 45 %."""
    told: dict[str, Any] = {"forecast.upper": upper, "forecast.median": 150.0, "forecast.days": 9.0}
    told |= {"forecast.error": 0.1 if upper else 0.45}
    return [Service(policy, tasks=tasks, **changes).tick(requests=40.0, **CALM, **told)]


@scene(Code.PREDICTED)
def _() -> Iterable[Decision]:
    return foreseen(Forecast(scale=True), 180.0)


@scene(Code.PREDICTED_ONLY)
def _() -> Iterable[Decision]:
    return foreseen(Forecast(), 180.0)


@scene(Code.PREDICTED_BREACH)
def _() -> Iterable[Decision]:
    return foreseen(Forecast(scale=True, raises=True), 180.0, maximum=10)


@scene(Code.PREDICTION_SILENT)
def _() -> Iterable[Decision]:
    return foreseen(Forecast(scale=True), None)


@scene(Code.PREDICTION_MISSING)
def _() -> Iterable[Decision]:
    days: dict[str, Any] = {"forecast.days": 1.2}
    return [Service(Forecast(scale=True)).tick(requests=40.0, **CALM, **days)]


@scene(Code.PREDICTION_UNSIZED)
def _() -> Iterable[Decision]:
    return foreseen(Forecast(scale=True), 180.0, throughput=None)


def default(tasks: int = 4, **changes: Any) -> Service:
    """A calm minute and a half has passed."""
    service = Service(Default(), tasks=tasks, **changes)
    service.run(90, requests=40.0, **CALM)
    return service


@scene(Code.DEMAND)
def a_surge() -> Iterable[Decision]:
    service = default()
    yield service.tick(requests=400.0, **{**CALM, "queue": 200.0})
    shrinks = Service(Default(), tasks=20)
    yield from shrinks.ticks(90, requests=40.0, **CALM)


def slo(tasks: int = 4, **changes: Any) -> Service:
    """A calm minute and a half has passed under the policy that forecasts."""
    service = Service(Slo(), tasks=tasks, startup=30_000, **changes)
    service.run(90, requests=40.0, **CALM)
    return service


@scene(Code.FORECAST)
def a_rise_that_goes_on() -> Iterable[Decision]:
    service = slo()
    for second in range(60):
        yield service.tick(requests=40.0 + second, **CALM)


@scene(Code.RETURNS)
def a_surge_that_comes_every_ten_minutes() -> Iterable[Decision]:
    service = slo()
    for _ in range(4):
        yield from service.ticks(300, requests=200.0, **CALM)
        yield from service.ticks(300, requests=40.0, **CALM)


@scene(Code.AHEAD_ENOUGH)
def a_calm_minute_ahead() -> Iterable[Decision]:
    yield slo(3).tick(requests=40.0, **CALM)


@scene(Code.QUEUE)
def a_queue_that_lasts() -> Iterable[Decision]:
    yield from default().ticks(12, requests=40.0, **LATE)


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


@scene(Code.FROM_ZERO)
def a_request_at_zero() -> Iterable[Decision]:
    yield Service(Default(), tasks=0).tick(requests=1.0, queue=1.0)


@scene(Code.SATURATED)
def only_a_lower_bound() -> Iterable[Decision]:
    yield default().tick(requests={"value": 300.0, "state": State.CENSORED}, **CALM)


@scene(Code.ENOUGH)
def a_calm_minute() -> Iterable[Decision]:
    yield default().tick(requests=40.0, **CALM)
    yield Service(replace(CPU, scale_in=False)).tick(cpu=0.1)


@scene(Code.STARTING)
def ordered_tasks_start() -> Iterable[Decision]:
    service = default(startup=30_000)
    service.tick(requests=400.0, **CALM)
    yield from service.ticks(5, requests=400.0, **CALM)
    hot = Service(CPU, startup=30_000)
    yield from hot.ticks(3, cpu=1.0)


@scene(Code.TOO_FEW_SAMPLES)
def a_young_signal() -> Iterable[Decision]:
    yield from Service(Default(), tasks=20).ticks(10, requests=40.0, **CALM)
    yield Service(replace(CPU, window=10_000)).tick(cpu=0.9)


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


@scene(Code.SIGNAL_UNUSABLE)
def nothing_is_seen() -> Iterable[Decision]:
    for shown in (None, float("nan"), {"value": 1.0, "end": START - 60_000}):
        yield Service(CPU).tick(cpu=shown)
    yield Service(CPU).tick(cpu={"value": 0.1, "state": State.CENSORED})
    yield Service(CPU).tick(cpu=0.1, fleet={"state": State.MISSING})


def agreed(policy: Policy, signal: str, **contract: Any) -> Service:
    """Four tasks under ``policy``, with a contract of ``signal``."""
    return Service(policy, contracts={signal: Contract(**contract)})


@scene(Code.FALLBACK)
def a_lost_signal_with_a_fallback() -> Iterable[Decision]:
    yield agreed(CPU, "cpu", absent="fallback", fallback=0.1).tick(cpu=None)


@scene(Code.VETOES)
def a_hot_signal_that_only_vetoes() -> Iterable[Decision]:
    yield agreed(CPU, "cpu", role="vetoes").tick(cpu=0.9)
    yield agreed(ANY, "cpu", role="vetoes").tick(cpu=0.9)


@scene(Code.ADVISES)
def a_hot_signal_that_only_advises() -> Iterable[Decision]:
    yield agreed(CPU, "cpu", role="advises").tick(cpu=0.9)
    yield agreed(ANY, "cpu", role="advises").tick(cpu=0.9)


@scene(Code.CONFLICT)
def somebody_else_writes_the_count() -> Iterable[Decision]:
    service = Service(CPU, tasks=10, guards=replace(OPEN, conflict="hold"))
    service.run(5, cpu=0.5)
    service.set(20)
    yield from service.ticks(2, cpu=0.5)


@scene(Code.CONFLICT_HOLD)
def what_another_wanted_is_kept() -> Iterable[Decision]:
    service = Service(CPU, tasks=10, guards=replace(OPEN, conflict="hold"))
    service.run(5, cpu=0.5)
    service.set(20)
    yield from service.ticks(5, cpu=0.2)


@scene(Code.COVERAGE_LOW)
def half_of_the_tasks_are_silent() -> Iterable[Decision]:
    yield Service(CPU).tick(cpu={"value": 0.1, "coverage": 0.5})


@scene(Code.NO_WANT)
def nobody_wants() -> Iterable[Decision]:
    yield Service(STEP).tick(load=30.0)
    yield Service().tick()


@scene(Code.BLIND_HOLDS_SHRINK)
def one_wants_less_and_one_is_blind() -> Iterable[Decision]:
    yield Service(CPU, STEP, tasks=10).tick(cpu=0.1, load=None)


@scene(Code.OPERATOR_SCALE)
def a_person_sets_a_count() -> Iterable[Decision]:
    service = Service(CPU)
    service.operator = Operator(fixed=12, who="ann")
    yield service.tick(cpu=0.5)


@scene(Code.OPERATOR_PAUSE)
def a_person_pauses() -> Iterable[Decision]:
    for cpu, pause in ((0.9, Operator(hold_growth=True, who="ann")), (0.1, Operator(hold_shrink=True, who="ann"))):
        service = Service(CPU)
        service.operator = pause
        yield service.tick(cpu=cpu)


def failing(times: int) -> Iterable[Decision]:
    service = Service(CPU, guards=GuardSettings())
    service.follows = False
    for number in range(times):
        failed = Start(number, "", 0, False, "exited with code 1")
        yield service.tick(cpu=0.5, fleet={"starts": (failed,)})
    yield from service.ticks(3, cpu=0.9)


@scene(Code.LAUNCHES_SLOWED)
def three_starts_fail() -> Iterable[Decision]:
    return failing(3)


@scene(Code.LAUNCHES_FAILING)
def six_starts_fail() -> Iterable[Decision]:
    return failing(6)


@scene(Code.CAPACITY_DOES_NOT_HELP)
def a_dependency_is_slow() -> Iterable[Decision]:
    service = default(guards=replace(OPEN, pay=True))
    yield from service.ticks(200, requests=40.0, **LATE)


@scene(Code.INCIDENT_HOLD)
def the_crowd_cannot_reach_us() -> Iterable[Decision]:
    service = Service(Default(), tasks=12, guards=replace(OPEN, incident=True))
    service.run(200, requests=160.0, **CALM)
    yield from service.ticks(120, requests=32.0, **{**CALM, "errors": 0.3})


@scene(Code.INCIDENT_RELEASE)
def the_hold_runs_out() -> Iterable[Decision]:
    service = Service(Default(), tasks=12, guards=replace(OPEN, incident=True, incident_hold=60_000))
    service.run(200, requests=160.0, **CALM)
    yield from service.ticks(200, requests=32.0, **{**CALM, "errors": 0.3})


@scene(Code.WINDOWS_FILLING)
def just_begun() -> Iterable[Decision]:
    yield Service(CPU, seeing=60_000).tick(cpu=0.1)


@scene(Code.DEPLOYING)
def a_rollout() -> Iterable[Decision]:
    yield Service(CPU).tick(cpu=0.1, fleet={"deploying": True, "revision": "3f2a91c0"})


@scene(Code.RECENT_SURGE)
def a_surge_just_now() -> Iterable[Decision]:
    service = default()
    service.settings = replace(service.settings, startup=30_000)
    service.tick(requests=400.0, **CALM)
    service.settings = replace(service.settings, policies=(CPU,))
    yield from service.ticks(3, cpu=0.1, requests=400.0)


@scene(Code.WOULD_FLAP)
def the_rest_could_not_carry_it() -> Iterable[Decision]:
    yield from Service(CPU, tasks=10).ticks(5, cpu=0.1, requests=150.0)


@scene(Code.UNPROVEN)
def a_throughput_that_nobody_has_seen() -> Iterable[Decision]:
    service = Service(CPU, tasks=20)
    service.run(20, cpu=0.5, requests=40.0, **CALM)
    yield from service.ticks(5, cpu=0.05, requests=40.0, **CALM)


@scene(Code.STABILISING)
def a_dip() -> Iterable[Decision]:
    service = Service(CPU, tasks=10, guards=replace(OPEN, stabilise_in=120_000, stabilise_out=30_000))
    service.run(5, cpu=0.5)
    yield from service.ticks(5, cpu=0.1)
    yield from service.ticks(5, cpu=0.9)


@scene(Code.COOLDOWN)
def an_order_just_now() -> Iterable[Decision]:
    service = Service(CPU, tasks=10, guards=replace(OPEN, cooldown_in=60_000, cooldown_out=60_000))
    service.tick(cpu=0.75)
    yield from service.ticks(3, cpu=0.1)
    service = Service(CPU, tasks=10, guards=replace(OPEN, cooldown_out=60_000))
    service.tick(cpu=0.75)
    yield from service.ticks(3, cpu=0.6)


@scene(Code.COOLDOWN_ADAPTED)
def an_order_just_now_and_a_cooldown_that_adapts() -> Iterable[Decision]:
    rules = replace(OPEN, cooldown_in=900_000, cooldown_out=300_000, cooldown_adapt=True)
    service = Service(CPU, tasks=10, guards=rules)
    service.tick(cpu=0.75)
    yield from service.ticks(3, cpu=0.95, latency=100.0)
    yield from service.ticks(3, cpu=0.1)


@scene(Code.RATE_OF_CHANGE)
def too_much_at_once() -> Iterable[Decision]:
    slowly = replace(OPEN, rate_out=(Rate(2, TASKS, 60_000),), rate_in=(Rate(2, TASKS, 60_000),))
    yield Service(CPU, tasks=10, guards=slowly).tick(cpu=0.9)
    yield Service(CPU, tasks=10, guards=slowly).tick(cpu=0.1)


def on_database(tasks: int, low: int, high: int, **changes: Any) -> Service:
    """Each task opens a pool to a database of 1,000 connections, 15 of them reserved."""
    replicas = Replicas("read_load")
    return Service(CPU, tasks=tasks, pool=Pool(Database("main", 985, replicas=replicas, **changes), low, high))


@scene(Code.POOL_FIRST)
def pools_are_too_large_for_more_tasks() -> Iterable[Decision]:
    yield from on_database(45, 5, 20).ticks(3, cpu=0.9)


@scene(Code.CONNECTIONS_PACED)
def many_tasks_at_once() -> Iterable[Decision]:
    yield from on_database(4, 20, 20, growth=50.0).ticks(3, cpu=1.0)


@scene(Code.CONNECTIONS)
def the_database_is_full() -> Iterable[Decision]:
    yield from on_database(48, 20, 20).ticks(3, cpu=0.9)


@scene(Code.REPLICA_WANTED)
def many_tasks_read_much() -> Iterable[Decision]:
    yield from on_database(20, 20, 20).ticks(70, cpu=0.5, read_load=0.8)


def on_budget(tasks: int, soft: float | None, hard: float | None, **changes: Any) -> Service:
    """A dollar a task and hour, and one limit an hour for all tasks at once."""
    limits = Budget("USD", (("hour", soft, hard),))
    return Service(CPU, tasks=tasks, shared=Shared(budget=limits), **{"price": 1.0, **changes})


@scene(Code.BUDGET_SOFT)
def more_than_demand_needs() -> Iterable[Decision]:
    yield from on_budget(10, 11.0, None).ticks(2, cpu=0.9)


@scene(Code.BUDGET_HARD)
def the_money_is_used_up() -> Iterable[Decision]:
    yield from on_budget(10, None, 12.0).ticks(3, cpu=0.9)


@scene(Code.BUDGET_EMERGENCY)
def far_more_than_the_budget() -> Iterable[Decision]:
    yield from on_budget(30, None, 20.0).ticks(2, cpu=0.5)


@scene(Code.BUDGET_PERMIT)
def a_declared_breach() -> Iterable[Decision]:
    service = on_budget(12, None, 12.0)
    service.operator = Operator(who="ana", permit=START + 60_000)
    yield from service.ticks(2, cpu=0.9)


@scene(Code.BUDGET_ALERT)
def half_of_the_budget() -> Iterable[Decision]:
    yield from on_budget(10, None, 20.0).ticks(2, cpu=0.5)


@scene(Code.PRICE_UNKNOWN)
def nobody_knows_the_price() -> Iterable[Decision]:
    yield from on_budget(10, None, 12.0, price=None).ticks(2, cpu=0.9)


@scene(Code.GRANT)
def others_need_it_more() -> Iterable[Decision]:
    service = Service(CPU, tasks=10, shared=Shared(Launch(100, 20.0, 6.0)), cpu=0.5)
    service.now += 1000
    yield settle(wish(service.settings, service.memory, service.see(cpu=0.9)), Grant(12, 100))


@scene(Code.LAUNCH_RATE)
def the_platform_starts_no_more_at_once() -> Iterable[Decision]:
    yield from Service(CPU, tasks=30, launch=Launch(10, 2.0)).ticks(3, cpu=1.0)


@scene(Code.LAST_GOOD)
def what_was_ordered_never_starts() -> Iterable[Decision]:
    brake = replace(OPEN, launches_slow_after=2, launches_stop_after=3)
    service = Service(CPU, tasks=4, guards=brake, startup=600_000)
    service.run(2, cpu=0.5)
    service.tick(cpu=1.0)
    for number in range(4):
        failed = (Start(number, "", 0, False, "exited with code 1"),)
        yield service.tick(cpu=1.0, fleet={"starts": failed})


@scene(Code.BELOW_MINIMUM)
def too_few_run() -> Iterable[Decision]:
    yield Service(CPU, tasks=1, minimum=3).tick(cpu=0.5)


@scene(Code.ABOVE_MAXIMUM)
def more_than_allowed() -> Iterable[Decision]:
    yield Service(CPU, tasks=10, maximum=12).tick(cpu=0.9)
    yield Service(CPU, tasks=20, maximum=12).tick(cpu=0.5)


@scene(Code.NEEDED_NOW)
def the_maximum_was_lowered() -> Iterable[Decision]:
    yield from Service(CPU, tasks=20, maximum=6).ticks(6, cpu=0.5, requests=300.0)


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


def pools(service: Service, *rates: float, seconds: float = 60) -> Iterable[Decision]:
    """Each rate for a minute. The pool stands beside the decision; here its reason takes the decision's place."""
    service.settings = replace(service.settings, warm=service.settings.warm or WarmSettings(0, 20))
    for rate in rates:
        for decision in service.ticks(seconds, requests=rate, **CALM):
            pool = warm.size(service.settings, service.memory, service.see(), decision.desired)
            assert pool is not None
            yield decision._replace(reasons=(pool.reason,))


@scene(Code.WARM_RISE)
def a_surge_that_may_come_again() -> Iterable[Decision]:
    yield from pools(default(startup=5_000), 40.0, 200.0)


@scene(Code.WARM_FADING)
def the_surge_was_hours_ago() -> Iterable[Decision]:
    service = default()
    list(pools(service, 40.0, 200.0))
    service.now += 2_700_000
    yield from pools(service, 200.0)


@scene(Code.WARM_MINIMUM)
def nothing_rises() -> Iterable[Decision]:
    yield from pools(default(warm=WarmSettings(1, 6)), 40.0)


@scene(Code.WARM_MAXIMUM)
def more_than_the_pool_may_hold() -> Iterable[Decision]:
    yield from pools(default(warm=WarmSettings(0, 6)), 40.0, 200.0)


@scene(Code.WARM_NO_ROOM)
def the_maximum_is_near() -> Iterable[Decision]:
    yield from pools(default(maximum=20), 40.0, 200.0)


@scene(Code.WARM_UNKNOWN)
def nobody_knows_what_a_task_carries() -> Iterable[Decision]:
    yield from pools(Service(CPU, throughput=None, warm=WarmSettings(1, 6)), 0.0, seconds=1)
