"""``fleetfoot import``: another scaler's file as a fleetfoot.yaml, and both on the same traffic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fleetfoot.face.cli.common import Mistakes, Told, put, write
from fleetfoot.face.cli.compare import contest, contest_options
from fleetfoot.face.cli.simulating import service_of

if TYPE_CHECKING:
    from fleetfoot.spec import Service
    from fleetfoot.spec.adopt import Adopted

AGAINST = "as published, yours, slo"


@click.command("import", short_help="Another scaler's file as a fleetfoot.yaml, and both compared.")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there. [default: show]")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option(
    "--signal", "signals", metavar="METRIC=SIGNAL", multiple=True, help="What a metric of theirs is called here."
)
@click.option("--compare", "versus", is_flag=True, help=f"Then play {AGAINST} on the same traffic.")
@contest_options
def import_verb(
    files: tuple[Path, ...], output: Path | None, force: bool, signals: tuple[str, ...], versus: bool,
    service: str | None, as_json: bool, **more: Any,
) -> None:  # fmt: skip
    """Turn FILES of Kubernetes or AWS into a fleetfoot.yaml that decides as they do; what has no equal here is told.

    \b
    HorizontalPodAutoscaler   autoscaling/v2, v2beta2, v1; also `kubectl get hpa,deployment -o yaml`
    ScaledObject              KEDA's, keda.sh/v1alpha1
    AWS                       describe-scalable-targets, describe-scaling-policies, describe-scheduled-actions,
                              describe-alarms as JSON, and of autoscaling describe-auto-scaling-groups,
                              describe-policies, describe-scheduled-actions; CloudFormation templates with either

    \b
    The options below --compare are those of fleetfoot compare, and need it.

    \b
    fleetfoot import hpa.yaml -o fleetfoot.yaml
    fleetfoot import hpa.yaml --compare --traffic flash:base=60,peak=400,at=20m,half=5m --report before-and-after.html
    """
    if not versus:
        _refuse_idle({"service", *more})
    found = _adopted(files, signals)
    if output is not None:
        write(output, found.text, force)
        if not as_json:
            names = ", ".join(found.spec.services)
            click.echo(f"wrote {output}: {names}; fleetfoot check -f {output} says what it means")
    if versus:
        _contest(found, service, as_json, more)
        return
    if as_json:
        put({"text": found.text, "notes": {name: list(notes) for name, notes in found.notes.items()}})
    elif output is None:
        click.echo(found.text, nl=False)
    for notes in found.notes.values():
        for note in notes:
            click.echo(f"not carried over as it was: {note}", err=True)


def _refuse_idle(contest: set[str]) -> None:
    """Raises Told for options of ``contest`` that would do nothing."""
    ctx = click.get_current_context()
    written = {name for name in contest if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if idle := [option.opts[0] for option in ctx.command.params if option.name in written]:
        raise Told(f"{', '.join(idle)}: options of the comparison; write --compare too")


def _adopted(files: tuple[Path, ...], signals: tuple[str, ...]) -> Adopted:
    from fleetfoot.spec import SpecErrors
    from fleetfoot.spec.adopt import adopt
    from fleetfoot.spec.reader import MAX_BYTES

    names = named(signals)
    contents = []
    for file in files:
        try:
            with file.open("rb") as opened:
                contents.append((str(file), opened.read(MAX_BYTES + 1)))
        except OSError as failure:
            raise Told(f"{file} cannot be read: {failure.strerror}") from failure
    try:
        return adopt(contents, names)
    except SpecErrors as errors:
        raise Mistakes(str(errors)) from errors


def named(signals: tuple[str, ...]) -> dict[str, str]:
    """METRIC=SIGNAL, as a mapping. Raises Told."""
    names = {}
    for pair in signals:
        metric, equals, signal = pair.rpartition("=")
        if not (metric and equals and signal):
            raise Told(f"--signal {pair!r} is not METRIC=SIGNAL, such as http_requests_per_second=requests")
        names[metric] = signal
    return names


def _contest(found: Adopted, name: str | None, as_json: bool, more: dict[str, Any]) -> None:
    chosen = service_of(found.spec.services, name, "what was read")
    own, lost = _played(chosen)
    for signal in lost:
        click.echo(f"left out of the comparison, for all: {signal}, which the peer's simulated scaler lacks", err=True)
    for note in found.notes[chosen.name]:
        click.echo(f"not carried over as it was: {note}", err=True)
    more["policies"] = more["policies"] or AGAINST
    contest(lambda: (own, []), as_json=as_json, fresh=True, **more)


def _played(service: Service) -> tuple[Service, list[str]]:
    """``service`` with what the simulated world can show, and the signals that were left out."""
    from fleetfoot.sim.rivals.published import SHOWN
    from fleetfoot.spec.policies import ForecastPolicy, SchedulePolicy

    policies, lost = [], []
    for policy in service.policies:
        if isinstance(policy, SchedulePolicy | ForecastPolicy):
            lost.append(f"the {policy.kind} {policy.name}")
            continue
        metrics = getattr(policy, "metrics", None)
        lost += [signal for _, signal in policy.signals() if signal not in SHOWN]
        if metrics is not None:
            kept = tuple(metric for metric in metrics if metric.signal in SHOWN)
            policies += [policy.model_copy(update={"metrics": kept})] if kept else []
        elif all(signal in SHOWN for _, signal in policy.signals()):
            policies.append(policy)
    if not policies:
        raise Told(f"nothing to compare: the simulated world shows no {', '.join(lost)}; name its equal with --signal")
    return service.model_copy(update={"policies": tuple(policies)}), list(dict.fromkeys(lost))
