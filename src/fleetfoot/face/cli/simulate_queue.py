"""``fleetfoot simulate`` of workers: messages wait for them instead of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleetfoot.core.words import tell
from fleetfoot.face.cli.common import Told, put
from fleetfoot.face.cli.simulate_view import bars, columns, room
from fleetfoot.face.cli.simulating import bar
from fleetfoot.face.simulated import clock

if TYPE_CHECKING:
    from fleetfoot.sim.together import Rates
    from fleetfoot.sim.workers import Worked
    from fleetfoot.spec import Service, Spec


def simulate_queue(
    spec: Spec, chosen: Service, rates: Rates, traffic: str, seed: int, start: int, *,
    decisions: bool, as_json: bool, lang: str,
) -> None:  # fmt: skip
    """Play ``rates`` messages/s into the queue of ``chosen``, and show what came of it. Raises Told."""
    from fleetfoot.core.compile import compile_spec
    from fleetfoot.prices import listed_prices
    from fleetfoot.sim.workers import work

    if chosen.task.throughput is None:
        raise Told(f"services.{chosen.name}.task.throughput is missing: the messages/s of one worker, to simulate them")
    each, settings = 1.0 / chosen.task.throughput, compile_spec(spec, listed_prices(spec))[chosen.name]
    size = chosen.capacity
    first = size.min if size.initial is None else size.initial
    with bar(chosen.name, len(rates)) as told:
        done = work(settings, rates.tolist(), each, seed=seed, workers=first, start=start, progress=told)
    facts = _facts(done, each) | {"service": chosen.name, "traffic": traffic, "seed": seed, "simulated_s": len(rates)}
    if as_json:
        listed = [{"second": _second(d.now, start), "from": d.current, "to": d.desired, "text": tell(d, lang)}
                  for d in done.orders]  # fmt: skip
        put(facts | ({"decisions": listed} if decisions else {}))
        return
    console = Console(highlight=False)
    hours = f"{len(rates) / 3600:.3g} simulated hours"
    console.print(Text(f"{chosen.name}, workers of a queue, under {traffic}, {hours}, seed {seed}", style="bold"))
    console.print(_picture(done, rates, room(console)))
    console.print(_figures(facts, console))
    if decisions:
        for one in done.orders:
            console.print(f"[dim]{clock(_second(one.now, start)):>9}[/dim]  {tell(one, lang)}")
    elif done.orders:
        console.print(f"{len(done.orders):,} orders; --decisions lists them with their reasons", style="dim")


def _second(now: int, start: int) -> int:
    return (now - start) // 1000


def _facts(done: Worked, each: float) -> dict[str, Any]:
    """``each``: s of work a message."""
    return {
        "messages": len(done.waits) + done.left, "wait_p50_s": done.wait(0.5), "wait_p95_s": done.wait(0.95),
        "wait_max_s": done.wait(1.0), "left": done.left, "most_waiting": max(one.waiting for one in done.seconds),
        "most_workers": max(one.ordered for one in done.seconds), "orders": len(done.orders),
        "worker_hours": done.worker_hours, "work_hours": len(done.waits) * each / 3600.0,
    }  # fmt: skip


def _figures(facts: dict[str, Any], console: Console) -> Table:
    table = columns(console)
    waits = ", ".join(f"{facts[key]:,.0f}" for key in ("wait_p50_s", "wait_p95_s", "wait_max_s"))
    table.add_row("messages", f"{facts['messages']:,}", f"at most {facts['most_waiting']:,} wait at once")
    table.add_row("wait", f"{waits} s", "median, 95 %, longest, until a worker takes it")
    table.add_row("left at the end", f"{facts['left']:,}", "still waiting")
    table.add_row("most workers", f"{facts['most_workers']:,}", f"{facts['orders']:,} orders")
    table.add_row(
        "cost", f"{facts['worker_hours']:,.2f} worker-hours", f"{facts['work_hours']:,.2f} h of work there was"
    )
    return table


def _picture(done: Worked, rates: Rates, width: int) -> Table:
    """Messages, what waits and workers from left to right: the most of each stretch."""
    grid = Table(show_header=False, box=None, padding=(0, 1), pad_edge=False)
    grid.add_column(style="dim")
    grid.add_column(no_wrap=True)
    grid.add_column(style="dim")
    for name, values, style, unit in (
        ("messages", rates.tolist(), "cyan", "/s"),
        ("waiting", [float(one.waiting) for one in done.seconds], "red", ""),
        ("workers", [float(one.workers) for one in done.seconds], "green", ""),
    ):
        step = -(-len(values) // width)
        most = [max(values[at : at + step]) for at in range(0, len(values), step)]
        grid.add_row(name, Text(bars(most), style=style), f"up to {max(values):,.0f}{unit}")
    return grid
