"""A spec in plain words: what ``fleetfoot check`` prints for a file without errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from fleetfoot.spec.budget import Budget
from fleetfoot.spec.databases import Connections
from fleetfoot.spec.doubts import budget_doubts, doubts
from fleetfoot.spec.errors import listed
from fleetfoot.spec.forms import plain
from fleetfoot.spec.launch_limits import LaunchLimits
from fleetfoot.spec.money import MONTH_HOURS, Price
from fleetfoot.spec.policies import (
    AdaptivePolicy,
    BacklogPolicy,
    CompositePolicy,
    DefaultPolicy,
    ForecastPolicy,
    GradedPolicy,
    HpaPolicy,
    Policy,
    SchedulePolicy,
    StepPolicy,
    TargetPolicy,
    ThresholdsPolicy,
)
from fleetfoot.spec.policies.graded import PhaseForm
from fleetfoot.spec.policies.hpa import HpaIn, HpaOut
from fleetfoot.spec.service import Service, Spec
from fleetfoot.spec.signals import SignalSpec, unit_of
from fleetfoot.spec.units import Allowance, DurationForm, ShareForm, SizeForm
from fleetfoot.spec.when import WeekdayForm

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


def tasks(count: float) -> str:
    """``1 task``, ``4 tasks``."""
    return f"{plain(count)} task{'' if count == 1 else 's'}"


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
        for line, text in enumerate(_policy(policy, service)):
            yield _row("" if index or line else "decides by", f"{policy.name}: {text}")
    for index, (name, signal) in enumerate(service.signals.items()):
        yield _row("" if index else "agreed on", f"{name}: {_contract(signal)}")
    for index, text in enumerate(_guards(service)):
        yield _row("" if index else "held by", text)
    if service.task.price is not None:
        yield _row("costs", _cost(service))


def _runs(service: Service) -> str:
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


def _policy(policy: Policy, service: Service) -> list[str]:
    return _schedule(policy) if isinstance(policy, SchedulePolicy) else [_rule(policy, service)]


def _rule(policy: Policy, service: Service) -> str:
    if isinstance(policy, DefaultPolicy):
        return _default(policy, service.task.throughput)
    if isinstance(policy, TargetPolicy):
        return _target(policy)
    if isinstance(policy, StepPolicy):
        return _step(policy)
    if isinstance(policy, CompositePolicy):
        return _composite(policy)
    if isinstance(policy, BacklogPolicy):
        return _backlog(policy, service.task.throughput)
    if isinstance(policy, GradedPolicy):
        return _graded(policy)
    if isinstance(policy, AdaptivePolicy):
        return _adaptive(policy)
    if isinstance(policy, HpaPolicy):
        return _hpa(policy)
    if isinstance(policy, ForecastPolicy):
        return _forecast(policy)
    return _thresholds(policy) if isinstance(policy, ThresholdsPolicy) else policy.kind


def _default(policy: DefaultPolicy, throughput: float | None) -> str:
    share = plain(round(policy.utilisation * 100, 3))
    each = f" ({plain(round(throughput * policy.utilisation, 3))}/s)" if throughput is not None else ""
    return f"each task at {share}% of what it carries{each}, and one more for every second of queued work"


def _target(policy: TargetPolicy) -> str:
    value = unit_of(policy.signal).show(policy.value)
    held = f"{value} of {policy.signal} for each task" if policy.per_task else f"{policy.signal} at {value}"
    shrink = "" if policy.scale_in else "; it never shrinks"
    tolerance = plain(round(policy.tolerance * 100, 3))
    return f"{held}, averaged over {_span(policy.window)}, nothing while within {tolerance}%{shrink}"


def _step(policy: StepPolicy) -> str:
    above = policy.above is not None
    threshold = policy.above if policy.above is not None else policy.below or 0.0
    show = unit_of(policy.signal).show
    steps = policy.steps if above else policy.steps[::-1]
    texts = []
    for lower, upper, adjustment in steps:
        start = (lower if above else upper) or 0.0
        begins = ("from " if above else "down from ") if start else ("above " if above else "below ")
        texts.append(f"{begins}{show(_tidy(policy.signal, threshold + start))} {_change(policy, adjustment)}")
    over = f"{policy.datapoints} times {_span(policy.period)}" if policy.datapoints > 1 else _span(policy.period)
    seen = f"the {policy.statistic} of {policy.signal} over {over}"
    return f"by {seen}: {', '.join(texts)}; rests {_span(policy.cooldown)}"


def _tidy(signal: str, value: float) -> float:
    """``value`` without the dust of binary fractions; whole where the unit is."""
    return round(value) if isinstance(unit_of(signal), DurationForm) else round(value, 9)


def _change(policy: StepPolicy, adjustment: float) -> str:
    if policy.kind_of_change == "exact":
        return f"exactly {tasks(adjustment)}"
    more = "more" if adjustment >= 0 else "fewer"
    if policy.kind_of_change == "percent":
        least = f" (at least {policy.at_least})" if policy.at_least > 1 else ""
        return f"{plain(abs(adjustment))}% {more}{least}"
    return f"{tasks(abs(adjustment))} {more}"


def _thresholds(policy: ThresholdsPolicy) -> str:
    grow = [f"{signal} above {unit_of(signal).show(_tidy(signal, v))}" for signal, v in policy.out_any.items()]
    shrink = [f"{signal} below {unit_of(signal).show(_tidy(signal, v))}" for signal, v in policy.in_all.items()]
    parts = [f"{tasks(policy.add)} more when {listed(grow)}"] if grow else []
    parts += [f"{tasks(policy.remove)} fewer when {' and '.join(shrink)}"] if shrink else []
    return f"{'; '.join(parts)}; averaged over {_span(policy.window)}, rests {_span(policy.cooldown)}"


def _composite(policy: CompositePolicy) -> str:
    whole = sum(row.weight for row in policy.rows)
    rows = []
    for row in policy.rows:
        show, share = unit_of(row.signal).show, plain(round(100 * row.weight / whole, 1))
        rows.append(f"{row.signal} {share}% (above {show(row.up)}, below {show(row.down)})")
    grow = [plain(round(100 * share, 3)) for share in (policy.medium, policy.high)]
    return (
        f"a score of {', '.join(rows)}: {grow[0]}% more over 0.3, {grow[1]}% over 0.6, {tasks(policy.remove)} fewer; "
        f"averaged over {_span(policy.window)}, rests {_span(policy.cooldown)}"
    )


def _backlog(policy: BacklogPolicy, throughput: float | None) -> str:
    what = f"{policy.signal} and {policy.in_flight}" if policy.in_flight else policy.signal
    if policy.age is not None:
        aim = f"{policy.signal}, in seconds, within {_span(policy.age)}"
    elif policy.drain is not None:
        each = f" ({plain(round((throughput or 0) * policy.drain / 1000, 3))} for each task)"
        aim = f"{what} drained within {_span(policy.drain)}{each}"
    else:
        aim = f"{plain(policy.per_task or 0)} of {what} for each task"
    return f"{aim}; the first task above {plain(policy.activation)}, none at or under it"


def _hpa(policy: HpaPolicy) -> str:
    metrics = []
    for metric in policy.metrics:
        value = unit_of(metric.signal).show(metric.target)
        metrics.append(f"{metric.signal} at {value}{' for each task' if metric.form in ('each', 'per task') else ''}")
    shown = f"{' and '.join(metrics)}, every {_span(policy.sync)}"
    if policy.out is None and policy.in_ is None:
        return f"as an HPA without behavior: {shown}; at most doubled at a time, or 4; scale-in when wanted for 5m"
    sides = (("out", policy.out or HpaOut()), ("in", policy.in_ or HpaIn()))
    return f"as an HPA: {shown}; {'; '.join(_side(word, rules) for word, rules in sides)}"


def _forecast(policy: ForecastPolicy) -> str:
    share = ShareForm().show
    parts = [
        (
            f"tasks at {share(policy.utilisation)} of what they carry for the upper end of the forecast from "
            f"{policy.history} ({policy.zone}), {_span(policy.buffer)} before it is due"
        )
    ]
    if policy.mode == "forecast only":
        parts.append("only told, nothing is ordered")
    if policy.on_breach == "raise":
        parts.append(f"it may raise capacity.max, to {share(policy.breach_buffer)} above what is forecast")
    parts.append("it may let tasks go" if policy.scale_in else "it lets nothing go by itself")
    return f"{'; '.join(parts)}; silent while its error is over {share(policy.max_error)}"


def _side(word: str, rules: HpaOut | HpaIn) -> str:
    if rules.select == "off":
        return f"scale-{word} never"
    texts = [f"{plain(r.value)}%" if r.unit == "percent" else tasks(r.value) for r in rules.rates]
    each = listed([f"{text} in {_span(rule.period)}" for text, rule in zip(texts, rules.rates, strict=True)])
    more = f", whichever is {'less' if rules.select == 'min' else 'more'}" if len(texts) > 1 else ""
    wanted = f" when wanted for {_span(rules.stabilisation)}" if rules.stabilisation else ""
    return f"scale-{word}{wanted} by {each}{more}"


def _contract(signal: SignalSpec) -> str:
    read = "" if signal.statistic == "mean" else f"the {signal.statistic} of "
    span = f"{read}{_span(signal.window)}" if signal.window is not None else f"{read}each policy's window"
    age = _span(3 * signal.period if signal.max_age is None else signal.max_age)
    absent = f"fallback {plain(signal.fallback)}" if signal.fallback is not None else signal.absent
    made = f"{signal.formula}; " if signal.formula is not None else ""
    stale = "" if signal.formula is not None and signal.max_age is None else f"stale after {age}; "
    return f"{made}{signal.role}; read over {span}; {stale}when absent: {absent}"


def _graded(policy: GradedPolicy) -> str:
    show, form = unit_of(policy.signal).show, PhaseForm()
    phases = [f"at {show(_tidy(policy.signal, value))} {form.show(phase)}" for value, phase in policy.phases.items()]
    level = f"; steps {policy.level}" if policy.level != "off" else ""
    shrink = ""
    if policy.below is not None:
        shrink = f"; fewer after {_span(policy.calm)} below {show(_tidy(policy.signal, policy.below))}"
    return f"by {policy.signal}: {', '.join(phases)}{level}{shrink}"


def _adaptive(policy: AdaptivePolicy) -> str:
    show = unit_of(policy.signal).show
    out = f"{tasks(policy.add)} more when {policy.signal} is above {show(_tidy(policy.signal, policy.above))}"
    usual = f"what is usual at this hour, once {_span(policy.history)} hold 50 points of 5m"
    parts = [out]
    if policy.below is not None:
        parts.append(f"{tasks(policy.remove)} fewer when it is below {show(_tidy(policy.signal, policy.below))}")
    limit = show(_tidy(policy.signal, policy.at_most))
    return f"{'; '.join(parts)}; the bounds follow {usual}; above {limit} always; rests {_span(policy.cooldown)}"


def _schedule(policy: SchedulePolicy) -> list[str]:
    texts = []
    for name, window in policy.windows.items():
        bounds = [f"{what} {count}" for what, count in (("min", window.min), ("max", window.max)) if count is not None]
        ramp = f", risen over {_span(window.ramp)} before" if window.ramp else ""
        closed = "" if window.holidays else ", not on holidays"
        when = ", ".join(one.text for one in window.when)
        texts.append(f"{name}, {when} {window.zone or policy.zone}{closed}: {' and '.join(bounds)}{ramp}")
    if policy.holidays:
        like = f", like a {WeekdayForm().show(policy.holidays_like)}" if policy.holidays_like is not None else ""
        texts.append(f"{len(policy.holidays)} holidays{like}")
    return texts


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
