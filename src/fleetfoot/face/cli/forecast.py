"""``fleetfoot forecast``: the past, what is forecast from it and how far to trust that, for a person to look at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetfoot.face.cli.common import Told, file_option, json_option, load_spec, put, state_of, state_option
from fleetfoot.face.cli.simulating import (
    progress,
    report_option,
    service_of,
    stoppable,
    writable,
    write_page,
)
from fleetfoot.face.files import write_text

if TYPE_CHECKING:
    from fleetfoot.predict.history import History
    from fleetfoot.spec import Service
    from fleetfoot.spec.policies import ForecastPolicy


@click.command(short_help="Draw a forecast of the traffic, and how well each model did.")
@click.argument("service", required=False)
@click.option("--history", type=click.Path(path_type=Path), help="A file of timestamp,value in place of the journal.")
@click.option("--zone", metavar="ZONE", help="The time zone of its hours, such as Asia/Seoul. Default: as in the file.")
@click.option("--horizon", metavar="TIME", help="How far ahead. Default: as in the file, 24h.")
@report_option
@file_option
@state_option
@json_option
def forecast(
    service: str | None, history: Path | None, zone: str | None, horizon: str | None, report: Path | None,
    file: Path, state: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Forecast the traffic of SERVICE from its journal, or from a file, as the policy forecast would.

    Every model is tried on the last days (a rolling back-test) and the best one is drawn with its band. Nothing is
    changed: try it before the policy is written.

    \b
    fleetfoot forecast orders
    fleetfoot forecast --history traffic.csv --zone Europe/Berlin --html forecast.html
    """
    from fleetfoot.predict.backtest import TooShort
    from fleetfoot.predict.history import HistoryError
    from fleetfoot.predict.setup import forecaster_of, lead_of
    from fleetfoot.spec.zones import zone_named

    writable(report)
    one, policy = _asked(file, service, history, zone, horizon)
    lead = lead_of(policy, one)
    with stoppable():
        try:
            past = _past(one, policy, history, file, state)
            with _progress() as told:
                found = forecaster_of(policy, lead).look(past, told)
        except (HistoryError, TooShort) as failure:
            raise Told(str(failure)) from None
    name = one.name if history is None else history.name
    place = zone_named(policy.zone)
    if as_json:
        put({"service": one.name or None, "zone": policy.zone, "lead_s": lead, **found.to_json()})
    else:
        from fleetfoot.face.cli.forecast_view import show

        show(name, found, place, lead, policy.max_error)
    if report is not None:
        from fleetfoot.face.report.forecast import forecast_page

        page = forecast_page(name, found, place, lead, policy.max_error)
        write_page(report, lambda path: write_text(page, path), quiet=as_json)


def _asked(
    file: Path, name: str | None, history: Path | None, zone: str | None, horizon: str | None
) -> tuple[Service, ForecastPolicy]:
    """The service and its policy, or what a service without them would have. Raises Told."""
    from fleetfoot.predict.setup import policy_of
    from fleetfoot.spec import Service
    from fleetfoot.spec.errors import Wrong
    from fleetfoot.spec.policies import ForecastPolicy
    from fleetfoot.spec.units import DurationForm
    from fleetfoot.spec.zones import zone_named

    if history is not None and name is None and not file.exists():
        one = Service(name="", run="x")
    else:
        services = load_spec(file).services
        unnamed = history is not None and name is None and len(services) > 1
        one = Service(name="", run="x") if unnamed else service_of(services, name, file)
    policy, changes = policy_of(one) or ForecastPolicy(), dict[str, object]()
    try:
        if zone is not None:
            zone_named(zone)
            changes["zone"] = zone
        if horizon is not None:
            changes["horizon"] = DurationForm(low=3_600_000, high=604_800_000).read(horizon)
    except Wrong as wrong:
        raise Told(str(wrong)) from None
    return one, policy.model_copy(update=changes)


def _past(one: Service, policy: ForecastPolicy, history: Path | None, file: Path, state: Path | None) -> History:
    from fleetfoot.edge.training import Job, past_of
    from fleetfoot.predict.history import from_file
    from fleetfoot.spec.policies.forecast import JOURNAL

    if history is not None:
        return from_file(history)
    folder = state.absolute() if state is not None else state_of(load_spec(file), file)
    older = "" if policy.history == JOURNAL else policy.history
    journal, now = str(folder / "journal.db"), round(time.time() * 1000)
    return past_of(Job(one.name, journal, older, now, 0, 0, policy.zone, policy.holidays))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Which model is being tried."""
    from rich.progress import TimeElapsedColumn

    from fleetfoot.predict.models import KINDS

    with progress(TimeElapsedColumn()) as shown:
        task = shown.add_task("reading", total=len(KINDS) + 2)
        begun = 0

        def told(name: str) -> None:
            nonlocal begun
            shown.update(task, description=f"trying {name}", completed=begun)
            begun += 1

        yield told
