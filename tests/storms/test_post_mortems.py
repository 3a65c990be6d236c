"""Outages that companies have told the public, played twice: with the guard that prevents them, and without.

Sources and what was carried over: docs/post-mortems.md. Facts of the stories, not their figures: every service here
is small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import pytest

from fleetfoot.core.model import Action, Decision
from fleetfoot.core.settings import Settings
from tests.storms.plans import Fault, Plan, Written
from tests.storms.play import Actor, Play
from tests.storms.promises import Moment


class Second(NamedTuple):
    """What was so after one decision."""

    at: float
    desired: int
    serving: int
    errors: float
    codes: frozenset[str]


class Watched(Play):
    """Keeps what happened to the first service."""

    def __init__(self, plan: Plan, change: Callable[[Settings], Settings] = lambda settings: settings) -> None:
        super().__init__(plan)
        self.seconds: list[Second] = []
        for actor in self.actors:
            actor.settings = change(actor.settings)

    def _look(self, actor: Actor, moment: Moment) -> None:
        """Promises are kept elsewhere; here a guard may be missing."""
        if actor.number == 0:
            d = moment.decision
            codes = frozenset(str(row.reason.code) for row in d.trail) | {str(r.code) for r in d.reasons}
            truth = actor.weather.truth
            self.seconds.append(Second(actor.weather.now, d.desired, actor.weather.serving, truth["errors"], codes))
            if d.action is Action.SHRINK:
                assert d.desired < d.current

    def _shared(self, decisions: dict[str, Decision]) -> None:
        """The limits here are others."""

    def _end(self, actor: Actor) -> None:
        """The calm afterwards is not looked at."""


def told(service: Written, *faults: Fault, seconds: int, limits: str = "", **other: object) -> list[Second]:
    played = Watched(Plan(1, seconds, (service,), faults, limits), **other)  # type: ignore[arg-type]
    assert played.run() is None
    return played.seconds


def least(seconds: list[Second], begin: float, end: float) -> int:
    return min(second.desired for second in seconds if begin <= second.at <= end)


def most(seconds: list[Second], begin: float = 0, end: float = 1e9) -> int:
    return max(second.desired for second in seconds if begin <= second.at <= end)


def ever(seconds: list[Second], code: str) -> bool:
    return any(code in second.codes for second in seconds)


SHOP = Written(("default",), (), 2, 60, 20.0, 20.0, 5, 20, "even", 280.0)
CPU = "target: {signal: cpu, value: 50%, window: 5s}"


def guarded(service: Written, *guards: str) -> Written:
    return replace(service, guards=guards)


def test_slack_2021_a_tier_that_idles_in_a_network_loss_is_not_let_go() -> None:
    """Web servers waited for a saturated network, so their CPUs idled and the autoscaler let them go."""
    network = (Fault("outage", 0, 200, 400), Fault("slow dependency", 0, 200, 400, "0.04"))
    idle = replace(SHOP, policies=(CPU,), tasks=28, startup=20)
    kept = told(idle, *network, seconds=900)
    lost = told(guarded(idle, "incident: off"), *network, seconds=900)
    assert ever(kept, "incident_hold")
    assert least(kept, 200, 600) >= 25
    assert least(lost, 200, 600) <= 14


def test_slack_2021_what_returns_is_not_met_with_a_stampede_of_starts() -> None:
    """Then it ordered 1,200 servers at once, and the service that provisions them broke."""
    back = (Fault("outage", 0, 100, 400),)
    service = guarded(replace(SHOP, tasks=20), "incident: off", "stabilisation: {in: 10s}", "cooldown: {in: 0}")
    wild = told(service, *back, seconds=700)
    paced = told(service, *back, seconds=700, limits="launch limits: {burst: 3, rate: 30/min}")
    rise = [most(each, 500, 504) - least(each, 495, 500) for each in (wild, paced)]
    assert rise[0] >= 8
    assert 0 < rise[1] <= 6
    assert most(paced, 560, 600) >= 14


def test_reddit_2016_a_scaler_that_comes_back_with_half_the_truth_lets_nothing_go() -> None:
    """Turned on again in the middle of a migration, it read partial data and stopped most servers in 16 seconds."""
    servers = replace(SHOP, policies=(CPU,), tasks=28)
    partial = (Fault("forgetful restart", 0, 200, 1), Fault("outage", 0, 198, 300))
    kept = told(servers, *partial, seconds=600)
    hasty = guarded(servers, "incident: off", "stabilisation: {in: 0}", "cooldown: {in: 0}", "rate: {in: 100% per 1s}")
    lost = told(hasty, *partial, seconds=600, change=lambda settings: replace(settings, seeing=0))
    assert least(kept, 200, 216) == 28
    assert least(lost, 200, 216) <= 14


def test_kinesis_2020_capacity_that_does_not_help_is_not_added_for_ever() -> None:
    """A little more capacity made every server slower: more of it would have been worse."""
    slow = (Fault("bottleneck", 0, 200, 600, "200"),)
    held = told(SHOP, *slow, seconds=900)
    driven = told(guarded(SHOP, "pay: off"), *slow, seconds=900)
    assert ever(held, "capacity_does_not_help")
    assert most(held, 200, 800) < most(driven, 200, 800) == 60


def test_kinesis_2020_a_dead_metric_neither_lets_go_nor_keeps_the_others_from_growing() -> None:
    """CloudWatch hung on it: whoever scaled by its metrics stood still, or thought that silence is no load."""
    blind = replace(SHOP, policies=("default", CPU), traffic="step", rate=400.0, tasks=12)
    dead = (Fault("missing", 0, 100, 500, "cpu"),)
    seen = told(blind, *dead, seconds=600)
    assert most(seen, 300, 360) >= 30  # the requests still count
    assert least(seen, 100, 299) >= 12  # and nothing goes while the other half cannot be seen
    alone = told(replace(blind, policies=(CPU,)), *dead, seconds=600)
    assert most(alone, 105, 590) == least(alone, 105, 590)


def test_kubernetes_119788_a_dead_metric_pins_no_fleet_whose_file_lets_it_be_ignored() -> None:
    """A metric that could not be read kept a fleet at its maximum, though the others were under their targets."""
    large = replace(SHOP, policies=("default", CPU), tasks=50, rate=100.0)
    dead = Fault("missing", 0, 0, 900, "cpu")
    freed = told(large, dead, seconds=900, change=lambda settings: replace(settings, ignored=frozenset({"cpu"})))
    pinned = told(large, dead, seconds=900)
    assert most(freed, 600) <= 20
    assert least(pinned, 0, 900) == 50
    assert ever(pinned, "blind_holds_shrink")


def test_coinbase_2020_a_fivefold_surge_is_answered_in_seconds() -> None:
    """Traffic rose to five times in four minutes; the autoscaling could not keep pace."""
    rise = replace(SHOP, traffic="flash", rate=100.0, tasks=4)
    quick = told(rise, seconds=1000)
    rule = "step: {signal: cpu, above: 80%, add: 1, cooldown: 5m, period: 60s}"
    stock = told(replace(rise, policies=(rule,)), seconds=1000)
    lost = [sum(second.errors for second in each if 400 < second.at < 500) for each in (quick, stock)]
    assert lost[0] < 5
    assert lost[1] > 40


def test_coinbase_2020_nothing_is_let_go_while_a_deployment_runs() -> None:
    """The deployment that was to help took the old servers out of rotation, and the site was down again."""
    rollout = (Fault("outage", 0, 300, 400), Fault("deploying", 0, 300, 400))
    service = guarded(SHOP, "incident: off", "stabilisation: {in: 10s}", "cooldown: {in: 0}")
    assert least(told(service, *rollout, seconds=900), 302, 699) >= 20
    assert least(told(service, rollout[0], seconds=900), 302, 699) <= 10


@pytest.mark.parametrize("story", ["buildkite 2016", "the pools of fifty new pods"])
def test_a_database_has_only_so_many_connections(story: str) -> None:
    """Each new task opened its pool until the database refused everybody, and the tasks died of it."""
    crowd = replace(SHOP, traffic="step", rate=600.0, tasks=14)
    database = "databases: {main: {connections: 400, reserved: 10}}"
    paced = told(guarded(crowd, "connections: {database: main, per task: 20}"), seconds=600, limits=database)
    free = told(crowd, seconds=600)
    assert ever(paced, "connections")
    assert most(paced) * 20 <= 390 < most(free) * 20


def test_aws_2021_new_tasks_connect_at_a_pace() -> None:
    """An automated scaling activity made so many clients connect at once that the network between them broke."""
    crowd = replace(SHOP, traffic="step", rate=600.0, tasks=14)
    database = "databases: {main: {connections: 4000, growth: 20/s}}"
    paced = told(guarded(crowd, "connections: {database: main, per task: 20}"), seconds=600, limits=database)
    free = told(crowd, seconds=600)
    jumps = [max(b.desired - a.desired for a, b in pairwise(each)) for each in (paced, free)]
    assert jumps[0] <= 3 < jumps[1]
    assert most(paced) >= most(free) - 5


def test_a_rollout_that_crashes_is_not_driven_to_the_maximum() -> None:
    """Pods that died of a missing dependency were taken for a lack of pods."""
    crash = (Fault("failed starts", 0, 150, 400), Fault("deaths", 0, 150, 60))
    service = replace(SHOP, traffic="ramp", rate=280.0, tasks=8)
    braked = told(service, *crash, seconds=600)
    assert ever(braked, "launches_failing")
    unbraked = told(guarded(service, "launches: {slow after: 1000, stop after: 1000}"), *crash, seconds=600)
    assert most(braked, 150, 540) <= 12
    assert most(unbraked, 150, 540) > 20


def test_four_thousand_pods_a_fleet_that_feeds_its_own_signal_meets_its_maximum_and_its_budget() -> None:
    """Each pod added to the signal that called for pods: 30 became 4,000 before anybody looked."""
    hungry = replace(SHOP, policies=("step: {signal: memory, above: 30%, percent: 100, cooldown: 10s, period: 5s}",))
    free = told(hungry, seconds=300)
    paid = told(hungry, seconds=300, limits="budget: {hourly: 0.75 USD}")
    assert most(free) == 60
    assert most(paid) == 30  # at 0.025 USD an hour and task


def test_bigtable_2020_one_step_never_takes_most_of_the_fleet() -> None:
    """The lowest count that was allowed was taken for the largest step: 70 % went instead of 30 %."""
    lull = replace(SHOP, traffic="step", rate=20.0, tasks=60, guards=("incident: off", "cooldown: {in: 0}"))
    steps = told(guarded(lull, *lull.guards, "rate: {in: 20% per 60s}"), seconds=600)
    free = told(guarded(lull, *lull.guards, "rate: {in: 100% per 1s}"), seconds=600)
    falls = [max(1 - b.desired / a.desired for a, b in pairwise(each) if a.desired > 10) for each in (steps, free)]
    assert falls[0] <= 0.26 < falls[1]
