"""``fleetfoot scale``, ``pause`` and ``resume``: what people order, recorded with their name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from fleetfoot.face.cli.common import Told, ask, file_option, json_option, put, state_folder, state_option, whoami
from fleetfoot.face.times import NotATime, clock_time, length_ms, next_time


def _who(command: Any) -> Any:
    command = click.option("--who", help="Who orders it. Default: the login name.")(command)
    return click.option("--reason", default="", help="Why, for the journal.")(command)


def _for(command: Any) -> Any:
    return click.option("--for", "length", metavar="TIME", help="How long: 30m, 2h. Default: until resume.")(command)


def _length(text: str | None) -> int:
    try:
        return length_ms(text) if text else 0
    except NotATime as failure:
        raise Told(str(failure)) from failure


def _send(file: Path, state: Path | None, service: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    return ask(state_folder(file, state), "POST", f"/api/v1/services/{service}/{kind}", body)


def _until(answer: dict[str, Any]) -> str:
    if not answer["until"]:
        return "until resume"
    return f"until {clock_time(answer['until'] - answer['now'] + answer['wall'])}"


@click.command(short_help="Fix a service's count of tasks.", context_settings={"ignore_unknown_options": True})
@click.argument("service")
@click.argument("count", type=int)
@_for
@_who
@file_option
@state_option
@json_option
def scale(
    service: str,
    count: int,
    length: str | None,
    who: str | None,
    reason: str,
    file: Path,
    state: Path | None,
    as_json: bool,
) -> None:
    """Fix SERVICE at COUNT tasks, whatever the policies want, until resume or for a time."""
    body = {"count": count, "for_ms": _length(length), "who": whoami(who), "reason": reason}
    answer = _send(file, state, service, "scale", body)
    if as_json:
        put(answer)
    else:
        click.echo(f"{service} is fixed at {count} tasks {_until(answer)}")


@click.command(short_help="Hold growth, scale-in or both.")
@click.argument("service")
@click.option("--growth", is_flag=True, help="Only growth.")
@click.option("--shrink", is_flag=True, help="Only scale-in.")
@_for
@_who
@file_option
@state_option
@json_option
def pause(
    service: str, growth: bool, shrink: bool, length: str | None, who: str | None, reason: str, file: Path,
    state: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Hold the count of SERVICE: no growth, no scale-in, or only the one named."""
    body = {"growth": growth, "shrink": shrink, "for_ms": _length(length), "who": whoami(who), "reason": reason}
    answer = _send(file, state, service, "pause", body)
    if as_json:
        put(answer)
    else:
        what = "growth" if growth and not shrink else "scale-in" if shrink and not growth else "growth and scale-in"
        click.echo(f"{service}: {what} paused {_until(answer)}")


@click.command(short_help="Let a service overrun the budget for a while.")
@click.argument("service")
@click.option("--for", "length", metavar="TIME", help="How long: 30m, 2h.")
@click.option("--until", "end", metavar="TIME", help="Until when: 18:00, or an ISO time.")
@click.option("--reason", required=True, help="Why, for the journal.")
@click.option("--who", help="Who permits it. Default: the login name.")
@file_option
@state_option
@json_option
def permit(
    service: str, length: str | None, end: str | None, reason: str, who: str | None, file: Path, state: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Let SERVICE cost more than the budget allows, for a time that ends. Its capacity still holds."""
    if (length is None) == (end is None):
        raise Told("say how long with --for 2h, or until when with --until 18:00")
    ends = {"for_ms": _length(length)} if length else {"until": _end(end or "")}
    body = {**ends, "who": whoami(who), "reason": reason}
    answer = _send(file, state, service, "permit", body)
    if as_json:
        put(answer)
    else:
        click.echo(f"{service} may overrun the budget {_until(answer)}")


def _end(text: str) -> int:
    try:
        return next_time(text, round(time.time() * 1000))
    except NotATime as failure:
        raise Told(str(failure)) from failure


@click.command(short_help="Let the policies decide again.")
@click.argument("service")
@click.option("--growth", is_flag=True, help="Only growth.")
@click.option("--shrink", is_flag=True, help="Only scale-in.")
@_who
@file_option
@state_option
@json_option
def resume(
    service: str,
    growth: bool,
    shrink: bool,
    who: str | None,
    reason: str,
    file: Path,
    state: Path | None,
    as_json: bool,
) -> None:
    """End what people ordered for SERVICE: pauses and a fixed count, or only the pause named."""
    body = {"growth": growth, "shrink": shrink, "who": whoami(who), "reason": reason}
    answer = _send(file, state, service, "resume", body)
    if as_json:
        put(answer)
    else:
        ended = "growth" if growth and not shrink else "scale-in" if shrink and not growth else ""
        click.echo(f"{service}: {ended} is no longer paused" if ended else f"{service}: the policies decide again")
