"""``databases``: what tasks open connections to, and ``connections``: how many each task opens."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any
from fleetfoot.spec.forms import TextForm, WholeForm, matching
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import Count, RateForm, ShareForm

CONNECTIONS = WholeForm(low=1, high=1_000_000)


_name = matching(r"[a-z0-9-]{1,40}", "is not allowed: a database's name is 1 to 40 small letters, digits and hyphens")


_signal = matching(r"[a-z][a-z0-9_.]{0,79}", "is not the name of a signal: write one such as app.read_load.mean")


class Replicas(Part):
    """When another read replica is asked for. It is told, to people and in the status; nothing is created."""

    example: ClassVar[str] = "{signal: app.read_load.mean, above: 10, load: 70%, max: 3}"

    signal: Annotated[str, TextForm("the name of a signal", "app.read_load.mean", _signal)]
    """The signal that tells how busy the database is with reads, as a share of 1. Required."""
    above: Count = 10
    """Tasks of all services on the database above which a replica is worth its price. Default 10."""
    load: Annotated[float, ShareForm(above=0)] = 0.7
    """The read load from which on one more is wanted. Default 70%."""
    max: Annotated[int, WholeForm(low=1, high=15)] = 3
    """Most replicas that are asked for. Default 3."""


class Database(Part):
    """One database, shared by every service that names it."""

    example: ClassVar[str] = "{connections: 1000, reserved: 15, growth: 50/s}"

    connections: Annotated[int, CONNECTIONS]
    """The most connections it takes, such as PostgreSQL's max_connections. Required."""
    reserved: Annotated[int, WholeForm(low=0, high=1_000_000)] = 15
    """Of these, kept for people, migrations and replication. Default 15."""
    growth: Annotated[float, RateForm(low=None, above=0)] | None = None
    """Connections opened a second by new tasks. Default: no limit; a hundred at once can stall a database."""
    replicas: Replicas | None = None
    """When another read replica is asked for. Default: never."""

    @model_validator(mode="after")
    def _some_left(self) -> Self:
        if self.reserved >= self.connections:
            message = f"{self.reserved} reserved of {self.connections} connections leaves none"
            raise Wrong(message, at=("reserved",), about=[("connections",)])
        return self


class PerTask(Part):
    """The connection pool of one task. ``per task: 20`` is short for {min: 20, max: 20}."""

    example: ClassVar[str] = "{min: 5, max: 20}"

    min: Annotated[int, CONNECTIONS]
    """The smallest pool a task works with; the tasks are told their size by the agent. Required."""
    max: Annotated[int, CONNECTIONS]
    """The pool of a task while there is room. Required."""

    @classmethod
    def bare(cls, value: str) -> dict[str, Any] | None:
        if re.fullmatch(r" *[+-]?[0-9]+ *", value):
            size = CONNECTIONS.read(value)
            return {"min": size, "max": size}
        return None

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.max < self.min:
            raise Wrong(f"{self.max} is below min {self.min}", at=("max",), about=[("min",)])
        return self


PER_TASK = {"anyOf": [{"$ref": "#/$defs/PerTask"}, CONNECTIONS.schema()]}
"""What an editor takes in its place."""


class Connections(Part):
    """Tasks times pool stays within the connections of the database."""

    example: ClassVar[str] = "{per task: {min: 5, max: 20}, max: 1000, reserved: 10}"
    shapes: ClassVar[dict[str, dict[str, Any]]] = {"per task": PER_TASK}

    per_task: PerTask
    """Connections one task opens: a number, or bounds where the tasks ask the agent for their pool's size. Required."""
    database: Annotated[str, TextForm("the name of a database", "main", _name)] | None = None
    """The database of `databases`. Default: one of its own, with max and reserved."""
    max: Annotated[int, CONNECTIONS] | None = None
    """The most connections the service's own database takes. Required without database."""
    reserved: Annotated[int, WholeForm(low=0, high=1_000_000)] | None = None
    """Of these, kept for others. Default 15."""
    growth: Annotated[float, RateForm(low=None, above=0)] | None = None
    """Connections opened a second by new tasks. Default: no limit."""

    @model_validator(mode="after")
    def _which(self) -> Self:
        wrongs = []
        if self.database is None and self.max is None:
            wrongs.append(Wrong("missing: write max, or the database of databases", at=("max",), about=[("database",)]))
        if self.database is not None:
            for name in ("max", "reserved", "growth"):
                if getattr(self, name) is not None:
                    message = f"stands under databases.{self.database}: remove it here"
                    wrongs.append(Wrong(message, at=(name,), on_key=True))
        elif self.max is not None and (self.reserved if self.reserved is not None else 15) >= self.max:
            wrongs.append(Wrong(f"{self.max} connections are no more than what is reserved", at=("max",)))
        raise_if_any(wrongs)
        return self

    def own(self) -> Database | None:
        """The database of the service alone; None where it names a shared one."""
        if self.max is None:
            return None
        given = {} if self.reserved is None else {"reserved": self.reserved}
        return Database(connections=self.max, growth=self.growth, **given)
