"""Each policy in plain words: the lines of ``fleetfoot check`` on what decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleetfoot.spec.errors import listed
from fleetfoot.spec.forms import plain
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
    SloPolicy,
    StepPolicy,
    TargetPolicy,
    ThresholdsPolicy,
)
from fleetfoot.spec.policies.graded import PhaseForm
from fleetfoot.spec.policies.hpa import HpaIn, HpaOut
from fleetfoot.spec.service import Service
from fleetfoot.spec.signals import unit_of
from fleetfoot.spec.units import DurationForm, ShareForm
from fleetfoot.spec.when import WeekdayForm

_span = DurationForm().show


def policy_lines(policy: Policy, service: Service) -> list[str]:
    """What ``policy`` of ``service`` does, a line each."""
    if isinstance(policy, SchedulePolicy):
        return _schedule(policy)
    if isinstance(policy, DefaultPolicy):
        return [_default(policy, service.task.throughput)]
    if isinstance(policy, BacklogPolicy):
        return [_backlog(policy, service.task.throughput)]
    return [_RULES[type(policy)](policy)]


def tasks(count: float) -> str:
    """``1 task``, ``4 tasks``."""
    return f"{plain(count)} task{'' if count == 1 else 's'}"


def _default(policy: DefaultPolicy, throughput: float | None) -> str:
    share = plain(round(policy.utilisation * 100, 3))
    each = f" ({plain(round(throughput * policy.utilisation, 3))}/s)" if throughput is not None else ""
    return f"each task at {share}% of what it carries{each}, and one more for every second of queued work"


def _slo(policy: SloPolicy) -> str:
    spare = f", and {tasks(policy.spare)} beyond" if policy.spare else ""
    return f"the fewest tasks that keep the objective when one ordered now serves: a forecast, a queue's model{spare}"


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
    usual = f"what is usual at this hour of {policy.zone}, once {_span(policy.history)} hold 50 points of 5m"
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


_RULES: dict[type[Policy], Callable[[Any], str]] = {
    SloPolicy: _slo,
    TargetPolicy: _target,
    StepPolicy: _step,
    ThresholdsPolicy: _thresholds,
    HpaPolicy: _hpa,
    ForecastPolicy: _forecast,
    CompositePolicy: _composite,
    AdaptivePolicy: _adaptive,
    GradedPolicy: _graded,
}
