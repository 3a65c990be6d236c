"""The journal's tables, for SQLite now and any other database SQLAlchemy Core speaks later.

All times are ms: ``now`` is the controller's time (never backward), ``wall`` what the clock on the
wall said, for people. Blobs are zlib-compressed JSON.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = 1

metadata = MetaData()

schema = Table("schema", metadata, Column("version", Integer, primary_key=True))

# One row per life of a controller.
runs = Table(
    "runs",
    metadata,
    Column("started", BigInteger, primary_key=True),
    Column("wall", BigInteger, nullable=False),
    Column("version", String(40), nullable=False),
    Column("spec", Text, nullable=False),  # the fleetfoot.yaml it ran with
)

# The exact observations of one service, one line each; a segment ends with the minute or the controller's life.
minutes = Table(
    "minutes",
    metadata,
    Column("service", String(200), primary_key=True),
    Column("first", BigInteger, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("blob", LargeBinary, nullable=False),
)

# The engine's memory after the step at ``now``.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("service", String(200), primary_key=True),
    Column("now", BigInteger, primary_key=True),
    Column("blob", LargeBinary, nullable=False),
)

# Decisions that acted or whose reason codes changed.
decisions = Table(
    "decisions",
    metadata,
    Column("service", String(200), primary_key=True),
    Column("now", BigInteger, primary_key=True),
    Column("wall", BigInteger, nullable=False),
    Column("action", String(10), nullable=False),
    Column("current", Integer, nullable=False),
    Column("desired", Integer, nullable=False),
    Column("codes", Text, nullable=False),
    Column("blob", LargeBinary, nullable=False),
)
Index("decisions_wall", decisions.c.service, decisions.c.wall)

_STAMPS = ("first_starting", "last_starting", "first_ready", "last_ready", "first_request", "back")

# Written before the order goes out, completed by its receipt; ``ok`` NULL = no receipt.
orders = Table(
    "orders",
    metadata,
    Column("id", String(250), primary_key=True),
    Column("service", String(200), nullable=False),
    Column("before", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("wall", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    Column("onset", BigInteger),
    Column("sampled", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("decided", BigInteger, nullable=False),
    Column("recorded", BigInteger),
    Column("commanded", BigInteger),
    Column("ok", Boolean),
    Column("error", Text, nullable=False, default=""),
    *(Column(name, BigInteger) for name in _STAMPS),
)
Index("orders_decided", orders.c.service, orders.c.decided)

actions = Table(
    "actions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("service", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("who", String(200), nullable=False),
    Column("now", BigInteger, nullable=False),
    Column("wall", BigInteger, nullable=False),
    Column("count", Integer),
    Column("growth", Boolean, nullable=False),
    Column("shrink", Boolean, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)

# One minute of one service, for charts. A minute in which the controller started again has two rows.
rollups = Table(
    "rollups",
    metadata,
    Column("service", String(200), primary_key=True),
    Column("first", BigInteger, primary_key=True),
    Column("wall", BigInteger, nullable=False),
    Column("span", Integer, nullable=False),  # ms covered
    Column("requests_mean", Float),
    Column("requests_max", Float),
    Column("latency_mean", Float),  # of the objective's percentile, ms
    Column("latency_max", Float),
    Column("errors_mean", Float),
    Column("queue_max", Float),
    Column("desired_max", Integer, nullable=False),
    Column("serving_min", Integer, nullable=False),
    Column("task_seconds", Float, nullable=False),
    Column("seconds_over", Integer, nullable=False),
)

STAMPS = ("recorded", *_STAMPS)
