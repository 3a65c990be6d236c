"""``budget``: what all services together may cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from fleetfoot.spec.errors import Wrong, raise_if_any
from fleetfoot.spec.forms import ChoiceForm
from fleetfoot.spec.money import Exchange, ExchangeForm, Money, MoneyForm, Price
from fleetfoot.spec.part import Part
from fleetfoot.spec.units import ShareForm

_MONEY = MoneyForm()
REGIONS = ("us-east-1", "ap-northeast-2")


class Limit(Part):
    """One limit. An amount alone is hard for `hourly` and soft for `daily` and `monthly`."""

    example: ClassVar[str] = "{soft: 800 USD, hard: 1000 USD}"
    hidden: ClassVar[frozenset[str]] = frozenset({"alone"})

    soft: Annotated[Money, _MONEY] | None = None
    """From here on only what present demand needs is added. Default: none."""
    hard: Annotated[Money, _MONEY] | None = None
    """From here on nothing is added. Default: none."""
    alone: Money | None = Field(default=None, repr=False)

    @classmethod
    def bare(cls, value: str) -> dict[str, Any] | None:
        return {"alone": _MONEY.read(value)}

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.alone is None and self.soft is None and self.hard is None:
            raise Wrong("is empty: write an amount, such as 1000 USD, or soft and hard")
        if self.soft is not None and self.hard is not None and self.soft.amount >= self.hard.amount:
            raise Wrong(f"{self.soft} is no less than hard {self.hard}", at=("soft",), about=[("hard",)])
        return self

    def amounts(self) -> list[Money]:
        return [money for money in (self.soft, self.hard, self.alone) if money is not None]


_LIMIT = {"anyOf": [{"$ref": "#/$defs/Limit"}, _MONEY.schema()]}


class Budget(Part):
    """The spend limits. They hold growth; they never stop a task but in an emergency."""

    example: ClassVar[str] = "{hourly: 100 USD, daily: 1000 USD, monthly: {soft: 20000 USD, hard: 25000 USD}}"
    shapes: ClassVar[dict[str, dict[str, Any]]] = dict.fromkeys(("hourly", "daily", "monthly"), _LIMIT)

    hourly: Limit | None = None
    """What all tasks together may cost an hour at any moment: an amount, or soft and hard. Default: no limit."""
    daily: Limit | None = None
    """What they may have cost since midnight UTC. Default: no limit."""
    monthly: Limit | None = None
    """What they may have cost since the first of the month, UTC. Default: no limit."""
    rate: Annotated[Exchange, ExchangeForm()] | None = None
    """The rate between the budget's currency and that of the prices. Default: they are the same currency."""
    emergency: Annotated[float, ShareForm(low=1, high=None)] = 1.5
    """The share of a limit at which the least important services are scaled down. Default 150%."""
    prices: Annotated[str, ChoiceForm(REGIONS)] = "us-east-1"
    """The Fargate price list for tasks with cpu and memory and without a price. Default us-east-1."""

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        wrongs, currency = [], ""
        for key, limit in self.limits():
            for money in limit.amounts():
                currency = currency or money.currency
                if money.currency != currency:
                    wrongs.append(Wrong(f"{money} is not in {currency}: one budget has one currency", at=(key,)))
        if not currency:
            wrongs.append(Wrong("is empty: write hourly, daily or monthly, such as monthly: 150000 KRW"))
        raise_if_any(wrongs)
        return self

    def limits(self) -> Iterator[tuple[str, Limit]]:
        """The limits that are written, by key."""
        for key in ("hourly", "daily", "monthly"):
            limit = getattr(self, key)
            if limit is not None:
                yield key, limit

    def soft(self, key: str) -> float | None:
        """The soft amount of a limit; None where there is none."""
        limit = getattr(self, key)
        return limit and _amount(limit.soft or (limit.alone if key != "hourly" else None))

    def hard(self, key: str) -> float | None:
        """The hard amount of a limit; None where there is none."""
        limit = getattr(self, key)
        return limit and _amount(limit.hard or (limit.alone if key == "hourly" else None))

    @property
    def currency(self) -> str:
        return next(money.currency for _, limit in self.limits() for money in limit.amounts())

    def priced(self, price: Price | float | None) -> float | None:
        """``price`` in the budget's currency; None when it is not known or no rate leads there."""
        if price is None:
            return None
        currency, rate = getattr(price, "currency", "USD"), self.rate
        if currency == self.currency:
            return float(price)
        if rate is not None and (rate.of, rate.per) == (self.currency, currency):
            return price * rate.rate
        if rate is not None and (rate.per, rate.of) == (self.currency, currency):
            return price / rate.rate
        return None


def _amount(money: Money | None) -> float | None:
    return money.amount if money is not None else None
