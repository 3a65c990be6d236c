"""A simulated run as rows of words: for the terminal and for the page alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fleetfoot.sim.simulate import Simulated


def rows(found: Simulated, facts: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name, value, note)."""
    score, bound = found.score, found.limits
    share = 100 * (1 - facts["percentile"])
    money = f", {score.money:,.2f} {facts['currency']}" if facts["currency"] else ""
    times = "-" if score.over_clairvoyant is None else f"{score.over_clairvoyant:.2f} x"
    gap = "" if bound.gap is None else f"; the true least is at most {bound.gap:.0%} below"
    over = f"{score.seconds_over:,} of {score.seconds:,}, {percent(score.share_over)}"
    return [
        ("seconds over the objective", over, f"over {share:.3g} % of its requests late, failed or refused"),
        ("requests late", part(score.late, score.requests), f"answered after {facts['objective_ms']:,} ms"),
        ("requests failed", part(score.failed, score.requests), "not answered in time to be of use"),
        ("requests refused", part(score.shed, score.requests), "shed" if facts["sheds"] else "no shedding"),
        ("cost", f"{score.task_hours:,.1f} task-hours{money}", "" if money else "task.price would make it money"),
        ("cost over clairvoyant", times, f"of {bound.hours:,.1f} h{gap}"),
        ("over-provisioned", f"{score.over_provisioning:+.0%}", "against what each minute's rate needs"),
        *_clocks(found),
        ("orders an hour", f"{score.actions_per_hour:.3g}", f"{score.turns_per_hour:.3g} changes of direction"),
    ]


def _clocks(found: Simulated) -> Iterator[tuple[str, str, str]]:
    surge = found.surge
    if surge is None:
        why = "never by a third within a minute" if found.run.step == 1 else "looked for in up to four days"
        yield ("largest rise", "-", why)
        return
    told = surge.clocks
    yield (
        "largest rise",
        f"{surge.before:,.0f} to {surge.after:,.0f}/s",
        f"at {clock(surge.onset)}; the clocks of it:",
    )
    yield ("- decided", _seconds(told.command, "no growth"), "")
    yield ("- commanded", _seconds(told.command, "no growth"), "a simulated order is accepted at once")
    yield (
        "- serving",
        _seconds(told.serving, "no growth" if told.command is None else "not all"),
        "as many tasks as were ordered",
    )
    calm = "never out of it" if told.relief == 0 else _seconds(told.relief, "not in half an hour")
    yield ("- within the objective", calm, "five seconds in a row")


def _seconds(ms: int | None, never: str) -> str:
    return never if ms is None else f"after {ms / 1000:.0f} s"


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def part(count: int, of: int) -> str:
    return f"{count:,}, {percent(count / of if of else 0.0)}"


def clock(second: float) -> str:
    """``1:05:00`` into the run."""
    minutes, seconds = divmod(int(second), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def heading(facts: dict[str, Any]) -> str:
    hours = facts["simulated_s"] / 3600
    return (
        f"{facts['service']} under {facts['traffic']}, {hours:.3g} simulated hours, plant {facts['plant']}, "
        f"metrics {facts['metrics']}, seed {facts['seed']}"
    )
