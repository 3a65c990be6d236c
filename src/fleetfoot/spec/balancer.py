"""``balancer``: limits of the balancer in front of the tasks."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any, shown
from fleetfoot.spec.forms import ChoiceForm, TextForm, matching
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import ByteRateForm, Count, Positive, Seconds, Size, SizeForm

KINDS = ("embedded", "haproxy")
OTHER = "other"
"""The class of all requests that are of no other."""


_prefix = matching(r"/[!-~]{0,999}", "is not the beginning of a path: write one that starts with '/', such as /healthz")


_header = matching(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", "is not the name of a header: write one such as User-Agent")


class RequestClass(Part):
    """Requests of one importance: those whose path begins with path and whose header is as told. The least
    important class is refused first."""

    example: ClassVar[str] = "{crawler: {header: User-Agent, contains: bot}}"

    path: Annotated[str, TextForm("the beginning of a path", "/healthz", _prefix)] | None = None
    """What the path begins with. Default: any path."""
    header: Annotated[str, TextForm("the name of a header", "User-Agent", _header)] | None = None
    """The header that tells. With neither equals nor contains its presence is enough. Default: no header tells."""
    equals: Annotated[str, TextForm("the value of a header", "gold")] | None = None
    """The header's whole value, capitals as written. Default: any."""
    contains: Annotated[str, TextForm("a part of a header's value", "bot")] | None = None
    """A part of the header's value, capitals or not. Default: any."""

    @model_validator(mode="after")
    def _needs_header(self) -> Self:
        if self.header is None:
            key = "equals" if self.equals is not None else "contains" if self.contains is not None else ""
            if key:
                raise Wrong("tells of a header: write which, such as header: User-Agent", at=(key,))
        elif self.equals is not None and self.contains is not None:
            raise Wrong("excludes equals: write one of the two", at=("contains",), about=[("equals",)])
        return self


class Balancer(Part):
    """Which balancer; its queue, time limits and sizes. ``balancer: haproxy`` is short for {kind: haproxy}."""

    example: ClassVar[str] = "{queue: 1000, queue timeout: 10s}"

    words: ClassVar[tuple[str, ...]] = KINDS
    kind: Annotated[str, ChoiceForm(KINDS)] = "embedded"
    """embedded is fleetfoot's own; haproxy is the HAProxy of this machine, which has no shed and no classes.
    Default embedded: nothing to install, and the engine sees its queue at once."""
    queue: Count = 1000
    """Requests that may wait when every task is full; further ones get 503. Default 1000: a few MB of memory."""
    queue_timeout: Positive = 10_000
    """Longest wait in the queue; then 503. Default 10s: hardly anyone waits longer."""
    shed: Annotated[str, ChoiceForm(("off", "objective"))] = "off"
    """objective refuses at once what would wait longer than the objective allows, so that those served
    are served in time. Default off: nothing is refused while there is room to wait."""
    classes: dict[str, RequestClass] = Field(default={})
    """Classes of requests by name, the most important first; one is other: {}, all that are of no class. A class may
    fill the queue, and with shed: objective the objective, only to its share: the first all of it, the last half.
    Default: all requests are alike."""
    request_timeout: Positive = 30_000
    """Longest time a task that has a request may be silent, before its answer or in the middle of it; then 504. An
    answer that keeps coming may take longer. Default 30s: the usual limit of proxies."""
    header_timeout: Positive = 10_000
    """Longest time a client may take to send its headers. Default 10s: slower ones hold a connection for nothing."""
    idle_timeout: Positive = 60_000
    """How long an idle keep-alive connection is kept, and a client in the middle of a request may stand still. Default
    60s: longer than most clients' own pools."""
    min_rate: Annotated[int, ByteRateForm(low=0, high=10**9)] = 500
    """Slowest a client may send its body, over 20s (then 408), or take its answer, over the idle timeout (then cut
    off). Time in which the task holds things up does not count. Default 500 B/s: what Apache asks; 0: only silence is
    limited."""
    max_header: Annotated[int, SizeForm(low=1024, high=1024 * 1024)] = 65_536
    """Largest request head; then 431. Default 64 KiB: large cookies pass."""
    max_body: Size | None = None
    """Largest request body; then 413. Default: no limit; bodies stream through and are never held."""
    retry_after: Seconds = 1
    """What the header Retry-After of a 503 says, whole seconds. Default 1s: new tasks are on their way."""

    @classmethod
    def bare(cls, value: str) -> dict[str, Any] | None:
        return {"kind": value} if value in cls.words else None

    @model_validator(mode="after")
    def _can_do(self) -> Self:
        if self.kind == "haproxy":
            asked = [key for key, plain in (("shed", "off"), ("classes", {})) if getattr(self, key) != plain]
            raise_if_any([Wrong("needs kind: embedded: HAProxy cannot do it", at=(key,)) for key in asked])
        return self

    @field_validator("classes", mode="after")
    @classmethod
    def _classes(cls, classes: dict[str, RequestClass]) -> dict[str, RequestClass]:
        wrongs = []
        for name, one in classes.items():
            if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name):
                message = f"{shown(name)} is not allowed: a class's name is small letters, digits, '_' and '-'"
                wrongs.append(Wrong(message, at=(name,), on_key=True))
            elif (name == OTHER) != (one.path is None and one.header is None):
                asked = "takes what is of no class: write other: {}" if name == OTHER else "needs a path or a header"
                wrongs.append(Wrong(asked, at=(name,)))
        if classes and OTHER not in classes:
            wrongs.append(Wrong("lacks other: write other: {} where requests of no class belong"))
        raise_if_any(wrongs)
        return classes
