"""Units: durations -> ms, rates -> per second, shares -> 0..1, sizes -> bytes, rates of change."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, ClassVar, NamedTuple

from fleetfoot.spec.errors import Wrong, shown
from fleetfoot.spec.forms import NUMBER, FlagForm, Form, WholeForm, plain

LONGEST = 366 * 86_400_000
"""The longest duration, ms; a longer one is a slip of the pen."""
MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_MS_WORDS = {"sec": "s", "second": "s", "seconds": "s", "min": "m", "minute": "m", "minutes": "m"} | {
    "hour": "h", "hours": "h", "day": "d", "days": "d"
}  # fmt: skip
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_BYTES_BY_LOWER = {unit.lower(): size for unit, size in BYTES.items()} | {"tib": 2**40}


class DurationForm(Form):
    """``30s``, ``500 ms``, ``2m``, ``1h``, ``1d`` -> whole milliseconds; ``0`` needs no unit."""

    noun = "a duration"
    examples = "500ms, 30s, 2m, 1h or 1d"
    _text = re.compile(rf"({NUMBER}) ?([a-z]+)")

    def __init__(self, low: int = 0, high: int = LONGEST) -> None:
        super().__init__(low=low, high=high)

    def limits(self) -> str:
        if self.high != LONGEST:
            return self.allowed()
        return "more than 0" if self.low else ""

    def parse(self, text: str) -> int:
        if text == "0":
            return 0
        match = self._text.fullmatch(text)
        unit = _MS_WORDS.get(match[2], match[2]) if match else ""
        if match is None or unit not in MS:
            if re.fullmatch(NUMBER, text):
                raise Wrong(f"{shown(text)} has no unit: write {text}s for seconds or {text}ms for milliseconds")
            raise self.refuse(text)
        ms = Decimal(match[1]) * MS[unit]
        if ms != int(ms):
            raise Wrong(f"{shown(text)} is finer than a millisecond: write whole milliseconds")
        return int(ms)

    def python(self, value: Any) -> int:
        number = super().python(value)
        if number != int(number):
            raise Wrong(f"{shown(value)} is finer than a millisecond: write whole milliseconds")
        return int(number)

    def show(self, value: Any) -> str:
        if value == 0:
            return "0"
        return next((f"{value // MS[u]}{u}" for u in ("d", "h", "m", "s") if value % MS[u] == 0), f"{value}ms")

    def schema(self) -> dict[str, Any]:
        units = "|".join([*MS, *_MS_WORDS])
        return {"type": ["string", "integer"], "pattern": rf"^ *(0|{NUMBER} ?({units})) *$", "maximum": 0}


class SecondsForm(DurationForm):
    """A duration kept in whole seconds, for headers that know nothing finer."""

    examples = "1s, 30s or 2m"

    def parse(self, text: str) -> int:
        ms = super().parse(text)
        if ms % 1000:
            raise Wrong(f"{shown(text)} is finer than a second: write whole seconds, such as 1s")
        return ms // 1000

    def show(self, value: Any) -> str:
        return super().show(value * 1000)


class RateForm(Form):
    """``20/s``, ``1200/min`` -> per second. ``bare``: a number without a unit is per second."""

    noun = "a rate"
    examples = "20/s, 1200/min or 72000/h"
    _text = re.compile(rf"({NUMBER}) ?/ ?([a-z]+)")
    _seconds: ClassVar[dict[str, int]] = {
        "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "m": 60, "h": 3600, "hour": 3600,
        "d": 86_400, "day": 86_400,
    }  # fmt: skip

    def __init__(self, low: float | None = 0, above: float | None = None, bare: bool = False) -> None:
        super().__init__(low=low, above=above)
        self.bare = bare

    def parse(self, text: str) -> float:
        if re.fullmatch(NUMBER, text):
            if self.bare or float(text) == 0:
                return float(text)
            raise Wrong(f"{shown(text)} has no unit: write {text}/s for a rate per second or {text}/min per minute")
        match = self._text.fullmatch(text)
        if match is None or match[2] not in self._seconds:
            raise self.refuse(text)
        return float(Decimal(match[1]) / self._seconds[match[2]])

    def python(self, value: Any) -> float:
        return float(super().python(value))

    def show(self, value: Any) -> str:
        return f"{plain(value)}/s"

    def schema(self) -> dict[str, Any]:
        return {
            "type": ["string", "number"],
            "pattern": rf"^ *({NUMBER} ?/ ?({'|'.join(self._seconds)})|{NUMBER if self.bare else '0'}) *$",
        } | ({} if self.bare else {"maximum": 0})


class ShareForm(Form):
    """``70%`` or ``0.7`` -> 0.7."""

    noun = "a share"
    examples = "70% or 0.7"

    def __init__(self, low: float | None = 0, high: float | None = 1, above: float | None = None) -> None:
        super().__init__(low=low, high=high, above=above)

    def parse(self, text: str) -> float:
        match = re.fullmatch(rf"({NUMBER}) ?(%?)", text)
        if match is None:
            raise self.refuse(text)
        if match[2]:
            return float(Decimal(match[1]) / 100)
        if float(match[1]) > 1:
            raise Wrong(f"{shown(text)} is more than the whole: write {text}% or a share between 0 and 1")
        return float(match[1])

    def python(self, value: Any) -> float:
        return float(super().python(value))

    def show(self, value: Any) -> str:
        return f"{plain(float(Decimal(repr(float(value))) * 100))}%"

    def schema(self) -> dict[str, Any]:
        bounds = {"minimum": 0, "maximum": 1}
        return {"type": ["string", "number"], "pattern": rf"^ *({NUMBER} ?%|[01](\.[0-9]+)?) *$", **bounds}


class SizeForm(Form):
    """``1 GB`` (10^9), ``512 MiB`` (2^20) -> bytes."""

    noun = "a size"
    examples = "64 KiB, 512 MiB or 1 GB"

    def parse(self, text: str) -> int:
        match = re.fullmatch(rf"({NUMBER}) ?([A-Za-z]+)", text)
        if match is None or match[2].lower() not in _BYTES_BY_LOWER:
            if re.fullmatch(NUMBER, text):
                raise Wrong(f"{shown(text)} has no unit: write {text} MB, {text} GB or {text} B")
            raise self.refuse(text)
        size = Decimal(match[1]) * _BYTES_BY_LOWER[match[2].lower()]
        if size != int(size):
            raise Wrong(f"{shown(text)} is finer than a byte: write whole bytes")
        return int(size)

    def python(self, value: Any) -> int:
        return int(super().python(value))

    def show(self, value: Any) -> str:
        return next((f"{value // size} {u}" for u, size in _LARGEST_FIRST if value and value % size == 0), f"{value} B")

    def schema(self) -> dict[str, Any]:
        units = "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in unit) for unit in (*BYTES, "TiB"))
        return {"type": "string", "pattern": rf"^ *{NUMBER} ?({units}) *$"}


class ByteRateForm(SizeForm):
    """``500 B/s``, ``1 kB/s`` -> bytes per second; ``0`` needs no unit."""

    noun = "a rate of bytes"
    examples = "0, 500 B/s or 1 kB/s"

    def parse(self, text: str) -> int:
        if text == "0":
            return 0
        if re.fullmatch(NUMBER, text):
            raise Wrong(f"{shown(text)} has no unit: write {text} B/s")
        size, slash, second = (part.strip() for part in text.partition("/"))
        if not slash or second != "s":
            raise self.refuse(text)
        return super().parse(size)

    def show(self, value: Any) -> str:
        return f"{super().show(value)}/s" if value else "0"

    def schema(self) -> dict[str, Any]:
        units = "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in unit) for unit in (*BYTES, "TiB"))
        return {"type": ["string", "integer"], "pattern": rf"^ *(0|{NUMBER} ?({units}) ?/ ?s) *$", "maximum": 0}


_LARGEST_FIRST = sorted(((u, s) for u, s in BYTES.items() if s > 1), key=lambda pair: -pair[1])


class Allowance(NamedTuple):
    """How far the count may move: ``value`` tasks or percent of the count at the start of ``period`` (ms)."""

    value: float
    unit: str  # "tasks" or "percent"
    period: int

    def __str__(self) -> str:
        return f"{plain(self.value)}{'%' if self.unit == 'percent' else ''} per {DurationForm().show(self.period)}"


class AllowanceForm(Form):
    """``100% per 15s``, ``4 per 15s``."""

    noun = "a rate of change"
    examples = "100% per 15s or 4 per 15s"

    def parse(self, text: str) -> Allowance:
        match = re.fullmatch(rf"({NUMBER}) ?(%?) +per +(.+)", text)
        if match is None:
            raise self.refuse(text)
        period = DurationForm(low=1000, high=MS["h"]).read(match[3])
        if float(match[1]) <= 0:
            raise Wrong(f"{shown(text)} would forbid every change: write more than 0")
        if not match[2] and "." in match[1]:
            raise Wrong(f"{shown(text)} is not a whole number of tasks: write {self.examples}")
        return Allowance(float(match[1]), "percent" if match[2] else "tasks", int(period))

    def python(self, value: Any) -> Allowance:
        raise self.refuse(value)

    def read(self, value: Any) -> Any:
        return value if isinstance(value, Allowance) else super().read(value)

    def schema(self) -> dict[str, Any]:
        units = "|".join([*MS, *_MS_WORDS])
        return {"type": "string", "pattern": rf"^ *{NUMBER} ?%? +per +{NUMBER} ?({units}) *$"}


Duration = Annotated[int, DurationForm()]
Positive = Annotated[int, DurationForm(low=1)]  # a duration that is not 0
Seconds = Annotated[int, SecondsForm(low=1, high=3600)]
Size = Annotated[int, SizeForm(low=1)]
Count = Annotated[int, WholeForm(low=0, high=100_000)]
AtLeastOne = Annotated[int, WholeForm(low=1, high=100_000)]
Flag = Annotated[bool, FlagForm()]
PerSecond = Annotated[float, RateForm(low=None, above=0)]
