"""A journal as the rows replay reads: lives, memories, observations and decisions, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import NamedTuple

from fleetfoot.core.compile import compile_spec
from fleetfoot.core.settings import Settings
from fleetfoot.edge.journal.read import CannotRead, Life, Reader, Stretch
from fleetfoot.prices import listed_prices
from fleetfoot.sim.replay import Began, Kept, Lost, Row
from fleetfoot.spec import SpecErrors, loads

END = 1 << 62


class Window(NamedTuple):
    """What is to be replayed, as ``now`` (ms): rows from ``begin``, compared from ``since``, up to ``end``."""

    begin: int
    since: int
    end: int


class NotKept(Exception):
    """A span that cannot be replayed. ``first`` and ``last``: wall times (ms)."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__(f"no observations kept from {first} to {last}")
        self.first, self.last = first, last


def journal_path(given: Path) -> Path:
    """The journal a person means: the file itself, a state folder, or the folder of a fleetfoot.yaml."""
    for path in (given, given / "journal.db", given / ".fleetfoot" / "journal.db"):
        if path.is_file():
            return path
    raise CannotRead(f"there is no journal at {given}: name a journal.db or the state folder that holds it")


def wall_of(stretches: list[Stretch], now: int) -> int:
    """The wall time of ``now`` (ms), by the minute observed nearest before it."""
    before = [one for one in stretches if one.first <= now] or stretches[:1]
    return now + before[-1].wall - before[-1].first if before else now


def window(reader: Reader, service: str, start: int | None, end: int | None) -> Window:
    """``start`` and ``end``: wall times (ms), None for all that is kept. Raises NotKept when a part of it is not."""
    stretches = reader.stretches(service)
    shifts = [(one, one.wall - one.first) for one in stretches]
    if start is None and end is None:
        return Window(0, 0, END)
    inside = [
        one for one, shift in shifts
        if (start is None or one.last + shift >= start) and (end is None or one.wall <= end)
    ]  # fmt: skip
    if not inside:
        raise NotKept(start or 0, end or END)
    gone = [one for one in inside if not one.kept]
    if gone:
        raise NotKept(gone[0].wall, gone[-1].last + gone[-1].wall - gone[-1].first)
    since = 0 if start is None else start - (inside[0].wall - inside[0].first)
    last = END if end is None else end - (inside[-1].wall - inside[-1].first)
    known = reader.checkpoint(service, since)
    return Window(known[0] if known is not None else 0, since, last)


def rows(reader: Reader, service: str, within: Window) -> Iterator[Row]:
    """Everything of ``service`` in the window, by time; a memory comes after the decision of its step."""
    begin, _, end = within

    def ordered(rank: int, found: Iterator[Row]) -> Iterator[tuple[int, int, Row]]:
        return ((row.now, rank, row) for row in found if begin <= row.now <= end)

    parts = (
        ordered(0, _lives(reader, service)),
        ordered(1, (Lost(one.first, one.last) for one in reader.stretches(service) if not one.kept)),
        ordered(2, reader.observations(service, begin, end)),
        ordered(3, reader.decided(service, begin, end)),
        ordered(4, (Kept(*memory) for memory in reader.memories(service, begin, end))),
    )
    known = reader.checkpoint(service, begin)
    settings = _settings_at(reader.lives(), service, begin)
    if known is not None and known[0] == begin:
        yield Began(begin, settings, middle=True)  # in the middle of a life: the memory follows
    for now, rank, row in merge(*parts, key=lambda part: part[:2]):
        if known is not None and now == begin and rank < 4:
            continue  # the step whose memory we begin with
        yield row


def _lives(reader: Reader, service: str) -> Iterator[Row]:
    lives = reader.lives()
    gone = [one.first for one in reader.stretches(service) if not one.kept]
    for number, life in enumerate(lives):
        same = number > 0 and life.text == lives[number - 1].text
        first = reader.checkpoint(service, life.started) is None and not any(lost < life.started for lost in gone)
        yield Began(life.started, settings_of(life.text, service), same, first)


def _settings_at(lives: list[Life], service: str, at: int) -> Settings | None:
    texts = [life.text for life in lives if life.started <= at]
    return settings_of(texts[-1], service) if texts else None


def settings_of(text: str, service: str) -> Settings | None:
    """What a file says of ``service``, compiled; None when it says nothing, or cannot be read any more."""
    try:
        spec = loads(text)
        return compile_spec(spec, listed_prices(spec)).get(service)
    except SpecErrors:
        return None
