"""The peer's scaler itself, with the settings an imported service carries over: what it is compared with.

An HPA behind metrics-server and an adapter, target tracking and step scaling behind CloudWatch, each with the delays
of its own way to the metrics. Raises ValueError for a service that no peer can be made of, and says why.
"""

from __future__ import annotations

from typing import NamedTuple

from fleetfoot.core.hpa.replicas import EACH, UTILISATION, proposal
from fleetfoot.core.policies import Hpa as HpaPolicy
from fleetfoot.core.policies.hpa import Metric as HpaMetric
from fleetfoot.core.settings import is_total
from fleetfoot.sim.rivals.hpa_scaler import Cpu, Hpa, Served
from fleetfoot.sim.rivals.step_scaling import Step, StepScaling, Watch
from fleetfoot.sim.rivals.target_tracking import TargetTracking, Track
from fleetfoot.sim.scaler import Counts, Feed, Scaler
from fleetfoot.spec import Service
from fleetfoot.spec.policies import HpaPolicy as HpaSpec
from fleetfoot.spec.policies import StepPolicy, TargetPolicy

SHOWN = ("requests", "completed", "in_flight", "queue", "latency", "errors", "cpu")  # what the world measures
SCRAPE, SCRAPES, ADAPTER = 15_000, 2, 1_000  # ms; as ``hpa_scaler.Average``
CLOUDWATCH = {20_000: 30_000}  # resolution -> ms until it is published; a minute for any other


class Read(NamedTuple):
    """One metric of any form but the cpu, read through an adapter."""

    metric: HpaMetric
    down: float
    up: float

    def propose(self, now: int, fleet: Counts, feed: Feed, served: Served) -> int | None:  # noqa: ARG002
        metric, serving = self.metric, fleet.serving
        points = feed.points(metric.signal, SCRAPE, ADAPTER, SCRAPES)
        if not points:
            return None
        value = sum(points) / len(points)
        if metric.form == EACH and is_total(metric.signal):
            value = value / serving if serving else 0.0
        return proposal(
            metric.form, metric.target, value, fleet.desired, serving, serving, fleet.starting, 0, self.down, self.up
        )


def published(service: Service, name: str = "as published") -> Scaler:
    """The scaler ``service`` was imported from."""
    policies = service.policies
    for policy in policies:
        lost = [signal for _, signal in policy.signals() if signal not in SHOWN]
        if lost:
            raise ValueError(f"the simulated world shows no {lost[0]}, which {policy.name} reads")
    if len(policies) == 1 and isinstance(policies[0], HpaSpec):
        return _hpa(HpaPolicy.of(policies[0]), name)
    tracking = [policy for policy in policies if isinstance(policy, TargetPolicy)]
    stepping = [policy for policy in policies if isinstance(policy, StepPolicy)]
    if tracking and len(tracking) == len(policies):
        return _tracking(service, tracking, name)
    if len(stepping) == len(policies) == 2:
        return _stepping(stepping, name)
    kinds = ", ".join(policy.kind for policy in policies)
    raise ValueError(
        f"no peer's scaler is made of {kinds}: it takes one hpa, any number of target, or one step each way"
    )


def _hpa(policy: HpaPolicy, name: str) -> Hpa:
    metrics = tuple(
        Cpu(one.target, tolerance=policy.up)
        if (one.signal, one.form) == ("cpu", UTILISATION)
        else Read(one, policy.down, policy.up)
        for one in policy.metrics
    )
    return Hpa(name, metrics, policy.behavior, policy.period)


def _tracking(service: Service, policies: list[TargetPolicy], name: str) -> TargetTracking:
    rest = service.guards.cooldown
    tracks = []
    for policy in policies:
        value = policy.value * 60 if policy.per_task else policy.value  # AWS counts requests by the minute
        delay = CLOUDWATCH.get(policy.window, 60_000)
        tracks.append(
            Track(policy.signal, value, policy.window, delay, per_task=policy.per_task, scale_in=policy.scale_in)
        )
    return TargetTracking(name, tuple(tracks), rest.out, rest.in_)


def _stepping(policies: list[StepPolicy], name: str) -> StepScaling:
    up = next((policy for policy in policies if policy.above is not None), None)
    down = next((policy for policy in policies if policy.below is not None), None)
    if up is None or down is None or (up.signal, up.period) != (down.signal, down.period):
        raise ValueError("step scaling is compared with one policy each way, on one signal and period")
    delay = 60_000 if up.period >= 60_000 else 5_000
    return StepScaling(
        name, up.signal, _watch(up), _watch(down), up.period, delay, up.cooldown, down.cooldown,
    )  # fmt: skip


def _watch(policy: StepPolicy) -> Watch:
    threshold = policy.above if policy.above is not None else policy.below
    assert threshold is not None  # one of them is written
    steps = tuple(Step(*row) for row in policy.steps)
    return Watch(threshold, steps, policy.above is not None, policy.kind_of_change, policy.datapoints, policy.at_least)
