"""Dated prices with their sources. Nothing here is fetched: a list is as old as its date says."""

from __future__ import annotations

from fleetfoot.prices.fargate import LISTS, listed_prices, task_hour

__all__ = ["LISTS", "listed_prices", "task_hour"]
