"""``budget``: what all services together may cost."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fleetfoot.spec.money import Exchange, ExchangeForm, Money, MoneyForm
from fleetfoot.spec.part import Part


class Budget(Part):
    """The spend limit."""

    example: ClassVar[str] = "{monthly: 150000 KRW, rate: 1300 KRW/USD}"

    monthly: Annotated[Money, MoneyForm()]
    """The most all services may cost a month, with its currency. Required."""
    rate: Annotated[Exchange, ExchangeForm()] | None = None
    """The rate between the budget's currency and that of the prices. Default: they are the same currency."""
