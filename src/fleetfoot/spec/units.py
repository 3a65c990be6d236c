"""Units: text such as ``30s`` or ``70%`` becomes a plain number, and back.

In a file every number carries its unit. A number given from Python is already in the base unit:
durations in ms, rates per second, shares 0..1, sizes in bytes. ``read`` and ``show`` are inverse.

A ``Form`` says everything about one kind of scalar: how it is read, shown, described and checked
by an editor. The models name it in ``Annotated``, so that the schema and the reference follow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from fleetfoot.spec.errors import Wrong, did_you_mean, listed, shown

_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_MS_WORDS = {"sec": "s", "second": "s", "seconds": "s", "min": "m", "minute": "m", "minutes": "m"} | {
    "hour": "h", "hours": "h", "day": "d", "days": "d"
}  # fmt: skip
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_BYTES_BY_LOWER = {unit.lower(): size for unit, size in BYTES.items()} | {"tib": 2**40}
MONTH_HOURS = 730  # hours in a month, as cloud price lists count them


def plain(value: float) -> str:
    """The shortest text that reads back as ``value``, without an exponent."""
    text = format(Decimal(repr(float(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class Form:
    """One kind of scalar. Subclasses say ``noun``, ``examples``, ``parse``, ``show`` and ``schema``."""

    noun: ClassVar[str] = "a value"
    examples: ClassVar[str] = ""

    def __init__(self, low: float | None = None, high: float | None = None, above: float | None = None) -> None:
        self.low, self.high, self.above = low, high, above

    def parse(self, text: str) -> Any:
        raise NotImplementedError

    def python(self, value: Any) -> Any:
        """A value that came from Python, in the base unit."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
            raise self.refuse(value)
        return value

    def show(self, value: Any) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}

    def refuse(self, value: Any) -> Wrong:
        such = f", such as {self.examples}" if self.examples else ""
        if value is None or value == "":
            return Wrong(f"has no value: write {self.noun}{such}")
        return Wrong(f"{shown(value)} is not {self.noun}: write {self.examples or self.noun}")

    def allowed(self) -> str:
        """What the bounds allow, in words; empty without bounds."""
        parts = []
        if self.low is not None:
            parts.append(f"at least {self.show(self.low)}")
        if self.above is not None:
            parts.append(f"more than {self.show(self.above)}")
        if self.high is not None:
            parts.append(f"at most {self.show(self.high)}")
        return " and ".join(parts)

    def read(self, value: Any) -> Any:
        """``value`` in the base unit. Raises ``Wrong`` with what is allowed."""
        if value is None or isinstance(value, (Mapping, list, tuple)) or (isinstance(value, str) and not value.strip()):
            raise self.refuse("" if isinstance(value, str) else value)
        result = self.parse(value.strip()) if isinstance(value, str) else self.python(value)
        low, high, above = self.low, self.high, self.above
        if (
            (low is not None and result < low)
            or (high is not None and result > high)
            or (above is not None and result <= above)
        ):
            raise Wrong(f"{shown(value)} is out of range: allowed is {self.allowed()}")
        return result

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


class DurationForm(Form):
    """``30s``, ``500 ms``, ``2m``, ``1h``, ``1d`` -> whole milliseconds; ``0`` needs no unit."""

    noun = "a duration"
    examples = "500ms, 30s, 2m, 1h or 1d"
    _text = re.compile(rf"({_NUMBER}) ?([a-z]+)")

    def __init__(self, low: int = 0, high: int = 366 * MS["d"]) -> None:
        super().__init__(low=low, high=high)

    def parse(self, text: str) -> int:
        if text == "0":
            return 0
        match = self._text.fullmatch(text)
        unit = _MS_WORDS.get(match[2], match[2]) if match else ""
        if match is None or unit not in MS:
            if re.fullmatch(_NUMBER, text):
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
        return next(
            (f"{value // MS[u]}{u}" for u in ("d", "h", "m", "s") if value and value % MS[u] == 0), f"{value}ms"
        )

    def schema(self) -> dict[str, Any]:
        units = "|".join([*MS, *_MS_WORDS])
        return {"type": ["string", "integer"], "pattern": rf"^ *(0|{_NUMBER} ?({units})) *$", "maximum": 0}


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
    _text = re.compile(rf"({_NUMBER}) ?/ ?([a-z]+)")
    _seconds: ClassVar[dict[str, int]] = {
        "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "m": 60, "h": 3600, "hour": 3600, "d": 86_400, "day": 86_400
    }  # fmt: skip

    def __init__(self, low: float | None = 0, above: float | None = None, bare: bool = False) -> None:
        super().__init__(low=low, above=above)
        self.bare = bare

    def parse(self, text: str) -> float:
        if re.fullmatch(_NUMBER, text):
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
            "pattern": rf"^ *({_NUMBER} ?/ ?({'|'.join(self._seconds)})|{_NUMBER if self.bare else '0'}) *$",
        } | ({} if self.bare else {"maximum": 0})


class ShareForm(Form):
    """``70%`` or ``0.7`` -> 0.7."""

    noun = "a share"
    examples = "70% or 0.7"

    def __init__(self, low: float | None = 0, high: float | None = 1, above: float | None = None) -> None:
        super().__init__(low=low, high=high, above=above)

    def parse(self, text: str) -> float:
        match = re.fullmatch(rf"({_NUMBER}) ?(%?)", text)
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
        return {"type": ["string", "number"], "pattern": rf"^ *({_NUMBER} ?%|[01](\.[0-9]+)?) *$", **bounds}


class SizeForm(Form):
    """``1 GB`` (10^9), ``512 MiB`` (2^20) -> bytes."""

    noun = "a size"
    examples = "64 KiB, 512 MiB or 1 GB"

    def parse(self, text: str) -> int:
        match = re.fullmatch(rf"({_NUMBER}) ?([A-Za-z]+)", text)
        if match is None or match[2].lower() not in _BYTES_BY_LOWER:
            if re.fullmatch(_NUMBER, text):
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
        units = "|".join(f"[{u[0]}{u[0].swapcase()}]{u[1:]}" if len(u) > 1 else "[bB]" for u in (*BYTES, "TiB"))
        return {"type": "string", "pattern": rf"^ *{_NUMBER} ?({units}) *$"}


_LARGEST_FIRST = sorted(((u, s) for u, s in BYTES.items() if s > 1), key=lambda pair: -pair[1])


class WholeForm(Form):
    """A whole number."""

    noun = "a whole number"
    examples = "0, 1 or 12"

    def parse(self, text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
            raise self.refuse(text)
        return int(text)

    def python(self, value: Any) -> int:
        number = super().python(value)
        if number != int(number):
            raise self.refuse(value)
        return int(number)

    def schema(self) -> dict[str, Any]:
        bounds = {"minimum": self.low, "maximum": self.high}
        found = {name: bound for name, bound in bounds.items() if bound is not None}
        return {"type": ["integer", "string"], "pattern": "^ *[+-]?[0-9]+ *$", **found}


class NumberForm(Form):
    """A plain number without a unit."""

    noun = "a number"
    examples = "0.5, 2 or 40"

    def parse(self, text: str) -> float:
        if not re.fullmatch(rf"[+-]?{_NUMBER}", text):
            raise self.refuse(text)
        return float(text)

    def python(self, value: Any) -> float:
        return float(super().python(value))

    def show(self, value: Any) -> str:
        return plain(value)

    def schema(self) -> dict[str, Any]:
        return {"type": ["number", "string"], "pattern": rf"^ *[+-]?{_NUMBER} *$"}


class FlagForm(Form):
    """``on`` or ``off``; every YAML spelling of true and false is understood."""

    noun = "on or off"
    examples = "on or off"
    words: ClassVar[dict[str, bool]] = {
        "on": True,
        "off": False,
        "yes": True,
        "no": False,
        "true": True,
        "false": False,
    }

    def parse(self, text: str) -> bool:
        if text.lower() not in self.words:
            raise self.refuse(text)
        return self.words[text.lower()]

    def python(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self.refuse(value)
        return value

    def show(self, value: Any) -> str:
        return "on" if value else "off"

    def schema(self) -> dict[str, Any]:
        return {"enum": [True, False, *self.words]}


class TextForm(Form):
    """Text, optionally of a pattern; ``check`` refuses with a message of its own."""

    noun = "text"

    def __init__(self, noun: str = "text", examples: str = "", check: Callable[[str], str] | None = None) -> None:
        super().__init__()
        self.noun, self.examples = noun, examples  # type: ignore[misc]
        self.check = check

    def parse(self, text: str) -> str:
        return self.check(text) if self.check else text

    def python(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.refuse(value)
        return self.parse(str(value))

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"]}


class ChoiceForm(Form):
    """One word of a list; ``later`` are words that mean something, but are not built yet."""

    def __init__(self, words: tuple[str, ...], later: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.words, self.later = words, later
        self.noun = self.examples = listed(words)  # type: ignore[misc]

    def parse(self, text: str) -> str:
        if text in self.later:
            raise Wrong(f"{shown(text)} is not built yet: allowed is {listed(self.words)}")
        if text not in self.words:
            message = f"{shown(text)} is not allowed: allowed is {listed(self.words)}"
            raise Wrong(message, suggestion=did_you_mean(text, self.words))
        return text

    def python(self, value: Any) -> str:
        if isinstance(value, bool):  # an editor's YAML 1.1 reading of off
            return self.parse("on" if value else "off")
        raise self.refuse(value)

    def schema(self) -> dict[str, Any]:
        return {"enum": [*self.words, *([False] if "off" in self.words else [])]}


class Money(NamedTuple):
    """An amount of one currency (ISO 4217 code)."""

    amount: float
    currency: str

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.currency}"


class Price(float):
    """What one task costs an hour, in ``currency``: a float that remembers its currency."""

    currency: str

    def __new__(cls, value: float, currency: str = "USD") -> Price:
        price = super().__new__(cls, value)
        price.currency = currency
        return price


class Exchange(NamedTuple):
    """``rate`` units of ``of`` buy one unit of ``per``."""

    rate: float
    of: str
    per: str

    def __str__(self) -> str:
        return f"{plain(self.rate)} {self.of}/{self.per}"


class _Coded(Form):
    pattern: ClassVar[str] = ""

    def _match(self, text: str) -> re.Match[str]:
        match = re.fullmatch(self.pattern, text)
        if match is None or float(match[1]) <= 0:
            raise self.refuse(text)
        return match

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^ *{self.pattern} *$"}


class MoneyForm(_Coded):
    """``150000 KRW``."""

    noun = "an amount of money"
    examples = "150000 KRW or 120 USD"
    pattern = rf"({_NUMBER}) ?([A-Z]{{3}})"

    def parse(self, text: str) -> Money:
        match = self._match(text)
        return Money(float(match[1]), match[2])

    def python(self, value: Any) -> Money:
        raise self.refuse(value)

    def read(self, value: Any) -> Any:
        return value if isinstance(value, Money) else super().read(value)


class ExchangeForm(_Coded):
    """``1300 KRW/USD``."""

    noun = "a rate of exchange"
    examples = "1300 KRW/USD"
    pattern = rf"({_NUMBER}) ?([A-Z]{{3}}) ?/ ?([A-Z]{{3}})"

    def parse(self, text: str) -> Exchange:
        match = self._match(text)
        return Exchange(float(match[1]), match[2], match[3])

    def python(self, value: Any) -> Exchange:
        raise self.refuse(value)

    def read(self, value: Any) -> Any:
        return value if isinstance(value, Exchange) else super().read(value)


class PriceForm(Form):
    """``0.05 USD/h``, ``60 KRW/h`` -> per hour, currency kept beside it."""

    noun = "a price per hour"
    examples = "0.05 USD/h or 60 KRW/h"
    _text = rf"({_NUMBER}) ?([A-Z]{{3}}) ?/ ?(h|hour|month)"

    def parse(self, text: str) -> Price:
        match = re.fullmatch(self._text, text)
        if match is None:
            raise self.refuse(text)
        return Price(float(match[1]) / (MONTH_HOURS if match[3] == "month" else 1), match[2])

    def python(self, value: Any) -> Price:
        return value if isinstance(value, Price) else Price(super().python(value))

    def show(self, value: Any) -> str:
        return f"{plain(value)} {getattr(value, 'currency', 'USD')}/h"

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^ *{self._text} *$"}


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
        match = re.fullmatch(rf"({_NUMBER}) ?(%?) +per +(.+)", text)
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
        return {"type": "string", "pattern": rf"^ *{_NUMBER} ?%? +per +{_NUMBER} ?({units}) *$"}


Duration = Annotated[int, DurationForm()]
Positive = Annotated[int, DurationForm(low=1)]  # a duration that is not 0
Seconds = Annotated[int, SecondsForm(low=1, high=3600)]
Size = Annotated[int, SizeForm(low=1)]
Count = Annotated[int, WholeForm(low=0, high=100_000)]
AtLeastOne = Annotated[int, WholeForm(low=1, high=100_000)]
Flag = Annotated[bool, FlagForm()]
PerSecond = Annotated[float, RateForm(low=None, above=0)]
