"""Reading a journal from any process, also while a controller writes it or none runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from fleetfoot.core.model import Decision, Observation
from fleetfoot.core.pack import decision_from_json, observation_from_json
from fleetfoot.edge.base import OperatorAction
from fleetfoot.edge.journal import tables as t
from fleetfoot.edge.journal.ops import rebuilt
from fleetfoot.edge.journal.segments import MINUTE_MS, unpack_lines, unpack_value


class CannotRead(Exception):
    """There is no journal, or it is not one. The text is for a person."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with its receipt and stages; times are ms of the controller's ``now``, None = not seen."""

    id: str
    service: str
    before: int
    count: int
    wall: int  # of ``decided``: wall - decided turns every stamp into a time of day
    who: str
    onset: int | None
    sampled: int
    received: int
    decided: int
    recorded: int | None
    commanded: int | None
    ok: bool | None
    error: str
    first_starting: int | None
    last_starting: int | None
    first_ready: int | None
    last_ready: int | None
    first_request: int | None
    back: int | None


class Life(NamedTuple):
    """One life of a controller: when it began (``now`` and wall, ms), its version, the file it ran with."""

    started: int
    wall: int
    version: str
    text: str


class Stretch(NamedTuple):
    """A minute or less that was observed; ``kept``: its observations are still there. Times in ms."""

    first: int
    last: int
    wall: int
    kept: bool


class Reader:
    """One open connection; use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Raises CannotRead."""
        if not path.exists():
            raise CannotRead(f"there is no journal at {path} yet")
        self._path = path
        url = f"sqlite:///file:{path}?mode=ro&uri=true"
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 1.0})
        try:
            self._connection: Connection = engine.connect()
            version = self._connection.execute(select(t.schema.c.version)).scalar()
        except DBAPIError as failure:
            raise CannotRead(f"{path} cannot be read: {failure.orig}") from failure
        if version != t.VERSION:
            raise CannotRead(f"{path} has journal version {version}; this fleetfoot reads version {t.VERSION}")

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def services(self) -> list[str]:
        """Every service the journal tells of."""
        names: set[str] = set()
        for column in (t.minutes.c.service, t.decisions.c.service, t.orders.c.service, t.actions.c.service):
            names.update(self._connection.execute(select(column).distinct()).scalars())
        return sorted(names)

    def decisions(self, service: str, start: int, end: int, limit: int = 1000) -> list[Decision]:
        """Decisions kept between two wall times (ms), oldest first."""
        c = t.decisions.c
        within = (c.service == service, c.wall >= start, c.wall <= end)
        blobs = (
            self._connection.execute(select(c.blob).where(*within).order_by(c.now.desc()).limit(limit)).scalars().all()
        )
        return [decision_from_json(unpack_value(blob)) for blob in reversed(blobs)]

    def decision_before(self, service: str, wall: int) -> Decision | None:
        """The newest decision at or before a wall time (ms): what was still true then."""
        c = t.decisions.c
        row = select(c.blob).where(c.service == service, c.wall <= wall).order_by(c.now.desc()).limit(1)
        blob = self._connection.execute(row).scalar()
        return decision_from_json(unpack_value(blob)) if blob is not None else None

    def order_at(self, service: str, decided: int) -> OrderRow | None:
        """The order of the decision made at ``decided``, if it gave one."""
        row = self._connection.execute(
            select(t.orders).where(t.orders.c.service == service, t.orders.c.decided == decided)
        ).first()
        return rebuilt(OrderRow, row) if row is not None else None

    def orders(self, service: str | None, since: int = 0, limit: int = 200) -> list[OrderRow]:
        """The newest orders decided at or after ``since`` (``now``, ms), oldest first."""
        query = select(t.orders).where(t.orders.c.decided >= since)
        if service is not None:
            query = query.where(t.orders.c.service == service)
        rows = self._connection.execute(query.order_by(t.orders.c.decided.desc()).limit(limit)).all()
        return [rebuilt(OrderRow, row) for row in reversed(rows)]

    def actions(self, service: str | None, since: int = 0, limit: int = 200) -> list[OperatorAction]:
        """What people did at or after ``since`` (``now``, ms), oldest first."""
        query = select(t.actions).where(t.actions.c.now >= since)
        if service is not None:
            query = query.where(t.actions.c.service == service)
        rows = self._connection.execute(query.order_by(t.actions.c.id.desc()).limit(limit)).all()
        return [rebuilt(OperatorAction, row) for row in reversed(rows)]

    def observations(self, service: str, start: int, end: int) -> Iterator[Observation]:
        """The exact observations between two times (``now``, ms) that are still kept, oldest first."""
        c = t.minutes.c
        rows = select(c.blob).where(c.service == service, c.last >= start, c.first <= end).order_by(c.first)
        for blob in self._connection.execute(rows).scalars():
            for line in unpack_lines(blob):
                seen = observation_from_json(line)
                if start <= seen.now <= end:
                    yield seen

    def checkpoint(self, service: str, at: int) -> tuple[int, dict[str, Any]] | None:
        """The newest memory at or before ``at`` (``now``, ms), and when it was taken."""
        c = t.checkpoints.c
        row = self._connection.execute(
            select(c.now, c.blob).where(c.service == service, c.now <= at).order_by(c.now.desc()).limit(1)
        ).first()
        return (row.now, unpack_value(row.blob)) if row is not None else None

    def checkpoints(self, service: str, start: int, end: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """The memories kept between two wall times (ms), oldest first, each with the wall time."""
        r, c = t.rollups.c, t.checkpoints.c
        newest = select(r.wall - r.first).where(r.service == service, r.wall <= end).order_by(r.first.desc()).limit(1)
        shift = self._connection.execute(newest).scalar()
        if shift is None:
            return
        rows = select(c.now, c.blob).where(c.service == service, c.now.between(start - shift, end - shift))
        for row in self._connection.execute(rows.order_by(c.now)):
            yield row.now + shift, unpack_value(row.blob)

    def spec_at(self, at: int) -> str | None:
        """The fleetfoot.yaml the controller of that moment (``now``, ms) ran with."""
        c = t.runs.c
        newest = select(c.spec).where(c.started <= at).order_by(c.started.desc()).limit(1)
        text = self._connection.execute(newest).scalar()
        return str(text) if text is not None else None

    def lives(self) -> list[Life]:
        """The lives of controllers that are kept, oldest first."""
        c = t.runs.c
        rows = self._connection.execute(select(c.started, c.wall, c.version, c.spec).order_by(c.started))
        return [Life(*row) for row in rows]

    def stretches(self, service: str) -> list[Stretch]:
        """Every minute that was observed of a service, oldest first."""
        r, m = t.rollups.c, t.minutes.c
        both = t.rollups.outerjoin(t.minutes, (m.service == r.service) & (m.first == r.first))
        rows = select(r.first, r.span, r.wall, m.count).select_from(both).where(r.service == service).order_by(r.first)
        return [
            Stretch(first, first + span, wall, count is not None)
            for first, span, wall, count in self._connection.execute(rows)
        ]

    def memories(self, service: str, start: int, end: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """The memories kept between two times (``now``, ms), oldest first, each with its time."""
        c = t.checkpoints.c
        rows = select(c.now, c.blob).where(c.service == service, c.now.between(start, end)).order_by(c.now)
        for row in self._connection.execute(rows):
            yield row.now, unpack_value(row.blob)

    def decided(self, service: str, start: int, end: int) -> Iterator[Decision]:
        """The decisions kept between two times (``now``, ms), oldest first."""
        c = t.decisions.c
        rows = select(c.blob).where(c.service == service, c.now.between(start, end)).order_by(c.now)
        for blob in self._connection.execute(rows).scalars():
            yield decision_from_json(unpack_value(blob))

    def rollups(self, service: str, start: int, end: int) -> list[dict[str, Any]]:
        """One-minute summaries between two wall times (ms), oldest first."""
        c = t.rollups.c
        within = (c.service == service, c.wall >= start - MINUTE_MS, c.wall <= end)
        rows = self._connection.execute(select(t.rollups).where(*within).order_by(c.first))
        return [dict(row._mapping) for row in rows]

    def last_wall(self, service: str) -> int | None:
        """The wall time (ms) of the newest minute kept of a service."""
        c = t.rollups.c
        newest = self._connection.execute(select(func.max(c.wall + c.span)).where(c.service == service)).scalar()
        return int(newest) if newest is not None else None
