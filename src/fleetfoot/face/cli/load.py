"""``fleetfoot load``: the words of the command line, a run in a process of its own, and a picture of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click

from fleetfoot.load.plan import Options, PlanErrors, make_plan
from fleetfoot.load.progress import events


@click.command(short_help="Send load to a service and judge it against an objective.")
@click.argument("url")
@click.option("--rate", metavar="N", help="Steady traffic: 200, 200/s or 600/m.")
@click.option("--for", "length", metavar="TIME", help="How long: 30s, 1m30s. Endless traffic lasts 60s by default.")
@click.option("--stages", metavar="STAGES", help="One after the other: 20@30s,20..200@10s,200@60s.")
@click.option("--shape", metavar="SHAPE", help="A shape by name: flash:base=20,peak=200,at=10s,half=30s.")
@click.option("--trace", metavar="FILE", help="Recorded traffic: CSV timestamp,value, plain or gzip.")
@click.option("--speed", metavar="K", type=float, default=1.0, help="Play K recorded seconds of the trace in one.")
@click.option("--scale", metavar="R", type=float, default=1.0, help="Multiply every rate by R.")
@click.option("--peak", metavar="N", help="Scale the trace's window so that its highest rate is N: 200 or 200/s.")
@click.option("--from", "start", metavar="TIME", help="Start of the trace's window, as the file writes time.")
@click.option("--to", "end", metavar="TIME", help="End of the trace's window.")
@click.option("--repeat", metavar="N", type=int, default=1, help="Play the window N times.")
@click.option("--fill", is_flag=True, help="Bridge holes in the trace by straight lines instead of refusing it.")
@click.option(
    "--poisson/--paced", default=False, help="Random arrivals like independent users, or even ones (default)."
)
@click.option("--seed", metavar="N", type=int, default=1, help="Of the random arrivals.")
@click.option("--method", "-X", metavar="METHOD", default="GET")
@click.option("--header", "-H", "headers", metavar="'NAME: VALUE'", multiple=True, help="May be given several times.")
@click.option("--body", "-d", metavar="TEXT", help="The body of each request; @FILE reads it from a file.")
@click.option(
    "--timeout", metavar="TIME", default="10s", show_default=True, help="Without an answer by then: an error."
)
@click.option("--objective", metavar="pN=TIME", default="p95=1s", show_default=True)
@click.option("--errors", metavar="SHARE", default="1%", show_default=True, help="How many requests may fail.")
@click.option("--max-in-flight", metavar="N", type=int, default=4096, show_default=True, help="Connections at most.")
@click.option("--i-own-this-host", "foreign", is_flag=True, help="Allow a target that is not this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else.")
@click.pass_context
def load(ctx: click.Context, /, as_json: bool, **words: Any) -> None:
    """Send load to URL and judge the answers.

    Requests go out when they are due, whatever becomes of those before, and latency is measured from
    that moment. Exit code: 0 the objective was met, 1 it was not, 2 the options are wrong.

    \b
    fleetfoot load http://127.0.0.1:8080/ --rate 200 --for 60s
    fleetfoot load 127.0.0.1:8080 --stages 20@30s,200@60s,20@30s --objective p95=1s --errors 1%
    fleetfoot load 127.0.0.1:8080 --trace day.csv --speed 60 --scale 0.2
    """
    options = Options(**words)
    try:
        make_plan(options)
    except PlanErrors as wrong:
        for error in wrong.errors:
            click.echo(f"fleetfoot load: {error}", err=True)
        ctx.exit(2)
    with _started(options) as run:
        result = _follow(run, quiet=as_json)
    if as_json and result is not None:
        click.echo(json.dumps(result))
    elif result is not None:
        _print(result)
    ctx.exit(run.returncode if run.returncode >= 0 else 128 - run.returncode)


@contextmanager
def _started(options: Options) -> Iterator[subprocess.Popen[str]]:
    """The generator in its own process: drawing here must not delay a request there.

    Ctrl-C reaches both; the generator answers it with a result, which is read to its end.
    """
    argv = [sys.executable, "-P", "-m", "fleetfoot.load"]
    run = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert run.stdin is not None
        run.stdin.write(json.dumps(asdict(options)))
        run.stdin.close()
        yield run
    finally:
        assert run.stdout is not None
        run.stdout.close()  # a run that is not over ends at its next line
        run.wait()
        signal.signal(signal.SIGINT, before)


def _follow(run: subprocess.Popen[str], quiet: bool) -> dict[str, Any] | None:
    """Read the run to its end, drawing it meanwhile; its result."""
    assert run.stdout is not None
    lines = events(run.stdout)
    if quiet:
        return next((event for event in lines if event["event"] == "result"), None)
    from fleetfoot.face.cli.load_view import View

    with View() as view:
        for event in lines:
            if event["event"] == "result":
                return event
            if event["event"] == "refused":  # what was right a moment ago no longer is
                for error in event["errors"]:
                    click.echo(f"fleetfoot load: {error}", err=True)
            view.take(event)
    return None


def _print(result: dict[str, Any]) -> None:
    from rich.console import Console

    from fleetfoot.face.cli.load_view import summary

    Console().print(summary(result))
