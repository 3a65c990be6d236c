"""``fleetfoot trace``: access logs, or a trace to be changed, to a trace file, with its figures and a picture."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fleetfoot.face.cli.common import Told, json_option
from fleetfoot.traffic import access, parse, trace, write
from fleetfoot.traffic.samples import is_trace, read_samples

if TYPE_CHECKING:
    from fleetfoot.traffic.samples import Samples

LARGE = 32_000_000  # bytes from which a file gets a progress bar
WIDTH = 72  # columns of the picture


@click.command("trace", short_help="Turn access logs into a trace; scale, cut and repeat traces.")
@click.argument("sources", metavar="FROM...", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write .csv, .csv.gz or .parquet.")
@click.option("--interval", metavar="TIME", default="1s", show_default=True, help="Of a log: count over this long.")
@click.option("--status", metavar="LIST", help="Of a log: only 2xx,304 or all but !429,!5xx.")
@click.option("--speed", metavar="K", type=float, default=1.0, help="K recorded seconds become one; rates stay.")
@click.option("--scale", metavar="R", type=float, default=1.0, help="Multiply every rate by R.")
@click.option("--peak", metavar="N", help="Scale so that the highest rate of the window is N: 200 or 200/s.")
@click.option("--from", "start", metavar="TIME", help="Start of a window: a date, or seconds from the first sample.")
@click.option("--to", "end", metavar="TIME", help="End of the window.")
@click.option("--repeat", metavar="N", type=int, default=1, help="The window N times, one after the other.")
@click.option("--fill", is_flag=True, help="Bridge holes in a trace by straight lines instead of refusing it.")
@json_option
def trace_verb(
    sources: tuple[str, ...], out: Path | None, interval: str, status: str | None, fill: bool, as_json: bool,
    **change: Any,
) -> None:  # fmt: skip
    """Read access logs (common, combined, AWS load balancer; plain or gzip; - is stdin) or one trace file.

    Prints what the traffic was, and with --out writes it as a trace for fleetfoot load and fleetfoot simulate.

    \b
    fleetfoot trace access.log.*.gz --out day.csv
    zcat access.log.gz | fleetfoot trace - --status '!429' --out day.csv --interval 10s
    fleetfoot trace day.csv --from 2026-03-01T08:00 --to 2026-03-01T12:00 --peak 200 --repeat 3 --out surge.csv
    """
    try:
        samples, log = _read(sources, interval, status, fill)
        samples = _changed(samples, change)
        if out is not None:
            write.write_samples(samples, out)
    except ValueError as error:  # TraceErrors and TableError are such
        raise Told(str(error)) from None
    except OSError as error:
        raise Told(f"cannot write {out}: {error.strerror or error}") from None
    facts = _facts(samples, log, out)
    if as_json:
        click.echo(json.dumps(facts))
    else:
        _print(facts, samples)


def _read(sources: tuple[str, ...], interval: str, status: str | None, fill: bool) -> tuple[Samples, access.Log | None]:
    if len(sources) == 1 and sources[0] != "-" and _is_trace(Path(sources[0])):
        if status is not None or interval != "1s":
            raise Told("interval and status belong to access logs; a trace has its own interval and no status")
        return read_samples(sources[0], fill="line" if fill else None), None
    if fill:
        raise Told("fill belongs to a trace; in a log a second without a line is a second without a request")
    length = parse.seconds(interval)
    if length <= 0:
        raise Told("the interval must be over 0 s")
    keep: Callable[[str], bool] = access.statuses(status) if status else lambda _: True
    log = access.Log(interval=length)
    for source in sources:
        with _progress(source) as told:
            access.read_log(_stdin() if source == "-" else Path(source), log, keep, told)
    return log.samples(", ".join(sources)), log


def _is_trace(path: Path) -> bool:
    """A file whose first line is a trace's head is one; anything else is read as a log."""
    try:
        return is_trace(path)
    except OSError as error:
        raise Told(f"cannot read {path}: {error.strerror or error}") from None


def _stdin() -> io.BufferedReader[Any]:
    stream: Any = sys.stdin.buffer
    buffered: io.BufferedReader[Any] = stream if hasattr(stream, "peek") else io.BufferedReader(stream)
    return buffered


@contextmanager
def _progress(source: str) -> Iterator[Callable[[int], None]]:
    """A bar by bytes read for a large file, on a terminal only."""
    size = 0 if source == "-" or not Path(source).is_file() else Path(source).stat().st_size
    if size < LARGE or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    words = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*words, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(Path(source).name, total=size)
        yield lambda done: bar.update(task, completed=done)


def _changed(samples: Samples, change: dict[str, Any]) -> Samples:
    """The samples cut, scaled and repeated as asked."""
    peak = None if change["peak"] is None else parse.rate(change["peak"])
    if change == {"speed": 1.0, "scale": 1.0, "peak": None, "start": None, "end": None, "repeat": 1}:
        return samples
    shape = trace.shape_of(samples, **{**change, "peak": peak})
    first, _ = trace.window(samples, change["start"], change["end"])
    return write.sampled(shape, samples._replace(interval=samples.interval / change["speed"]), first)


def _facts(samples: Samples, log: access.Log | None, out: Path | None) -> dict[str, Any]:
    told = write.summary(samples)
    facts: dict[str, Any] = {
        "from": write.stamp(samples, samples.at[0]), "to": write.stamp(samples, samples.at[-1]),
        "span_s": told.span, "interval_s": told.interval, "samples": told.samples,
        "mean": told.mean, "p99": told.p99, "peak": told.peak, "peak_at": write.stamp(samples, told.peak_at),
        "empty": told.empty, "gaps": told.gaps, "gap_longest_s": told.gap_longest,
        "gap_at": None if told.gap_at is None else write.stamp(samples, told.gap_at),
        "out": None if out is None else str(out),
    }  # fmt: skip
    if log is not None:
        facts["log"] = {
            "lines": log.lines, "requests": log.requests, "filtered": log.filtered,
            "malformed": log.malformed, "malformed_first": log.shown,
        }  # fmt: skip
    return facts


def _print(facts: dict[str, Any], samples: Samples) -> None:
    from rich.console import Console
    from rich.text import Text

    from fleetfoot.face.cli.load_view import spark
    from fleetfoot.face.cli.trace_view import table

    console = Console(highlight=False)
    console.print(Text(spark(write.columns(samples, WIDTH), WIDTH), style="cyan"))
    console.print(table(facts))
