"""What ``simulate`` and ``compare`` share: the words for traffic, the missing extra, a bar that tells the truth."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fleetfoot.face.cli.common import Told
from fleetfoot.traffic.shape import Shape
from fleetfoot.traffic.words import Change, traffic

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

    from fleetfoot.spec import Service, Spec

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--for", "length", metavar="TIME", help="How long. Endless traffic lasts 2h by default."),
    click.option("--speed", metavar="K", type=float, default=1.0, help="Play K recorded seconds of a trace in one."),
    click.option("--scale", metavar="R", type=float, default=1.0, help="Multiply every rate by R."),
    click.option("--peak", metavar="N", help="Scale a trace's window so that its highest rate is N: 200 or 200/s."),
    click.option("--from", "start", metavar="TIME", help="Start of a trace's window, as the file writes time."),
    click.option("--to", "end", metavar="TIME", help="End of a trace's window."),
    click.option("--repeat", metavar="N", type=int, default=1, help="Play it N times."),
    click.option("--fill", is_flag=True, help="Bridge holes in a trace by straight lines instead of refusing it."),
)
PLANTS = ("friendly", "hostile")
plant_option = click.option(
    "--plant", type=click.Choice(PLANTS), default="friendly", show_default=True,
    help="hostile: retrying clients, a database with a knee, cold tasks, failing starts, uneven work.",
)  # fmt: skip
metrics_option = click.option(
    "--metrics", metavar="SOURCE", default="plane", show_default=True,
    help="What fleetfoot's policies see the world through: plane, push, cloudwatch60, cloudwatch20, cloudwatch10, "
    "prometheus15 or metrics-server; 'cloudwatch 60s' is the same as cloudwatch60.",
)  # fmt: skip
report_option = click.option(
    "--report", "--html", "report", type=click.Path(path_type=Path, dir_okay=False),
    help="Write an HTML page with the pictures.",
)  # fmt: skip


def traffic_options(command: F) -> F:
    """The grammar of ``fleetfoot load`` and ``trace`` for whatever traffic is played."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def shape_of(word: str, change: dict[str, Any]) -> Shape:
    """The traffic that was asked for. Raises Told."""
    try:
        shape = traffic(word, Change(**change))
    except ValueError as error:  # TraceErrors and TableError are such
        raise Told(str(error)) from None
    if shape.total(shape.duration) < 0.5:
        raise Told(f"{word}: this traffic has no request in it; raise the rate, the scale or the duration")
    return shape


def simulator() -> None:
    """Raises Told where the extra is not installed."""
    try:
        importlib.import_module("fleetfoot.sim.world")
    except ImportError as missing:
        raise Told(f"the simulator is not installed: make dev in the clone brings it ({missing})") from None
    except RuntimeError as failure:  # numba's, of an installation that may not be written to, without a home
        raise Told(f"the simulator has no place for what it compiles: set NUMBA_CACHE_DIR ({failure})") from None


def writable(report: Path | None) -> None:
    """Raises Told before anything is run, where the page could not be written after it."""
    if report is not None and not report.absolute().parent.is_dir():
        raise Told(f"cannot write {report}: there is no folder {report.absolute().parent}")


def write_page(report: Path, write: Callable[[Path], object], quiet: bool) -> None:
    """Let ``write`` put a page there, and say so unless ``quiet``. Raises Told."""
    try:
        write(report)
    except OSError as error:
        raise Told(f"cannot write {report}: {error.strerror or error}") from None
    if not quiet:
        click.echo(f"written: {report}")


def service_of(services: Mapping[str, Service], name: str | None, where: str | Path) -> Service:
    """The one service there is in ``where``, or the one named. Raises Told."""
    if name is None and len(services) > 1:
        raise Told(f"{where} has {len(services)} services; name one with --service: {', '.join(services)}")
    if name is not None and name not in services:
        from difflib import get_close_matches

        near = get_close_matches(name, services, 1)
        hint = f"; did you mean {near[0]}?" if near else f": there are {', '.join(services)}"
        raise Told(f"{where} has no service {name!r}{hint}")
    return services[name or next(iter(services))]


def of_requests(service: Service) -> Service:
    """``service``, which is no worker of a queue: those ``simulate`` alone can play. Raises Told."""
    from fleetfoot.sim.workers import is_queue

    if is_queue(service):
        raise Told(f"{service.name} works on a queue: `fleetfoot simulate` plays it, this verb plays requests only")
    return service


def left_out(spec: Spec, service: Service) -> list[str]:
    """What ``service`` shares with the others of its file, which a run of it alone does not know."""
    used = service.guards.connections
    parts = {
        "budget": spec.budget,
        "launch limits": spec.launch_limits,
        "a database": used.database if used is not None else None,
    }
    shared = [name for name, part in parts.items() if part is not None]
    if not shared:
        return []
    return [f"what the services share is left out here: {', '.join(shared)}; fleetfoot simulate, with --beside, has it"]


@contextmanager
def progress(*columns: ProgressColumn) -> Iterator[Progress]:
    """A bar of what is done, and ``columns`` behind it, to stderr. Nothing is shown where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    name = TextColumn("{task.description}")
    hidden = not sys.stderr.isatty()
    with Progress(name, BarColumn(), *columns, console=Console(stderr=True), transient=True, disable=hidden) as shown:
        yield shown


@contextmanager
def bar(words: str, total: int, after: str = "") -> Iterator[Callable[[int], None]]:
    """A progress bar over ``total`` simulated seconds; call it with how many are done.

    ``after``: what is still done when all of them are.
    """
    from rich.progress import TaskProgressColumn, TextColumn, TimeRemainingColumn

    with progress(TaskProgressColumn(), TextColumn("{task.fields[hours]}"), TimeRemainingColumn()) as shown:
        task = shown.add_task(words, total=total, hours="")

        def told(done: int) -> None:
            hours = f"{done / 3600:.1f} of {total / 3600:.1f} simulated hours"
            shown.update(task, completed=done, hours=hours if done < total else after or hours)

        yield told


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C ends the verb with one line and 130."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\nstopped: nothing was written, and nothing is left running", err=True)
        sys.exit(130)
