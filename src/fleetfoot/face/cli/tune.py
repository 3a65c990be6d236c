"""``fleetfoot tune``: search a policy's numbers on one's own traffic; the last part of it is kept for the verdict."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import Told, json_option, load_spec, put
from fleetfoot.face.cli.simulating import (
    left_out,
    metrics_option,
    of_requests,
    plant_option,
    progress,
    service_of,
    shape_of,
    simulator,
    stoppable,
    traffic_options,
)
from fleetfoot.face.files import write_text

if TYPE_CHECKING:
    from fleetfoot.sim.score import Score
    from fleetfoot.sim.tune import Search, Trial, Tuned
    from fleetfoot.spec import Service


@click.command(short_help="Search a policy's settings on your own traffic.")
@click.argument("file", type=click.Path(path_type=Path), default=Path("fleetfoot.yaml"))
@click.option("--service", metavar="NAME", help="Which service of the file; not needed where there is one.")
@click.option("--traffic", "--trace", "traffic", metavar="TRAFFIC", required=True, help="A trace file, or made up.")
@traffic_options
@click.option("--policy", metavar="KIND", help="Tune this policy in place of those of the file, such as slo.")
@click.option("--trials", metavar="N", type=click.IntRange(2, 10_000), default=40, show_default=True)
@click.option(
    "--objective", "goal", metavar="WORDS", default="over:0.4%,bad:0.8%", show_default=True,
    help="Limits, and then the cheapest; or weights such as cost=1,over=5,bad=2 (per task-hour and per cent).",
)  # fmt: skip
@click.option("--hold-out", metavar="SHARE", default="30%", show_default=True, help="The end kept from the search.")
@click.option("--state", "kept", type=click.Path(path_type=Path, dir_okay=False), help="Keep trials, go on from them.")
@click.option("--jobs", "-j", type=click.IntRange(1, 1000), help="Processes. Default: one for every core.")
@click.option("--write", "new", type=click.Path(path_type=Path, dir_okay=False), help="Write the file with the best.")
@plant_option
@metrics_option
@click.option("--seed", metavar="N", type=int, default=1, show_default=True, help="Of the arrivals and the search.")
@json_option
def tune(
    file: Path, service: str | None, traffic: str, policy: str | None, trials: int, goal: str, hold_out: str,
    kept: Path | None, jobs: int | None, new: Path | None, plant: str, metrics: str, seed: int, as_json: bool,
    **change: Any,
) -> None:  # fmt: skip
    """Search the numbers of a service's policies, and how fast its guards let go, on simulated traffic.

    The last part of the traffic is not searched: the best settings are judged on it beside the present ones, and
    where they are no better there, it says so. With --state an interrupted search goes on where it was.

    \b
    fleetfoot tune --traffic day.csv
    fleetfoot tune --traffic week.csv --policy slo --trials 200 --state tune.jsonl --write new.yaml
    """
    simulator()
    from fleetfoot.sim.service import plan_of

    shape = shape_of(traffic, change)
    spec = load_spec(file)
    one = of_requests(service_of(spec.services, service, file))
    chosen = _with_policy(one, policy)
    with stoppable():
        search = _search(chosen, shape, plant, metrics, goal, hold_out, seed)
        noted = [*plan_of(chosen).assumed, *left_out(spec, one)]
        found = _tuned(search, trials, kept, jobs)
    if as_json:
        put({"service": chosen.name, "traffic": traffic, "assumed": noted} | found.to_json())
    else:
        _show(found, noted)
    if new is not None:
        _write(file, chosen, found, new, policy is not None, quiet=as_json)


def _with_policy(service: Service, kind: str | None) -> Service:
    from fleetfoot.spec.policies import KINDS, with_names

    if kind is None:
        return service
    if kind not in KINDS:
        raise Told(f"{kind!r} is no policy: there are {', '.join(KINDS)}")
    try:
        return service.model_copy(update={"policies": with_names((KINDS[kind](),))})
    except ValueError:
        raise Told(f"policy {kind} needs settings of its own: write it into the file and leave --policy out") from None


def _search(service: Service, shape: Any, plant: str, metrics: str, goal: str, hold_out: str, seed: int) -> Search:
    from fleetfoot.sim.contenders import source_named
    from fleetfoot.sim.measuring import per_second
    from fleetfoot.sim.objective import objective
    from fleetfoot.sim.service import against, plan_of
    from fleetfoot.sim.tune import Search

    try:
        rates = per_second(shape)
        setup = plan_of(service).setup
        setup = setup if plant == "friendly" else against(setup, rates)
        return Search(service, rates, setup, objective(goal), _share(hold_out), source_named(metrics), seed)
    except ValueError as error:
        raise Told(str(error)) from None


def _share(text: str) -> float:
    try:
        return float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        raise Told(f"{text!r} is no share: write 30% or 0.3") from None


def _tuned(search: Search, trials: int, kept: Path | None, jobs: int | None) -> Tuned:
    from fleetfoot.sim.runs import cores, processes
    from fleetfoot.sim.tune import Changed, tune

    try:
        with processes(min(jobs or cores(), trials)) as executor, _bar(trials, search) as told:
            return tune(search, trials, executor=executor, state=kept, told=told)
    except KeyboardInterrupt:
        if kept is None:
            raise
        click.echo(f"\nstopped: the trials so far are in {kept}; the same command goes on from them", err=True)
        sys.exit(130)
    except (Changed, OSError) as failure:
        raise Told(str(failure)) from None


@contextmanager
def _bar(trials: int, search: Search) -> Iterator[Callable[[Trial, int], None]]:
    """Trials done, the best so far, what is left."""
    from rich.progress import MofNCompleteColumn, TextColumn, TimeRemainingColumn

    with progress(MofNCompleteColumn(), TextColumn("{task.fields[best]}"), TimeRemainingColumn()) as shown:
        task = shown.add_task(search.service.name, total=trials, best="")

        def told(best: Trial, done: int) -> None:
            shown.update(task, completed=done, best=f"best so far: {_words(best.score)} (trial {best.number})")

        yield told


def _words(score: Score) -> str:
    return f"{score.task_hours:.1f} task-hours, {score.share_over:.2%} over, {score.share_bad:.2%} bad"


def _show(found: Tuned, noted: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "trial", "task-hours", "seconds over", "bad requests", "value"):
        table.add_column(column, justify="right" if column else "left")
    value = found.search.objective.value

    def row(name: str, number: int, score: Score | None) -> None:
        if score is not None:
            figures = (f"{score.task_hours:.2f}", f"{score.share_over:.2%}", f"{score.share_bad:.2%}")
            table.add_row(name, str(number), *figures, f"{value(score):.2f}")

    row("searched: present settings", 0, found.present.score)
    row("searched: best", found.best.number, found.best.score)
    row("held out: present settings", 0, found.held_present)
    row("held out: best", found.best.number, found.held_best)
    console.print(table)
    for key, best in found.changes():
        console.print(f"  {key.path}: {key.show(key.present)} -> {key.show(best)}")
    console.print(verdict(found))
    for sentence in noted:
        console.print(f"note: {sentence}", style="yellow")


def verdict(found: Tuned) -> str:
    """What to make of it, honestly."""
    if found.best.number == 0:
        return f"None of {len(found.trials)} trials was better than the present settings: keep them."
    if found.held_present is None or found.held_best is None:
        return "Nothing was held out: how this does on other traffic is not known."
    if not found.helped:
        return "Tuning did not help: on the part it never saw the best settings are no better. Keep the present ones."
    value = found.search.objective.value
    gain = 1.0 - value(found.held_best) / value(found.held_present)
    kept = "" if found.search.objective.kept(found.held_best) else " It does not keep the limits there, though."
    return f"On the part it never saw the best settings are {gain:.0%} better.{kept}"


def _write(file: Path, service: Service, found: Tuned, new: Path, replaced: bool, quiet: bool) -> None:
    from fleetfoot.spec import SpecErrors, loads
    from fleetfoot.spec.rewritten import policies_of, rewritten

    text = file.read_text(encoding="utf-8")
    policies = [{p.kind: {}} for p in service.policies] if replaced else policies_of(text, service.name)
    guards: dict[str, dict[str, str]] = {}
    for key, value in found.changes() if found.helped else []:
        where, name, word = key.path.split(".", 2)
        if where == "policies":
            policies[int(name)][service.policies[int(name)].kind][word] = key.show(value)
        else:
            guards.setdefault(name, {})[word] = key.show(value)
    if not found.helped:
        click.echo(f"{new} is not written: tuning did not help", err=True)
        return
    made = rewritten(text, service.name, policies, guards)
    try:
        loads(made, str(new))  # what is written can be read
        write_text(made, new)
    except (SpecErrors, OSError) as failure:
        raise Told(f"cannot write {new}: {failure}") from None
    if not quiet:
        click.echo(f"written: {new} (without the comments of {file})")
