"""What is allowed and yet doubtful: the warnings of ``fleetfoot check``. One function per doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from fleetfoot.spec.file import Spec
from fleetfoot.spec.forms import plain
from fleetfoot.spec.money import MONTH_HOURS, Price
from fleetfoot.spec.policies import BacklogPolicy, SchedulePolicy, SloPolicy, StepPolicy
from fleetfoot.spec.service import Service
from fleetfoot.spec.units import DurationForm

_span = DurationForm().show
SLO_PERIOD = 20_000  # ms: with slower signals ``slo`` is over more often than target tracking (docs/slo.md)


def doubts(service: Service) -> list[str]:
    """Every doubt about one service, in a fixed order."""
    return [text for doubt in DOUBTS for text in doubt(service)]


def _throughput(service: Service) -> Iterator[str]:
    if service.task.throughput is None:
        yield (
            "task.throughput is not written: it is learnt while it runs, so the first surge may be answered "
            "with too few or too many tasks"
        )


def _redundancy(service: Service) -> Iterator[str]:
    least, zones = service.capacity.min, len(service.task.zones)
    if least == 0:
        yield "capacity.min 0: with no task running, the first request waits for a start"
        yield from _from_zero(service)
    elif least == 1:
        yield "capacity.min 1: nothing serves while the only task is replaced, and its zone is the only one"
    elif least < zones:
        yield f"capacity.min {least} is fewer than the {zones} zones: at night a zone is empty"
    if service.capacity.min == service.capacity.max:
        yield f"capacity.min and max are both {least}: the count never changes"


def _from_zero(service: Service) -> Iterator[str]:
    startup, patience = service.task.startup, service.balancer.queue_timeout
    if startup is not None and patience <= startup:
        yield (
            f"balancer.queue timeout {_span(patience)} is no longer than task.startup {_span(startup)}: "
            "at zero tasks the first request gets 503"
        )
    for policy in service.policies:
        source = service.signals.get(policy.signal) if isinstance(policy, BacklogPolicy) else None
        if isinstance(policy, BacklogPolicy) and (policy.signal.startswith("app.") or (source and source.source)):
            yield (
                f"capacity.min 0: {policy.signal} is told by the tasks, and with none of them running nobody tells it: "
                "write min 1, unless something else pushes it for this service"
            )


def _steps(service: Service) -> Iterator[str]:
    for policy in service.policies:
        if not isinstance(policy, StepPolicy):
            continue
        may = "may want fewer tasks at more load"
        sizes = [adjustment for _, _, adjustment in policy.steps]
        if policy.kind_of_change == "exact":
            yield f"policy {policy.name} sets exact counts: it {may}"
        elif any(later < before for before, later in pairwise(sizes)):
            far = "further beyond" if policy.above is not None else "nearer to"
            yield f"policy {policy.name} does less {far} its threshold: it {may}"


def _one_way(service: Service) -> Iterator[str]:
    deciding = [policy for policy in service.policies if not isinstance(policy, SchedulePolicy)]
    if not deciding:
        return
    if not any(policy.grows for policy in deciding):
        yield "no policy grows: the count only falls"
    if not any(policy.shrinks for policy in deciding):
        yield "no policy shrinks: the count only rises"


def _unread(service: Service) -> Iterator[str]:
    read = {signal for policy in service.policies for _, signal in policy.signals()}
    for name in service.signals:
        if name not in read:
            yield f"signals.{name}: no policy names it"


def _schedules(service: Service) -> Iterator[str]:
    schedules = [policy for policy in service.policies if isinstance(policy, SchedulePolicy)]
    if schedules and len(schedules) == len(service.policies):
        yield "nothing but a schedule decides: traffic that nobody foresaw is not answered"
    for schedule in schedules:
        for name, window in schedule.windows.items():
            if window.min is not None and window.min <= service.capacity.min and window.max is None:
                yield f"window {name}: min {window.min} is no more than capacity.min: it changes nothing"


def _errors(service: Service) -> Iterator[str]:
    for policy in service.policies:
        if policy.kind != "composite" and any(s in ("errors", "app.errors") for _, s in policy.signals()):
            yield f"policy {policy.name} reads errors: more tasks seldom mend errors, and they alone add one at a time"


def _queue(service: Service) -> Iterator[str]:
    if service.target != "local" or service.task.concurrency is not None:
        return
    formulas = {name: signal.formula for name, signal in service.signals.items() if signal.formula is not None}
    for policy in service.policies:
        read = {signal for _, signal in policy.signals()}
        made = {part for signal in read if signal in formulas for part in formulas[signal].reads}
        if policy.kind != "composite" and "queue" in read | made:
            yield (
                f"policy {policy.name} reads queue: without task.concurrency tasks are handed every request, and it "
                "stays empty while one is ready"
            )


def _spans(service: Service) -> Iterator[str]:
    startup, grace = service.task.startup, service.health.grace
    if startup is not None and grace < startup:
        yield (
            f"health.grace {_span(grace)} is shorter than task.startup {_span(startup)}: "
            "every new task would be replaced before it serves"
        )
    limit = service.balancer.request_timeout
    if limit < service.objective.latency:
        promised = _span(service.objective.latency)
        yield f"balancer.request timeout {_span(limit)} is shorter than the objective {promised}"
    if service.task.drain < limit:
        yield (
            f"task.drain {_span(service.task.drain)} is shorter than balancer.request timeout {_span(limit)}: "
            "a scale-in may cut long requests"
        )


def _command(service: Service) -> Iterator[str]:
    if service.run is not None and "PORT" not in service.run:
        yield "run does not name $PORT: the program must read the variable PORT itself"


def _open(service: Service) -> Iterator[str]:
    host = service.listen.rpartition(":")[0]
    if host not in ("localhost", "[::1]") and not host.startswith("127."):
        yield f"{service.listen} is open to the network, not only to this machine"


def _pools(service: Service) -> Iterator[str]:
    used = service.guards.connections
    own = used.own() if used is not None else None
    if used is None or own is None:
        return
    fit = (own.connections - own.reserved) // used.per_task.min
    if fit < service.capacity.max:
        yield f"guards.connections: there are connections for {fit} tasks, and capacity.max is {service.capacity.max}"


def late_signals(service: Service, period: int) -> Iterator[str]:
    """``period``: ms that one value of its requests is the mean of."""
    if period > SLO_PERIOD and any(isinstance(policy, SloPolicy) for policy in service.policies):
        yield (
            f"policy slo sees the requests as means of {_span(period)}: it is made for faster ones, and misses the "
            "objective more often so than target tracking does (docs/slo.md)"
        )


DOUBTS: tuple[Callable[[Service], Iterator[str]], ...] = (
    _throughput, _redundancy, _steps, _one_way, _schedules, _unread, _errors, _queue, _spans, _command, _open,
    _pools,
)  # fmt: skip


def budget_doubts(spec: Spec, listed: Mapping[str, Price] | None = None) -> Iterator[str]:
    """What is doubtful about the budget. ``listed``: prices from a list, of services that name none."""
    budget = spec.budget
    if budget is None:
        return
    most = 0.0
    for name, service in spec.services.items():
        price = service.task.price or (listed or {}).get(name)
        if price is None:
            yield f"{name} has no task.price, nor cpu and memory: the budget does not hold it"
            continue
        cost = budget.priced(price)
        if cost is None:
            currency = getattr(price, "currency", "USD")
            yield f"{name} is priced in {currency}: write budget.rate in {budget.currency}/{currency}"
            continue
        most += cost * service.capacity.max
    for key, hours, span in (("hourly", 1, "hour"), ("daily", 24, "day"), ("monthly", MONTH_HOURS, "month")):
        limit = budget.hard(key) or budget.soft(key)
        if limit is not None and most * hours > limit:
            share = plain(round(100 * limit / (most * hours)))
            yield (
                f"all services at max for a whole {span} cost {most * hours:,.0f} {budget.currency}: "
                f"the budget lasts for {share}% of that"
            )
