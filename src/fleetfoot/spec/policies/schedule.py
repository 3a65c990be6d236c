"""``schedule``: a floor, a ceiling or both at days and hours known beforehand."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, ValidationError, model_validator

from fleetfoot.spec.beside import lines_of
from fleetfoot.spec.errors import Many, Wrong, did_you_mean, raise_if_any, shown
from fleetfoot.spec.nodes import Node
from fleetfoot.spec.part import Part
from fleetfoot.spec.policies.base import Policy
from fleetfoot.spec.units import AtLeastOne, Count, DurationForm, Flag
from fleetfoot.spec.when import DateForm, WeekdayForm, When, WhenForm, date_of
from fleetfoot.spec.zones import ZoneForm

MOST = 200  # windows of one schedule


class ScheduleWindow(Part):
    """One window: when it is open, and what it holds meanwhile."""

    example: ClassVar[str] = "{when: weekdays 08:00-19:00, min: 10}"

    when: tuple[Annotated[When, WhenForm()], ...]
    """Days and hours, or a list of such; a comma or "and" joins days. Without hours the whole day. An end at or
    before the start is on the next day. Required."""
    zone: Annotated[str, ZoneForm()] | None = None
    """The time zone of its hours. Default: the schedule's."""
    min: Count | None = None
    """Fewest tasks while it is open; the highest of all open windows and of capacity.min counts."""
    max: AtLeastOne | None = None
    """Most tasks while it is open; the lowest of all open windows counts, in place of capacity.max, above it too."""
    ramp: Annotated[int, DurationForm(high=86_400_000)] = 0
    """How long before the start min rises, in ten steps. Default 0: all at once, one start-up before."""
    holidays: Flag = True
    """Whether it opens on a day of the list of holidays. Default on: a holiday is a day like others."""

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        if isinstance(data.get("when"), str):
            data["when"] = [data["when"]]
        elif not data.get("when"):
            raise Wrong("missing: write days and hours, such as weekdays 08:00-19:00", at=("when",))
        return data

    @model_validator(mode="after")
    def _rules(self) -> Self:
        wrongs = []
        if self.min is None and self.max is None:
            wrongs.append(Wrong("missing: write min, max or both", at=("min",)))
        if self.min is not None and self.max is not None and self.max < self.min:
            wrongs.append(Wrong(f"{self.max} is below min {self.min}", at=("max",), about=[("min",)]))
        if self.ramp and self.min is None:
            wrongs.append(Wrong("raises min, and there is none: write min, or remove it", at=("ramp",), on_key=True))
        raise_if_any(wrongs)
        return self


class SchedulePolicy(Policy):
    """Windows by name, each with a floor, a ceiling or both; every further key is a window."""

    kind: ClassVar[str] = "schedule"
    hidden: ClassVar[frozenset[str]] = frozenset({"windows"})
    shape_rules: ClassVar[dict[str, Any]] = {
        "additionalProperties": {"$ref": "#/$defs/ScheduleWindow"}, "minProperties": 1,
    }  # fmt: skip
    shapes: ClassVar[dict[str, dict[str, Any]]] = {
        "holidays": {"anyOf": [{"type": "string"}, {"type": "array", "items": DateForm().schema(), "minItems": 1}]},
        "holidays like": {"type": "string"},
    }
    example: ClassVar[str] = (
        "{black friday: {when: day after the fourth Thursday of November 08:00-24:00, zone: Asia/Seoul, min: 10}}"
    )

    zone: Annotated[str, ZoneForm()] = "UTC"
    """The time zone of the windows that name none. Default UTC: no other is everybody's."""
    holidays: tuple[Annotated[int, DateForm()], ...] = ()
    """Dates, or a file with one date a line, beside this file. Default: none."""
    holidays_like: Annotated[int, WeekdayForm()] | None = None
    """The day of the week whose windows a holiday has, such as Sunday. Default: its own."""
    windows: dict[str, ScheduleWindow] = Field(default={})

    @classmethod
    def _from_file(cls, data: Node) -> dict[str, Any]:
        keys = cls.keys()
        own = {key: value for key, value in data.items() if key in keys and value is not None}
        return own | {"windows": {key: value for key, value in data.items() if key not in keys}}

    @classmethod
    def rewrite(cls, data: dict[str, Any]) -> dict[str, Any]:
        if isinstance(data.get("holidays"), str):
            data["holidays"] = tuple(dates_of(data["holidays"]))
        windows = data.get("windows") or {}
        if not windows:
            raise Wrong(f"has no window: write one, such as {cls.example}")
        if len(windows) > MOST:
            raise Wrong(f"has {len(windows)} windows: at most {MOST} are allowed")
        data["windows"] = {name: _window(name, value, cls) for name, value in windows.items()}
        return data

    @model_validator(mode="after")
    def _rules(self) -> Self:
        on_holidays = any("holiday" in when.text.lower() for w in self.windows.values() for when in w.when)
        wanted = on_holidays or self.holidays_like is not None or any(not w.holidays for w in self.windows.values())
        if wanted and not self.holidays:
            raise Wrong("missing: write the dates of the holidays, or a file with one date a line", at=("holidays",))
        return self


def _window(name: str, value: Any, policy: type[Policy]) -> ScheduleWindow:
    """One window. Raises ``Wrong`` or ``Many`` with its name as the place."""
    if not 1 <= len(name) <= 40 or not name.isprintable():
        raise Wrong(f"{shown(name)} is not allowed: a window's name is 1 to 40 characters", at=(name,), on_key=True)
    if not isinstance(value, (dict, ScheduleWindow)):
        message = f"must be a window such as {ScheduleWindow.example}, not {shown(value)}"
        raise Wrong(message, at=(name,), suggestion=did_you_mean(name, policy.keys()))
    try:
        return ScheduleWindow.model_validate(value)
    except ValidationError as error:
        raise Many(inner=error, prefix=(name,)) from None


def dates_of(name: str) -> list[int]:
    """The dates of a file: the first word of every line that has one; what follows is its name. Raises ``Wrong``."""
    try:
        lines = lines_of(name)
    except Wrong as wrong:
        raise wrong.under("holidays") from None
    found = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            found.append(date_of(words[0]))
        except Wrong as wrong:
            raise Wrong(f"{name}, line {number}: {wrong.message}", at=("holidays",)) from None
    if not found:
        raise Wrong(f"{shown(name)} holds no date", at=("holidays",))
    return found
