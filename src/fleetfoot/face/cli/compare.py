"""``fleetfoot compare``: policies and the peers' scalers on the same traffic, in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import Told, json_option, load_spec, put
from fleetfoot.face.cli.simulating import (
    F,
    bar,
    left_out,
    metrics_option,
    of_requests,
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
    from fleetfoot.sim.compare import Comparison, Job
    from fleetfoot.sim.scenes import Scene
    from fleetfoot.sim.setup import Setup
    from fleetfoot.spec import Service

TASKS = 8


_OPTIONS = (
    click.option("--service", metavar="NAME", help="Which service of the file; not needed where there is one."),
    click.option(
        "--traffic", "words", metavar="TRAFFIC", multiple=True, help="As in simulate; may be given several times."
    ),
    click.option("--traces", type=click.Path(path_type=Path, file_okay=False), help="Every trace of this folder too."),
    traffic_options,
    click.option(
        "--policies", metavar="LIST", help="slo, 'hpa requests', yours, rivals...; a wrong name lists them all."
    ),
    click.option("--rivals", type=click.Choice(["all"]), help="Add every scaler of the peers."),
    plant_option,
    metrics_option,
    click.option(
        "--shed/--no-shed", default=None,
        help="Refuse at once what would wait longer than the objective, for everyone. [default: as the file; else on]",
    ),
    click.option("--tasks", metavar="N", type=int, help=f"Scale the traffic to about N tasks [default: {TASKS}]."),
    click.option(
        "--window", metavar="TIME", default="48h", show_default=True, help="Cut longer traffic around its peak."
    ),
    click.option(
        "--seed", metavar="N", type=int, default=1, show_default=True, help="The same arrivals for everyone."
    ),
    click.option("--jobs", metavar="N", type=int, help="Runs at once [default: the cores]."),
    click.option("--each", is_flag=True, help="Every traffic of its own in the table, however many."),
    report_option,
    json_option,
)  # fmt: skip


def contest_options(command: F) -> F:
    """What every comparison may be told."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(short_help="Policies and other scalers on the same traffic, beside the bounds.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@contest_options
def compare(
    file: Path | None, service: str | None, **more: Any,
) -> None:  # fmt: skip
    """Run policies and other scalers through the same traffic and say what each cost and missed.

    Without FILE the service is the measuring plant: 20 requests/s a task, p95 1s, 40 s to start. With FILE it is
    yours. Traffic of your own with FILE is played as it is; else it is scaled to --tasks. Without --traffic the
    synthetic set is played: step, ramp, flash, day, black friday, sawtooth, on/off.

    \b
    fleetfoot compare --window 2h
    fleetfoot compare fleetfoot.yaml --traffic day.csv --policies 'yours, hpa requests' --report compare.html
    fleetfoot compare --traces traces/ --rivals all --plant hostile --jobs 8
    """
    contest(lambda: _own(file, service), **more)


def _own(file: Path | None, name: str | None) -> tuple[Service | None, list[str]]:
    if file is None:
        return None, []
    spec = load_spec(file)
    one = of_requests(service_of(spec.services, name, file))
    return one, left_out(spec, one)


def contest(
    own: Callable[[], tuple[Service | None, list[str]]], words: tuple[str, ...], traces: Path | None,
    policies: str | None, rivals: str | None, jobs: int | None, each: bool, report: Path | None, as_json: bool,
    fresh: bool = False,
    **more: Any,
) -> None:  # fmt: skip
    """Play and show a comparison of ``own`` service, None for the measuring plant, with what is to be noted of it.

    ``fresh``: every policy but its own runs under fleetfoot's own guards, not those the service brings.
    """
    simulator()
    writable(report)
    if jobs is not None and jobs < 1:
        raise Told(f"--jobs must be 1 or more, not {jobs}")
    if more["tasks"] is not None and more["tasks"] < 1:
        raise Told(f"--tasks must be 1 or more, not {more['tasks']}")
    with stoppable():
        one, noted = own()
        planned, facts = _plan(one, words, traces, policies, rivals, more)
        facts["assumed"] += noted
        planned = [_fresh(job) for job in planned] if fresh else planned
        found = _play(planned, jobs)
    if as_json:
        put(facts | found.to_json())
    else:
        from fleetfoot.face.cli.compare_view import show

        show(found, facts, each)
    if report is not None:
        from fleetfoot.face.report.contest import write_contest

        write_page(report, lambda path: write_contest(found, facts, path), quiet=as_json)


def _plan(
    own: Service | None, words: tuple[str, ...], traces: Path | None, policies: str | None,
    rivals: str | None, more: dict[str, Any],
) -> tuple[list[Job], dict[str, Any]]:  # fmt: skip
    from fleetfoot.core.policies import POLICIES
    from fleetfoot.sim.compare import jobs_of
    from fleetfoot.sim.contenders import (
        ALL_RIVALS,
        PUBLISHED,
        USUAL,
        YOURS,
        measured,
        named,
        source_named,
        with_policy,
    )  # fmt: skip
    from fleetfoot.sim.measuring import TASK_HOUR, friendly
    from fleetfoot.sim.rivals.published import published
    from fleetfoot.sim.service import plan_of

    try:
        tasks = more.pop("tasks")
        size = tasks or TASKS
        shed = more.pop("shed")
        setup = friendly(size) if own is None else plan_of(own, shed).setup
        if own is None and shed is not False:
            setup = replace(setup, shed=setup.objective)
        chosen: Service = measured(setup) if own is None else own
        usual = ", ".join(USUAL if own is None else (YOURS, *USUAL))
        asked = named(f"{policies or usual}{', ' + ALL_RIVALS if rivals else ''}", own is not None)
        for kind in (one for one in asked if one in POLICIES):
            with_policy(chosen, kind)  # refused here rather than in the middle of the runs
        if PUBLISHED in asked:
            published(chosen)
        source, seed, plant = source_named(more.pop("metrics")), more.pop("seed"), more.pop("plant")
        scale = size if own is None or tasks or not words else None
        scenes = _scenes(words, traces, setup, size, scale, more)
    except ValueError as error:
        raise Told(str(error)) from None
    price = TASK_HOUR if own is None else own.task.price
    facts = {
        "service": "the measuring plant" if own is None else own.name, "plant": plant, "metrics": source.name,
        "seed": seed, "tasks": scale, "sheds": setup.shed is not None,
        "assumed": [] if own is None else list(plan_of(own).assumed),
        "currency": None if price is None else getattr(price, "currency", "USD"),
        "simulated_s": sum(len(scene.rates) for scene in scenes),
    }  # fmt: skip
    setup_of = _setup_of(setup, plant)
    return jobs_of(asked, scenes, setup_of, chosen, source=source, seed=seed, task_hour=price or 0.0), facts


def _fresh(job: Job) -> Job:
    from fleetfoot.core.policies import POLICIES
    from fleetfoot.spec.guards import Guards

    own = job.service.model_copy(update={"guards": Guards()})
    return replace(job, service=own) if job.name in POLICIES else job


def _setup_of(setup: Setup, plant: str) -> Callable[[Scene], Setup]:
    from fleetfoot.sim.service import against

    return lambda scene: setup if plant == "friendly" else against(setup, scene.rates)


def _scenes(
    words: tuple[str, ...], traces: Path | None, setup: Setup, size: int, scale: int | None, more: dict[str, Any]
) -> list[Scene]:
    from fleetfoot.sim import scenes
    from fleetfoot.traffic import parse
    from fleetfoot.traffic.words import is_file

    window = int(parse.seconds(more.pop("window")))
    if window < 1200:
        raise ValueError("a window is 20m or longer: the first 600 s are not judged")
    names = [scenes.name_of(Path(word)) if is_file(word) else word for word in words]
    if len(set(names)) < len(names):
        names = list(words)
    found = [
        scenes.scene(name, shape_of(word, more), setup, scale, window) for name, word in zip(names, words, strict=True)
    ]
    if len({one.name for one in found}) < len(found):
        raise ValueError("the same traffic is given twice")
    for one in found:
        if len(one.rates) < 1200:
            raise ValueError(f"{one.name} lasts {len(one.rates)} s; a comparison needs 20m: --repeat or --for")
    found = found or scenes.synthetic(setup, size, window)
    return found + (scenes.recorded(traces, setup, size, window) if traces is not None else [])


def _play(planned: list[Job], jobs: int | None) -> Comparison:
    from fleetfoot.sim import runs
    from fleetfoot.sim.compare import compare as compared

    done = 0
    with (
        bar(f"{len(planned)} runs", sum(len(job.scene.rates) for job in planned)) as told,
        runs.processes(min(jobs or runs.cores(), len(planned))) as executor,
    ):

        def tick(job: Job) -> None:
            nonlocal done
            done += len(job.scene.rates)
            told(done)

        return compared(planned, executor, tick)
