"""``fleetfoot demo``: the main job, live on this machine, in under three minutes."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fleetfoot.face.report.model import RunReport

STAGES = ((20.0, 30), (200.0, 50), (20.0, 60))  # requests/s, seconds
BURN_STAGES = ((8.0, 30), (28.0, 50), (8.0, 60))  # two cores do not burn 200 x 50 ms a second
THROUGHPUT = 20.0
OBJECTIVE_MS = 1000.0


@click.command()
@click.option("--burn", is_flag=True, help="Make the 50 ms of a request real CPU work (needs its cores; less traffic).")
@click.option("--startup", default=0.0, show_default=True, help="Seconds a task sleeps before it listens.")
@click.option("--shed", is_flag=True, help="Refuse at once what would wait longer than the objective.")
@click.option(
    "--report",
    default="report.html",
    show_default=True,
    type=click.Path(dir_okay=False),
    help="Where the picture goes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON and nothing else.")
@click.option("--lang", default="en", show_default=True, type=click.Choice(["en", "ko", "ja"]))
def demo(burn: bool, startup: float, shed: bool, report: str, as_json: bool, lang: str) -> None:
    """Run the sample service through a surge: 20 requests/s, then 200, then back.

    Starts examples/encryptor behind the balancer, sends real traffic, shows every decision in words,
    and ends with the four clocks, p95 before, during and after, and what it cost. Ctrl-C ends
    everything it started.
    """
    from fleetfoot.face.trial.service import TrialFailed

    if not 0 <= startup <= 60:
        raise click.BadParameter("give 0 to 60 seconds", param_hint="--startup")
    with _interruptible():
        try:
            figures = _run(
                BURN_STAGES if burn else STAGES, burn, startup, shed, Path(report), None if as_json else lang
            )
        except TrialFailed as failed:
            raise click.ClickException(str(failed)) from failed
        except KeyboardInterrupt:
            click.echo("\nstopped; nothing is left running", err=True)
            sys.exit(130)
    if as_json:
        click.echo(json.dumps(figures, indent=2))


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM, and the terminal going away, end the demo like Ctrl-C."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(
    stages: tuple[tuple[float, int], ...], burn: bool, startup: float, shed: bool, report: Path, lang: str | None
) -> dict[str, Any]:
    from fleetfoot.face.trial.run import run
    from fleetfoot.face.trial.service import LiveService
    from fleetfoot.face.trial.summary import print_summary, summarise, write_report
    from fleetfoot.face.trial.view import Screen
    from fleetfoot.fleet import ports

    port = ports.choose()
    url = f"http://127.0.0.1:{port}/"
    load = {
        "url": url,
        "stages": ",".join(f"{rate:g}@{seconds}s" for rate, seconds in stages),
        "poisson": True,
        "seed": 1,
        "objective": "p95=1s",
        "errors": "1%",
    }
    with LiveService(demo_yaml(port, burn, startup, shed), "encryptor", url) as service:
        title = "fleetfoot demo: 20 -> 200 -> 20 requests/s" if not burn else "fleetfoot demo, burning CPU"
        if lang is None:
            outcome = run(service, load, lambda *_: None)
        else:
            with Screen(service, title, OBJECTIVE_MS, lang) as screen:
                outcome = run(service, load, screen)
    figures = summarise(outcome, stages, THROUGHPUT)
    write_report(outcome, figures, report, _page(title, stages, outcome.start))
    figures["report"] = str(report)
    if lang is not None:
        print_summary(figures)
    return figures


def _page(title: str, stages: tuple[tuple[float, int], ...], start: int) -> RunReport:
    from fleetfoot.face.report.model import Phase, RunReport

    begin, end = stages[0][1], stages[0][1] + stages[1][1]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(start / 1000))
    notes = (
        "Measured here: real processes and requests, sent open-loop (Poisson), judged from when they were due.",
        "A second is over the objective when more than 5 % of the requests arriving in it were late, failed or shed.",
    )
    return RunReport(title, (), when=when, objective_ms=OBJECTIVE_MS, phases=(Phase(begin, end, "surge"),), notes=notes)


def example() -> Path:
    """The sample service: beside the source, or beside the installed package."""
    for folder in (Path(__file__).parents[4] / "examples", Path(sys.prefix) / "share" / "fleetfoot" / "examples"):
        if (folder / "encryptor" / "app.py").exists():
            return folder / "encryptor"
    from fleetfoot.face.trial.service import TrialFailed

    raise TrialFailed("the sample service examples/encryptor is not here; run the demo from a clone of the project")


def demo_yaml(port: int, burn: bool = False, startup: float = 0.0, shed: bool = False) -> str:
    """The demo's fleetfoot.yaml: the sample service, with windows short enough to see the way back down."""
    words = [sys.executable, str(example() / "app.py"), "--startup", f"{startup:g}"] + (["--burn"] if burn else [])
    return f"""
services:
  encryptor:
    run: {json.dumps(shlex.join(words))}
    listen: 127.0.0.1:{port}
    objective: {{p95: 1s, errors: 1%}}
    capacity: {{min: 2, max: 14}}
    task:
      throughput: {THROUGHPUT:g}/s
      concurrency: 2
      startup: {max(0.2, startup + 0.2):g}s
      stop timeout: 5s
      drain: 10s
    health: {{readiness: {{path: /healthz}}}}
    balancer: {{shed: {"objective" if shed else '"off"'}}}
    guards:
      stabilisation: {{in: 15s}}
      cooldown: {{in: 5s}}
      rate: {{in: [50% per 10s, 2 per 10s]}}
"""
