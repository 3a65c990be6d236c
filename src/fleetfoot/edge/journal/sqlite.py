"""The journal in one SQLite file (WAL, FULL sync): see docs/journal.md."""

from __future__ import annotations

import json
import logging
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError, StatementError
from sqlalchemy.pool import NullPool

from fleetfoot.core.model import Decision, Observation, Receipt
from fleetfoot.core.pack import decision_to_json
from fleetfoot.edge.base import Health, OperatorAction, Order, Past
from fleetfoot.edge.journal import tables as t
from fleetfoot.edge.journal.ops import OPS, Retention, rebuilt
from fleetfoot.edge.journal.segments import FLUSH_MS, Segment, unpack_value
from fleetfoot.edge.journal.writer import Key, Mark, Poisoned, Record, Writer

log = logging.getLogger("fleetfoot.journal")

TRIM_MS = 600_000
KEPT_STAMPS = 200  # orders whose stages a new controller goes on with
CHECK_BYTES = 100_000_000  # a larger file is not looked through at start: the controller must be back in seconds
_CORRUPT = ("malformed", "not a database", "disk image", "file is encrypted")


class JournalError(Exception):
    """The journal cannot be used, and starting anew would be wrong. The text is for a person."""


class SqliteJournal:
    """See ``edge.base.Journal``. Reading it is ``edge/journal/read.py``, in any process."""

    def __init__(
        self,
        path: Path,
        percentiles: Mapping[str, float] | None = None,
        retention: Retention | None = None,
        retry: float = 1.0,
        spool: int = 20_000,
        closing: float = 10.0,
    ) -> None:
        """``percentiles``: each service's objective, for the summaries. ``closing``: how long (s) closing waits for a
        slow disk; what is not written by then is lost. Raises JournalError for a newer file."""
        self.path = path
        self._percentiles = dict(percentiles or {})
        self._retention = retention or Retention()
        self._segments: dict[str, Segment] = {}
        self._closing = closing
        self._trimmed = 0
        self._inode = 0
        self._engine = _engine(path)
        self._connection: Connection | None = None
        self._begin()
        self._writer = Writer(self._write, spool, retry)

    def run(self, started: int, wall: int, version: str, spec: str) -> None:
        """Note that a controller began, and with which settings."""
        self._put("run", {"started": started, "wall": wall, "version": version, "spec": spec}, precious=True)

    def observe(self, service: str, observation: Observation) -> None:
        segment = self._segments.get(service)
        if segment is not None and not segment.holds(observation.now):
            self._flush(segment)
            segment = None
        if segment is None:
            segment = Segment(service, observation, self._percentiles.get(service, 0.95))
            self._segments[service] = segment
        segment.add(observation)
        if observation.now - segment.flushed >= FLUSH_MS:
            self._flush(segment)
        if observation.now - self._trimmed >= TRIM_MS:
            self._trimmed = observation.now
            self._put("trim", {"now": observation.now, "keep": self._retention}, key=("trim",))

    def decide(self, decision: Decision) -> None:
        codes = ",".join(reason.code for reason in decision.reasons)
        self._put(
            "decision",
            {
                "service": decision.service,
                "now": decision.now,
                "wall": decision.wall,
                "action": str(decision.action),
                "current": decision.current,
                "desired": decision.desired,
                "codes": codes,
                "decision": decision_to_json(decision),
            },
        )

    def checkpoint(self, service: str, now: int, memory: Mapping[str, Any]) -> None:
        blob = zlib.compress(json.dumps(memory, separators=(",", ":")).encode(), 1)
        values = {"service": service, "now": now, "blob": blob}
        self._put("checkpoint", values, key=("checkpoint", service), size=len(blob))

    def open(self, order: Order) -> Mark:
        mark = self._put("order", asdict(order), precious=True)
        segment = self._segments.get(order.service)
        if segment is not None:
            self._flush(segment)
        return mark

    def complete(self, receipt: Receipt) -> None:
        values = {"commanded": receipt.commanded, "ok": receipt.ok, "error": receipt.error}
        self._put("complete", {"id": receipt.order, **values}, precious=True)

    def stamp(self, order_id: str, stamps: Mapping[str, int]) -> None:
        known = {name: at for name, at in stamps.items() if name in t.STAMPS}
        if known:
            self._put("complete", {"id": order_id, **known})

    def operate(self, action: OperatorAction) -> Mark:
        return self._put("action", asdict(action), precious=True)

    def past(self) -> Past:
        try:
            with self._engine.connect() as connection:
                return _past(connection)
        except DBAPIError as failure:
            log.warning("journal: cannot read the past (%s); starting without it", failure.orig)
            return Past()

    def health(self) -> Health:
        return self._writer.health()

    def close(self) -> None:
        for segment in self._segments.values():
            self._flush(segment)
        self._writer.close(self._closing)

    def _put(
        self, op: str, values: Mapping[str, Any], *, precious: bool = False, key: Key = None, size: int = 500
    ) -> Mark:
        return self._writer.put(Record(op, values, precious, key, size))

    def _flush(self, segment: Segment) -> None:
        segment.flushed = segment.last
        minute = segment.minute()
        size = sum(map(len, minute["lines"]))
        self._put("minute", minute, key=("minute", segment.service, segment.first), size=size)
        self._put("rollup", segment.rollup(), key=("rollup", segment.service, segment.first))

    # The writer's thread, from here on; only ``_begin`` runs before there is one.

    def _begin(self) -> None:
        """Open, check and make the tables; a file that is not whole is moved aside. A full disk is for later."""
        try:
            if self.path.exists() and not self._whole():
                self._move_aside()
            self._open()
        except (DBAPIError, OSError) as failure:
            if _corrupt(failure):
                self._move_aside()
                self._open()
            else:
                log.warning("journal: cannot open %s (%s); trying again while running", self.path.name, _text(failure))
                self._shut()

    def _whole(self) -> bool:
        if self.path.stat().st_size > CHECK_BYTES:
            return True
        with self._engine.connect() as connection:
            return connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() == "ok"

    def _open(self) -> Connection:
        connection = self._connection
        if connection is not None and self._same_file():
            return connection
        self._shut()
        connection = self._engine.connect()
        try:
            with connection.begin():
                t.metadata.create_all(connection)
                version = connection.execute(select(t.schema.c.version)).scalar()
                if version is None:
                    connection.execute(t.schema.insert().values(version=t.VERSION))
                elif version > t.VERSION:
                    raise JournalError(
                        f"{self.path} was written by a newer fleetfoot (journal version {version}; this one knows "
                        f"{t.VERSION}): use that version, or move the file away"
                    )
        except BaseException:
            connection.close()
            raise
        self._inode = self.path.stat().st_ino
        self._connection = connection
        return connection

    def _same_file(self) -> bool:
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _shut(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                connection.close()
            except DBAPIError:
                log.debug("journal: closing failed", exc_info=True)

    def _move_aside(self) -> None:
        self._shut()
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        for ending in ("-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)
        self.path.replace(aside)
        log.warning("journal: %s is damaged; it was moved to %s and a new one begins", self.path.name, aside.name)

    def _write(self, batch: Sequence[Record]) -> None:
        try:
            connection = self._open()
            with connection.begin():
                for record in batch:
                    OPS[record.op](connection, record.values)
        except (IntegrityError, ProgrammingError) as failure:
            raise Poisoned(_text(failure)) from failure
        except (DBAPIError, OSError) as failure:
            self._shut()
            if _corrupt(failure):
                self._move_aside()
            raise
        except (StatementError, TypeError, ValueError, KeyError, OverflowError) as failure:
            raise Poisoned(_text(failure)) from failure


def _engine(path: Path) -> Engine:
    options = {"timeout": 1.0, "check_same_thread": False}
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args=options)

    @event.listens_for(engine, "connect")
    def settle(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA journal_size_limit=16777216")
        cursor.close()

    return engine


def _corrupt(failure: BaseException) -> bool:
    return isinstance(failure, DBAPIError) and any(word in _text(failure) for word in _CORRUPT)


def _text(failure: BaseException) -> str:
    return " ".join(str(getattr(failure, "orig", None) or failure).split())


def _past(connection: Connection) -> Past:
    c = t.checkpoints.c
    newest = select(c.service, func.max(c.now).label("now")).group_by(c.service).subquery()
    same = (c.service == newest.c.service) & (c.now == newest.c.now)
    rows = connection.execute(select(c.service, c.blob).join(newest, same))
    memories = {row.service: memory for row in rows if (memory := _unpacked(row.service, row.blob)) is not None}
    opened = connection.execute(select(t.orders).where(t.orders.c.ok.is_(None)).order_by(t.orders.c.decided))
    orders = tuple(rebuilt(Order, row) for row in opened)
    acted = connection.execute(select(t.actions).order_by(t.actions.c.id.desc()).limit(1000)).all()
    actions = tuple(rebuilt(OperatorAction, row) for row in reversed(acted))
    columns = (t.decisions.c.now, c.now, t.minutes.c.last, t.orders.c.decided, t.actions.c.now, t.runs.c.started)
    last = max(connection.execute(select(func.max(column))).scalar() or 0 for column in columns)
    return Past(last, memories, orders, actions, _stamps(connection))


def _stamps(connection: Connection) -> tuple[dict[str, int], ...]:
    names = ("onset", "sampled", "received", "decided", "commanded", *t.STAMPS)
    query = select(*(t.orders.c[name] for name in names)).where(t.orders.c.ok.is_(True))
    rows = connection.execute(query.order_by(t.orders.c.decided.desc()).limit(KEPT_STAMPS)).all()
    return tuple({name: at for name, at in row._mapping.items() if at is not None} for row in reversed(rows))


def _unpacked(service: str, blob: bytes) -> dict[str, Any] | None:
    try:
        value = unpack_value(blob)
    except (zlib.error, ValueError):
        log.warning("journal: the memory of %s cannot be read; it starts without one", service)
        return None
    return value if isinstance(value, dict) else None
