"""``guards``: what may hold a decision back. Every guard is on by default."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import model_validator

from fleetfoot.spec.databases import Connections
from fleetfoot.spec.errors import Wrong
from fleetfoot.spec.forms import ChoiceForm, FlagForm, WholeForm
from fleetfoot.spec.launch_limits import LaunchLimits
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import Allowance, AllowanceForm, Duration, Flag, Positive

CONFLICTS = ("hold", "reassert", "yield")
_Failures = Annotated[int, WholeForm(low=1, high=1000)]


def _switch(word: str) -> dict[str, Any] | None:
    return {"enabled": FlagForm.words[word.lower()]} if word.lower() in FlagForm.words else None


class Launches(Part):
    """Launch health: tasks that fail to start are not ordered again and again."""

    example: ClassVar[str] = "{slow after: 3, stop after: 6}"

    slow_after: _Failures = 3
    """Failed starts in a row until growth slows to one task at a time. Default 3: one may be bad luck."""
    stop_after: _Failures = 6
    """Failed starts in a row until growth stops and a person is told. Default 6: by then it is the command."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.stop_after < self.slow_after:
            at = "stop after" if "stop_after" in self.model_fields_set else "slow after"
            message = f"stop after {self.stop_after} comes before slow after {self.slow_after}"
            raise Wrong(message, at=(at,), about=[("slow after",), ("stop after",)])
        return self


class Pay(Part):
    """Growth must pay: when more tasks bring nothing, no more are ordered."""

    example: ClassVar[str] = "{enabled: on, window: 10s}"

    enabled: Flag = True
    """Default on: a slow dependency is not cured by more tasks."""
    window: Positive = 10_000
    """How long the two spans compared are. Default 10s: enough requests to tell."""

    @classmethod
    def bare(cls, value: str) -> dict[str, Any] | None:
        return _switch(value)


class Incident(Part):
    """Incident hold: a sudden drop of traffic is not taken for a lull."""

    example: ClassVar[str] = "{enabled: on, hold: 30m}"

    enabled: Flag = True
    """Default on: shrinking in the middle of an outage makes the return worse."""
    hold: Positive = 1_800_000
    """How long the count is held before it is released in steps. Default 30m: most incidents are over."""

    @classmethod
    def bare(cls, value: str) -> dict[str, Any] | None:
        return _switch(value)


class Conflict(Part):
    """Somebody else writes the count too: a person, another scaler. Deployments are expected."""

    example: ClassVar[str] = "{rule: hold, for: 10m}"
    words: ClassVar[tuple[str, ...]] = CONFLICTS

    rule: Annotated[str, ChoiceForm(CONFLICTS)] = "hold"
    """hold lets nothing go that the other wanted, and still grows; yield leaves the count to the other; reassert
    decides on as if nothing had been. Default hold: the other may know something, and users come first."""
    for_: Positive = 600_000
    """How long the rule is followed after each change by another. Default 10m: long enough to talk to each other."""

    @classmethod
    def bare(cls, value: str) -> dict[str, Any] | None:
        return {"rule": value} if value in CONFLICTS else None


class Stabilisation(Part):
    """The highest (growing: lowest) wish within a window counts."""

    example: ClassVar[str] = "{out: 0, in: 2m}"

    out: Duration = 0
    """Scale-out only if wanted this long. Default 0: a surge does not wait."""
    in_: Duration = 120_000
    """Scale-in only if wanted this long. Default 2m: shorter dips are not worth a restart; 0 under `slo` alone."""


ADAPT_OUT, ADAPT_IN = 300_000, 900_000  # ms: the design notes' base


class Cooldown(Part):
    """Rest after an order. A larger growth still passes."""

    example: ClassVar[str] = "{out: 0, in: 1m}"

    out: Duration = 0
    """Rest after a scale-out before the next one. Default 0: tasks that are starting are counted already."""
    in_: Duration = 60_000
    """Rest after any order before a scale-in. Default 1m: the effect must be seen first; 0 under `slo` alone."""
    adapt: Flag = False
    """Whether urgency shortens both, and recent changes and load lengthen them, never under 1m. Default off; on
    makes the default of out 5m and that of in 15m."""

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        adapts = data.get("adapt")
        if adapts is True or (isinstance(adapts, str) and FlagForm.words.get(adapts.strip().lower())):
            out, in_ = ("out", "in") if "in_" not in data else ("out", "in_")
            data = {out: ADAPT_OUT, in_: ADAPT_IN} | data
        return data


Allowances = tuple[Annotated[Allowance, AllowanceForm()], ...]


class Rate(Part):
    """Rate of change: how far the count may move within a time. The largest of a list wins."""

    example: ClassVar[str] = "{out: [100% per 15s, 4 per 15s], in: 1 per 60s}"
    words: ClassVar[tuple[str, ...]] = ("off",)

    out: Allowances = (Allowance(900, "percent", 60_000), Allowance(10, "tasks", 60_000))
    """Scale-out. Default 900% or 10 tasks a minute, whichever is more: tenfold traffic is met at once."""
    in_: Allowances = (Allowance(50, "percent", 60_000), Allowance(1, "tasks", 60_000))
    """Scale-in. Default half or 1 task a minute, whichever is more: a mistake stays small."""

    @classmethod
    def bare(cls, value: str) -> dict[str, Any] | None:
        return {"out": (), "in_": ()} if value.lower() == "off" else None

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        for key in ("out", "in"):
            if isinstance(data.get(key), str):
                data[key] = [data[key]]
            if isinstance(data.get(key), list) and not data[key]:
                raise Wrong("is empty: write at least one rate, such as 4 per 15s", at=(key,))
        return data


class Guards(Part):
    """The guards, in their order."""

    example: ClassVar[str] = "{cooldown: {in: 120s}}"

    launches: Launches = Launches()
    """Launch health and crash-loop brake."""
    pay: Pay = Pay()
    """Growth must pay; off switches it off."""
    incident: Incident = Incident()
    """Incident hold; off switches it off."""
    conflict: Conflict = Conflict()
    """What is done when somebody else writes the count: hold, reassert or yield."""
    stabilisation: Stabilisation = Stabilisation()
    """Stabilisation windows."""
    cooldown: Cooldown = Cooldown()
    """Cooldowns of the combined order; a policy's own cooldown is its own."""
    rate: Rate = Rate()
    """Rate of change; off lets every change pass."""
    connections: Connections | None = None
    """Connections to a database. Default: no limit."""
    launch_limits: LaunchLimits | None = None
    """What the platform starts of this service alone; `launch limits` of the file is for all. Default: no limit."""
    hard: Flag = False
    """Whether a lower maximum may go below what present demand needs. Default off: users come first."""

    @classmethod
    def hint(cls, key: str) -> str:
        return "stabilisation foresees flaps by itself" if key == "flap" else super().hint(key)
