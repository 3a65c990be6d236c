"""``fleetfoot status``: every service at this moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fleetfoot.face.cli.common import (
    Told,
    ask,
    file_option,
    json_option,
    lang_option,
    load_spec,
    put,
    state_folder,
    state_option,
)
from fleetfoot.face.times import clock_time

STATES = ("serving", "warming", "starting", "draining", "warm", "failed")


@click.command(short_help="Show every service as it is now.")
@click.argument("service", required=False)
@lang_option
@file_option
@state_option
@click.option("--aws", is_flag=True, help="What AWS says of services on ECS, without a controller.")
@json_option
def status(service: str | None, lang: str, file: Path, state: Path | None, aws: bool, as_json: bool) -> None:
    """Show SERVICE (default: all): its tasks, its traffic, the last decision, and how the controller is.

    With --aws: what ECS, Application Auto Scaling and CloudFormation say of it; that needs no controller.
    """
    if aws:
        from fleetfoot.face.cli.status_aws import show

        show(load_spec(file), service, as_json)
        return
    now = ask(state_folder(file, state), "GET", "/api/v1/status")
    if service is not None:
        if service not in now["services"]:
            raise Told(f"there is no service {service!r}: there are {', '.join(now['services'])}")
        now["services"] = {service: now["services"][service]}
    if as_json:
        put(now)
        return
    shift = now["wall"] - now["now"]
    for name, one in now["services"].items():
        click.echo("\n".join(_service(name, one, lang, shift)))
    click.echo("\n".join(_controller(now, lang)))


def _service(name: str, one: dict[str, Any], lang: str, shift: int) -> list[str]:
    where = f"http://{one['listen']}" if one["listen"] else f"on {one['target']}"
    lines = [f"{name}  {where}  {_tasks(one)}"]
    lines.append(f"  {_traffic(one)}")
    lines += [f"  {line}" for line in _coverage(one["signals"])]
    changed = one["changed"]
    if changed:
        lines.append(f"  since {clock_time(changed['wall'])}  {one['words'].get(lang, '')}")
    if one["warm_pool"]:
        lines.append(f"  {one['warm_pool']['words'].get(lang, '')}")
    lines += [f"  {line}" for line in _learnt(one["learnt"], lang, shift)]
    lines += [f"  {line}" for line in _people(one["people"], shift)]
    for source in one["sources"]:
        if source["error"]:
            lines.append(f"  {source['name']}: {source['error']}")
    lines += [f"  {line}" for line in _notes(one["notes"])]
    order = one["last_order"]
    if order and not order["ok"]:
        lines.append(f"  the last order, {order['count']} tasks, failed: {order['error']}")
    return lines


def _tasks(one: dict[str, Any]) -> str:
    fleet = one["fleet"]
    if fleet is None:
        return "its tasks have not been seen yet"
    counts = ", ".join(f"{fleet[state]} {state}" for state in STATES if fleet[state])
    doubt = "" if fleet["state"] == "fresh" else f" ({fleet['state']}: as they were {fleet['age_ms'] / 1000:.0f} s ago)"
    return f"{counts or 'no task'} of {fleet['desired']} desired ({one['min']} to {one['max']}){doubt}"


def _traffic(one: dict[str, Any]) -> str:
    signals, objective = one["signals"], one["objective"]

    def shown(name: str, text: str, scale: float = 1.0) -> str:
        signal = signals.get(name)
        if signal is None or signal["state"] in ("missing", "absurd"):
            return "?"
        value = text.format(signal["value"] * scale)
        return value if signal["state"] in ("fresh", "empty") else f"{value} ({signal['state']})"

    percentile = f"p{objective['percentile'] * 100:g}"
    latency = f"{percentile} {shown('latency', '{:.0f}')} ms of {objective['latency']} ms"
    learnt = f", {one['throughput']:.3g}/s a task" if one["throughput"] else ""
    return (
        f"{shown('requests', '{:.4g}')} requests/s, {latency}, errors {shown('errors', '{:.1f}', 100)} %, "
        f"{shown('in_flight', '{:.0f}')} in flight, {shown('queue', '{:.0f}')} queued{learnt}"
    )


def _learnt(facts: dict[str, Any], lang: str, shift: int) -> list[str]:
    from fleetfoot.core.words import learnt

    told = learnt(facts, lambda at: clock_time(at + shift), lang)
    return [told] if told else []


def _coverage(signals: dict[str, Any]) -> list[str]:
    """Which signals only some of the tasks report."""
    partly: dict[float, list[str]] = {}
    for name, signal in signals.items():
        if signal["coverage"] < 1 and signal["state"] == "fresh":
            partly.setdefault(signal["coverage"], []).append(name)
    return [f"only {share:.0%} of the tasks report {', '.join(names)}" for share, names in partly.items()]


def _people(people: dict[str, dict[str, Any]], shift: int) -> list[str]:
    """What people ordered, each with its own end; a pause of both is one line."""
    words = {"growth": "growth paused", "shrink": "scale-in paused", "permit": "may overrun the budget"}
    held = dict(people)
    if "growth" in held and held["growth"] == held.get("shrink"):
        words["growth"] = "growth and scale-in paused"
        del held["shrink"]
    lines = []
    for what, order in held.items():
        until = f" until {clock_time(order['until'] + shift)}" if order["until"] else ""
        why = f" ({order['reason']})" if order["reason"] else ""
        lines.append(f"{words.get(what) or 'fixed at ' + str(order['count'])} by {order['who']}{until}{why}")
    return lines


def update_line(update: dict[str, Any]) -> list[str]:
    """The last update in words; nothing of one that is done."""
    state = update.get("state")
    if state == "in progress":
        failed = f", {update['failed']} failures so far: {update['why']}" if update["failed"] else ""
        slow = f", waiting: {update['slow']}" if update.get("slow") else ""
        return [f"version {update['revision']} is being deployed beside {update['from']}{failed}{slow}"]
    if state == "rolled back":
        line = f" ({update['log']})" if update["log"] else ""
        return [f"version {update['revision']} was rolled back to {update['from']}: {update['why']}{line}"]
    return []


def _notes(notes: dict[str, Any]) -> list[str]:
    lines = []
    if notes.get("failures"):
        wait = f"; the next is tried in {notes['next_start_ms'] / 1000:.0f} s" if notes.get("next_start_ms") else ""
        lines.append(f"{notes['failures']} starts in a row failed{_failure(notes.get('last_failure'))}{wait}")
    if notes.get("lost"):
        lines.append(f"zone {', '.join(notes['lost'])} is lost: no task is started there")
    from fleetfoot.face.foresaid import note_line

    lines += [said] if (said := note_line(notes.get("forecast") or {})) else []
    lines += update_line(notes.get("update") or {})
    if notes.get("dependency_suspected"):
        lines.append("many tasks fail their checks together: a dependency, not the tasks; they are not replaced")
    return lines


def _failure(last: Any) -> str:
    if not isinstance(last, dict):
        return ""
    log = f" ({last['log']})" if last.get("log") else ""
    return f", the last was {last.get('task', '?')}: {last.get('why', '?')}{log}"


def _controller(now: dict[str, Any], lang: str) -> list[str]:
    from fleetfoot.core.words import clocks
    from fleetfoot.run.stamps import CLOCKS

    loop, journal = now["loop"], now["journal"]
    lines = [
        f"controller  pid {now['pid']}, up {now['up_ms'] / 1000:.0f} s, {loop['steps']} steps, {loop['early']} early"
    ]
    if loop["gaps"] or loop["failed"]:
        lines.append(f"  {loop['gaps']} gaps, {loop['failed']} failed steps")
    if not journal["durable"]:
        lines.append(f"  journal: cannot write ({journal['error']}); {journal['spooled']} records wait, scale-in waits")
    elif journal["dropped"]:
        lines.append(f"  journal: {journal['dropped']} records were lost")
    told = clocks([now["stages"].get(name, {}).get("p95") for name in CLOCKS], lang)
    lines += _budget(now.get("budget"))
    return [*lines, f"  {told}"] if told else lines


def _budget(budget: dict[str, Any] | None) -> list[str]:
    if budget is None:
        return []
    spans = {"hour": "an hour", "day": "today", "month": "this month"}
    parts = [
        f"{limit['used']:,.2f} of {limit['hard'] or limit['soft']:,.10g} {budget['currency']} {spans[limit['span']]}"
        for limit in budget["limits"]
    ]
    return [f"  spent: {', '.join(parts)}"]
