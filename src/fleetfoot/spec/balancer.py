"""``balancer``: limits of the balancer in front of the tasks."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fleetfoot.spec.forms import ChoiceForm
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import Count, Positive, Seconds, Size, SizeForm


class Balancer(Part):
    """Queue, time limits and sizes."""

    example: ClassVar[str] = "{queue: 1000, queue timeout: 10s}"

    queue: Count = 1000
    """Requests that may wait when every task is full; further ones get 503. Default 1000: a few MB of memory."""
    queue_timeout: Positive = 10_000
    """Longest wait in the queue; then 503. Default 10s: hardly anyone waits longer."""
    shed: Annotated[str, ChoiceForm(("off", "objective"))] = "off"
    """objective refuses at once what would wait longer than the objective allows, so that those served
    are served in time. Default off: nothing is refused while there is room to wait."""
    request_timeout: Positive = 30_000
    """Longest time a task may take for one request; then 504. Default 30s: the usual limit of proxies."""
    header_timeout: Positive = 10_000
    """Longest time a client may take to send its headers. Default 10s: slower ones hold a connection for nothing."""
    idle_timeout: Positive = 60_000
    """How long an idle keep-alive connection is kept. Default 60s: longer than most clients' own pools."""
    max_header: Annotated[int, SizeForm(low=1024, high=1024 * 1024)] = 65_536
    """Largest request head; then 431. Default 64 KiB: large cookies pass."""
    max_body: Size | None = None
    """Largest request body; then 413. Default: no limit; bodies stream through and are never held."""
    retry_after: Seconds = 1
    """What the header Retry-After of a 503 says, whole seconds. Default 1s: new tasks are on their way."""
