"""``health``: when a task is given requests, and when it is replaced."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from fleetfoot.spec.errors import Wrong, shown
from fleetfoot.spec.forms import TextForm, WholeForm
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import Duration, DurationForm, Positive


def _path(text: str) -> str:
    if not text.startswith("/") or any(c.isspace() or ord(c) < 33 for c in text) or len(text) > 1000:
        raise Wrong(f"{shown(text)} is not a path: write a path that starts with '/', such as /healthz")
    return text


_Path = Annotated[str, TextForm("a path", "/healthz", _path)]
_Times = Annotated[int, WholeForm(low=1, high=100)]
_Interval = Annotated[int, DurationForm(low=100, high=3_600_000)]


class Check(Part):
    """Readiness: route requests to the task while this path answers with a status under 500."""

    example: ClassVar[str] = "{path: /healthz, interval: 1s, timeout: 2s}"

    path: _Path = "/"
    """What is asked for by GET. Default /: any page of the application."""
    interval: _Interval = 1000
    """From one question to the next. Default 1s: a new task serves within a second of being ready."""
    timeout: Positive = 2000
    """How long an answer may take. Default 2s: longer than a busy task needs, shorter than a user waits."""
    healthy: _Times = 1
    """Good answers in a row until the task is ready. Default 1: readiness is gained fast."""
    unhealthy: _Times = 3
    """Failed answers in a row until the task is not ready. Default 3: readiness is lost slowly."""


class Liveness(Part):
    """Liveness: replace the task when this path stops answering."""

    example: ClassVar[str] = "{path: /healthz, interval: 5s}"

    path: _Path
    """What is asked for by GET. Required."""
    interval: _Interval = 5000
    """From one question to the next. Default 5s: replacing is costly and must not follow a hiccup."""
    timeout: Positive = 4000
    """How long an answer may take. Default 4s: a loaded task is slow, not dead."""
    unhealthy: _Times = 3
    """Failed answers in a row until the task is replaced. Default 3: about 15 s of silence."""


class Health(Part):
    """The two checks, and the time a new task has."""

    example: ClassVar[str] = "{readiness: {path: /healthz}, grace: 60s}"

    readiness: Check = Check()
    """Decides who is given requests."""
    liveness: Liveness | None = None
    """Decides who is replaced. Default: none; a task is replaced when its process ends."""
    grace: Duration = 60_000
    """How long a new task may take to become ready before it is replaced. Default 60s: twice a slow start-up."""

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        if isinstance(data.get("liveness"), str) and data["liveness"].lower() in ("off", "no", "false", "none"):
            data["liveness"] = None
        return data
