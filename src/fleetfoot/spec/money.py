"""Money: ``150000 KRW``, ``1300 KRW/USD``, ``0.05 USD/h``."""

from __future__ import annotations

import re
from typing import Any, ClassVar, NamedTuple

from fleetfoot.spec.forms import NUMBER, Form, plain

MONTH_HOURS = 730  # hours in a month, as cloud price lists count them


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
    pattern = rf"({NUMBER}) ?([A-Z]{{3}})"

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
    pattern = rf"({NUMBER}) ?([A-Z]{{3}}) ?/ ?([A-Z]{{3}})"

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
    _text = rf"({NUMBER}) ?([A-Z]{{3}}) ?/ ?(h|hour|month)"

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
