"""Fargate's list price of a task, by hand."""

from __future__ import annotations

import pytest

from fleetfoot.prices import LISTS, listed_prices, task_hour
from fleetfoot.prices.fargate import size
from fleetfoot.spec import loads
from fleetfoot.spec.budget import REGIONS

GB, GIB = 10**9, 2**30


@pytest.mark.parametrize(
    ("region", "month"),
    [pytest.param("us-east-1", 9.01, id="Virginia"), pytest.param("ap-northeast-2", 10.36, id="Seoul")],
)
def test_a_quarter_of_a_core_and_half_a_gigabyte_for_a_month_of_730_hours(region: str, month: float) -> None:
    """0.25 x vCPU + 0.5 x GB, as AWS-priced: 0.0123425 and 0.014195 an hour."""
    price = task_hour(0.25, GIB // 2, region)
    assert price is not None
    assert round(price * 730, 2) == month
    assert price.currency == "USD"


@pytest.mark.parametrize(
    ("cores", "memory", "found"),
    [
        pytest.param(0.5, GB, (0.5, 1.0), id="a decimal gigabyte fits into one of 1024 MiB"),
        pytest.param(0.25, 1.5 * GIB, (0.25, 2.0), id="memory in steps"),
        pytest.param(0.1, GIB // 10, (0.25, 0.5), id="the smallest there is"),
        pytest.param(0.25, 3 * GIB, (0.5, 3.0), id="memory asks for more cores"),
        pytest.param(3, GIB, (4, 8.0), id="cores bring memory"),
        pytest.param(8, 17 * GIB, (8, 20.0), id="steps of four"),
        pytest.param(32, GIB, None, id="no task is so large"),
    ],
)
def test_the_smallest_size_that_holds_a_task(cores: float, memory: float, found: tuple[float, float] | None) -> None:
    assert size(cores, memory) == found


def test_every_region_of_the_spec_has_a_dated_list() -> None:
    assert set(LISTS) == set(REGIONS)
    assert all(listed.dated and listed.source for listed in LISTS.values())


def test_only_services_that_a_budget_must_reckon_with_and_name_no_price_get_one() -> None:
    services = """\
services:
  own: {run: x, task: {cpu: 1, memory: 2 GB, price: 1 USD/h}}
  listed: {run: x, task: {cpu: 1, memory: 2 GB}}
  unknown: {run: x}
"""
    assert listed_prices(loads(services)) == {}
    found = listed_prices(loads(services + "budget: {daily: 5 USD}\n"))
    assert found == {"listed": pytest.approx(0.04048 + 2 * 0.004445)}
