"""A spec in plain words: what ``fleetfoot check`` prints for a file without errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from fleetfoot.spec.budget import Budget
from fleetfoot.spec.databases import Connections
from fleetfoot.spec.doubts import budget_doubts, doubts
from fleetfoot.spec.errors import listed
from fleetfoot.spec.file import Spec
from fleetfoot.spec.forms import plain
from fleetfoot.spec.launch_limits import LaunchLimits
from fleetfoot.spec.money import MONTH_HOURS, Price
from fleetfoot.spec.policy_words import policy_lines, tasks
from fleetfoot.spec.service import Service
from fleetfoot.spec.signals import SignalSpec
from fleetfoot.spec.units import Allowance, DurationForm, SizeForm

_span, _size = DurationForm().show, SizeForm().show
WIDTH = 11
CONFLICTS = {"hold": "no scale-in", "yield": "no order of ours", "reassert": "told, and nothing else"}


def explain(spec: Spec, listed: Mapping[str, Price] | None = None) -> list[str]:
    """Lines of text: each service in words, then what is doubtful about it as lines that begin with ``warning:``.

    ``listed``: prices from a list, of services that name none.
    """
    lines: list[str] = []
    for service in spec.services.values():
        lines += [*([""] if lines else []), service.name, *_service(service)]
        lines += [f"  warning: {doubt}" for doubt in doubts(service)]
    for name, database in spec.databases.items():
        pace = f", opened at {plain(round(database.growth, 3))} a second" if database.growth is not None else ""
        left = database.connections - database.reserved
        lines += ["", f"database {name}: {left} connections for all services that name it{pace}"]
    if spec.launch_limits is not None:
        lines += ["", f"{launch_limits(spec.launch_limits)}, for all services together"]
    if spec.budget is not None:
        lines += ["", f"budget for all services together: {_budget(spec.budget)}"]
        lines += [
            f"  {name}: {plain(round(price, 5))} USD/h a task, Fargate in {spec.budget.prices}"
            for name, price in (listed or {}).items()
        ]
        lines += [f"  warning: {doubt}" for doubt in budget_doubts(spec, listed)]
    return lines


def launch_limits(limits: LaunchLimits) -> str:
    quota = f", {plain(limits.vcpu)} vCPU in all" if limits.vcpu is not None else ""
    return f"launch limits: {tasks(limits.burst)} at once, then {plain(round(limits.rate, 3))} a second{quota}"


def _connections(used: Connections) -> str:
    least, most, own = used.per_task.min, used.per_task.max, used.own()
    each = f"{least} to {most}, as told by the agent," if least < most else str(most)
    where = f"the database {used.database}"
    if own is not None:
        where = f"{own.connections - own.reserved} in all, at most {tasks((own.connections - own.reserved) // least)}"
    return f"connections: {each} a task, of {where}"


def _budget(budget: Budget) -> str:
    texts = []
    for key, span in (("hourly", "an hour"), ("daily", "a day"), ("monthly", "a month")):
        soft, hard = budget.soft(key), budget.hard(key)
        parts = [f"from {plain(soft)} {budget.currency} {span} only what demand needs"] if soft is not None else []
        parts += [f"no growth from {plain(hard)} {budget.currency} {span}"] if hard is not None else []
        texts += parts
    return f"{'; '.join(texts)}; the least important go down at {plain(round(100 * budget.emergency))}%"


def _row(name: str, text: str) -> str:
    return f"  {name:<{WIDTH}}{text}"


def _service(service: Service) -> Iterator[str]:
    yield _row("runs", _runs(service))
    promise = service.objective
    yield _row(
        "promises",
        f"{plain(round(promise.percentile * 100, 4))}% of the requests within {_span(promise.latency)}, "
        f"at most {plain(round(promise.errors * 100, 9))}% failed",
    )
    yield _row("size", _size_of(service))
    yield _row("one task", _task(service))
    for index, policy in enumerate(service.policies):
        for line, text in enumerate(policy_lines(policy, service)):
            yield _row("" if index or line else "decides by", f"{policy.name}: {text}")
    for index, (name, signal) in enumerate(service.signals.items()):
        yield _row("" if index else "agreed on", f"{name}: {_contract(signal)}")
    for index, text in enumerate(_guards(service)):
        yield _row("" if index else "held by", text)
    if service.task.price is not None:
        yield _row("costs", _cost(service))


def _runs(service: Service) -> str:
    if service.target == "ecs":
        region = service.ecs.region or "the region of the AWS settings"
        return f"as the ECS service {service.ecs.service or service.name} of cluster {service.ecs.cluster} in {region}"
    where = f", in {service.directory}" if service.directory else ""
    how = "on this machine" if service.target == "local" else "nowhere: a dry run only says what it would do"
    return f"{service.run or service.app or 'nothing'}{where}, {how}; requests arrive at {service.listen}"


def _size_of(service: Service) -> str:
    bounds = service.capacity
    first = bounds.initial if bounds.initial is not None else bounds.min
    return f"{bounds.min} to {tasks(bounds.max)}, {first} to begin with"


def _task(service: Service) -> str:
    task = service.task
    parts = []
    if task.throughput is not None:
        most, carried = tasks(service.capacity.max), plain(round(task.throughput * service.capacity.max, 3))
        parts.append(f"carries {plain(round(task.throughput, 3))}/s, so that {most} carry {carried}/s")
    else:
        parts.append("carries what it shows while it runs")
    known = (
        f"serves {_span(task.startup)} after the order" if task.startup is not None else "starts as fast as it shows"
    )
    parts.append(known)
    if task.cpu is not None:
        parts.append(f"{plain(task.cpu)} cores")
    if task.memory is not None:
        parts.append(_size(task.memory))
    if task.concurrency is not None:
        parts.append(f"at most {task.concurrency} requests at once")
    if len(task.zones) > 1:
        parts.append(f"spread over the zones {', '.join(task.zones)}")
    if task.warm.max != 0:
        parts.append(_warm(service))
    return "; ".join(parts)


def _warm(service: Service) -> str:
    pool = service.task.warm
    most = pool.max if pool.max is not None else service.capacity.max - service.capacity.min
    many = tasks(most) if pool.fixed else f"{pool.min} to {tasks(most)}"
    why = "" if pool.fixed else ", for the sharpest rise seen lately"
    memory = f" and {_size(service.task.memory * most)} of memory" if service.task.memory is not None else ""
    return f"{many}{memory} kept warm{why}"


def _contract(signal: SignalSpec) -> str:
    read = "" if signal.statistic == "mean" else f"the {signal.statistic} of "
    span = f"{read}{_span(signal.window)}" if signal.window is not None else f"{read}each policy's window"
    age = _span(3 * signal.period if signal.max_age is None else signal.max_age)
    absent = f"fallback {plain(signal.fallback)}" if signal.fallback is not None else signal.absent
    made = f"{signal.formula}; " if signal.formula is not None else ""
    stale = "" if signal.formula is not None and signal.max_age is None else f"stale after {age}; "
    return f"{made}{signal.role}; read over {span}; {stale}when absent: {absent}"


def _guards(service: Service) -> Iterator[str]:
    guards = service.guards
    launches, still, rest = guards.launches, guards.stabilisation, guards.cooldown
    yield f"failed starts: slower after {launches.slow_after} in a row, stopped after {launches.stop_after}"
    if guards.pay.enabled:
        yield "growth must pay: no more tasks when more of them bring nothing"
    if guards.incident.enabled:
        yield f"incidents: a sudden drop of traffic is held for {_span(guards.incident.hold)}"
    yield f"another writer of the count: {CONFLICTS[guards.conflict.rule]} for {_span(guards.conflict.for_)}"
    wanted = [f"when wanted for {_span(span)}" if span else "at once" for span in (still.out, still.in_)]
    yield f"stabilisation: scale-out {wanted[0]}, scale-in {wanted[1]}"
    rests = [f"{_span(span)} after the last order" if span else "without a rest" for span in (rest.out, rest.in_)]
    adapts = "; less when it is urgent, more after many changes or under load" if rest.adapt else ""
    yield f"cooldown: scale-out {rests[0]}, scale-in {rests[1]}{adapts}"
    yield f"rate of change: out {_rate(guards.rate.out)}, in {_rate(guards.rate.in_)}"
    if guards.connections is not None:
        yield _connections(guards.connections)
    if guards.launch_limits is not None:
        yield launch_limits(guards.launch_limits)
    if guards.hard:
        yield "a lower maximum holds even below what present demand needs"


def _rate(rules: tuple[Allowance, ...]) -> str:
    if not rules:
        return "without a limit"
    texts = [f"{plain(rule.value)}%" if rule.unit == "percent" else tasks(rule.value) for rule in rules]
    each = [f"{text} in {_span(rule.period)}" for text, rule in zip(texts, rules, strict=True)]
    if all(a.period == b.period for a, b in pairwise(rules)):
        each = [*texts[:-1], f"{texts[-1]} in {_span(rules[-1].period)}"]
    return listed(each) + (", whichever is more" if len(rules) > 1 else "")


def _cost(service: Service) -> str:
    price = service.task.price or 0.0
    currency = getattr(price, "currency", "USD")
    texts = []
    for name, count in (("min", service.capacity.min), ("max", service.capacity.max)):
        hour = price * count
        texts.append(f"{hour:,.4g} {currency} an hour at {name} ({hour * MONTH_HOURS:,.0f} a month)")
    return ", ".join(texts)
