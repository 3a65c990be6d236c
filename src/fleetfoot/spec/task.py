"""``task``: what one task can do and needs. First guesses; the engine learns the truth."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import field_validator

from fleetfoot.spec.errors import Wrong, raise_if_any, shown
from fleetfoot.spec.forms import NumberForm, TextForm, matching
from fleetfoot.spec.money import PriceForm
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import AtLeastOne, Duration, DurationForm, PerSecond, Positive, Size
from fleetfoot.spec.warm import SHAPE, Warm

_zone = matching(r"[a-z0-9-]{1,40}", "is not allowed: a zone is 1 to 40 small letters, digits and hyphens")


class Task(Part):
    """One task of the service."""

    example: ClassVar[str] = "{throughput: 20/s, startup: 30s, cpu: 0.5, memory: 1 GB}"
    shapes: ClassVar[dict[str, dict[str, Any]]] = {"warm": SHAPE}

    throughput: PerSecond | None = None
    """Requests one task serves within the objective. Default: not known, and learnt while it runs;
    a first guess makes the first surge cheaper."""
    startup: Duration | None = None
    """From the order until the task serves. Default: not known, and learnt from the first starts."""
    cpu: Annotated[float, NumberForm(low=0.001, high=1024)] | None = None
    """CPU cores one task may use; the signal cpu is a share of it. Default: not known, and cpu is then
    a share of one core."""
    memory: Size | None = None
    """Memory one task may use; the signal memory is a share of it. Default: not known."""
    price: Annotated[float, PriceForm(low=0)] | None = None
    """What one task costs an hour, with its currency. Default: not known; `fleetfoot check` then names no price."""
    concurrency: AtLeastOne | None = None
    """Most requests a task is given at once; the others wait in the balancer. Default: no limit,
    because most servers queue well themselves."""
    lifetime: Annotated[int, DurationForm(low=60_000)] | None = None
    """Longest life of a task: it is replaced before it is this old, one after the other, none while the service is
    over its objective. Default: none; a task lives until it is not needed."""
    zones: tuple[Annotated[str, TextForm("a zone", "a or b", _zone)], ...] = ("a",)
    """Zones the tasks are spread over evenly. Default one zone: a single machine is one zone."""
    stop_timeout: Positive = 30_000
    """From SIGTERM to SIGKILL. Default 30s, as container platforms have it."""
    drain: Positive = 30_000
    """How long a task that leaves may finish the requests it holds. Default 30s: the request timeout."""
    warm: Warm = Warm(min=0, max=0)
    """A count, auto or bounds: tasks kept started, warmed up and stopped beside the desired ones; growth takes
    them first and they serve within milliseconds. Their memory is used all the time. Default 0: memory is not
    free."""
    warm_up: Annotated[str, TextForm("a path or a command", "/prime or ./prime.sh")] | None = None
    """Runs once for every task before its first request: what begins with / is asked for by GET, anything
    else is a command with the task's environment. Default: nothing; the first requests fill the caches."""

    @field_validator("warm", mode="before")
    @classmethod
    def _count(cls, warm: Any) -> Any:
        return str(warm) if isinstance(warm, int) and not isinstance(warm, bool) else warm

    @field_validator("zones", mode="after")
    @classmethod
    def _distinct(cls, zones: tuple[str, ...]) -> tuple[str, ...]:
        if not zones:
            raise Wrong("is empty: write at least one zone, such as [a, b]")
        seen: set[str] = set()
        wrongs = []
        for index, zone in enumerate(zones):
            if zone in seen:
                wrongs.append(Wrong(f"{shown(zone)} is there twice", at=(index,)))
            seen.add(zone)
        raise_if_any(wrongs)
        return zones
