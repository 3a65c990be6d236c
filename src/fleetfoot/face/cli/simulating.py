"""What ``simulate`` and ``compare`` share: the words for traffic, the missing extra, a bar that tells the truth."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from fleetfoot.face.cli.common import Told
from fleetfoot.traffic.shape import Shape
from fleetfoot.traffic.words import Change, traffic

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
    help="What fleetfoot's policies see the world through: plane, 'cloudwatch 60s', 'cloudwatch 20s', "
    "'cloudwatch 10s', 'prometheus 15s', metrics-server.",
)  # fmt: skip
report_option = click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML page with the pictures."
)


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
        raise Told(f"the simulator is not installed: pip install 'fleetfoot[sim]' ({missing})") from None


def writable(report: Path | None) -> None:
    """Raises Told before anything is run, where the page could not be written after it."""
    if report is not None and not report.absolute().parent.is_dir():
        raise Told(f"cannot write {report}: there is no folder {report.absolute().parent}")


def service_of(file: Path, name: str | None) -> Any:
    """The one service of the file, or the one named. Raises Told."""
    from fleetfoot.face.cli.common import load_spec

    services = load_spec(file).services
    if name is None and len(services) > 1:
        raise Told(f"{file} has {len(services)} services; name one with --service: {', '.join(services)}")
    if name is not None and name not in services:
        from difflib import get_close_matches

        near = get_close_matches(name, services, 1)
        hint = f"; did you mean {near[0]}?" if near else f": there are {', '.join(services)}"
        raise Told(f"{file} has no service {name!r}{hint}")
    return services[name or next(iter(services))]


@contextmanager
def bar(words: str, total: int, after: str = "") -> Iterator[Callable[[int], None]]:
    """A progress bar over ``total`` simulated seconds; call it with how many are done. On a terminal only.

    ``after``: what is still done when all of them are.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[hours]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
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
