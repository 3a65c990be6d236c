"""What a record does to the tables: one small function per kind, all safe to run twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Table, and_, delete, exists, func, insert, or_, select, update

from fleetfoot.edge.journal import tables as t
from fleetfoot.edge.journal.segments import pack_lines, pack_value

Values = Mapping[str, Any]
T = TypeVar("T")


class Retention(NamedTuple):
    """How long rows are kept, in ms."""

    blobs: int = 3 * 3_600_000  # exact observations
    around: int = 15 * 60_000  # ... and this much before and after every order,
    orders: int = 30 * 86_400_000  # ... for this long
    decisions: int = 30 * 86_400_000
    years: int = 400 * 86_400_000  # orders and one-minute summaries
    runs: int = 100  # lives of controllers, with the file of each


def rebuilt(kind: type[T], row: Any) -> T:
    """A row as the dataclass whose fields are named like its columns."""
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})  # type: ignore[arg-type]


def _replace(connection: Connection, table: Table, values: Values) -> None:
    keys = [column == values[column.name] for column in table.primary_key.columns]
    connection.execute(delete(table).where(and_(*keys)))
    connection.execute(insert(table).values(**values))


def _run(connection: Connection, values: Values) -> None:
    _replace(connection, t.runs, values)


def _minute(connection: Connection, values: Values) -> None:
    row = {**values, "blob": pack_lines(values["lines"])}
    del row["lines"]
    _replace(connection, t.minutes, row)


def _rollup(connection: Connection, values: Values) -> None:
    _replace(connection, t.rollups, values)


def _checkpoint(connection: Connection, values: Values) -> None:
    _replace(connection, t.checkpoints, values)


def _decision(connection: Connection, values: Values) -> None:
    row = {**values, "blob": pack_value(values["decision"])}
    del row["decision"]
    _replace(connection, t.decisions, row)


def _order(connection: Connection, values: Values) -> None:
    found = connection.execute(select(t.orders.c.id).where(t.orders.c.id == values["id"])).first()
    if found is None:
        connection.execute(insert(t.orders).values(**values))


def _complete(connection: Connection, values: Values) -> None:
    """Receipts and stamps: what is given is set."""
    row = dict(values)
    connection.execute(update(t.orders).where(t.orders.c.id == row.pop("id")).values(**row))


def _action(connection: Connection, values: Values) -> None:
    connection.execute(insert(t.actions).values(**values))


def _trim(connection: Connection, values: Values) -> None:
    """Forget what is older than its time, but keep what lies around orders longer."""
    now, keep = values["now"], values["keep"]
    for table, first, last, slack in (
        (t.minutes, t.minutes.c.first, t.minutes.c.last, 0),
        (t.checkpoints, t.checkpoints.c.now, t.checkpoints.c.now, 600_000),  # a span needs the checkpoint before it
    ):
        near = exists().where(
            t.orders.c.service == table.c.service,
            t.orders.c.decided >= first - keep.around,
            t.orders.c.decided <= last + keep.around + slack,
        )
        old = last < now - keep.blobs - slack
        ancient = last < now - keep.orders
        gone = and_(old, or_(~near, ancient))
        if table is t.checkpoints:
            newest = select(func.max(t.checkpoints.c.now)).group_by(t.checkpoints.c.service)
            gone = and_(gone, t.checkpoints.c.now.not_in(newest))
        connection.execute(delete(table).where(gone))
    connection.execute(delete(t.decisions).where(t.decisions.c.now < now - keep.decisions))
    lives = select(t.runs.c.started).order_by(t.runs.c.started.desc()).limit(keep.runs)
    connection.execute(delete(t.runs).where(t.runs.c.started.not_in(lives)))
    for column in (t.orders.c.decided, t.rollups.c.first):
        connection.execute(delete(column.table).where(column < now - keep.years))


OPS: dict[str, Callable[[Connection, Values], None]] = {
    "run": _run,
    "minute": _minute,
    "rollup": _rollup,
    "checkpoint": _checkpoint,
    "decision": _decision,
    "order": _order,
    "complete": _complete,
    "action": _action,
    "trim": _trim,
}
