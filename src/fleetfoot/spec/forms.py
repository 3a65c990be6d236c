"""One kind of scalar each: how it is read, shown, described, and checked by an editor.

The models name a ``Form`` in ``Annotated``, so that schema and reference follow from it. Text from a
file carries its unit; a number from Python is already in the base unit. ``read`` and ``show`` are inverse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from fleetfoot.spec.errors import Wrong, did_you_mean, listed, shown

NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
"""A number in a text: bounded, so that no text becomes infinite."""


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

    def limits(self) -> str:
        """What of ``allowed`` is worth telling beforehand."""
        return self.allowed()

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
        if not re.fullmatch(rf"[+-]?{NUMBER}", text):
            raise self.refuse(text)
        return float(text)

    def python(self, value: Any) -> float:
        return float(super().python(value))

    def show(self, value: Any) -> str:
        return plain(value)

    def schema(self) -> dict[str, Any]:
        return {"type": ["number", "string"], "pattern": rf"^ *[+-]?{NUMBER} *$"}


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


def matching(pattern: str, otherwise: str) -> Callable[[str], str]:
    """A check for text that is all of ``pattern``; of another it is said that it ``otherwise``."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise Wrong(f"{shown(text)} {otherwise}")
        return text

    return check


class TextForm(Form):
    """Text, optionally of a pattern; ``check`` refuses with a message of its own."""

    noun = "text"

    def __init__(self, noun: str = "text", examples: str = "", check: Callable[[str], str] | None = None) -> None:
        super().__init__()
        self.noun, self.examples = noun, examples  # type: ignore[misc]
        self.check = check

    def read(self, value: Any) -> Any:
        if isinstance(value, str) and "\0" in value:
            raise Wrong("holds the character NUL, which no program can be told: remove it")
        return super().read(value)

    def parse(self, text: str) -> str:
        return self.check(text) if self.check else text

    def python(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.refuse(value)
        return self.parse(str(value))

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"]}


class VerbatimForm(TextForm):
    """Text as it stands, empty or with spaces around it."""

    def read(self, value: Any) -> Any:
        return value if isinstance(value, str) and "\0" not in value else super().read(value)


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
