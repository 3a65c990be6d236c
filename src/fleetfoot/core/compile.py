"""Compile what the user wrote into the plain values one step needs. Done once, at start or on a new file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fleetfoot.core.contract import Contract
from fleetfoot.core.policies import POLICIES, Default, Schedule, Slo, Target
from fleetfoot.core.policies.base import Policy
from fleetfoot.core.settings import (
    Budget,
    Database,
    GuardSettings,
    Launch,
    Pool,
    Rate,
    Replicas,
    Settings,
    Shared,
    WarmSettings,
)
from fleetfoot.spec import Budget as BudgetSpec
from fleetfoot.spec import Database as DatabaseSpec
from fleetfoot.spec import LaunchLimits, Price, Service, SignalSpec, Spec
from fleetfoot.spec.service import PRIORITIES

DEFAULT_STARTUP = 30_000  # ms: published as typical for Fargate; learnt from the first start on


def _warm(service: Service, policies: tuple[Policy, ...]) -> WarmSettings | None:
    pool = service.task.warm
    if pool.fixed:
        return None
    most = pool.max if pool.max is not None else service.capacity.max
    given = next((policy.utilisation for policy in policies if isinstance(policy, Default)), Default().utilisation)
    return WarmSettings(pool.min, most, given)


def _held(policies: tuple[Policy, ...]) -> bool:
    """Whether all that may want a scale-in hold their own peaks: no guard need hold them longer, where none is
    written."""
    return any(isinstance(policy, Slo) for policy in policies) and all(
        isinstance(policy, (Slo, Schedule)) for policy in policies
    )


SPANS = {"hourly": "hour", "daily": "day", "monthly": "month"}


def compile_spec(spec: Spec, listed: Mapping[str, Price] | None = None) -> dict[str, Settings]:
    """Settings of every service, with what they share. Raises KeyError for a policy kind that has no policy.

    ``listed``: an hour's price for services that name none, such as ``prices.listed_prices`` gives.
    """
    shared = shared_of(spec)
    found = {name: compile_service(service, shared) for name, service in spec.services.items()}
    if spec.budget is None:
        return found
    prices = {name: service.task.price or (listed or {}).get(name) for name, service in spec.services.items()}
    return {name: replace(found[name], price=spec.budget.priced(prices[name])) for name in found}


def _budget(given: BudgetSpec | None) -> Budget | None:
    if given is None:
        return None
    limits = tuple((SPANS[key], given.soft(key), given.hard(key)) for key, _ in given.limits())
    return Budget(given.currency, limits, given.emergency)


def shared_of(spec: Spec) -> Shared | None:
    """What all services of the file share; None where that is nothing."""
    launch = _launch(spec.launch_limits)
    databases = {name: _database(name, given) for name, given in spec.databases.items()}
    budget = _budget(spec.budget)
    return Shared(launch, databases, budget) if launch is not None or databases or budget is not None else None


def _database(name: str, given: DatabaseSpec) -> Database:
    asked = given.replicas
    replicas = Replicas(asked.signal, asked.above, asked.load, asked.max) if asked is not None else None
    return Database(name, given.connections - given.reserved, given.growth, replicas)


def _pool(service: Service, shared: Shared | None) -> Pool | None:
    """The service's pool; None without one, or where its database is that of a file which is not known here."""
    used = service.guards.connections
    if used is None:
        return None
    own = used.own()
    database = None
    if own is not None:
        database = _database(f"of {service.name}", own)
    elif shared is not None and used.database is not None:
        database = shared.databases.get(used.database)
    if database is None:
        return None
    return Pool(database, used.per_task.min, used.per_task.max, service.update.surge)


def _launch(limits: LaunchLimits | None) -> Launch | None:
    return Launch(float(limits.burst), limits.rate, limits.vcpu) if limits is not None else None


def _contract(signal: SignalSpec) -> Contract:
    return Contract(signal.window, signal.statistic, signal.absent, signal.fallback or 0.0, signal.max_age, signal.role)


def _agreed(policy: Policy, service: Service) -> Policy:
    """``policy`` with the tolerance and the gain that its signal's contract has."""
    signal = service.signals.get(policy.signal) if isinstance(policy, Target) else None
    if not isinstance(policy, Target) or signal is None:
        return policy
    return replace(
        policy,
        tolerance=policy.tolerance if signal.tolerance is None else signal.tolerance,
        gain=policy.gain if signal.gain is None else signal.gain,
    )


def compile_service(service: Service, shared: Shared | None = None) -> Settings:
    """Settings of one service. Raises KeyError for a policy kind that has no policy."""
    policies = tuple(_agreed(POLICIES[policy.kind].of(policy), service) for policy in service.policies)
    schedules = [policy for policy in policies if isinstance(policy, Schedule)]
    if len(schedules) == len(policies):
        policies = tuple(replace(schedule, alone=True) for schedule in schedules)
    guards, held = service.guards, _held(policies)
    compiled = GuardSettings(
        launches_slow_after=guards.launches.slow_after,
        launches_stop_after=guards.launches.stop_after,
        pay=guards.pay.enabled,
        pay_window=guards.pay.window,
        incident=guards.incident.enabled,
        incident_hold=guards.incident.hold,
        conflict=guards.conflict.rule,
        conflict_for=guards.conflict.for_,
        stabilise_out=guards.stabilisation.out,
        stabilise_in=0 if held and "in_" not in guards.stabilisation.model_fields_set else guards.stabilisation.in_,
        cooldown_out=guards.cooldown.out,
        cooldown_in=0 if held and "in_" not in guards.cooldown.model_fields_set else guards.cooldown.in_,
        cooldown_adapt=guards.cooldown.adapt,
        rate_out=tuple(Rate(rule.value, rule.unit, rule.period) for rule in guards.rate.out),
        rate_in=tuple(Rate(rule.value, rule.unit, rule.period) for rule in guards.rate.in_),
        hard=guards.hard,
    )
    return Settings(
        service=service.name,
        minimum=service.capacity.min,
        maximum=service.capacity.max,
        policies=policies,
        guards=compiled,
        objective=service.objective.latency,
        percentile=service.objective.percentile,
        errors=service.objective.errors,
        throughput=service.task.throughput,
        startup=service.task.startup if service.task.startup is not None else DEFAULT_STARTUP,
        warm=_warm(service, policies),
        formulas={name: one.formula for name, one in service.signals.items() if one.formula is not None},
        contracts={name: _contract(signal) for name, signal in service.signals.items()},
        seeing=max(60_000, compiled.stabilise_in, *(policy.looks_back for policy in policies)),
        priority=PRIORITIES.index(service.priority),
        cpu=service.task.cpu,
        launch=_launch(guards.launch_limits),
        pool=_pool(service, shared),
        shared=shared,
        metrics={name: signal.metric for name, signal in service.signals.items() if signal.metric is not None},
    )
