"""The whole file: its services, and what they share."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from fleetfoot.spec.budget import Budget
from fleetfoot.spec.databases import Database
from fleetfoot.spec.errors import Wrong, did_you_mean, raise_if_any, shown
from fleetfoot.spec.forms import TextForm
from fleetfoot.spec.launch_limits import LaunchLimits
from fleetfoot.spec.nodes import Told
from fleetfoot.spec.part import Part
from fleetfoot.spec.service import FIRST_PORT, Service

MOST_SERVICES = 1000
"""Services of one file; more is a generated file that should be split."""
_ANY_HOST = {"0.0.0.0", "[::]"}


def _clashes(written: dict[str, str]) -> list[Wrong]:
    """Addresses that two services want. A wildcard host takes the port of every host."""
    wrongs = []
    hosts: dict[str, set[str]] = {"0": set()}
    for name, listen in written.items():
        host, _, port = listen.replace("localhost", "127.0.0.1").rpartition(":")
        taken = hosts.setdefault(port, set())
        if port != "0" and (host in taken or taken & _ANY_HOST or (taken and host in _ANY_HOST)):
            wrongs.append(Wrong(f"{shown(listen)} is taken by another service", at=(name, "listen")))
        taken.add(host)
    return wrongs


def _scaled_twice(services: dict[str, Service]) -> list[Wrong]:
    """Services that are one and the same on ECS: each would undo what the other ordered."""
    first: dict[tuple[str | None, str, str], str] = {}
    wrongs = []
    for name, service in services.items():
        on_ecs = (service.ecs.region, service.ecs.cluster, service.ecs.service or name)
        if service.target == "ecs" and (other := first.setdefault(on_ecs, name)) != name:
            text = f"service {on_ecs[2]} of cluster {on_ecs[1]} is scaled by {other} already: write another service"
            wrongs.append(Wrong(text, at=(name, "ecs"), on_key=True))
    return wrongs


def _bad_names(what: str, given: Any) -> list[Wrong]:
    """The keys of ``given`` that name no ``what``."""
    rule = f"is not allowed: a {what}'s name is 1 to 40 small letters, digits and hyphens"
    return [
        Wrong(f"{shown(name)} {rule}", at=(name,), on_key=True, stays=True)
        for name in (given if isinstance(given, dict) else ())
        if not isinstance(name, Told) and not re.fullmatch(r"[a-z0-9-]{1,40}", name)
    ]


class Spec(Part):
    """The whole file."""

    hidden: ClassVar[frozenset[str]] = frozenset({"source"})
    example: ClassVar[str] = "{services: {orders: {run: ..., objective: {p95: 1s}}}}"

    services: dict[str, Service]
    """Name -> service. Required, at least one. A name is 1 to 40 small letters, digits and hyphens."""
    budget: Budget | None = None
    """What all services together may cost. Default: no limit."""
    databases: dict[str, Database] = Field(default={})
    """Databases that services share, by name: `guards.connections.database` of a service names one."""
    launch_limits: LaunchLimits | None = None
    """What the platform starts of all services together. Default: no limit."""
    state: Annotated[str, TextForm("a directory", ".fleetfoot or /var/lib/fleetfoot")] | None = None
    """Where journal, sockets and logs are kept. Default: .fleetfoot beside this file."""
    source: Path | None = Field(default=None, repr=False)
    """The file it came from; None for text."""

    @classmethod
    def hint(cls, key: str) -> str:
        return "it belongs under 'services'" if Service.known(key) else did_you_mean(key, cls.keys())

    @field_validator("services", mode="before")
    @classmethod
    def _service_names(cls, services: Any) -> Any:
        if isinstance(services, dict) and not services:
            raise Wrong("is empty: write at least one service")
        if isinstance(services, dict) and len(services) > MOST_SERVICES:
            raise Wrong(f"{len(services)} services: one file holds at most {MOST_SERVICES}")
        raise_if_any(_bad_names("service", services))
        return services

    @field_validator("databases", mode="before")
    @classmethod
    def _database_names(cls, databases: Any) -> Any:
        raise_if_any(_bad_names("database", databases))
        return databases

    @model_validator(mode="after")
    def _known_databases(self) -> Self:
        wrongs = []
        for name, service in self.services.items():
            used = service.guards.connections
            if used is not None and used.database is not None and used.database not in self.databases:
                known = f"there are {', '.join(self.databases)}" if self.databases else "there are none"
                at = ("services", name, "guards", "connections", "database")
                near = did_you_mean(used.database, self.databases)
                wrongs.append(Wrong(f"{shown(used.database)} is no database: {known}", at=at, suggestion=near))
        raise_if_any(wrongs)
        return self

    @field_validator("services", mode="after")
    @classmethod
    def _complete(cls, services: dict[str, Service]) -> dict[str, Service]:
        written = {name: s.listen for name, s in services.items() if "listen" in s.model_fields_set}
        raise_if_any([*_clashes(written), *_scaled_twice(services)])
        taken = {listen.rpartition(":")[2] for listen in written.values()}
        free = (str(port) for port in count(FIRST_PORT) if str(port) not in taken)
        addresses = {name: written.get(name) or f"127.0.0.1:{next(free)}" for name in services}
        return {
            name: service.model_copy(update={"name": name, "listen": addresses[name]})
            for name, service in services.items()
        }
