"""``fleetfoot simulate``: one's own fleetfoot.yaml under made-up or recorded traffic, in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import Told, instant_of, json_option, lang_option, load_spec, put
from fleetfoot.face.cli.simulating import (
    bar,
    metrics_option,
    plant_option,
    report_option,
    service_of,
    shape_of,
    simulator,
    stoppable,
    traffic_options,
    writable,
    write_page,
)

if TYPE_CHECKING:
    from fleetfoot.sim.live import Source
    from fleetfoot.sim.native import Executed
    from fleetfoot.sim.setup import Setup
    from fleetfoot.sim.simulate import Simulated
    from fleetfoot.sim.together import Rates
    from fleetfoot.spec import Service, Spec
    from fleetfoot.traffic.shape import Shape

NOT_OF_QUEUES = "workers of a queue are simulated without --beside, --plant, --metrics, --shed, --template and --report"


@click.command(short_help="Try your fleetfoot.yaml on traffic, on a virtual clock.")
@click.argument("file", type=click.Path(path_type=Path), default=Path("fleetfoot.yaml"))
@click.option("--service", metavar="NAME", help="Which service of the file; not needed where there is one.")
@click.option(
    "--traffic", metavar="TRAFFIC", required=True, help="200/s, 20@30m,200@1h, flash:base=20,peak=200, or a trace file."
)
@traffic_options
@plant_option
@metrics_option
@click.option(
    "--beside", metavar="NAME=TRAFFIC", multiple=True,
    help="Another service of the file, under traffic of its own at the same time: they share what the file says.",
)  # fmt: skip
@click.option(
    "--template", metavar="STACK", type=click.Path(path_type=Path),
    help="A CloudFormation template: its alarms, policies and schedules scale, as AWS would run them.",
)  # fmt: skip
@click.option("--shed/--no-shed", default=None, help="With or without shedding, whatever the file says.")
@click.option("--seed", metavar="N", type=int, default=1, show_default=True, help="Of the arrivals and their work.")
@click.option("--start", "begins", metavar="TIME", help="When it begins: 2024-11-29T00:00 in the schedule's zone.")
@click.option("--decisions", is_flag=True, help="List every decision in words.")
@report_option
@json_option
@lang_option
def simulate(
    file: Path, service: str | None, traffic: str, plant: str, metrics: str, shed: bool | None, seed: int,
    begins: str | None, decisions: bool, beside: tuple[str, ...], template: Path | None, report: Path | None,
    as_json: bool, lang: str, **change: Any,
) -> None:  # fmt: skip
    """Run a service of FILE (default fleetfoot.yaml) through traffic on a virtual clock.

    The settings are compiled as live and the engine is the live one; tasks and requests are simulated, from
    task.throughput, task.startup, capacity and balancer of the file. A day takes a few seconds. Where the policy
    backlog reads a queue, TRAFFIC is messages/s, and workers take one at a time.

    \b
    fleetfoot simulate --traffic flash:base=40,peak=200,at=20m,half=5m,seconds=1h
    fleetfoot simulate fleetfoot.yaml --traffic day.csv --peak 300 --report day.html
    fleetfoot simulate --traffic 20@48h --start 2024-11-28T00:00 --decisions
    fleetfoot simulate --service web --traffic 20@10m,200@20m --beside reports=20@10m,300@20m
    fleetfoot simulate --traffic 20@10m,200@20m --metrics 'cloudwatch 60s' --plant hostile --decisions
    fleetfoot simulate --traffic 20@10m,200@20m --template stack.yaml
    """
    simulator()
    from fleetfoot.face.cli.simulate_queue import simulate_queue
    from fleetfoot.sim.live import START
    from fleetfoot.sim.workers import is_queue

    writable(report)
    shape = shape_of(traffic, change)
    spec = load_spec(file)
    chosen = service_of(spec.services, service, file)
    others = _others(spec, chosen, file, beside, change)
    executed = None if template is None else _template(template, others, decisions)
    began = START if begins is None else instant_of(begins, chosen)
    if is_queue(chosen):
        if others or report or plant != "friendly" or metrics != "plane" or shed is not None or executed is not None:
            raise Told(NOT_OF_QUEUES)
        with stoppable():
            simulate_queue(
                spec, chosen, _per_second(shape), traffic, seed, began, decisions=decisions, as_json=as_json, lang=lang
            )
        return
    with stoppable():
        found, facts = _run(spec, chosen, shape, plant, metrics, shed, seed, began, others, executed)
    facts["traffic"] = traffic
    if executed is not None:
        facts["metrics"] = f"of {template}" + (f", mode {executed.mode}" if executed.mode else "")
        facts["assumed"] += [*executed.notes]
    _show(found, facts, report, decisions=decisions, as_json=as_json, lang=lang)


def _show(
    found: Simulated, facts: dict[str, Any], report: Path | None, *, decisions: bool, as_json: bool, lang: str
) -> None:
    if as_json:
        put(facts | found.to_json() | ({"decisions": _told(found, lang)} if decisions else {}))
    else:
        from fleetfoot.face.cli.simulate_view import show

        show(found, facts, lang, decisions)
    if report is not None:
        from fleetfoot.face.report import write_report
        from fleetfoot.face.report.simulated import report_of

        page = report_of(found, facts, lang)
        write_page(report, lambda path: write_report(page, path), quiet=as_json)


def _per_second(shape: Shape) -> Rates:
    """Raises Told."""
    from fleetfoot.sim.scenes import seconds_of

    try:
        return seconds_of(shape)
    except ValueError as error:
        raise Told(str(error)) from None


def _template(file: Path, others: dict[str, Shape], decisions: bool) -> Executed:
    """The scaling of a template. Raises Told for one that cannot be read, and for options it does not go with."""
    from fleetfoot.sim.native import execute
    from fleetfoot.spec.reader import MAX_BYTES

    if others:
        raise Told("--template and --beside do not go together: a template is of one service")
    try:
        with file.open("rb") as opened:
            found = execute(str(file), opened.read(MAX_BYTES + 1))
    except OSError as failure:
        raise Told(f"{file} cannot be read: {failure.strerror}") from failure
    except ValueError as error:
        raise Told(str(error)) from None
    if decisions and found.mode != "controller":
        raise Told("--decisions: a template's alarms give no reasons; the controller does")
    return found


def _others(
    spec: Spec, chosen: Service, file: Path, beside: tuple[str, ...], change: dict[str, Any]
) -> dict[str, Shape]:
    """The traffic of the services beside the one that is shown. Raises Told."""
    found: dict[str, Shape] = {}
    for word in beside:
        name, equals, traffic = word.partition("=")
        if not equals:
            raise Told(f"--beside {word}: write NAME=TRAFFIC, such as reports=200/s")
        other = service_of(spec.services, name, file).name
        if other == chosen.name or other in found:
            raise Told(f"--beside {name}: a service has one traffic")
        found[other] = shape_of(traffic, change)
    return found


def _run(
    spec: Spec, chosen: Service, shape: Shape, plant: str, metrics: str, shed: bool | None, seed: int, start: int,
    others: dict[str, Shape], executed: Executed | None,
) -> tuple[Simulated, dict[str, Any]]:  # fmt: skip
    from fleetfoot.sim.contenders import source_named
    from fleetfoot.sim.scenes import seconds_of
    from fleetfoot.sim.service import against, plan_of
    from fleetfoot.spec.doubts import doubts, late_signals

    try:
        source = source_named(metrics)
        rates = seconds_of(shape)
        planned = plan_of(chosen, shed)
        setup = planned.setup if plant == "friendly" else against(planned.setup, rates)
        if others:
            found, figures = _beside(spec, chosen, rates, setup, others, source, seed, start)
        else:
            found, figures = _alone(spec, chosen, rates, setup, source, seed, start, executed), {}
    except ValueError as error:
        raise Told(str(error)) from None
    warnings = [*doubts(chosen), *late_signals(chosen, source.period), *_beyond(setup, rates)]
    facts = {
        "service": chosen.name, "plant": plant, "metrics": source.name, "seed": seed, "simulated_s": len(rates),
        "objective_ms": chosen.objective.latency, "percentile": chosen.objective.percentile,
        "currency": getattr(chosen.task.price, "currency", None), "sheds": setup.shed is not None,
        "assumed": list(planned.assumed), "warnings": warnings, "beside": figures,
    }  # fmt: skip
    return found, facts


def _beyond(setup: Setup, rates: Rates) -> list[str]:
    peak, carried = float(rates.max()), setup.throughput * setup.maximum
    if peak <= carried:
        return []
    return [
        f"the traffic reaches {peak:,.0f}/s and {setup.maximum} tasks, the most there may be, carry {carried:,.0f}/s"
    ]


def _alone(
    spec: Spec, chosen: Service, rates: Rates, setup: Setup, source: Source, seed: int, start: int,
    executed: Executed | None,
) -> Simulated:  # fmt: skip
    from fleetfoot.core.compile import compile_spec
    from fleetfoot.prices import listed_prices
    from fleetfoot.sim.native import played
    from fleetfoot.sim.simulate import simulate as tried

    settings = compile_spec(spec, listed_prices(spec))[chosen.name]
    price = chosen.task.price or 0.0
    with bar(chosen.name, len(rates), "now the bound") as told:
        if executed is not None:
            return played(executed, chosen, rates, setup, seed=seed, start=start, settings=settings, progress=told)
        return tried(
            chosen, rates, setup, source=source, seed=seed, start=start, task_hour=price, settings=settings,
            progress=told,
        )  # fmt: skip


def _beside(
    spec: Spec, chosen: Service, rates: Rates, setup: Setup, others: dict[str, Shape], source: Source, seed: int,
    start: int,
) -> tuple[Simulated, dict[str, Any]]:  # fmt: skip
    """Several services at once: the run of the chosen one, and the figures of the others."""
    from fleetfoot.sim.scenes import seconds_of
    from fleetfoot.sim.score import JUDGED_FROM
    from fleetfoot.sim.simulate import judged
    from fleetfoot.sim.together import simulate_together

    every = {chosen.name: rates} | {name: seconds_of(shape) for name, shape in others.items()}
    with bar(", ".join(every), len(rates), "now the bound") as told:
        found = simulate_together(
            spec, every, setups={chosen.name: setup}, source=source, seed=seed, start=start, progress=told
        )
        mine = found.pop(chosen.name)
        acted = [decision for decision in mine.decisions if decision.desired != decision.current]
        shown = judged(mine.run, acted, min(JUDGED_FROM, len(rates) // 2), start)
    figures = {
        name: {"most": max(change.desired for change in one.run.changes), **one.run.score.to_json()}
        for name, one in found.items()
    }
    return shown, figures


def _told(found: Simulated, lang: str) -> list[dict[str, Any]]:
    from fleetfoot.core.words import tell

    return [
        {"t": found.second(d), "before": d.current, "after": d.desired, "words": tell(d, lang)} for d in found.decisions
    ]
